package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// sessions are connections that a trouble holds open.
type sessions struct {
	mu   sync.Mutex
	all  []*pgconn.PgConn
	stop context.CancelFunc
	ctx  context.Context
	done sync.WaitGroup
}

func newSessions() *sessions {
	s := &sessions{}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// open connects one more, as somebody, and runs statements in it.
func (s *sessions) open(p *pod, user, text string) error {
	limited, cancel := context.WithTimeout(s.ctx, 10*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(limited, fmt.Sprintf("host=%s port=%d user=%s dbname=postgres sslmode=disable", p.ip, p.lab.port, user))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.all = append(s.all, conn)
	s.mu.Unlock()
	_, err = conn.Exec(limited, text).ReadAll()
	return err
}

// run goes on with statements in a connection of their own, until they end or the sessions do.
func (s *sessions) run(connect func(context.Context) (*pgconn.PgConn, error), statements ...string) {
	s.done.Go(func() {
		conn, err := connect(s.ctx)
		if err != nil {
			return
		}
		defer conn.Close(context.Background())
		for _, text := range statements {
			_, _ = conn.Exec(s.ctx, text).ReadAll()
		}
	})
}

// repeat runs statements again and again, whatever becomes of them.
func (s *sessions) repeat(connect func(context.Context) (*pgconn.PgConn, error), statements ...string) {
	s.done.Go(func() {
		conn, err := connect(s.ctx)
		for err == nil && s.ctx.Err() == nil && !conn.IsClosed() {
			for _, text := range statements {
				_, _ = conn.Exec(s.ctx, text).ReadAll()
			}
		}
		if err == nil {
			_ = conn.Close(context.Background())
		}
	})
}

func (s *sessions) end() {
	s.stop()
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.all {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_ = conn.Close(ctx)
		cancel()
	}
	s.all = nil
}

// hoard takes every walsender of a pod's server from its standbys, as a backup tool does that is started over and over, until they are given back.
func (p *pod) hoard() (give func()) {
	held := newSessions()
	text := fmt.Sprintf("host=%s port=%d user=onggi_replicator password='secret too' dbname=postgres sslmode=disable replication=true", p.ip, p.lab.port)
	stop := every(func() {
		_, _ = p.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_replication WHERE application_name LIKE 'shop-%'")
		for held.ctx.Err() == nil {
			limited, cancel := context.WithTimeout(held.ctx, 5*time.Second)
			conn, err := pgconn.Connect(limited, text)
			cancel()
			if err != nil {
				return
			}
			held.mu.Lock()
			held.all = append(held.all, conn)
			held.mu.Unlock()
		}
	})
	return func() { stop(); held.end() }
}

// dial connects to a pod as the superuser.
func (p *pod) dial(ctx context.Context) (*pgconn.PgConn, error) {
	return pgconn.Connect(ctx, fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", p.ip, p.lab.port))
}

// must runs a statement on a pod, and again while that fails.
func (p *pod) must(text string) string {
	p.lab.t.Helper()
	var got string
	p.lab.eventually(30*time.Second, p.name+": "+text, func() bool {
		var err error
		got, err = p.sql(text)
		return err == nil
	})
	return got
}

// door is a pod's way to the API server. Shut, it refuses all connections and ends those that there are.
type door struct {
	net.Listener
	to string

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]bool
}

func (l *lab) newDoor() *door {
	l.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l.t, err)
	d := &door{Listener: listener, to: strings.TrimPrefix(l.api.URL, "http://"), conns: map[net.Conn]bool{}}
	l.t.Cleanup(func() { _ = listener.Close(); d.set(true) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go d.lead(conn)
		}
	}()
	return d
}

func (d *door) lead(from net.Conn) {
	defer from.Close()
	to, err := net.DialTimeout("tcp", d.to, time.Second)
	if err != nil {
		return
	}
	defer to.Close()
	d.mu.Lock()
	if d.shut {
		d.mu.Unlock()
		return
	}
	d.conns[from], d.conns[to] = true, true
	d.mu.Unlock()
	both := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() { _, _ = io.Copy(way[0], way[1]); both <- struct{}{} }()
	}
	<-both
	d.mu.Lock()
	delete(d.conns, from)
	delete(d.conns, to)
	d.mu.Unlock()
}

func (d *door) set(shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = shut
	for conn := range d.conns {
		if shut {
			_ = conn.Close()
		}
	}
}

// rewrite replaces text in the configuration of one pod, which reads it when it is told or starts.
func (p *pod) rewrite(old, by string) {
	p.lab.t.Helper()
	text, err := os.ReadFile(p.dir + "/config.yaml")
	require.NoError(p.lab.t, err)
	require.Contains(p.lab.t, string(text), old)
	p.lab.write(p.dir+"/config.yaml", strings.Replace(string(text), old, by, 1))
}

func (p *pod) reload() {
	p.lab.t.Helper()
	p.lab.eventually(10*time.Second, "the configuration is read again", func() bool {
		code, _ := p.post("/reload", "")
		return code/100 == 2
	})
}

// tell runs a verb of ctl until it is done.
func (p *pod) tell(args ...string) {
	p.lab.t.Helper()
	var out string
	p.lab.eventually(30*time.Second, "ctl "+strings.Join(args, " "), func() bool {
		var err error
		out, err = p.ctl(args...)
		return err == nil
	})
	p.lab.t.Log(strings.TrimSpace(out))
}

// again ends the sidecar and starts it anew.
func (p *pod) again() {
	end(p.sidecar, p.left)
	p.startSidecar()
}

// every does something each second until it is stopped.
func every(do func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for tick := time.Tick(time.Second); ctx.Err() == nil; {
			do()
			select {
			case <-tick:
			case <-ctx.Done():
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// startSidecarSkewed starts the sidecar where CLOCK_MONOTONIC_RAW goes at another rate.
func (p *pod) startSidecarSkewed(rate float64) {
	l := p.lab
	l.t.Helper()
	skew := l.dir + "/skew"
	out, err := exec.Command("go", "build", "-o", skew, "./testdata/skew").CombinedOutput()
	require.NoError(l.t, err, string(out))
	inside := p.command(p.program, "run", "--config", p.dir+"/config.yaml")
	cmd := exec.Command(skew, append([]string{strconv.FormatFloat(rate, 'f', -1, 64)}, inside.Args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = "/", p.log, p.log, inside.Env
	require.NoError(l.t, cmd.Start())
	left := make(chan struct{})
	p.sidecar, p.left = cmd, left
	go func() { _ = cmd.Wait(); close(left) }()
	l.t.Cleanup(func() { p.endSkewed() })
}

// endSkewed ends it by a signal that is passed on.
func (p *pod) endSkewed() {
	_ = p.sidecar.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.left:
	case <-time.After(35 * time.Second):
		end(p.sidecar, p.left)
	}
}
