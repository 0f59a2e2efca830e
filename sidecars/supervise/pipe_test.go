package supervise

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A backup runs for hours: nothing waits for it, and it dies with everything else.
func TestAnAsideKeepsNothingFromStarting(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	ended := make(chan *Output, 1)
	aside := Command{ID: "backup-1", Aside: true, Argv: []string{"sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; echo done"}}
	go func() { out, _ := s.Exec(ctx(t), aside); ended <- out }()
	s.status("it runs", func(st Status) bool { return st.Asides == "backup-1" && st.Tool == nil })
	out, err := s.Exec(ctx(t), Command{Argv: []string{"echo", "a tool"}})
	require.NoError(t, err)
	require.Equal(t, "a tool\n", out.Stdout)
	out, err = s.Exec(ctx(t), Command{Aside: true, Argv: []string{"echo", "another"}})
	require.NoError(t, err)
	require.Equal(t, "another\n", out.Stdout)
	s.grant(10 * time.Second)
	s.script(Primary, "sleep 1011")
	require.Equal(t, "backup-1", s.Status().Asides, "a start takes it for no stray")
	require.NoError(t, os.WriteFile(p.o.Volume+"/go", nil, 0o644))
	require.Equal(t, "done\n", (<-ended).Stdout)
	s.status("it is gone", func(st Status) bool { return st.Asides == "" })

	go func() {
		out, _ := s.Exec(ctx(t), Command{Aside: true, Argv: []string{"sleep", "1012"}})
		ended <- out
	}()
	p.eventually("it sleeps", func() bool { return len(p.named("sleep 1012")) > 0 })
	_, err = s.Kill(ctx(t), "a test")
	require.NoError(t, err)
	require.Equal(t, "everything was killed", (<-ended).Reason)
	require.Empty(t, p.named("sleep 1012"))
}

func TestAPipeIsAProgramsInputAndOutput(t *testing.T) {
	p := newPod(t).run()
	s := p.dial()
	dial := func(argv ...string) (conn net.Conn, err error) {
		asUser(shared.uid, func() { conn, err = Pipe(ctx(t), p.o.Socket, Command{Argv: argv}) })
		return conn, err
	}
	conn, err := dial("sh", "-c", "echo ready; cat; echo bye")
	require.NoError(t, err)
	_, err = conn.Write([]byte("hello\n"))
	require.NoError(t, err)
	require.NoError(t, conn.(*net.UnixConn).CloseWrite())
	all, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "ready\nhello\nbye\n", string(all), "nothing before, and nothing between")
	require.NoError(t, s.Err(), "the sidecar's own connection still leads")
	s.status("it is gone", func(st Status) bool { return st.Asides == "" })

	conn, err = dial("sleep", "1013")
	require.NoError(t, err)
	s.status("it runs", func(st Status) bool { return st.Asides != "" })
	_, err = s.Kill(ctx(t), "a test")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "it dies with everything else")

	_, err = dial("postgres", "-D", p.o.Data)
	requireCode(t, CodeBadRequest, err)
	conn, err = dial("/no/such")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// Between the answer and the program everything may have been killed.
func TestAPipeIsNotBegunOnceItMayNot(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	s := &supervisor{locks: []*os.File{null}, sweep: &sweep{}, clock: systemClock}
	requireCode(t, CodeBusy, s.launchPipe(null, Command{Aside: true, Argv: []string{"sleep", "1014"}}))
	require.Empty(t, s.asides)
}
