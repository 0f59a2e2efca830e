package supervise

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The last thing a supervisor says before it ends is an answer, with a tick before it that asks for the permit: what can no longer
// be answered does not keep the answer from being read.
func TestTheLastAnswerIsRead(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			answerOnceAndEnd(nc)
		}
	}()
	for range 200 {
		c, err := Dial(ctx(t), socket, func() time.Duration { return time.Second })
		require.NoError(t, err)
		require.NoError(t, c.Exit(ctx(t)))
		<-c.Done()
		require.NotErrorIs(t, c.Err(), net.ErrClosed)
		requireCode(t, CodeUnsupervised, c.Exit(ctx(t)))
		c.Close()
	}
}

func answerOnceAndEnd(nc net.Conn) {
	defer nc.Close()
	_, _ = nc.Write(append(encode(message{Hello: &hello{Version: Version}}), encode(message{Tick: &ticked{N: 1}})...))
	for in := bufio.NewScanner(nc); in.Scan(); {
		var m message
		if json.Unmarshal(in.Bytes(), &m) == nil && m.Exit != nil {
			_, _ = nc.Write(append(encode(message{Tick: &ticked{N: 2}}), encode(message{ID: m.ID, Answer: &answer{}})...))
			return
		}
	}
}

// Which of the two errors a write has tells only whether the supervisor closed its end before or during it.
func TestAHangUpIsNoReasonToStopReading(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPIPE, syscall.ECONNRESET} {
		require.True(t, hungUp(&net.OpError{Op: "write", Err: os.NewSyscallError("write", errno)}), errno)
	}
	require.False(t, hungUp(os.ErrDeadlineExceeded), "a supervisor that does not read is given up")
}
