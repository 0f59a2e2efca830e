package kube_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// until reads states until one is as wanted.
func until[E any](t *testing.T, events <-chan E, what string, want func(E) bool) E {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case e, open := <-events:
			require.True(t, open, "the watch ended before: %s", what)
			if want(e) {
				return e
			}
		case <-deadline:
			require.FailNow(t, "never came: "+what)
		}
	}
}

func held(by string) func(kube.ObjectEvent[kube.Lease]) bool {
	return func(e kube.ObjectEvent[kube.Lease]) bool { return e.Object != nil && e.Object.Holder == by }
}

func none(e kube.ObjectEvent[kube.Lease]) bool { return e.Object == nil }

// holds makes someone else hold the Lease.
func holds(s *kubetest.Server, who string) {
	s.Put("leases", kubetest.Object{"metadata": kubetest.Object{"name": "l", "namespace": "db"}, "spec": kubetest.Object{"holderIdentity": who}})
}

func watchLease(t *testing.T, c *kube.Client) *kube.ObjectWatch[kube.Lease] {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := c.WatchLease(ctx, "l")
	t.Cleanup(func() {
		cancel()
		for range w.Events() { // until it is closed
		}
	})
	return w
}

// count is how many requests of a verb the server had.
func count(s *kubetest.Server, verb string) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Verb == verb {
			n++
		}
	}
	return n
}

func TestALeaseIsWatched(t *testing.T) {
	s := start(t, kubetest.Config{Bookmarks: 20 * time.Millisecond})
	w := watchLease(t, client(t, s))
	until(t, w.Events(), "none", none)
	s.Put("leases", kubetest.Object{"metadata": kubetest.Object{"name": "another", "namespace": "db"}, "spec": kubetest.Object{"holderIdentity": "x"}})
	for i := range 20 {
		holds(s, fmt.Sprint(i))
		e := until(t, w.Events(), "a holder", func(e kube.ObjectEvent[kube.Lease]) bool { return e.Object != nil && e.Object.Holder == fmt.Sprint(i) })
		require.NotEmpty(t, e.Object.Version)
	}
	s.Remove("leases", "db", "l")
	until(t, w.Events(), "deleted", none)
	require.Equal(t, 1, count(s, "list"), "nothing is polled")
	require.Equal(t, 1, count(s, "watch"))
	require.Equal(t, kube.Applied, w.Health().Last.Outcome)
}

// Each of these leaves a watch that does not say what it should. The Lease changes meanwhile; that is noticed without anyone asking.
func TestAWatchThatFailsIsFollowedByOneThatWorks(t *testing.T) {
	of := kubetest.Fault{Verb: "watch", Resource: "leases"}
	with := func(edit func(*kubetest.Fault)) kubetest.Fault { f := of; edit(&f); return f }
	for name, f := range map[string]kubetest.Fault{
		"half an event":        with(func(f *kubetest.Fault) { f.Truncate = true }),
		"half closed":          with(func(f *kubetest.Fault) { f.HalfClose = true }),
		"an error event: 500":  with(func(f *kubetest.Fault) { f.WatchError = 500 }),
		"an error event: 410":  with(func(f *kubetest.Fault) { f.WatchError = 410 }),
		"refused: 410":         with(func(f *kubetest.Fault) { f.Code = 410 }),
		"refused: 403":         with(func(f *kubetest.Fault) { f.Code = 403 }),
		"refused: 429":         with(func(f *kubetest.Fault) { f.Code, f.RetryAfter = 429, 1 }),
		"refused: 500":         with(func(f *kubetest.Fault) { f.Code = 500 }),
		"dropped":              with(func(f *kubetest.Fault) { f.Drop = true }),
		"frozen":               with(func(f *kubetest.Fault) { f.Freeze = true }),
		"slow":                 with(func(f *kubetest.Fault) { f.Delay = 300 * time.Millisecond }),
		"the list: 500":        {Verb: "list", Code: 500},
		"the list: half of it": {Verb: "list", Truncate: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start2(t, kubetest.Config{Bookmarks: 50 * time.Millisecond})
			holds(s, "a")
			begun := time.Now()
			if !f.Freeze {
				f.Times = 2
			}
			heal := s.Inject(f)
			w := watchLease(t, client(t, s, func(o *kube.Options) { o.Quiet = 400 * time.Millisecond }))
			until(t, w.Events(), "a", held("a"))
			holds(s, "b")
			until(t, w.Events(), "b", held("b"))
			heal()
			holds(s, "c")
			until(t, w.Events(), "c", held("c"))
			// Of each silence a list and a watch come, and on a busy machine a watch that lives is silent, too.
			require.Less(t, len(s.Requests()), 20+2*int(time.Since(begun)/(400*time.Millisecond)), "it is no storm: %v", s.Requests())
		})
	}
}

// start2 is start for tests that run side by side, where goroutines cannot be told apart.
func start2(t *testing.T, c kubetest.Config) *kubetest.Server {
	t.Helper()
	s, err := kubetest.New(c)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestAWatchOutlivesTheServer(t *testing.T) {
	s := start(t, kubetest.Config{})
	w := watchLease(t, client(t, s))
	holds(s, "a")
	until(t, w.Events(), "a", held("a"))
	s.Stop()
	holds(s, "b") // by another replica of the server
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, s.Start())
	until(t, w.Events(), "b", held("b"))
	s.Stop()
	s.Remove("leases", "db", "l")
	s.Compact()
	require.NoError(t, s.Start())
	until(t, w.Events(), "none", none)
}

// What was read is never followed by what was before it: a watch begins where the list ended.
func TestALeaseNeverGoesBack(t *testing.T) {
	s := start(t, kubetest.Config{})
	for i := range 50 {
		holds(s, fmt.Sprint("before-", i))
	}
	w := watchLease(t, client(t, s))
	e := until(t, w.Events(), "listed", held("before-49"))
	require.Eventually(t, func() bool { return count(s, "watch") == 1 }, 20*time.Second, time.Millisecond)
	all := s.Requests()
	require.Equal(t, e.Object.Version, all[len(all)-1].Version)
}

func TestAfterAConflictTheLeaseIsListedAtOnce(t *testing.T) {
	s := start(t, kubetest.Config{})
	c := client(t, s)
	holds(s, "a")
	w := watchLease(t, c)
	until(t, w.Events(), "a", held("a"))
	require.Eventually(t, func() bool { return count(s, "watch") == 1 }, 20*time.Second, time.Millisecond)
	defer s.Inject(kubetest.Fault{Freeze: true})()
	holds(s, "b")
	time.Sleep(100 * time.Millisecond)
	require.Empty(t, w.Events(), "the watch is frozen")
	w.Relist()
	until(t, w.Events(), "b", held("b"))

	// Also while it waits to try again, for ever so long.
	defer s.Inject(kubetest.Fault{Verb: "list", Code: 429, RetryAfter: 3000, Times: 1})()
	w.Relist()
	require.Eventually(t, func() bool { return w.Health().Last.Outcome == kube.Throttled }, 20*time.Second, time.Millisecond)
	holds(s, "c")
	w.Relist()
	until(t, w.Events(), "c", held("c"))
}

func TestASilentServerIsAskedEverMoreRarely(t *testing.T) {
	s := start(t, kubetest.Config{Bookmarks: -1})
	begun := time.Now()
	w := watchLease(t, client(t, s, func(o *kube.Options) { o.Quiet = 50 * time.Millisecond }))
	time.Sleep(3 * time.Second)
	lists, most := count(s, "list"), 1
	for at, quiet := 50*time.Millisecond, 50*time.Millisecond; at < time.Since(begun); at += quiet {
		most, quiet = most+1, 2*quiet
	}
	require.LessOrEqual(t, lists, most)
	require.GreaterOrEqual(t, lists, 2)
	holds(s, "a")
	until(t, w.Events(), "a", held("a"))
}

func pod(name string, labels kubetest.Object) kubetest.Object {
	return kubetest.Object{
		"metadata": kubetest.Object{"name": name, "namespace": "db", "labels": labels, "annotations": kubetest.Object{"large": "x"}},
		"spec":     kubetest.Object{"nodeName": "n"}, "status": kubetest.Object{"phase": "Running"},
	}
}

func TestPodsAreWatchedByTheirMetadata(t *testing.T) {
	s := start(t, kubetest.Config{})
	c := client(t, s)
	shop := kubetest.Object{"app": "shop", "role": "replica"}
	s.Put("pods", pod("shop-1", shop))
	s.Put("pods", pod("shop-0", shop))
	s.Put("pods", pod("other-0", kubetest.Object{"app": "other"}))
	ctx, cancel := context.WithCancel(context.Background())
	set, own := c.WatchPods(ctx, kube.PodSelector{Labels: "app=shop"}), c.WatchPods(ctx, kube.PodSelector{Name: "shop-1"})
	defer func() {
		cancel()
		for range set.Events() {
		}
		for range own.Events() {
		}
	}()
	e := until(t, set.Events(), "two", func(e kube.PodsEvent) bool { return len(e.Pods) == 2 })
	require.Equal(t, "shop-0", e.Pods[0].Name)
	require.Equal(t, map[string]string{"app": "shop", "role": "replica"}, e.Pods[0].Labels)
	mine := until(t, own.Events(), "mine", func(e kube.PodsEvent) bool { return len(e.Pods) == 1 }).Pods[0]
	require.Equal(t, e.Pods[1], mine)

	primary := "primary"
	after, r := c.PatchPodLabels(soon(t), mine, map[string]*string{"role": &primary, "gone": nil})
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Equal(t, "primary", after.Labels["role"])
	until(t, set.Events(), "the label", func(e kube.PodsEvent) bool { return e.Pods[1].Labels["role"] == "primary" })
	sent := count(s, "patch")
	_, r = c.PatchPodLabels(soon(t), after, map[string]*string{"role": &primary, "gone": nil})
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Equal(t, sent, count(s, "patch"), "only a change is sent")
	stranger := after
	stranger.UID, stranger.Labels = "00000000-0000-0000-0000-000000000000", nil
	_, r = c.PatchPodLabels(soon(t), stranger, map[string]*string{"role": nil, "x": &primary})
	require.Equal(t, kube.Conflict, r.Outcome, "another pod of that name: %s", r)
	_, r = c.PatchPodLabels(soon(t), after, map[string]*string{"role": nil})
	require.Equal(t, kube.Applied, r.Outcome, r)

	s.Change("pods", "db", "shop-1", func(o kubetest.Object) {
		o["metadata"].(kubetest.Object)["deletionTimestamp"] = "2026-03-01T12:00:00Z"
	})
	e = until(t, own.Events(), "being deleted", func(e kube.PodsEvent) bool { return len(e.Pods) == 1 && !e.Pods[0].Deleting.IsZero() })
	require.Equal(t, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), e.Pods[0].Deleting)
	s.Change("pods", "db", "shop-0", func(o kubetest.Object) { o["metadata"].(kubetest.Object)["labels"] = kubetest.Object{} })
	until(t, set.Events(), "out of the set", func(e kube.PodsEvent) bool { return len(e.Pods) == 1 })
	s.Remove("pods", "db", "shop-1")
	until(t, set.Events(), "none", func(e kube.PodsEvent) bool { return len(e.Pods) == 0 })
	until(t, own.Events(), "none", func(e kube.PodsEvent) bool { return len(e.Pods) == 0 })
}

func TestANodeIsWatchedWhereThatIsAllowed(t *testing.T) {
	s := start(t, kubetest.Config{})
	var said []string
	c := client(t, s, func(o *kube.Options) { o.Log = func(line string) { said = append(said, line) } })
	s.Put("nodes", kubetest.Object{"metadata": kubetest.Object{"name": "n"}})
	s.Put("nodes", kubetest.Object{"metadata": kubetest.Object{"name": "m"}})
	ctx, cancel := context.WithCancel(context.Background())
	w := c.WatchNode(ctx, "n")
	until(t, w.Events(), "schedulable", func(e kube.ObjectEvent[kube.Node]) bool { return e.Object != nil && !e.Object.Unschedulable })
	s.Change("nodes", "", "n", func(o kubetest.Object) {
		o["spec"] = kubetest.Object{"unschedulable": true, "taints": []any{kubetest.Object{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}}}
	})
	e := until(t, w.Events(), "cordoned", func(e kube.ObjectEvent[kube.Node]) bool { return e.Object.Unschedulable })
	require.Equal(t, []kube.Taint{{Key: "node.kubernetes.io/unschedulable", Effect: "NoSchedule"}}, e.Object.Taints)
	s.Remove("nodes", "", "n")
	until(t, w.Events(), "gone", func(e kube.ObjectEvent[kube.Node]) bool { return e.Object == nil })
	cancel()
	for range w.Events() {
	}
	require.Empty(t, said)

	s.Inject(kubetest.Fault{Resource: "nodes", Code: 403})
	before := len(s.Requests())
	w = c.WatchNode(soon(t), "n")
	until(t, w.Events(), "denied", func(e kube.ObjectEvent[kube.Node]) bool { return e.Denied })
	_, open := <-w.Events()
	require.False(t, open, "it stays off")
	require.Len(t, said, 1)
	require.Equal(t, before+1, len(s.Requests()))
}
