package supervise

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gone waits until no process of the namespace runs, guard included, and says when that was.
func (p *pod) gone(but func(pid int) bool) instant {
	p.t.Helper()
	p.eventually("nothing runs any more", func() bool {
		for _, pid := range p.processes() {
			if !but(pid) {
				return false
			}
		}
		return true
	})
	return systemClock()
}

func (p *pod) isGuard(pid int) bool {
	for _, g := range p.named(shared.bin + " guard") {
		if g == pid {
			return true
		}
	}
	return false
}

func TestEndOfThePermitKillsAnOpenSessionToo(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(2 * time.Second)
	s.postgres(Primary)
	in, out := p.session()
	fmt.Fprintln(in, "create table t(i int); insert into t values (1) returning i;")
	p.eventually("the session wrote", func() bool { return out.String() == "1\n" })
	require.True(t, s.Status().Armed)

	// The sidecar goes on ticking, and grants no more.
	st := s.status("a fresh tick", func(st Status) bool { return st.Permit > 1000 })
	require.Equal(t, Writing, st.Phase)
	asked := systemClock()
	s.permit.Store(0)
	end := p.gone(p.isGuard)
	lived := end.since(asked)
	t.Logf("the last process went %d ms after the sidecar stopped granting 2000 ms", lived.Milliseconds())
	require.Less(t, lived, 2500*time.Millisecond)

	st = s.status("killed", func(st Status) bool { return st.Phase == Killed })
	require.Equal(t, "the permit ran out", st.Exit.Reason)
	require.Less(t, st.Exit.Millis, int64(1000))
	t.Logf("kill to empty namespace: %d ms", st.Exit.Millis)
	require.False(t, st.Armed)
	p.eventually("the session broke", func() bool { fmt.Fprintln(in, "select 1;"); return len(out.String()) > 10 })
}

func TestStoppedSupervisorIsReplacedByItsGuard(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(2 * time.Second)
	s.postgres(Primary)
	in, _ := p.session()
	fmt.Fprintln(in, "select pg_sleep(1000);")
	asked := systemClock()
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGSTOP))
	end := p.gone(p.isGuard)
	lived := end.since(asked)
	t.Logf("the last process went %d ms after PID 1 was stopped with at most 2000 ms left", lived.Milliseconds())
	require.Less(t, lived, 2500*time.Millisecond)

	require.NoError(t, syscall.Kill(p.pid, syscall.SIGCONT))
	st := s.status("killed", func(st Status) bool { return st.Phase == Killed })
	require.Contains(t, st.Exit.Reason, "guard")
}
