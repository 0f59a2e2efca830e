package pooler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
)

const (
	// lookEvery is how often the files are compared. The kubelet writes them within a minute of the object's change anyway.
	lookEvery = 2 * time.Second
	// askEvery is how often PgBouncer is asked about itself.
	askEvery = 5 * time.Second
	// settle is how long clients may still be led here after the pod was told to end.
	settle = 3 * time.Second
	// fresh is how old an answer of PgBouncer's may be for the pod to be ready.
	fresh = 3 * askEvery
)

// Run runs PgBouncer as the file says until ctx ends, and then until its clients have gone or the time for that is over. PgBouncer's own
// words go to out, ours too. An end of PgBouncer's that nobody asked for is an error.
func Run(ctx context.Context, file string, out io.Writer) error {
	c, err := config.ReadPooler(file)
	if err != nil {
		return err
	}
	level := &slog.LevelVar{}
	level.Set(c.LogLevel.Level())
	log := config.NewLog(out, level)
	if err := os.MkdirAll(c.Run, 0o700); err != nil {
		return fmt.Errorf("make a folder for the socket: %w", err)
	}
	if err := writeUserlist(c); err != nil {
		return err
	}
	p := &process{file: file, config: c, console: console{c.Run, c.Port}, log: log, level: level, seen: sum(watched(file, c)), ended: make(chan struct{})}
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(c.Listen))
	if err != nil {
		return fmt.Errorf("listen for probes: %w", err)
	}
	server := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	p.child = exec.Command(c.Bin, c.Ini)
	p.child.Stdout, p.child.Stderr = out, out
	if err := p.child.Start(); err != nil {
		return fmt.Errorf("start PgBouncer: %w", err)
	}
	var how error
	go func() {
		how = p.child.Wait()
		close(p.ended)
	}()
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go p.ask(working)
	if c.Paused {
		go p.hold(working, true)
	}
	if p.watch(ctx) {
		return fmt.Errorf("PgBouncer ended by itself: %v", cause(how))
	}
	p.drain()
	return nil
}

func cause(err error) error {
	if err == nil {
		return errors.New("it was told to by somebody else")
	}
	return err
}

// process is a PgBouncer that runs.
type process struct {
	file    string
	console console
	log     *slog.Logger
	level   *slog.LevelVar
	child   *exec.Cmd
	ended   chan struct{} // closed when the child has ended

	// Of the goroutine that watches.
	config config.Pooler
	seen   [32]byte

	holding sync.Mutex // one PAUSE or RESUME at a time

	mu       sync.Mutex
	latest   snapshot
	answered time.Time
	draining bool
	reloads  int
	failed   bool
	unhold   context.CancelFunc // breaks off a PAUSE that waits
}

// watch reloads after changes, until ctx or PgBouncer ends; it tells whether the latter.
func (p *process) watch(ctx context.Context) (ended bool) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-p.ended:
			return true
		case <-tick.C:
			p.look(ctx)
		}
	}
}

// look reads everything again where a file changed. What is wrong leaves PgBouncer as it was.
func (p *process) look(ctx context.Context) {
	now := sum(watched(p.file, p.config))
	if now == p.seen {
		return
	}
	p.seen = now
	err := p.reload(ctx)
	p.mu.Lock()
	p.failed = err != nil
	p.mu.Unlock()
	if err != nil {
		p.log.Error("the new files are not taken", "err", err)
	}
}

func (p *process) reload(ctx context.Context) error {
	c, err := config.ReadPooler(p.file)
	if err != nil {
		return err
	}
	if c.Run != p.config.Run || c.Port != p.config.Port || c.Listen != p.config.Listen || c.Bin != p.config.Bin {
		return errors.New("the program, its ports and its folder are fixed while the pod lives")
	}
	if err := writeUserlist(c); err != nil {
		return err
	}
	p.level.Set(c.LogLevel.Level())
	was := p.config.Paused
	p.config, p.seen = c, sum(watched(p.file, c))
	if err := p.child.Process.Signal(syscall.SIGHUP); err != nil {
		return fmt.Errorf("tell PgBouncer to read its files: %w", err)
	}
	p.mu.Lock()
	p.reloads++
	p.mu.Unlock()
	p.log.Info("PgBouncer reads its files again")
	if was != c.Paused {
		go p.hold(context.WithoutCancel(ctx), c.Paused)
	}
	return nil
}

// hold makes PgBouncer hold queries, or let them go. A PAUSE lasts until nobody is in a transaction any more.
func (p *process) hold(ctx context.Context, paused bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	if p.unhold != nil {
		p.unhold()
	}
	p.unhold = cancel
	p.mu.Unlock()
	p.holding.Lock()
	defer p.holding.Unlock()
	command := "RESUME"
	if paused {
		command = "PAUSE"
	}
	for ctx.Err() == nil {
		_, err := p.console.run(ctx, command)
		if err == nil || already(err) {
			p.log.Info("queries", "command", command)
			return
		}
		select {
		case <-ctx.Done():
		case <-p.ended:
			return
		case <-time.After(200 * time.Millisecond): // it is not up yet
		}
	}
}

// drain ends PgBouncer: after a moment, in which clients are still led here, it takes no new ones, and ends when no transaction is left. What
// does not end in time is cut off.
func (p *process) drain() {
	p.mu.Lock()
	p.draining = true
	p.mu.Unlock()
	within := time.Duration(p.config.DrainSeconds) * time.Second
	p.wait(min(settle, within))
	_ = p.child.Process.Signal(syscall.SIGINT)
	if p.wait(within) {
		return
	}
	p.log.Warn("transactions are cut off: they did not end in time", "within", within)
	_ = p.child.Process.Kill()
	<-p.ended
}

// wait tells whether the child ended within a time.
func (p *process) wait(within time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(within):
		return false
	}
}
