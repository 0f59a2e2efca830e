package supervise

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRulesOfAStart(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	start := func(m Mode, argv ...string) error {
		_, err := s.Start(ctx(t), Start{Mode: m, Argv: argv})
		return err
	}
	requireCode(t, CodeNoPermit, start(Primary, "sleep", "1000"))
	requireCode(t, CodeSignalFile, start(Standby, "sleep", "1000"))
	requireCode(t, CodeBadRequest, start("emperor", "sleep", "1000"))
	s.grant(30 * time.Second)
	requireCode(t, CodeBadRequest, start(Primary))
	requireCode(t, CodeSpawn, start(Primary, "/no/such/program"))
	require.False(t, s.Status().Armed, "what did not start is not armed")
	requireCode(t, CodeNotRunning, s.Promoting(ctx(t)))
	requireCode(t, CodeNotRunning, s.Reload(ctx(t)))

	p.file("standby.signal", "")
	requireCode(t, CodeSignalFile, start(Primary, "sleep", "1000"))
	require.NoError(t, start(Standby, "sh", "-c", "sleep 1000"))
	require.NoError(t, start(Standby, "sh", "-c", "sleep 1000"), "again is once")
	requireCode(t, CodeRunning, start(Primary, "sleep", "1000"))
	require.False(t, s.Status().Armed, "a standby lives without a permit")
	require.NoError(t, s.Promoting(ctx(t)))
	require.True(t, s.status("armed", func(st Status) bool { return st.Mode == Primary }).Armed)
	require.Equal(t, 1, s.Status().Starts)
}

func TestInstanceIsInTheTerminationLog(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	b, err := os.ReadFile(p.o.TerminationLog)
	require.NoError(t, err)
	require.Equal(t, s.Instance(), string(b))
	require.Len(t, s.Instance(), 32)
}

func TestStop(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	exit, err := s.Stop(ctx(t), Stop{Mode: Fast})
	require.NoError(t, err)
	require.Nil(t, exit, "nothing ever ran")

	s.grant(30 * time.Second)
	s.script(Primary, `trap 'echo bye; exit 7' INT; echo hello; sleep 1000 & wait`)
	p.eventually("it prints", func() bool { return strings.Contains(p.out.String(), "hello") })
	exit, err = s.Stop(ctx(t), Stop{Mode: Fast})
	require.NoError(t, err)
	require.Equal(t, 7, exit.Code)
	require.Empty(t, exit.Reason)
	require.Equal(t, "hello\nbye\n", exit.Tail)
	require.Equal(t, Down, s.status("down", func(st Status) bool { return st.Phase == Down }).Phase)
	require.Empty(t, p.named("sleep 1000"), "what it left behind is gone")

	s.script(Primary, `trap '' INT; echo deaf; while :; do sleep 1000; done`)
	p.eventually("it is deaf", func() bool { return strings.Contains(p.out.String(), "deaf") })
	exit, err = s.Stop(ctx(t), Stop{Mode: Fast, Millis: 200})
	require.NoError(t, err)
	require.Equal(t, "it did not stop in time", exit.Reason)
	require.Equal(t, Killed, s.status("killed", func(st Status) bool { return st.Phase != Stopping }).Phase)
	_, err = s.Stop(ctx(t), Stop{Mode: "smart"})
	requireCode(t, CodeBadRequest, err)

	s.script(Primary, `sleep 1000`)
	exit, err = s.Kill(ctx(t), "for fun")
	require.NoError(t, err)
	require.Equal(t, Exit{Start: 3, Code: -1, Signal: 9, Reason: "for fun", Millis: exit.Millis}, *exit)
}

func TestSidecarDiesAndComesBack(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	s.grant(20 * time.Second)
	s.script(Primary, `sleep 1000`)
	s.Close()
	<-s.Done()
	time.Sleep(300 * time.Millisecond)
	s = p.dial()
	st := s.Status()
	require.Equal(t, 1, st.Starts)
	require.Positive(t, st.Permit, "the permit outlives the connection")
	s.grant(50 * time.Second)
	require.Greater(t, s.Status().Permit, int64(20000), "and the next one extends it")

	newer := p.dial()
	<-s.Done()
	requireCode(t, CodeReplaced, s.Err())
	_, err := s.Stop(ctx(t), Stop{Mode: Fast})
	requireCode(t, CodeUnsupervised, err)
	require.Equal(t, 1, newer.Status().Starts)
	require.NotZero(t, newer.Status().PID)
}

func TestExec(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	run := func(c context.Context, cmd Command) *Output {
		t.Helper()
		out, err := s.Exec(c, cmd)
		require.NoError(t, err)
		return out
	}
	out := run(ctx(t), Command{Argv: []string{"sh", "-c", `cat; echo "$WHO" >&2; pwd; exit 3`}, Env: []string{"WHO=me"}, Stdin: "in", Dir: "/usr"})
	require.Equal(t, Output{Code: 3, Stdout: "in/usr\n", Stderr: "me\n", Millis: out.Millis}, *out)

	out = run(ctx(t), Command{Argv: []string{"sh", "-c", "seq 100000"}})
	require.True(t, out.Truncated)
	require.True(t, strings.HasSuffix(out.Stdout, "\n99999\n100000\n"))
	require.Len(t, out.Stdout, outputTail)

	out = run(ctx(t), Command{Argv: []string{"sh", "-c", "sleep 1005 & sleep 1006"}, Millis: 100})
	require.Equal(t, int(syscall.SIGTERM), out.Signal)
	require.Equal(t, "it took too long", out.Reason)
	p.eventually("its children are gone, too", func() bool { return len(p.named("sleep 100")) == 0 })

	_, err := s.Exec(ctx(t), Command{Argv: []string{"/no/such"}})
	requireCode(t, CodeSpawn, err)
	_, err = s.Exec(ctx(t), Command{Argv: []string{"pg_ctl", "start"}})
	requireCode(t, CodeBadRequest, err)
}

func TestCancelledToolEnds(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	short, cancel := context.WithCancel(ctx(t))
	failed := make(chan error, 1)
	go func() {
		_, err := s.Exec(short, Command{ID: "deaf", Argv: []string{"sh", "-c", "trap '' TERM; while :; do sleep 1007; done"}})
		failed <- err
	}()
	s.status("it runs", func(st Status) bool { return st.Tool != nil && st.Tool.ID == "deaf" })
	p.eventually("it is deaf", func() bool { return len(p.named("sleep 1007")) > 0 })
	_, err := s.Exec(ctx(t), Command{Argv: []string{"true"}})
	requireCode(t, CodeBusy, err)
	s.grant(10 * time.Second)
	_, err = s.Start(ctx(t), Start{Mode: Primary, Argv: []string{"sleep", "1000"}})
	requireCode(t, CodeBusy, err)
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	s.status("it is gone", func(st Status) bool { return st.Tool == nil })
	p.eventually("and its children are", func() bool { return len(p.named("sleep 1007")) == 0 })
}

// A sidecar that died while its tool ran finds it running, or finds its outcome.
func TestToolOutlivesTheSidecarThatAskedForIt(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	cmd := Command{ID: "clone-7", Argv: []string{"sh", "-c", "echo started >> count; while [ ! -e go ]; do sleep 0.02; done; cat count"}}
	go func() { _, _ = s.Exec(context.Background(), cmd) }()
	s.status("it runs", func(st Status) bool { return st.Tool != nil })
	s.Close()

	s = p.dial()
	require.Equal(t, "clone-7", s.Status().Tool.ID)
	require.NoError(t, os.WriteFile(p.o.Volume+"/go", nil, 0o644))
	for range 2 {
		out, err := s.Exec(ctx(t), cmd)
		require.NoError(t, err)
		require.Equal(t, "started\n", out.Stdout, "it ran once")
	}
}

func TestStraysAreGoneBeforeAStart(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	// The tool's group is killed when the tool ends: the daemon has to have left it by then.
	out, err := s.Exec(ctx(t), Command{Argv: []string{"sh", "-c", "setsid -f sh -c 'touch left; exec sleep 1008'; while [ ! -e left ]; do sleep 0.02; done"}})
	require.NoError(t, err)
	require.Zero(t, out.Code)
	p.eventually("a daemon is left", func() bool { return len(p.named("sleep 1008")) == 1 })
	s.grant(10 * time.Second)
	s.script(Primary, "sleep 1009")
	require.Empty(t, p.named("sleep 1008"))
}

func TestNoLineIsLost(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.script(Primary, `seq 1 60000; seq 1 60000 >&2; printf unfinished`)
	st := s.status("it ended", func(st Status) bool { return st.Exit != nil })
	require.True(t, strings.HasSuffix(st.Exit.Tail, "\n60000\nunfinished\n"))
	require.LessOrEqual(t, len(st.Exit.Tail), exitTail)
	// What the supervisor has written comes through a pipe, the status over a socket.
	p.eventually("everything was read", func() bool { return printed(p.out.String()) >= 120001 })
	text := p.out.String()
	require.Equal(t, 120001, printed(text))
	require.Equal(t, 2, strings.Count(text, "\n59999\n60000\n"))
	require.Equal(t, 2, strings.Count(text, "\n1\n2\n3\n")+strings.Count(text, "pid 1\n1\n2\n"), "whole and in order")
}

// printed counts the lines that are not the supervisor's own.
func printed(text string) (n int) {
	for l := range strings.Lines(text) {
		if strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "onggi: ") {
			n++
		}
	}
	return n
}

func TestTermAsksTheSidecarFirst(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.script(Primary, `trap 'exit 0' INT; sleep 1000 & wait`)
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGTERM))
	st := s.status("it is told", func(st Status) bool { return st.Terminating })
	require.NotZero(t, st.PID, "postgres runs on")
	time.Sleep(700 * time.Millisecond)
	require.NotZero(t, s.Status().PID)
	_, err := s.Stop(ctx(t), Stop{Mode: Fast})
	require.NoError(t, err)
	_, err = s.Start(ctx(t), Start{Mode: Primary, Argv: []string{"sleep", "1000"}})
	requireCode(t, CodeTerminating, err)
	out, err := s.Exec(ctx(t), Command{Argv: []string{"echo", "the last position"}})
	require.NoError(t, err, "what has to be known for a handover can still be asked")
	require.Equal(t, "the last position\n", out.Stdout)
	require.NoError(t, s.Exit(ctx(t)))
	require.NoError(t, p.ended())
}

// ended waits for the end of the supervisor, and says with what.
func (p *pod) ended() error {
	p.t.Helper()
	select {
	case err := <-p.exited:
		p.exited <- err
		return err
	case <-time.After(patience):
		return fmt.Errorf("it did not end")
	}
}

func TestTermWithoutASidecarStopsPostgres(t *testing.T) {
	p := newPod(t)
	p.o.Orphaned = 300 * time.Millisecond
	p.run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.script(Primary, `trap 'echo stopped fast; exit 0' INT; echo set; sleep 1000 & wait`)
	p.eventually("it takes signals", func() bool { return strings.Contains(p.out.String(), "set\n") })
	s.Close()
	// The signal that images of postgres ask for in their STOPSIGNAL.
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGINT))
	require.NoError(t, p.ended())
	require.Contains(t, p.out.String(), "stopped fast")
}

func TestTermIsNotForEver(t *testing.T) {
	p := newPod(t)
	p.o.Grace, p.o.StopLimit, p.o.Linger = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	p.run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.script(Primary, `trap '' INT; echo deaf; while :; do sleep 1000; done`)
	p.eventually("it is deaf", func() bool { return strings.Contains(p.out.String(), "deaf") })
	require.NoError(t, syscall.Kill(p.pid, syscall.SIGTERM))
	require.NoError(t, p.ended())
	require.Contains(t, p.out.String(), "it did not stop in time")
}

func TestOtherSignalsDoNothing(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGPIPE, syscall.SIGSEGV, syscall.SIGABRT} {
		require.NoError(t, syscall.Kill(p.pid, sig))
	}
	_, err := s.Exec(ctx(t), Command{Argv: []string{"sh", "-c", "kill -9 1; kill -TERM -1; exit 0"}})
	require.NoError(t, err)
	require.False(t, s.Status().Terminating)
}
