package supervise

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
)

// Options say what to supervise. Volume, Data, Socket and Self have to be set; of a zero duration the default is taken.
type Options struct {
	Volume         string   // mount of the data volume; its lock is the file .onggi.lock there
	WAL            string   // mount of the log's own volume, which is locked as well; "": there is none
	Data           string   // PGDATA, below Volume
	Socket         string   // unix socket for the sidecar, in a folder that both containers mount and that postgres' sockets are in, or in one below it
	TerminationLog string   // the container's terminationMessagePath; "" or not writable: the instance is not told there
	Self           []string // argv that runs Guard

	Tick       time.Duration // between two status messages: 500 ms
	Floor      time.Duration // least permit for a start as primary, or a promotion: 1 s
	KillBudget time.Duration // a kill that takes longer is told as such: 1 s
	Grace      time.Duration // from SIGTERM until postgres is stopped, handed over or not: 100 s
	Orphaned   time.Duration // the same without a sidecar: 10 s
	StopLimit  time.Duration // from a fast stop until the kill, where a request names none: 10 s
	Linger     time.Duration // after SIGTERM, from postgres' end until the supervisor's, for a sidecar that has things to ask: 10 s

	// Unfenced lets the supervisor run where it is not PID 1, for tests of other things. Then it has no guard, refuses nothing
	// for that, and kills only the process groups that it started.
	Unfenced bool
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{
		{&o.Tick, 500 * time.Millisecond}, {&o.Floor, time.Second}, {&o.KillBudget, time.Second}, {&o.Grace, 100 * time.Second},
		{&o.Orphaned, 10 * time.Second}, {&o.StopLimit, 10 * time.Second}, {&o.Linger, 10 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.or
		}
	}
	return o
}

// frozen is a pause between two ticks that no load explains.
const frozen = 2 * time.Second

// lastWords is how long a supervisor that ends waits for its sidecar to have read what it was answered. Where postgres has ended, there is nobody
// to keep waiting but a busy machine's scheduler.
const lastWords = 2 * time.Second

// supervisor is the state of Run. Only the loop touches it; whoever else has something to say posts a function.
type supervisor struct {
	o        Options
	instance string
	clock    func() instant
	log      *log
	fence    *fence
	killer   killer
	page     *page
	pageFile *os.File
	null     *os.File
	inbox    chan func()
	stopped  chan struct{} // closed when the loop has ended
	asks     chan ask

	locks []*os.File // of the volumes; nil until all are ours
	guard guard
	pg    postgres
	tool  *tool
	// asides run beside postgres and the tool.
	asides []*tool
	told   answers
	sweep  *sweep
	lead   *conn

	n         uint64 // last tick
	beats     uint64 // of the ticker
	lines     atomic.Uint64
	canceled  atomic.Uint64
	lastTick  instant
	gap       time.Duration
	processes int
	disk, wal *Disk
	diskAt    instant

	termAt    *instant // when it was told to end
	aloneAt   instant  // since when no sidecar leads
	downAt    instant  // since when nothing of postgres runs
	exitAsked bool
	over      bool
}

// Run supervises until it was told to end (SIGTERM, SIGINT) and nothing is left; then it returns nil. Lines of postgres and of
// its own go to out. Cancelling ctx kills everything at once.
//
// It has to be PID 1 of a namespace of its own, sets the process' limits for memory, and handles its signals.
func Run(ctx context.Context, o Options, out io.Writer) error {
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(12 << 20)
	s, err := newSupervisor(o.withDefaults(), out)
	if err != nil {
		return err
	}
	defer s.log.flush()
	listener, err := listen(o.Socket)
	if err != nil {
		return err
	}
	defer listener.Close()
	defer close(s.stopped)
	go s.fence.watch(s.stopped)
	go s.accept(listener)
	go s.acquire()
	go s.lookOut()
	return s.loop(ctx)
}

func newSupervisor(o Options, out io.Writer) (*supervisor, error) {
	var nonce [16]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, fmt.Errorf("name the instance: %w", err)
	}
	s := &supervisor{
		o: o, instance: hex.EncodeToString(nonce[:]), clock: systemClock, log: newLog(out),
		inbox: make(chan func(), 16), stopped: make(chan struct{}), asks: make(chan ask, 1), processes: -1,
	}
	s.pg.phase = Down
	s.aloneAt, s.lastTick = s.clock(), s.clock()
	if o.Unfenced {
		s.killer = newGroups()
	} else {
		ns, err := asInit()
		if err != nil {
			return nil, err
		}
		s.killer = ns
		if s.page, s.pageFile, err = newPage(ns.inode); err != nil {
			return nil, err
		}
	}
	var err error
	if s.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return nil, fmt.Errorf("open the null device: %w", err)
	}
	s.fence = newFence(s.clock, func() error { _, err := s.killer.kill(); return err }, s.page)
	if o.TerminationLog != "" {
		if err := os.WriteFile(o.TerminationLog, []byte(s.instance), 0o644); err != nil {
			s.log.printf("the termination log does not get the instance, so a death of this container has no proof: %s", err)
		}
	}
	return s, nil
}

func (s *supervisor) loop(ctx context.Context) error {
	signals := make(chan os.Signal, 16)
	// All that would end a Go program, or that it could be sent by mistake: none of them may end PID 1.
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE, syscall.SIGUSR1,
		syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL,
		syscall.SIGTRAP, syscall.SIGSYS)
	defer signal.Stop(signals)
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	ticker := time.NewTicker(s.o.Tick)
	defer ticker.Stop()

	s.log.printf("instance %s", s.instance)
	s.startGuard()
	done, cancelled := ctx.Done(), false
	for !s.over {
		var event func()
		select {
		case <-ticker.C:
			event = s.ticked
		case <-children:
			event = s.reap
		case sig := <-signals:
			event = func() { s.signalled(sig) }
		case <-s.fence.fired:
		case event = <-s.inbox:
		case <-done:
			done, cancelled = nil, true
			event = func() { s.kill("the supervisor was cancelled") }
		}
		// Before anything else: whatever happened, it may have taken long.
		if s.fence.check() {
			s.kill("the permit ran out")
		}
		if event != nil {
			event()
		}
		if cancelled && !s.busy() {
			return ctx.Err()
		}
	}
	s.log.printf("ends: nothing runs any more")
	if s.lead != nil {
		s.lead.end(refuse(CodeTerminating, "the supervisor ends"))
		select {
		case <-s.lead.done: // and with it what was answered last
		case <-time.After(lastWords):
		}
	}
	return nil
}

// post hands the loop something to do, while there is a loop.
func (s *supervisor) post(f func()) {
	select {
	case s.inbox <- f:
	case <-s.stopped:
	}
}

// after posts f in a while. For patience only: no safety hangs on it, since it is timed by a clock that may be slewed.
func (s *supervisor) after(d time.Duration, f func()) { time.AfterFunc(d, func() { s.post(f) }) }

// busy says whether anything runs that postgres or a tool is part of.
func (s *supervisor) busy() bool {
	return s.pg.running() || s.sweep != nil || s.tool != nil || len(s.asides) > 0
}

func (s *supervisor) ticked() {
	now := s.clock()
	gap := now.since(s.lastTick)
	s.lastTick = now
	if gap > frozen {
		s.gap = max(s.gap, gap)
		s.fence.forget()
		s.log.printf("stood still for %d ms", gap.Milliseconds())
	} else {
		s.checkGuard(now)
	}
	s.beats++
	s.askLook(s.beats%10 == 0)
	s.endStep(now)
	if s.beats%2 == 0 || !s.quiet() {
		s.tell()
	}
}

// ample is so much of a permit that it need not be asked for with each tick.
const ample = 3 * time.Second

// quiet tells that there is nothing new to say, and no permit to ask for soon: a start that lacks one asks for it.
func (s *supervisor) quiet() bool {
	left, armed := s.fence.state()
	return s.lead != nil && s.lead.told && (!armed || left > ample) && !s.status().news(s.lead.status)
}

// tell sends the status, and with it the question for the permit.
func (s *supervisor) tell() {
	if s.lead == nil {
		s.n++
		return
	}
	st := s.status()
	t := &ticked{N: s.n + 1, Permit: st.Permit}
	if !s.lead.told || st.news(s.lead.status) {
		t.Status, s.lead.status, s.lead.told = &st, st, true
	}
	s.n++
	// The tick is dated before it is sent, and the date is what a grant counts from.
	s.fence.ticked(s.n)
	s.lead.send(message{Tick: t})
}

func (s *supervisor) status() Status {
	now := s.clock()
	left, armed := s.fence.state()
	st := Status{
		Instance: s.instance, Locked: s.locks != nil, Terminating: s.termAt != nil, Guarded: s.guarded(now),
		Phase: s.pg.phase, Starts: s.pg.starts, Exit: s.pg.exit, Processes: s.processes,
		Permit: left.Milliseconds(), Armed: armed, Gap: s.gap.Milliseconds(), Lines: s.lines.Load(), Canceled: s.canceled.Load(),
	}
	if s.pg.running() {
		st.PID, st.Mode = s.pg.pid, s.pg.mode
		st.Lacks, st.Refused = s.pg.lack.last()
	}
	if s.sweep != nil {
		st.Killing = s.sweep.reason
	}
	if s.tool != nil {
		st.Tool = &Tool{ID: s.tool.id, Name: s.tool.name, Millis: now.since(s.tool.since).Milliseconds()}
	}
	for i, t := range s.asides {
		if i > 0 {
			st.Asides += " "
		}
		st.Asides += t.id
	}
	if s.disk != nil && now.since(s.diskAt) < 15*time.Second {
		st.Disk, st.WAL = s.disk, s.wal
	}
	return st
}

// askLook has the volume looked at, unless the last look has not come back.
func (s *supervisor) askLook(count bool) {
	a := ask{count: count}
	// A primary becomes nothing else without its end. A standby may be promoted by hand.
	if s.pg.running() && (s.pg.phase != Writing || s.pg.mode != Primary) {
		a.start, a.before = s.pg.starts, s.pg.before
	}
	if a.start == 0 && !a.count {
		return
	}
	select {
	case s.asks <- a:
	default:
	}
}

// lookOut looks at the volume beside the loop.
func (s *supervisor) lookOut() {
	for {
		select {
		case <-s.stopped:
			return
		case a := <-s.asks:
			l := s.look(a)
			s.post(func() { s.looked(l) })
		}
	}
}

func (s *supervisor) looked(l look) {
	if l.counted {
		s.processes = l.processes
		if s.guard.pid > 0 {
			s.processes--
		}
		if l.disk != nil {
			s.disk, s.wal, s.diskAt = l.disk, l.wal, s.clock()
		}
	}
	if l.start == 0 || l.start != s.pg.starts || !s.pg.running() || s.sweep != nil {
		return
	}
	if l.phase == Writing && s.pg.mode != Primary {
		if _, ok := s.fence.arm(0); !ok {
			s.kill("it left recovery without a permit")
			return
		}
		s.log.printf("postgres left recovery, with a permit: it is a primary from now on")
		s.pg.mode = Primary
	}
	if s.pg.phase != Stopping && l.phase != Starting && l.phase != s.pg.phase {
		s.pg.phase = l.phase
		s.tell()
	}
}

func listen(socket string) (*net.UnixListener, error) {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of the last supervisor: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen for the sidecar: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("listen for the sidecar: %w", err)
	}
	return l, nil
}
