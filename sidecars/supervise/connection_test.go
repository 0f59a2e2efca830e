package supervise

import (
	"bufio"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// line is a connection spoken by hand.
type line struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
}

func (p *pod) line() *line {
	p.t.Helper()
	l := &line{t: p.t}
	asUser(shared.uid, func() {
		var err error
		l.nc, err = net.Dial("unix", p.o.Socket)
		require.NoError(p.t, err)
	})
	p.t.Cleanup(func() { l.nc.Close() })
	require.NoError(p.t, l.nc.SetDeadline(time.Now().Add(patience)))
	l.r = bufio.NewReader(l.nc)
	m := l.read()
	require.Equal(p.t, Version, m.Hello.Version)
	return l
}

func (l *line) say(text string) { _, _ = io.WriteString(l.nc, text+"\n") }

func (l *line) grant(g grant) { _, _ = l.nc.Write(encode(message{Grant: &g})) }

func (l *line) read() message {
	l.t.Helper()
	b, err := l.r.ReadBytes('\n')
	require.NoError(l.t, err)
	m, err := decode(b)
	require.NoError(l.t, err)
	return m
}

// tick waits for the next one that the supervisor sends from now on.
func (l *line) tick() ticked {
	l.t.Helper()
	for {
		if m := l.read(); m.Tick != nil {
			return *m.Tick
		}
	}
}

// ends reads until the connection does, and returns why.
func (l *line) ends() *Error {
	l.t.Helper()
	var why *Error
	for {
		b, err := l.r.ReadBytes('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) {
			return why
		}
		require.NoError(l.t, err)
		if m, err := decode(b); err == nil && m.End != nil {
			why = m.End
		}
	}
}

func TestWhatAConnectionMaySay(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	s.grant(30 * time.Second)
	s.script(Primary, "sleep 1000")

	for name, first := range map[string]string{"another version": `{"hello":{"version":2}}`, "no hello": `{"grant":{"n":1,"millis":9}}`} {
		l := p.line()
		l.say(first)
		require.Equal(t, CodeVersion, l.ends().Code, name)
	}
	select {
	case <-s.Done():
		t.Fatal("whoever speaks another language does not lead")
	default:
	}

	for _, bad := range []string{"nonsense", `{"grant":{"n":1,"millis":-1}}`, `{"stop":{"mode":"fast"}}`, "\x00"} {
		l := p.line()
		l.say(`{"hello":{"version":1}}`)
		l.say(bad)
		require.Equal(t, CodeMalformed, l.ends().Code, bad)
	}

	l := p.line()
	l.say(`{"hello":{"version":1},"from":"the future"}`)
	require.Equal(t, 1, l.tick().Status.Starts, "postgres did not notice any of it")
	l.say(`{"id":"x","teleport":{}}`)
	for {
		if m := l.read(); m.Answer != nil {
			require.Equal(t, "x", m.ID)
			require.Equal(t, CodeUnknown, m.Answer.Error.Code)
			break
		}
	}
}

func TestGrantsThatDoNotCount(t *testing.T) {
	p := newPod(t).run()
	p.dial()
	old := p.line()
	old.say(`{"hello":{"version":1}}`)
	tick := old.tick()
	permit := func(l *line, wait time.Duration) int64 {
		end := systemClock().plus(wait)
		for {
			if tk := l.tick(); left(end, systemClock()) == 0 {
				return tk.Permit
			}
		}
	}
	old.grant(grant{N: tick.N + 1000, Millis: 9000})
	require.Zero(t, permit(old, 600*time.Millisecond), "a tick that was never sent")
	for { // each at its time, of which the first may be late on a busy machine
		tick := old.tick()
		if tick.Permit > 0 {
			break
		}
		old.grant(grant{N: tick.N, Millis: 9000})
	}
}

func TestLateGrantsDoNotCount(t *testing.T) {
	p := newPod(t).run()
	p.dial()
	l := p.line()
	l.say(`{"hello":{"version":1}}`)
	first := l.tick()
	time.Sleep(2200 * time.Millisecond)
	l.grant(grant{N: first.N, Millis: 9000})
	for end := systemClock().plus(time.Second); left(end, systemClock()) > 0; {
		require.Zero(t, l.tick().Permit)
	}

	// And those of a connection that was replaced: its ticks are nobody's.
	newer := p.line()
	newer.say(`{"hello":{"version":1}}`)
	require.Equal(t, CodeReplaced, l.ends().Code)
	tick := newer.tick()
	newest := p.line()
	newest.say(`{"hello":{"version":1}}`)
	newest.tick()
	newest.grant(grant{N: tick.N, Millis: 9000})
	for end := systemClock().plus(time.Second); left(end, systemClock()) > 0; {
		require.Zero(t, newest.tick().Permit)
	}
}

func TestEmptyLineOfAnswersIsNoPermit(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	time.Sleep(time.Second)
	require.Zero(t, s.Status().Permit, "a sidecar that grants nothing gives no permit")
}
