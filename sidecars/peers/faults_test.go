package peers

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// busy is how late a call may end on a busy machine. One that its context does not end never does here.
const busy = 10 * time.Second

// fault is what a proxy does to what passes through it.
type fault int32

const (
	passes      fault = iota
	drops             // takes connections and bytes, and gives nothing back, as a partition does
	delays            // each direction by 400 ms
	halfCloses        // ends the answer's direction after the request has passed
	cutsAnswers       // gives half of an answer and closes
	refuses           // closes what it accepts
)

// proxy stands between a client and a peer.
type proxy struct {
	address netip.AddrPort
	target  string
	fault   atomic.Int32
	seen    atomic.Int32 // connections
	mutex   sync.Mutex
	open    []net.Conn
}

func newProxy(t *testing.T, target netip.AddrPort) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{address: listener.Addr().(*net.TCPAddr).AddrPort(), target: target.String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.seen.Add(1)
			p.hold(client)
			running.Go(func() { p.carry(client) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); p.cut(); running.Wait() })
	return p
}

func (p *proxy) set(f fault) { p.fault.Store(int32(f)) }
func (p *proxy) is() fault   { return fault(p.fault.Load()) }

func (p *proxy) hold(c net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.open = append(p.open, c)
}

// cut closes every connection that passes.
func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}

func (p *proxy) carry(client net.Conn) {
	defer client.Close()
	if p.is() == refuses {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	p.hold(server)
	defer server.Close()
	done := make(chan struct{})
	go func() { defer close(done); p.pump(client, server, true) }()
	p.pump(server, client, false)
	_ = client.Close()
	_ = server.Close()
	<-done
}

// pump copies until an end closes or a fault ends it.
func (p *proxy) pump(from, to net.Conn, requests bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		switch p.is() {
		case drops:
			continue
		case delays:
			time.Sleep(400 * time.Millisecond)
		case halfCloses:
			if !requests {
				_ = to.(*net.TCPConn).CloseWrite()
				continue
			}
		case cutsAnswers:
			if !requests {
				_, _ = to.Write(buffer[:n/2])
				return
			}
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// pair is a client of m0 that reaches m1 through a proxy.
func pair(t *testing.T, kinds map[string]Answer) (*Client, Peer, *proxy) {
	t.Helper()
	p := newProxy(t, serve(t, NewHandler(m1, Trust{Keys: keys("k")}, kinds), nil))
	client := NewClient(m0, keys("k"), nil)
	t.Cleanup(client.Close)
	return client, Peer{"m1", p.address}, p
}

// A call ends when its context does, whatever the network does with it, and the first one after the fault works.
func TestACallEndsInTimeAndTheNextOneWorks(t *testing.T) {
	for name, row := range map[string]struct {
		fault    fault
		deadline bool // it ends at the deadline, and not before
	}{
		"dropped": {drops, true}, "delayed": {delays, true}, "half closed": {halfCloses, false}, "cut in the middle": {cutsAnswers, false},
		"refused": {refuses, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, peer, p := pair(t, map[string]Answer{"beat": Typed(echo)})
			_, err := Ask[grant](within(t, 30*time.Second), client, peer, "beat", beat{1, "m0"})
			require.NoError(t, err)
			p.set(row.fault)
			if row.fault == refuses {
				p.cut()
			}
			begun := time.Now()
			_, err = Ask[grant](within(t, 300*time.Millisecond), client, peer, "beat", beat{2, "m0"})
			took := time.Since(begun)
			require.Error(t, err)
			if row.deadline {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.GreaterOrEqual(t, took, 290*time.Millisecond)
			}
			require.Less(t, took, busy)
			p.set(passes)
			got, err := Ask[grant](within(t, 30*time.Second), client, peer, "beat", beat{3, "m0"})
			require.NoError(t, err)
			require.Equal(t, grant{3, 8000}, got, "not the late answer to an earlier question")
		})
	}
}

func TestAnIdleConnectionThatThePeerClosedIsNoticed(t *testing.T) {
	client, peer, p := pair(t, map[string]Answer{"beat": Typed(echo)})
	for term := range int64(3) {
		_, err := Ask[grant](within(t, 30*time.Second), client, peer, "beat", beat{term, "m0"})
		require.NoError(t, err)
		p.cut()
		time.Sleep(20 * time.Millisecond)
	}
	require.EqualValues(t, 3, p.seen.Load())
}

func TestTheLatestCallOfAKindWins(t *testing.T) {
	release := make(chan struct{})
	client, peer, _ := pair(t, map[string]Answer{
		"beat": func(ctx context.Context, _ string, body []byte) ([]byte, error) {
			if string(body) != "3" {
				select {
				case <-release:
				case <-ctx.Done():
				}
			}
			return body, nil
		},
		"status": func(context.Context, string, []byte) ([]byte, error) { return []byte("{}"), nil },
	})
	defer close(release)
	ends := make(chan error, 2)
	for i := range 2 {
		go func() {
			_, err := client.Call(context.Background(), peer, "beat", fmt.Append(nil, i+1))
			ends <- err
		}()
		if i == 1 {
			require.ErrorIs(t, <-ends, ErrSuperseded, "the second call ends the first")
		}
		require.Eventually(t, func() bool {
			client.mutex.Lock()
			defer client.mutex.Unlock()
			return len(client.flights) == 1
		}, 30*time.Second, time.Millisecond)
		_, err := client.Call(within(t, 30*time.Second), peer, "status", []byte("{}"))
		require.NoError(t, err, "another kind is not in its way")
	}
	answer, err := client.Call(within(t, 30*time.Second), peer, "beat", []byte("3"))
	require.NoError(t, err)
	require.Equal(t, "3", string(answer))
	require.ErrorIs(t, <-ends, ErrSuperseded)
}

// unanswered is an address where nobody answers a SYN: that of a listener whose queue is full.
func unanswered(t *testing.T) netip.AddrPort {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(socket) })
	require.NoError(t, unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(socket, 0))
	bound, err := unix.Getsockname(socket)
	require.NoError(t, err)
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(bound.(*unix.SockaddrInet4).Port))
	for range 10 {
		conn, err := net.DialTimeout("tcp", address.String(), 100*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue of a listener does not fill up here")
	return address
}

// A peer that is gone costs no more after fifty beats than after none, and each beat ends in its time. Of fifty calls of net/http's
// client as many goroutines are left here.
func TestADeadPeerCostsNothing(t *testing.T) {
	client := NewClient(m0, keys("k"), nil)
	defer client.Close()
	gone := Peer{"m2", unanswered(t)}
	before := runtime.NumGoroutine()
	for range 50 {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err := client.Call(ctx, gone, "beat", []byte("{}"))
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(begun), busy)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before+10, "nor those of the last calls, which may be about to end")
	goroutines(t, before)
	require.Empty(t, client.flights)
	require.Empty(t, client.idle)
}

func TestAPeerThatMovedIsCalledWhereItIs(t *testing.T) {
	handler := NewHandler(m1, Trust{Keys: keys("k")}, map[string]Answer{"beat": Typed(echo)})
	client := NewClient(m0, keys("k"), nil)
	defer client.Close()
	first, second := newProxy(t, serve(t, handler, nil)), newProxy(t, serve(t, handler, nil))
	for i, p := range []*proxy{first, second, first} {
		_, err := Ask[grant](within(t, 30*time.Second), client, Peer{"m1", p.address}, "beat", beat{int64(i), "m0"})
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, first.seen.Load())
	require.EqualValues(t, 1, second.seen.Load())
	client.Keep("m2")
	require.Empty(t, client.idle, "nothing is kept of who is no member")
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	client, peer, p := pair(t, map[string]Answer{"beat": Typed(echo)})
	p.set(drops)
	end := make(chan error, 1)
	go func() {
		_, err := client.Call(context.Background(), peer, "beat", []byte("{}"))
		end <- err
	}()
	require.Eventually(t, func() bool { return p.seen.Load() > 0 }, 30*time.Second, time.Millisecond)
	client.Close()
	require.ErrorIs(t, <-end, net.ErrClosed)
	_, err := client.Call(context.Background(), peer, "beat", []byte("{}"))
	require.ErrorIs(t, err, net.ErrClosed)
}

// Many members, kinds and ends at once: for the race detector, and for what is left over.
func TestManyCallsAtOnceLeaveNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("calls", func(t *testing.T) {
		client, peer, p := pair(t, map[string]Answer{"beat": Typed(echo), "vote": Typed(echo)})
		var callers sync.WaitGroup
		for i := range 8 {
			callers.Go(func() {
				for n := range 50 {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+n%7)*time.Millisecond)
					_, _ = Ask[grant](ctx, client, peer, []string{"beat", "vote"}[i%2], beat{int64(n), "m0"})
					cancel()
					if i == 0 && n%10 == 0 {
						p.cut()
					}
				}
			})
		}
		callers.Wait()
		require.Empty(t, client.flights)
		require.LessOrEqual(t, len(client.idle["m1"]), maxIdle)
		got, err := Ask[grant](within(t, 30*time.Second), client, peer, "beat", beat{77, "m0"})
		require.NoError(t, err)
		require.EqualValues(t, 77, got.Term)
	})
	goroutines(t, before)
}

// An answer without end is not read without end.
func TestAnAnswerIsBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	for name, head := range map[string]string{
		"headers": "HTTP/1.1 200 OK\r\nX: ",
		"body":    "HTTP/1.1 200 OK\r\nOnggi-From: m1\r\n\r\n",
	} {
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, head)
			for chunk := make([]byte, 32<<10); ; {
				for i := range chunk {
					chunk[i] = 'x'
				}
				if _, err := conn.Write(chunk); err != nil {
					return
				}
			}
		}()
		client := NewClient(m0, nil, nil)
		_, err = client.Call(within(t, 30*time.Second), Peer{"m1", listener.Addr().(*net.TCPAddr).AddrPort()}, "beat", nil)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, context.DeadlineExceeded, name)
		client.Close()
	}
}
