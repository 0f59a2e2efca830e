package agent

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
)

func TestWhatPeopleAreTold(t *testing.T) {
	b := following(t)
	b.eventually("how it came back is told", func() bool { return len(b.events) == 1 && b.events[0] == "Rejoined" })
	require.Equal(t, map[string]uint64{"none": 1}, b.agent.counts.counters().Rejoins)
	b.tell(func(s *FenceStatus) {
		s.Phase, s.Killed = ha.Down, Kill{Start: 1, Reason: "the permit ran out", Took: 20 * time.Millisecond}
	})
	b.eventually("a kill is told once", func() bool { return len(b.events) == 2 && b.events[1] == "Killed" })
	b.tell(func(*FenceStatus) {})
	b.eventually("postgres is started again", func() bool { return b.did(ha.StartStandby) == 2 })
	require.Equal(t, map[string]uint64{"the permit ran out": 1}, b.agent.counts.counters().FenceKills)
}

func TestAChangeOfHandsIsMeasured(t *testing.T) {
	b := grown(t)
	b.eventually("the lead is told", func() bool { return len(b.events) > 0 && b.events[0] == "TookLead" })
	c := b.agent.counts.counters()
	require.Equal(t, uint64(1), c.RoleChanges["took the record"])
	b.eventually("and the first write", func() bool {
		_, open := b.agent.counts.counters().FailoverPhases[phaseOpen]
		return open
	})
	c = b.agent.counts.counters()
	require.NotContains(t, c.FailoverPhases, phaseDetect, "there was nobody before")
	require.Zero(t, c.LastOutage)

	b.mu.Lock()
	b.outcome = func() (ha.Outcome, bool) { return ha.Refused, true }
	b.mu.Unlock()
	b.later(11 * time.Second)
	b.eventually("a refused write is a conflict", func() bool { return b.agent.counts.counters().Conflicts > 0 })
}

func TestWaitsAreCountedAcrossConnections(t *testing.T) {
	var c counts
	for _, told := range []struct {
		instance string
		n, sum   uint64
	}{{"a", 2, 2}, {"", 0, 2}, {"a", 3, 3}, {"b", 1, 4}, {"b", 1, 4}} {
		c.waits(told.instance, told.n)
		require.Equal(t, told.sum, c.counters().WaitsCanceled)
	}
}

func TestSettingsAreGoodOnceTheServerAnswered(t *testing.T) {
	now := time.Now()
	a := attempts{failed: 2, unkept: true}
	require.False(t, a.answered(now))
	require.Zero(t, a.failed)
	require.False(t, a.answered(now.Add(goodAfter-1)))
	require.True(t, a.answered(now.Add(goodAfter)))
	require.False(t, a.answered(now.Add(2*goodAfter)), "once for each start")
}

func TestAStallIsThatOfOneCommit(t *testing.T) {
	d, now := &Database{}, time.Now()
	require.Zero(t, d.stalled("1:7", now))
	require.Equal(t, 3*time.Second, d.stalled("1:7", now.Add(3*time.Second)))
	require.Zero(t, d.stalled("1:8", now.Add(4*time.Second)), "another commit: the one before has passed")
	require.Zero(t, d.stalled("", now.Add(5*time.Second)))
	require.Zero(t, d.stalled("", now.Add(6*time.Second)))
}

func TestAtRestTheLoopIsSlow(t *testing.T) {
	b := following(t)
	rests := func() bool { return time.Duration(b.agent.pace.Load()) == restPace }
	hears := func() {
		_, err := b.agent.Receive(t.Context(), beat(1))
		require.NoError(t, err)
	}
	for end := time.Now().Add(never); !rests() && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		b.later(200 * time.Millisecond)
		hears()
	}
	require.True(t, rests())
	gate := make(chan struct{}) // or the look is over before anybody sees it begin
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	b.mu.Lock()
	b.asking = func() { <-gate }
	b.mu.Unlock()
	b.tell(func(s *FenceStatus) { s.Lines++ })
	b.eventually("a line of postgres has it looked at", func() bool { return !rests() })
	open()
	for end := time.Now().Add(never); !rests() && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		hears()
	}
	hears()
	b.eventually("a late beat too", func() bool { return time.Duration(b.agent.pace.Load()) == alertPace })
}
