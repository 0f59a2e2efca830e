package trial

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/check"
	"onggi.dev/ci/chaos/internal/fault"
)

func TestInvariants(t *testing.T) {
	plain, quiet := fault.Fault{}, fault.Fault{Expect: fault.Expect{Stays: true, Quiet: true, NoLoss: true}}
	once := fault.Fault{Expect: fault.Expect{Moves: 1}}
	back := fault.Fault{Expect: fault.Expect{Stays: true, Quiet: true, Back: 4 * time.Second}}
	thaw := fault.Fault{Expect: fault.Expect{Thaw: 100 * time.Millisecond}}
	for _, c := range []struct {
		name string
		f    fault.Fault
		r    Result
		want []string
	}{
		{"all is well", plain, Result{Sync: true, From: "a", To: "b", Refused: 9}, nil},
		{"two primaries", plain, Result{Dual: 40 * time.Millisecond}, []string{"two writable primaries for 40 ms"}},
		{"two that claim it", plain, Result{DualClaims: time.Second}, []string{"two members claimed to be primary for 1000 ms"}},
		{"lost with sync", plain, Result{Sync: true, LostRouted: 1, LostDirect: 2}, []string{"3 acknowledged writes lost"}},
		{"lost without", plain, Result{LostRouted: 1}, nil},
		{"lost in a planned move", quiet, Result{LostDirect: 1}, []string{"1 acknowledged writes lost"}},
		{"stale with sync is never forgiven", thaw, Result{Sync: true, Stale: time.Millisecond, StaleAcks: 1}, []string{"1 stale acknowledgements, for 1 ms"}},
		{"stale without, after a thaw", thaw, Result{Stale: 90 * time.Millisecond, StaleAcks: 3}, nil},
		{"for too long", thaw, Result{Stale: 110 * time.Millisecond, StaleAcks: 3}, []string{"3 stale acknowledgements, for 110 ms"}},
		{"registers", plain, Result{Sync: true, Registers: check.Verdict{Violated: []int64{4}}}, []string{"registers [4] are not those of one copy"}},
		{"a move that nobody asked for", quiet, Result{From: "a", To: "b"}, []string{"the primary moved from a to b"}},
		{"a refusal that nobody asked for", quiet, Result{Refused: 2}, []string{"2 writes were not acknowledged"}},
		{"a client that waited no longer was not refused", quiet, Result{Refused: 2, Late: 2}, nil},
		{"one of two was", quiet, Result{Refused: 2, Late: 1}, []string{"1 writes were not acknowledged"}},
		{"an agent that is back in time changes nothing", back, Result{From: "a", To: "b", Away: 3 * time.Second}, []string{"the primary moved from a to b"}},
		{"one that is not had no permit", back, Result{From: "a", To: "b", Refused: 9, Away: 5 * time.Second}, nil},
		{"one move where one is allowed", once, Result{Moves: 1}, nil},
		{"two moves where one is allowed", once, Result{Moves: 2}, []string{"the primary moved 2 times"}},
		{"no end", plain, Result{Trouble: "not whole"}, []string{"not whole"}},
	} {
		require.Equal(t, c.want, Broken(c.f, []Result{c.r}), c.name)
	}
}

func TestBoundsOfTime(t *testing.T) {
	f := fault.Fault{Expect: fault.Expect{Outage: 2 * time.Second, OutageMax: 3 * time.Second, Whole: 10 * time.Second}}
	outages := func(seconds ...float64) []Result {
		var runs []Result
		for _, s := range seconds {
			runs = append(runs, Result{Outage: time.Duration(s * float64(time.Second))})
		}
		return runs
	}
	require.Empty(t, Exceeded(f, outages(1, 2, 3)))
	require.Equal(t, []string{"median outage 2.50 s > 2.00 s"}, Exceeded(f, outages(2.5, 1, 2.9)))
	require.Equal(t, []string{"longest outage 3.10 s > 3.00 s"}, Exceeded(f, outages(1, 1, 3.1)))
	require.Equal(t, []string{"whole again after 11.00 s > 10.00 s"}, Exceeded(f, []Result{{Whole: 11 * time.Second}}))
	require.Equal(t, []string{"whole again after 61.00 s > 60.00 s"}, Exceeded(fault.Fault{}, []Result{{Outage: time.Hour, Whole: 61 * time.Second}}))
	require.Empty(t, Exceeded(f, nil))
	back := fault.Fault{Expect: fault.Expect{Quiet: true, Back: 4 * time.Second}}
	require.Equal(t, []string{"agent back after 5.00 s > 4.00 s", "2 writes were answered too late"}, Exceeded(back, []Result{{Away: 5 * time.Second, Late: 2}}))
	require.Empty(t, Exceeded(back, []Result{{Away: 3 * time.Second}}))
}

func TestMedian(t *testing.T) {
	require.Zero(t, Median(nil))
	require.Equal(t, time.Duration(2), Median([]time.Duration{3, 1, 2}))
	require.Equal(t, time.Duration(2), Median([]time.Duration{4, 3, 1, 2}))
}
