package supervise

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/onggi-db/onggi/sidecars/capture"
	"github.com/stretchr/testify/require"
)

// sidecar is a client and the permit that it gives.
type sidecar struct {
	*Client
	p      *pod
	permit atomic.Int64 // what each tick is answered, a duration
}

// dial connects to a supervisor that is ready.
func (p *pod) dial() *sidecar {
	p.t.Helper()
	s := p.connect()
	s.status("the volume is ours", func(st Status) bool { return st.Locked && st.Guarded })
	return s
}

func (p *pod) connect() *sidecar {
	p.t.Helper()
	s := &sidecar{p: p}
	var err error
	defer func() {
		if p.t.Failed() {
			p.t.Log("dialled: ", err)
		}
	}()
	p.eventually("the supervisor takes a connection", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		asUser(shared.uid, func() {
			s.Client, err = Dial(ctx, p.o.Socket, func() time.Duration { return time.Duration(s.permit.Load()) })
		})
		return err == nil
	})
	p.t.Cleanup(s.Close)
	return s
}

// asUser has one thread be another user: the supervisor looks at who connects.
func asUser(uid int, f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const same = ^uintptr(0)
	_, _, _ = syscall.RawSyscall(syscall.SYS_SETRESUID, same, uintptr(uid), same)
	defer syscall.RawSyscall(syscall.SYS_SETRESUID, same, 0, same)
	f()
}

// grant answers ticks with d from now on, and waits until the supervisor has that. What d has above the least permit of a start, a second, is what
// a busy machine may take until that.
func (s *sidecar) grant(d time.Duration) {
	s.p.t.Helper()
	s.permit.Store(int64(d))
	s.status("the permit arrived", func(st Status) bool { return st.Permit > d.Milliseconds()/2 })
}

// status waits for a status.
func (s *sidecar) status(what string, ok func(Status) bool) Status {
	s.p.t.Helper()
	never := time.After(patience)
	for {
		if st := s.Status(); ok(st) {
			return st
		}
		select {
		case <-s.Updates():
		case <-time.After(20 * time.Millisecond): // what is left of the permit is told without an update
		case <-s.Done():
			require.FailNow(s.p.t, "the connection ended: "+what, s.Err())
		case <-never:
			require.FailNow(s.p.t, "no such status: "+what, fmt.Sprintf("%+v", s.Status()))
		}
	}
}

func ctx(t *testing.T) context.Context {
	c, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return c
}

// postgres starts a real one, which listens on a socket in its own folder.
func (s *sidecar) postgres(mode Mode, settings ...string) {
	s.p.t.Helper()
	argv := []string{bindir + "/postgres", "-c", "listen_addresses=", "-c", "unix_socket_directories=" + s.p.dir + "/run", "-c", "fsync=off"}
	for _, v := range settings {
		argv = append(argv, "-c", v)
	}
	_, err := s.Start(ctx(s.p.t), Start{Mode: mode, Argv: argv})
	require.NoError(s.p.t, err)
	want := map[Mode]Phase{Primary: Writing, Standby: Following}[mode]
	s.status("postgres is a "+string(mode), func(st Status) bool { return st.Phase == want })
	s.p.eventually("postgres takes sessions", func() bool { return s.p.psql("select 1").Run() == nil })
}

// script starts a shell script in postgres' place.
func (s *sidecar) script(mode Mode, text string) {
	s.p.t.Helper()
	_, err := s.Start(ctx(s.p.t), Start{Mode: mode, Argv: []string{"/bin/sh", "-c", text}})
	require.NoError(s.p.t, err)
}

// psql is a client outside of the namespace.
func (p *pod) psql(sql string) *exec.Cmd {
	return shared.asPostgres(bindir+"/psql", "-XAtq", "-h", p.dir+"/run", "-U", "postgres", "-c", sql)
}

// session is a psql that stays, fed through a pipe.
func (p *pod) session() (io.WriteCloser, *capture.Output) {
	p.t.Helper()
	cmd := shared.asPostgres(bindir+"/psql", "-XAtq", "-h", p.dir+"/run", "-U", "postgres")
	in, err := cmd.StdinPipe()
	require.NoError(p.t, err)
	out := &capture.Output{}
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() { in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return in, out
}

func requireCode(t *testing.T, code Code, err error) {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, e.Message)
}
