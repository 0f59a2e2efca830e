package agent

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// give hands actions to the executor, as a step would.
func (b *bench) give(actions ...ha.Action) {
	done := make(chan struct{})
	b.agent.post(b.t.Context(), func(l *loop) {
		for _, a := range actions {
			_ = l.perform(a)
		}
		close(done)
	})
	<-done
}

func (b *bench) gate(do ha.Do) (open func()) {
	gate := make(chan struct{})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold[do] = gate
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.hold[do] == gate {
			delete(b.hold, do)
			close(gate)
		}
	}
}

func member(id string) ha.Member {
	return ha.Member{ID: id, Name: "shop-" + id[1:], Host: "10.0.0." + id[1:]}
}

func TestTheSameIsDoneOnceAndTheNewestNext(t *testing.T) {
	b := following(t)
	open := b.gate(ha.SetSync)
	one := ha.Action{Do: ha.SetSync, Sync: ha.SyncSetting{W: 1, Names: []string{"a"}}}
	b.give(one, one)
	again := one
	again.Why = "for another reason"
	b.give(again, ha.Action{Do: ha.SetSync, Sync: ha.SyncSetting{W: 1, Names: []string{"b"}}}, ha.Action{Do: ha.SetSync})
	b.eventually("it has begun", func() bool { return b.did(ha.SetSync) == 1 })
	open()
	b.eventually("what was asked for last is done", func() bool { return b.did(ha.SetSync) == 2 })
	b.mu.Lock()
	defer b.mu.Unlock()
	last := slices.IndexFunc(b.done, func(a ha.Action) bool { return a.Do == ha.SetSync && a.Sync.W == 0 })
	require.GreaterOrEqual(t, last, 0, "what came between was not: %v", b.done)
}

func TestToFollowNobodyWaitsForNothing(t *testing.T) {
	b := following(t)
	defer b.gate(ha.Follow)()
	b.give(ha.Action{Do: ha.Follow, Upstream: member("m2")})
	b.eventually("it has begun", func() bool { return b.did(ha.Follow) == 1 })
	b.give(ha.Action{Do: ha.Follow})
	b.eventually("nobody is followed although the other hangs", func() bool { return b.did(ha.Follow) == 2 })
}

func TestWhoHasNoPermitTakesTheLabelFromNobody(t *testing.T) {
	b := following(t)
	b.give(ha.Action{Do: ha.Label, Role: primaryRole, Term: 1 << 20}, ha.Action{Do: ha.SetSync})
	b.eventually("what came after it is done", func() bool { return b.did(ha.SetSync) == 1 })
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotContains(t, b.labels, primaryRole)
}

func TestAKillWaitsForNothing(t *testing.T) {
	b := grown(t)
	defer b.gate(ha.Checkpoint)()
	b.give(ha.Action{Do: ha.Checkpoint})
	b.eventually("it has begun", func() bool { return b.did(ha.Checkpoint) == 1 })
	b.give(ha.Action{Do: ha.Kill, Why: "a test"})
	b.eventually("it is killed", func() bool { return len(b.killed) == 1 })
	b.eventually("and the job was broken off", func() bool { return !b.agent.shown.Load().seen.Job.Running || b.did(ha.StartPrimary) > 1 })
}

func TestAStopBreaksAJobOff(t *testing.T) {
	b := grown(t)
	defer b.gate(ha.Checkpoint)()
	b.give(ha.Action{Do: ha.Checkpoint})
	b.eventually("it has begun", func() bool { return b.did(ha.Checkpoint) == 1 })
	b.give(ha.Action{Do: ha.Stop})
	b.eventually("it is stopped", func() bool { return b.did(ha.Stop) == 1 })
}

func TestWhatIsOfAPastTermIsNotDone(t *testing.T) {
	b := following(t) // of term 3
	b.give(ha.Action{Do: ha.SetSync, Term: 2}, ha.Action{Do: ha.Open, Term: 3})
	b.eventually("that of this term is done", func() bool { return b.did(ha.Open) == 1 })
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Zero(t, b.did(ha.SetSync))
	require.Equal(t, uint64(1), b.agent.counts.Dropped)
}

func TestWhatFailedWaitsALittle(t *testing.T) {
	b := following(t)
	b.mu.Lock()
	b.failing[ha.Open] = errors.New("no")
	b.mu.Unlock()
	begun, asked := time.Now(), 0
	b.eventually("it is tried a third time", func() bool {
		b.mu.Unlock()
		b.give(ha.Action{Do: ha.Open})
		b.mu.Lock()
		asked++
		return b.did(ha.Open) == 3
	})
	require.GreaterOrEqual(t, time.Since(begun), patience(1)+patience(2), "it was asked for %d times", asked)
	require.Equal(t, 200*time.Millisecond, patience(1))
	require.Equal(t, 5*time.Second, patience(40))
}

// What became of a write is always told: the core begins no other before it knows.
func TestEveryWriteHasAnOutcome(t *testing.T) {
	for name, outcome := range map[string]ha.Outcome{"refused": ha.Refused, "not sent": ha.NotSent, "unknown": ha.Unknown} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			failures := 1
			b.outcome = func() (ha.Outcome, bool) { failures--; return outcome, failures >= 0 }
			b.run()
			b.lead()
			b.mu.Lock()
			defer b.mu.Unlock()
			require.Greater(t, len(b.wrote), 1)
		})
	}
}

func TestLanes(t *testing.T) {
	require.Equal(t, laneOf(ha.Action{Do: ha.Init}), laneOf(ha.Action{Do: ha.Stop}), "one job at a time")
	require.Equal(t, laneOf(ha.Action{Do: ha.Write}), laneOf(ha.Action{Do: ha.Read}))
	require.NotEqual(t, laneOf(ha.Action{Do: ha.Send, To: &ha.Message{Kind: ha.Beat, To: "a"}}), laneOf(ha.Action{Do: ha.Send, To: &ha.Message{Kind: ha.Beat, To: "b"}}))
	require.NotEqual(t, laneOf(ha.Action{Do: ha.Kill}), laneOf(ha.Action{Do: ha.Stop}))
}
