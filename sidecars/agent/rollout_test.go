package agent

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/kube"
)

func TestARolloutThatIsHeldUpIsTold(t *testing.T) {
	b := newBench(t)
	b.hindrances = map[string]string{"shop-1": "ImagePullBackOff"}
	a, err := New(Parts{Cluster: cluster{b}, Clock: b.clock, Log: slog.New(slog.DiscardHandler)}, b.settings())
	require.NoError(t, err)
	l := newLoop(t.Context(), a)
	l.now = b.clock()
	began := l.now
	turn := func(after time.Duration, pod string) hindrance {
		l.now = began.Add(after)
		l.rollout(pod, began)
		l.exec.wait()
		l.drain()
		return l.hindrance
	}
	require.Empty(t, turn(5*time.Second, "shop-1").reason, "most pods are up by then")
	require.Equal(t, "ImagePullBackOff", turn(11*time.Second, "shop-1").reason)
	require.Empty(t, b.events)
	require.True(t, turn(121*time.Second, "shop-1").told)
	turn(150*time.Second, "shop-1")
	require.Equal(t, []string{"RolloutHeld"}, b.events, "once")
	turn(151*time.Second, "shop-2")
	require.Equal(t, []string{"RolloutHeld", "RolloutGoesOn"}, b.events)

	l.book["m2"] = acquaintance{Member: ha.Member{ID: "m2", Name: "shop-2"}, report: ha.Report{Failing: true, Phase: "down"}, heard: began.Add(175 * time.Second)}
	require.Equal(t, "NotStarting", turn(175*time.Second, "shop-2").reason, "Kubernetes knows nothing wrong")
	l.book["m2"] = acquaintance{Member: ha.Member{ID: "m2", Name: "shop-2"}, report: ha.Report{Streaming: true, Phase: "standby"}, heard: began.Add(196 * time.Second)}
	require.Equal(t, "NotUpdated", turn(196*time.Second, "shop-2").reason, "what streams has not heard of its revision")
	require.Equal(t, hindrance{}, turn(197*time.Second, ""))
	require.Equal(t, []string{"RolloutHeld", "RolloutGoesOn", "RolloutHeld", "RolloutGoesOn"}, b.events)
}

// The only member of a cluster, or the last, has nobody who would see to its pod.
func TestAPodInWhichNothingWorksIsMadeAgainOfANewerRevision(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*bench)
		want   bool
	}{
		"nobody leads":                     {func(*bench) {}, true},
		"no newer revision":                {func(b *bench) { b.pod.Outdated = nil }, false},
		"its database container works":     {func(b *bench) { b.status.Instance = "i1" }, false},
		"automatic failover is turned off": {func(b *bench) { b.record.Paused, b.record.Term = true, 3 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.pod = ha.Pod{Outdated: []string{"shop-0"}}
			b.status = FenceStatus{}
			row.change(b)
			b.run()
			b.eventually("the pod is known", func() bool {
				seen := b.agent.shown.Load().seen
				return seen.Record.Known && seen.Supervisor.Instance == b.status.Instance
			})
			for range 120 {
				b.later(time.Second)
				time.Sleep(time.Millisecond)
			}
			b.later(time.Second)
			if row.want {
				b.eventually("it is evicted", func() bool { return slices.Contains(b.order, "evict shop-0") })
				return
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			require.NotContains(t, b.order, "evict shop-0")
		})
	}
}

func TestAContainerThatCameBackIsNotBroken(t *testing.T) {
	b := newBench(t)
	b.pod = ha.Pod{Outdated: []string{"shop-0"}}
	b.status = FenceStatus{}
	b.run()
	b.eventually("the pod is known", func() bool { return b.agent.shown.Load().seen.Record.Known })
	b.later(20 * time.Second)
	time.Sleep(20 * time.Millisecond)
	b.tell(func(f *FenceStatus) { f.Instance = "i1" })
	b.eventually("its container is known", func() bool { return b.agent.shown.Load().seen.Supervisor.Instance == "i1" })
	for range 60 {
		b.later(time.Second)
		time.Sleep(time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotContains(t, b.order, "evict shop-0")
}

func TestNewestPods(t *testing.T) {
	p := &Pods{Name: "shop-0", UID: "u0"}
	meta := func(name, revision string, deleting time.Time) kube.PodMeta {
		return kube.PodMeta{Name: name, UID: "u" + name[5:], Labels: map[string]string{RevisionLabel: revision}, Deleting: deleting}
	}
	p.take([]kube.PodMeta{meta("shop-0", "old", time.Time{}), meta("shop-2", "new", time.Time{}), meta("shop-1", "new", time.Now())})
	p.takeSet(&kube.StatefulSet{Revision: "new"})
	require.Equal(t, ha.Pod{Outdated: []string{"shop-0"}, Newest: []string{"shop-2"}}, p.pod(), "one that is ending is no new one")
}
