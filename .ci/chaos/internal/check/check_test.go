package check

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const ms = time.Millisecond

// acks are acknowledged writes at these milliseconds.
func acks(path Path, member string, timeline uint32, at ...int) []Add {
	var all []Add
	for _, t := range at {
		all = append(all, Add{ID: int64(t), Path: path, Member: member, Timeline: timeline, Outcome: Acked, Call: time.Duration(t)*ms - ms, Return: time.Duration(t) * ms})
	}
	return all
}

func history(length int, parts ...[]Add) History {
	h := History{Length: time.Duration(length) * ms}
	for _, p := range parts {
		h.Adds = append(h.Adds, p...)
	}
	return h
}

func TestOutageIsTheLongestTimeWithoutAnAcknowledgement(t *testing.T) {
	steady := acks(RouteNew, "a", 1, 100, 200, 300, 400)
	for _, c := range []struct {
		name string
		h    History
		from int
		want int
	}{
		{"no fault", history(450, steady), 250, 100},
		{"a gap from before the fault to after it", history(1000, steady, acks(RouteNew, "b", 2, 900, 950)), 450, 500},
		{"never again", history(2000, steady), 450, 1600},
		{"a gap that was over before the fault", history(1000, acks(RouteNew, "a", 1, 700, 800, 900)), 750, 100},
		{"clients inside the pods do not count", history(1000, steady, acks(DirectOpen, "a", 1, 500, 600, 700)), 450, 600},
		{"nothing was ever acknowledged", history(1000), 0, 1000},
	} {
		require.Equal(t, time.Duration(c.want)*ms, Outage(c.h, time.Duration(c.from)*ms), c.name)
	}
	failed := history(300, acks(RouteNew, "a", 1, 100, 250))
	failed.Adds = append(failed.Adds, Add{Path: RouteNew, Outcome: Failed, Return: 200 * ms}, Add{Path: RouteNew, Outcome: Unknown, Return: 210 * ms})
	require.Equal(t, 150*ms, Outage(failed, 0), "what was refused, or may have failed, ends no outage")
	require.Equal(t, 2, Refused(failed))
}

func TestLateIsWhatNobodyRefused(t *testing.T) {
	h := History{Adds: []Add{
		{Path: RouteNew, Outcome: Unknown, Late: true}, {Path: RouteOpen, Outcome: Failed, Late: true}, {Path: RouteNew, Outcome: Failed},
		{Path: RouteNew, Outcome: Acked}, {Path: DirectNew, Outcome: Failed, Late: true},
	}}
	require.Equal(t, 3, Refused(h))
	require.Equal(t, 2, Late(h))
}

func TestAwayIsTheLongestTimeWithoutAClaim(t *testing.T) {
	look := func(at int, members ...string) Claim { return Claim{At: time.Duration(at) * ms, Members: members} }
	h := History{Length: 2000 * ms, Claims: []Claim{
		look(0, "a"), look(900, "a"), look(1000), look(1200), look(1400, "b"), look(1600, "b"), look(1800, "b"),
	}}
	require.Equal(t, 500*ms, Away(h, 1000*ms), "from the last before to the first after")
	require.Equal(t, 900*ms, Away(h, 0))
	require.Equal(t, 1100*ms, Away(History{Length: 2000 * ms, Claims: h.Claims[:3]}, 1000*ms), "and never again")
}

func TestLostIsWhatWasAcknowledgedAndIsNotThere(t *testing.T) {
	h := history(100, acks(RouteNew, "a", 1, 1, 2), acks(DirectNew, "a", 1, 3), acks(LocalOpen, "a", 1, 4))
	h.Adds = append(h.Adds, Add{ID: 5, Path: RouteNew, Outcome: Unknown}, Add{ID: 6, Path: RouteNew, Outcome: Failed})
	require.Empty(t, Lost(h, map[int64]bool{1: true, 2: true, 3: true}), "writes that wait for no standby, failed ones and unknown ones may be missing")
	require.Empty(t, Lost(h, map[int64]bool{1: true, 2: true, 3: true, 4: true, 5: true}), "and may be there")
	lost := Lost(h, map[int64]bool{2: true})
	require.Len(t, lost, 2)
	require.Equal(t, []int64{1, 3}, []int64{lost[0].ID, lost[1].ID})
}

func TestDualWritable(t *testing.T) {
	for _, c := range []struct {
		name string
		h    History
		want int
	}{
		{"one after the other", history(100, acks(DirectOpen, "a", 1, 10, 20, 30), acks(DirectOpen, "b", 2, 40, 50)), 0},
		{"the old one goes on", history(100, acks(DirectOpen, "a", 1, 10, 20, 70), acks(DirectOpen, "b", 2, 40, 90)), 30},
		{"the old one goes on for longer than the new one", history(100, acks(DirectOpen, "a", 1, 10, 90), acks(DirectOpen, "b", 2, 40, 60)), 20},
		{"a single commit of the new one is enough", history(100, acks(DirectOpen, "a", 1, 10, 90), acks(DirectOpen, "b", 2, 40)), 1},
		{"a single late commit of the old one is enough", history(100, acks(LocalOpen, "a", 1, 10), acks(LocalOpen, "b", 2, 40, 60), acks(LocalOpen, "a", 1, 50)), 10},
		{"a commit after a long freeze does not make the freeze count", history(9000, acks(DirectOpen, "a", 1, 10, 20, 8000), acks(DirectOpen, "b", 2, 1000, 1100, 1200)), 1},
		{"nor one that finds nobody writable any more", history(9000, acks(DirectOpen, "a", 1, 10, 7000, 7040), acks(DirectOpen, "b", 2, 1000, 1100), acks(DirectOpen, "b", 2, 7020, 7100)), 21},
		{"two of the same timeline", history(100, acks(DirectOpen, "a", 1, 10, 50), acks(DirectOpen, "b", 1, 30, 80)), 20},
		{"back and forth, each on a timeline of its own", history(100, acks(DirectOpen, "a", 1, 10, 20), acks(DirectOpen, "b", 2, 30, 40), acks(DirectOpen, "a", 3, 50, 60)), 0},
		{"through the rw address nobody knows which member it was", history(100, acks(RouteNew, "a", 1, 10, 70), acks(RouteNew, "b", 2, 40, 90)), 0},
	} {
		require.Equal(t, time.Duration(c.want)*ms, DualWritable(c.h), c.name)
	}
}

func TestStaleAcks(t *testing.T) {
	for _, c := range []struct {
		name    string
		h       History
		want, n int
	}{
		{"none", history(100, acks(RouteNew, "a", 1, 10, 20), acks(RouteNew, "b", 2, 30, 40)), 0, 0},
		{"two, 20 ms apart", history(100, acks(DirectOpen, "a", 1, 10, 35, 55), acks(RouteNew, "b", 2, 30, 40)), 20, 2},
		{"a write that waits for no standby promises nothing", history(100, acks(LocalOpen, "a", 1, 55), acks(RouteNew, "b", 2, 30)), 0, 0},
		{"of two timelines ago", history(100, acks(RouteNew, "b", 2, 20), acks(RouteNew, "c", 3, 30), acks(DirectNew, "a", 1, 40)), 1, 1},
		{"after a freeze", history(9000, acks(DirectNew, "a", 1, 10, 8000, 8030), acks(RouteNew, "b", 2, 2000)), 30, 2},
	} {
		worst, n := StaleAcks(c.h)
		require.Equal(t, time.Duration(c.want)*ms, worst, c.name)
		require.Equal(t, c.n, n, c.name)
	}
}

// What the recorder noted late, since it was not run itself, may have come in time.
func TestAStallOfTheRecorderAccusesNobody(t *testing.T) {
	h := history(2000, acks(DirectOpen, "a", 1, 10, 500), acks(DirectOpen, "b", 2, 480, 510))
	h.Adds[1].Call = 20 * ms // the answer that was noted at 500
	require.Equal(t, ms, DualWritable(h))
	worst, n := StaleAcks(h)
	require.Equal(t, []any{ms, 1}, []any{worst, n})

	h.Stalls = []Stall{{From: 200 * ms, To: 470 * ms}}
	require.Zero(t, DualWritable(h))
	_, n = StaleAcks(h)
	require.Zero(t, n)
	h.Adds[1].Call = 490 * ms
	require.Positive(t, DualWritable(h), "what was asked for after it was not answered before")
	_, n = StaleAcks(h)
	require.Equal(t, 1, n)
	h.Adds[1].Call, h.Stalls[0].To = 20*ms, 300*ms
	require.Positive(t, DualWritable(h), "a stall that was over long ago explains nothing")
}

func TestDualClaims(t *testing.T) {
	claims := func(members ...[]string) History {
		h := History{}
		for i, m := range members {
			h.Claims = append(h.Claims, Claim{At: time.Duration(i) * 200 * ms, Members: m})
		}
		return h
	}
	a, ab, bc := []string{"a"}, []string{"a", "b"}, []string{"b", "c"}
	require.Zero(t, DualClaims(claims(a, a, nil, a)))
	require.Zero(t, DualClaims(claims(a, ab, []string{"b"})), "one look may see a handover twice")
	require.Zero(t, DualClaims(claims(ab, bc)))
	require.Equal(t, 400*ms, DualClaims(claims(a, ab, ab, ab, a)))
}

func register(client int, write bool, value int64, call, ret int, outcome Outcome) Register {
	return Register{Client: client, Key: 1, Write: write, Value: value, Call: time.Duration(call) * ms, Return: time.Duration(ret) * ms, Outcome: outcome}
}

func TestRegistersAreThoseOfOneCopy(t *testing.T) {
	for _, c := range []struct {
		name string
		ops  []Register
		bad  bool
	}{
		{"reads of what was written", []Register{register(0, false, 0, 0, 1, Acked), register(0, true, 7, 2, 3, Acked), register(1, false, 7, 4, 5, Acked)}, false},
		{"a stale read", []Register{register(0, true, 7, 2, 3, Acked), register(1, false, 0, 4, 5, Acked)}, true},
		{"a read while it is written may see either", []Register{register(0, true, 7, 2, 9, Acked), register(1, false, 0, 3, 4, Acked), register(1, false, 7, 5, 6, Acked)}, false},
		{"but not the old value after the new one", []Register{register(0, true, 7, 2, 9, Acked), register(1, false, 7, 3, 4, Acked), register(1, false, 0, 5, 6, Acked)}, true},
		{"an unknown write may take effect late", []Register{register(0, true, 7, 2, 3, Unknown), register(1, false, 0, 4, 5, Acked), register(1, false, 7, 6, 7, Acked)}, false},
		{"or never", []Register{register(0, true, 7, 2, 3, Unknown), register(1, false, 0, 4, 5, Acked)}, false},
		{"but what was once read of it stays", []Register{register(0, true, 7, 2, 3, Unknown), register(1, false, 7, 4, 5, Acked), register(1, false, 0, 6, 7, Acked)}, true},
		{"a failed write has no effect", []Register{register(0, true, 7, 2, 3, Failed), register(1, false, 7, 4, 5, Acked)}, true},
		{"an acknowledged write that is gone", []Register{register(0, true, 7, 2, 3, Acked), register(1, false, -1, 4, 5, Acked)}, true},
	} {
		verdict := Linearizable(History{Registers: c.ops}, time.Second)
		require.Equal(t, 1, verdict.Keys)
		require.Empty(t, verdict.Undecided)
		require.Equal(t, c.bad, len(verdict.Violated) == 1, c.name)
	}
}

func TestMovesAreTimelines(t *testing.T) {
	on := func(timeline uint32, outcome Outcome) Add { return Add{Timeline: timeline, Outcome: outcome} }
	require.Zero(t, Moves(History{}))
	require.Zero(t, Moves(History{Adds: []Add{on(3, Acked), on(3, Acked), on(0, Failed)}}))
	require.Equal(t, 1, Moves(History{Adds: []Add{on(4, Acked), on(3, Acked)}}))
	require.Equal(t, 2, Moves(History{Adds: []Add{on(3, Acked), on(5, Acked)}}), "nobody wrote on timeline 4, but it was")
}
