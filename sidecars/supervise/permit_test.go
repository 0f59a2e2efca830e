package supervise

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func at(raw, boot time.Duration) instant {
	return instant{raw: raw * time.Second, boot: boot * time.Second}
}

func TestClocks(t *testing.T) {
	require.Equal(t, 3*time.Second, at(3, 2).since(at(0, 0)), "a slewed clock cannot lengthen a permit")
	require.Equal(t, 9*time.Second, at(3, 9).since(at(0, 0)), "a suspend counts")
	require.Equal(t, time.Second, left(at(3, 3), at(1, 2)))
	require.Zero(t, left(at(3, 3), at(1, 4)))
	a := systemClock()
	for range 3 { // a signal may end one early
		pause(5 * time.Millisecond)
	}
	require.GreaterOrEqual(t, systemClock().since(a), 5*time.Millisecond)
}

func TestGrants(t *testing.T) {
	type step struct {
		now    instant
		do     string // tick, forget, revoke, grant
		n      uint64
		millis int
		want   verdict
		left   int // ms afterwards
	}
	s := time.Second
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"a grant counts from its tick, not from its arrival", []step{
			{do: "tick", n: 1}, {now: instant{s, s}, do: "grant", n: 1, millis: 6000, want: grantExtended, left: 5000}}},
		{"the clock that ran further counts", []step{
			{do: "tick", n: 1}, {now: instant{s / 2, s}, do: "grant", n: 1, millis: 6000, want: grantExtended, left: 5000}}},
		{"a shorter grant takes nothing away", []step{
			{do: "tick", n: 1}, {do: "grant", n: 1, millis: 6000, want: grantExtended, left: 6000},
			{do: "tick", n: 2}, {do: "grant", n: 2, millis: 100, want: grantShorter, left: 6000}}},
		{"nor does a grant of nothing", []step{
			{do: "tick", n: 1}, {do: "grant", n: 1, millis: 6000, want: grantExtended, left: 6000},
			{do: "grant", n: 1, want: grantShorter, left: 6000}}},
		{"nobody asked", []step{{do: "grant", n: 1, millis: 6000, want: grantUnknown}}},
		{"tick 0 is no tick", []step{{do: "grant", n: 0, millis: 6000, want: grantUnknown}}},
		{"a future tick", []step{{do: "tick", n: 1}, {do: "grant", n: 2, millis: 6000, want: grantUnknown}}},
		{"too late", []step{
			{do: "tick", n: 1}, {now: instant{2*s + 1, 0}, do: "grant", n: 1, millis: 6000, want: grantLate}}},
		{"too late by the clock that counts a suspend", []step{
			{do: "tick", n: 1}, {now: instant{0, 2*s + 1}, do: "grant", n: 1, millis: 6000, want: grantLate}}},
		{"another connection's", []step{
			{do: "tick", n: 1}, {do: "forget"}, {do: "grant", n: 1, millis: 6000, want: grantUnknown}}},
		{"a new connection lives on what was granted", []step{
			{do: "tick", n: 1}, {do: "grant", n: 1, millis: 6000, want: grantExtended, left: 6000}, {do: "forget", left: 6000}}},
		{"revoked", []step{
			{do: "tick", n: 1}, {do: "grant", n: 1, millis: 6000, want: grantExtended, left: 6000},
			{do: "tick", n: 2, left: 6000}, {do: "revoke"}, {do: "grant", n: 2, millis: 6000, want: grantUnknown}}},
		{"a grant for ever is one of a minute", []step{
			{do: "tick", n: 1}, {do: "grant", n: 1, millis: 1 << 40, want: grantExtended, left: 60000}}},
		{"a suspend ends it", []step{
			{do: "tick", n: 1}, {do: "grant", n: 1, millis: 6000, want: grantExtended, left: 6000},
			{now: instant{s, 7 * s}, do: "tick", n: 2}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p permit
			for i, st := range tt.steps {
				switch st.do {
				case "tick":
					p.ticked(st.n, st.now)
				case "forget":
					p.forget()
				case "revoke":
					p.revoke()
				case "grant":
					require.Equal(t, st.want, p.granted(st.n, time.Duration(st.millis)*time.Millisecond, st.now), "step %d", i)
				}
				if st.do != "tick" {
					require.Equal(t, time.Duration(st.left)*time.Millisecond, p.left(st.now), "step %d", i)
				}
			}
		})
	}
}

// Whatever the order and the delay of ticks and grants, and however two clocks run: the permit lasts only while some accepted
// grant lasts, on both clocks, and only a revocation shortens it.
func TestPermitIsNeverLongerThanAGrant(t *testing.T) {
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var p permit
		var now instant
		sent := map[uint64]instant{}
		valid := map[uint64]bool{} // ticks that may be answered
		var ends []instant         // of accepted grants since the last revocation
		for n := uint64(1); n < 120; n++ {
			before := p.left(now)
			step := time.Duration(r.IntN(700)) * time.Millisecond
			now.raw += step
			now.boot += step + time.Duration(r.IntN(20))*time.Millisecond
			if r.IntN(40) == 0 {
				now.boot += time.Duration(r.IntN(9000)) * time.Millisecond
			}
			if p.left(now) > before {
				t.Fatalf("seed %d: time made the permit longer", seed)
			}
			switch r.IntN(12) {
			case 0:
				p.forget()
				clear(valid)
			case 1:
				p.revoke()
				clear(valid)
				ends = nil
			case 2, 3, 4:
				p.ticked(n, now)
				sent[n], valid[n] = now, true
			default:
				k := n - min(n, uint64(r.IntN(9)))
				d := time.Duration(r.IntN(8000)) * time.Millisecond
				was := p.left(now)
				switch p.granted(k, d, now) {
				case grantExtended:
					if !valid[k] || now.since(sent[k]) > maxGrantAge || p.left(now) <= was {
						t.Fatalf("seed %d: tick %d should not have been granted", seed, k)
					}
					ends = append(ends, sent[k].plus(d))
				default:
					if p.left(now) != was {
						t.Fatalf("seed %d: what was not accepted changed the permit", seed)
					}
				}
			}
			var allowed time.Duration
			for _, e := range ends {
				allowed = max(allowed, left(e, now))
			}
			if p.left(now) > allowed {
				t.Fatalf("seed %d, step %d: %s left, and granted were %s", seed, n, p.left(now), allowed)
			}
		}
	}
}

func TestFence(t *testing.T) {
	now := at(100, 100)
	kills := 0
	page, file, err := newPage(7)
	require.NoError(t, err)
	defer file.Close()
	f := newFence(func() instant { return now }, func() error { kills++; return nil }, page)

	_, ok := f.arm(0)
	require.False(t, ok, "nothing is armed without a permit")
	require.False(t, f.check(), "and what is not armed does not kill")

	f.ticked(1)
	require.Equal(t, grantExtended, f.granted(1, 5*time.Second))
	now = now.plus(4500 * time.Millisecond)
	_, ok = f.arm(time.Second)
	require.False(t, ok, "half a second is no permit to start with")
	_, ok = f.arm(500 * time.Millisecond)
	require.True(t, ok)
	require.False(t, f.check())
	require.True(t, page.read().armed)
	require.Equal(t, 105*time.Second, page.read().end.raw, "the guard has the same deadline")

	now = now.plus(500 * time.Millisecond)
	require.True(t, f.check())
	require.True(t, f.check(), "until it is disarmed, again and again")
	require.Equal(t, 2, kills)
	f.disarm()
	require.False(t, f.check())
	require.False(t, page.read().armed)

	f.ticked(2)
	require.Equal(t, grantExtended, f.granted(2, 5*time.Second))
	_, ok = f.arm(0)
	require.True(t, ok)
	f.revoke()
	require.Equal(t, 3, kills, "a revocation kills at once")
}

func TestGuardSteps(t *testing.T) {
	end := at(10, 10)
	for _, tt := range []struct {
		name  string
		d     deadline
		now   instant
		sleep time.Duration
		kills int
	}{
		{"not armed", deadline{end: end}, at(99, 99), guardPause, 0},
		{"long to go", deadline{end: end, armed: true}, at(1, 1), guardPause, 0},
		{"soon", deadline{end: end, armed: true}, at(10, 10).plus(-20 * time.Millisecond), 70 * time.Millisecond, 0},
		{"the supervisor's turn", deadline{end: end, armed: true}, at(10, 10), 50 * time.Millisecond, 0},
		{"its own", deadline{end: end, armed: true}, at(10, 10).plus(guardDelay), 20 * time.Millisecond, 1},
		{"after a suspend", deadline{end: end, armed: true}, at(1, 99), 20 * time.Millisecond, 1},
		{"revoked", deadline{armed: true}, at(1, 1), 20 * time.Millisecond, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, file, err := newPage(7)
			require.NoError(t, err)
			defer file.Close()
			q, err := openPage(int(file.Fd())) // as the guard sees it
			require.NoError(t, err)
			p.write(tt.d)
			kills := 0
			require.Equal(t, tt.sleep, guardStep(q, tt.now, func() { kills++ }))
			require.Equal(t, tt.kills, kills)
		})
	}
}

// A deadline is read whole, however fast it is written.
func TestPageIsNeverTorn(t *testing.T) {
	p, file, err := newPage(7)
	require.NoError(t, err)
	defer file.Close()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for i := range 200000 {
			p.write(deadline{end: instant{raw: time.Duration(i), boot: time.Duration(i)}, armed: i%2 == 1})
		}
	}()
	for last := time.Duration(0); ; {
		d := p.read()
		require.Equal(t, d.end.raw, d.end.boot)
		require.Equal(t, d.end.raw%2 == 1, d.armed)
		require.GreaterOrEqual(t, d.end.raw, last)
		last = d.end.raw
		select {
		case <-stop:
			return
		default:
		}
	}
}

func TestNobodyKillsANamespaceThatIsNotTheirs(t *testing.T) {
	_, err := asInit()
	require.ErrorContains(t, err, "has to be PID 1")
	own, err := pidNamespace()
	if err != nil {
		require.ErrorContains(t, err, "the machine's own")
	}
	_, err = asGuard(own)
	require.Error(t, err)
	// Not even with the right in hand: this process is neither PID 1 nor a child of it.
	for _, ns := range []namespace{{}, {inode: 1}, {inode: 1, init: true}, {init: true}} {
		_, err := ns.kill()
		require.ErrorContains(t, err, "no right")
	}
	require.ErrorContains(t, Run(t.Context(), Options{}, nil), "has to be PID 1")
}
