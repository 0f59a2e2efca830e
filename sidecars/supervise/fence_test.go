package supervise

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// busy is what a busy machine may add to the moment of a kill, and to that at which it is seen here. The moment itself is TestFence's and
// TestGuardSteps'; a kill that does not come at all, or only after another permit, is later than this.
const busy = 5 * time.Second

// gone waits until no process of the namespace runs, guard included, and says when that was.
func (p *pod) gone(but func(pid int) bool) instant {
	p.t.Helper()
	p.eventually("nothing runs any more", func() bool { return !slices.ContainsFunc(p.processes(), func(pid int) bool { return !but(pid) }) })
	return systemClock()
}

func (p *pod) isGuard(pid int) bool {
	return slices.Contains(p.named(shared.bin+" guard"), pid)
}

func TestEndOfThePermitKillsAnOpenSessionToo(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(6 * time.Second)
	s.postgres(Primary)
	in, out := p.session()
	fmt.Fprintln(in, "create table t(i int); insert into t values (1) returning i;")
	p.eventually("the session wrote", func() bool { return out.String() == "1\n" })
	require.True(t, s.Status().Armed)

	// The sidecar goes on ticking, and grants no more.
	st := s.status("a fresh tick", func(st Status) bool { return st.Permit > 4000 })
	require.Equal(t, Writing, st.Phase)
	asked := systemClock()
	s.permit.Store(0)
	end := p.gone(p.isGuard)
	lived := end.since(asked)
	t.Logf("the last process went %d ms after the sidecar stopped granting 6000 ms", lived.Milliseconds())
	require.Less(t, lived, 6*time.Second+busy)

	st = s.status("killed", func(st Status) bool { return st.Phase == Killed })
	require.Contains(t, st.Exit.Reason, "the permit ran out")
	t.Logf("kill to empty namespace: %d ms", st.Exit.Millis)
	require.False(t, st.Armed)
	p.eventually("the session broke", func() bool { fmt.Fprintln(in, "select 1;"); return len(out.String()) > 10 })
}

func TestStoppedSupervisorIsReplacedByItsGuard(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(6 * time.Second)
	s.postgres(Primary)
	in, _ := p.session()
	fmt.Fprintln(in, "select pg_sleep(1000);")
	asked := systemClock()
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGSTOP))
	end := p.gone(p.isGuard)
	lived := end.since(asked)
	t.Logf("the last process went %d ms after PID 1 was stopped with at most 6000 ms left", lived.Milliseconds())
	require.Less(t, lived, 6*time.Second+busy)

	time.Sleep(100 * time.Millisecond) // the guard kills again and again, and counts after it did
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGCONT))
	st := s.status("killed", func(st Status) bool { return st.Phase == Killed })
	require.Contains(t, st.Exit.Reason, "guard")
}

// Stopped processes, a daemon of a daemon, and one that ignores every signal.
func TestEndOfThePermitKillsWhoeverIsThere(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	s.grant(5 * time.Second)
	s.script(Primary, `
		(setsid sh -c 'sleep 1001 & sleep 1002 & exit' &)
		sh -c 'trap "" TERM INT QUIT HUP; while :; do sleep 1003; done' &
		sleep 1004 & kill -STOP $!
		kill -STOP $$`)
	p.eventually("all of them run", func() bool { return len(p.named("sleep 100")) >= 4 })
	s.permit.Store(0)
	p.gone(p.isGuard)
	st := s.status("killed", func(st Status) bool { return st.Phase == Killed })
	require.Contains(t, st.Exit.Reason, "the permit ran out")
	require.Equal(t, int(syscall.SIGKILL), st.Exit.Signal)
}

func TestFrozenPodIsKilledWhenItThaws(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	s.grant(4 * time.Second)
	s.script(Primary, `sleep 1000`)
	all := append(p.processes(), p.pid)
	for _, pid := range all {
		require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
	time.Sleep(4500 * time.Millisecond)
	thawed := systemClock()
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	end := p.gone(p.isGuard)
	t.Logf("killed %d ms after the thaw began", end.since(thawed).Milliseconds())
	// The client answered the ticks that it had received late, and grants all new ones: had any of that counted, nothing would have been killed.
	s.status("killed, and the pause is told", func(st Status) bool { return st.Phase == Killed && st.Gap > 2000 })
}

func TestRevokeKillsAtOnce(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	s.grant(time.Minute)
	s.script(Primary, `sleep 1000`)
	s.permit.Store(0)
	require.NoError(t, s.Revoke(ctx(t)))
	st := s.status("killed", func(st Status) bool { return st.Phase == Killed })
	require.Zero(t, st.Permit)
}

func TestGuardIsReplaced(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	first := p.named(shared.bin + " guard")
	require.Len(t, first, 1)
	s.grant(10 * time.Second)
	s.script(Primary, `sleep 1000`)
	require.NoError(t, syscall.Kill(first[0], syscall.SIGKILL))
	p.eventually("another one", func() bool { g := p.named(shared.bin + " guard"); return len(g) == 1 && g[0] != first[0] })
	s.status("it is there", func(st Status) bool { return st.Guarded && st.Phase == Starting && st.Starts == 1 })
	p.eventually("that is told", func() bool { return strings.Contains(p.out.String(), "the guard ended (signal 9)") })

	second := p.named(shared.bin + " guard")
	require.NoError(t, syscall.Kill(second[0], syscall.SIGSTOP))
	// The status says so, too, but only until another is there.
	p.eventually("it is missed", func() bool {
		return strings.Contains(p.out.String(), "the guard gives no sign of life and is replaced")
	})
	p.eventually("and replaced", func() bool { g := p.named(shared.bin + " guard"); return len(g) == 1 && g[0] != second[0] })
	s.status("for good", func(st Status) bool { return st.Guarded && st.Starts == 1 })
}

func TestNoPrimaryWithoutGuard(t *testing.T) {
	p := newPod(t)
	p.o.Self = []string{"/bin/false"}
	p.run()
	s := p.connect()
	s.status("locked", func(st Status) bool { return st.Locked })
	s.grant(10 * time.Second)
	_, err := s.Start(ctx(t), Start{Mode: Primary, Argv: []string{"sleep", "1000"}})
	requireCode(t, CodeNoGuard, err)
	p.file("standby.signal", "")
	_, err = s.Start(ctx(t), Start{Mode: Standby, Argv: []string{"sh", "-c", "sleep 1000"}})
	require.NoError(t, err)
	requireCode(t, CodeNoGuard, s.Promoting(ctx(t)))
}

func TestGuardRunsForASupervisorOnly(t *testing.T) {
	shared.ready(t)
	out, err := shared.asPostgres(shared.bin, "guard").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "none was")
}

func TestSupervisorIsPID1OrNothing(t *testing.T) {
	p := newPod(t)
	o, _ := json.Marshal(p.o)
	out, err := shared.asPostgres(shared.bin, "supervise", string(o)).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "has to be PID 1")
}
