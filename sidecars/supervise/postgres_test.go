package supervise

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// postmaster is the pid of the real one, as the machine sees it.
func (s *sidecar) postmaster() int {
	s.p.t.Helper()
	for _, pid := range s.p.named(bindir + "/postgres -c") {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && strings.Fields(string(b))[3] == fmt.Sprint(s.p.pid) {
			return pid
		}
	}
	require.FailNow(s.p.t, "no postmaster")
	return 0
}

func TestDeadPostmasterLeavesNoOrphans(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.postgres(Primary)
	in, _ := p.session()
	fmt.Fprintln(in, "do $$ begin loop perform md5(random()::text); end loop; end $$;")
	p.eventually("a backend is busy", func() bool { return len(p.named("] DO")) == 1 })
	began := systemClock()
	require.NoError(t, syscall.Kill(s.postmaster(), syscall.SIGKILL))
	st := s.status("down", func(st Status) bool { return st.Phase == Down && st.Exit != nil })
	t.Logf("told after %d ms, of which %d to kill the orphans", systemClock().since(began).Milliseconds(), st.Exit.Millis)
	require.Equal(t, 9, st.Exit.Signal)
	require.Empty(t, st.Exit.Reason)
	require.Empty(t, p.named("postgres"))

	s.postgres(Primary) // the shared memory of the last one is nobody's
	_, err := s.Stop(ctx(t), Stop{Mode: Fast})
	require.NoError(t, err)
}

// What a postmaster of another namespace left names a pid that is somebody else's here: the guard's.
func TestStaleLockFilesDoNotMatter(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(30 * time.Second)
	guard := p.named(shared.bin + " guard")
	require.Len(t, guard, 1)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", guard[0]))
	require.NoError(t, err)
	_, ids, _ := strings.Cut(string(status), "NSpid:")
	inside := strings.Fields(strings.SplitN(ids, "\n", 2)[0])[1]
	p.file("postmaster.pid", inside+"\n"+p.o.Data+"\n1\n5432\n")
	p.file("../../run/.s.PGSQL.5432.lock", inside+"\n"+p.o.Data+"\n1\n5432\n")
	s.postgres(Primary)
}

func TestStoppedPostmasterIsKilledWhenItDoesNotStop(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.postgres(Primary)
	require.NoError(t, syscall.Kill(s.postmaster(), syscall.SIGSTOP))
	exit, err := s.Stop(ctx(t), Stop{Mode: Fast, Millis: 300})
	require.NoError(t, err)
	require.Equal(t, "it did not stop in time", exit.Reason)
}

func TestReload(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.postgres(Primary)
	p.file("postgresql.auto.conf", "log_min_duration_statement = 12345\n")
	require.NoError(t, s.Reload(ctx(t)))
	p.eventually("it is read", func() bool {
		out, _ := p.psql("show log_min_duration_statement").Output()
		return string(out) == "12345ms\n"
	})
}

func TestStandbyPromotedByHandIsKilled(t *testing.T) {
	p := newPod(t).withPostgres().run()
	p.file("standby.signal", "")
	s := p.dial()
	s.postgres(Standby)
	require.False(t, s.Status().Armed)
	began := systemClock()
	if err := p.psql("select pg_promote(false)").Run(); err != nil {
		t.Logf("pg_promote was killed before it could answer: %s", err)
	}
	p.gone(p.isGuard)
	t.Logf("killed %d ms after pg_promote was asked for", systemClock().since(began).Milliseconds())
	st := s.status("killed", func(st Status) bool { return st.Phase == Killed })
	require.Contains(t, st.Exit.Reason, "without a permit")
}

// The control file of a primary that crashed says "in production" until the standby made of it has begun to recover.
func TestCrashedPrimaryComesBackAsStandby(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.postgres(Primary)
	_, err := s.Kill(ctx(t), "a crash")
	require.NoError(t, err)
	s.permit.Store(0)
	require.NoError(t, s.Revoke(ctx(t)))
	p.file("standby.signal", "")
	s.postgres(Standby)
	require.Zero(t, s.Status().Permit)
	time.Sleep(time.Second)
	require.Equal(t, Following, s.Status().Phase)
}

func TestAnnouncedPromotion(t *testing.T) {
	p := newPod(t).withPostgres().run()
	p.file("standby.signal", "")
	s := p.dial()
	s.postgres(Standby)
	requireCode(t, CodeNoPermit, s.Promoting(ctx(t)))
	s.grant(6 * time.Second)
	require.NoError(t, s.Promoting(ctx(t)))
	require.True(t, s.status("armed", func(st Status) bool { return st.Mode == Primary }).Armed, "before it is one")
	require.NoError(t, p.psql("select pg_promote()").Run())
	s.status("it is a primary", func(st Status) bool { return st.Phase == Writing })
	require.NoError(t, p.psql("create table t()").Run())
	s.permit.Store(0)
	p.gone(p.isGuard)
	require.Contains(t, s.status("killed", func(st Status) bool { return st.Phase == Killed }).Exit.Reason, "the permit ran out")
}

// Two supervisors on one volume, as after a force delete: the second begins when the last process of the first is gone,
// not when its PID 1 is.
func TestVolumeHasOneSupervisor(t *testing.T) {
	p := newPod(t).withPostgres().run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.postgres(Primary)
	q := p.sibling().run()
	s2 := q.connect()
	require.False(t, s2.Status().Locked)
	p.eventually("it says so", func() bool { return strings.Contains(q.out.String(), "another supervisor may hold it") })
	s2.grant(20 * time.Second)
	_, err := s2.Start(ctx(t), Start{Mode: Primary, Argv: []string{"sleep", "1000"}})
	requireCode(t, CodeNotLocked, err)
	_, err = s2.Exec(ctx(t), Command{Argv: []string{"true"}})
	requireCode(t, CodeNotLocked, err)

	left := p.named("postgres")
	require.NotEmpty(t, left)
	for _, pid := range left {
		file, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/3", pid))
		if err != nil && zombie(pid) {
			continue // that of a session which has just ended
		}
		require.NoError(t, err)
		require.Equal(t, p.o.Volume+"/"+lockName, file, "every process of postgres holds the lock")
	}
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGKILL))
	s2.status("the volume is free", func(st Status) bool { return st.Locked })
	for _, pid := range left {
		require.True(t, zombie(pid), "process %d still runs", pid)
	}
	s2.postgres(Primary)
}

// The volume of the log is locked as that of the data is: a supervisor with another data volume does not write there either.
func TestTheLogsVolumeHasOneSupervisor(t *testing.T) {
	p := newPod(t).withPostgres().withWAL()
	p.run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.postgres(Primary)
	s.status("both volumes are measured", func(st Status) bool { return st.Disk != nil && st.WAL != nil && st.WAL.Total > 0 })
	for _, pid := range p.named("postgres") {
		for fd, volume := range map[int]string{3: p.o.Volume, 4: p.o.WAL} {
			file, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
			require.NoError(t, err)
			require.Equal(t, volume+"/"+lockName, file)
		}
	}
	q := p.sibling()
	q.o.Volume, q.o.Data = p.dir+"/vol2", p.dir+"/vol2/data"
	for _, d := range []string{q.o.Volume, q.o.Data} {
		require.NoError(t, os.Mkdir(d, 0o700))
		require.NoError(t, os.Chown(d, shared.uid, shared.gid))
	}
	q.run()
	s2 := q.connect()
	p.eventually("it waits for the log's", func() bool { return strings.Contains(q.out.String(), "lock "+p.o.WAL) })
	require.False(t, s2.Status().Locked)
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGKILL))
	s2.status("both are free", func(st Status) bool { return st.Locked })
}

// The lock is postgres', too: it outlives a supervisor that let go of it.
func TestLockOutlivesWhoTookIt(t *testing.T) {
	dir := t.TempDir()
	open := func() *os.File {
		f, err := os.OpenFile(dir+"/"+lockName, os.O_RDWR|os.O_CREATE, 0o600)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	require.NoError(t, tryLock(first))
	require.Error(t, tryLock(second))
	heir, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2, first.Fd()}})
	require.NoError(t, err)
	first.Close()
	require.Error(t, tryLock(second), "held by the child")
	require.NoError(t, syscall.Kill(heir, syscall.SIGKILL))
	_, err = syscall.Wait4(heir, nil, 0, nil)
	require.NoError(t, err)
	require.NoError(t, tryLock(second))
}
