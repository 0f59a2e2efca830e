package supervise

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// exitTail is how much of what a postmaster printed last is told with its exit.
const exitTail = 1 << 10

// postgres is the one postmaster, or the last one.
type postgres struct {
	phase  Phase
	mode   Mode
	pid    int  // 0 once it was reaped
	alive  bool // from the start until nothing of it is left
	starts int
	before control // the control file as it was before the start
	output *stream
	lack   *lack
	status syscall.WaitStatus
	exit   *Exit
	// starting is a start that is being looked into.
	starting bool
	waiting  []reply // for its end
}

func (p *postgres) running() bool { return p.alive }
func (p *postgres) drained() bool { return p.output == nil || p.output.drained() }

// start is one request to start, and what was found on the way.
type start struct {
	Start
	reply  reply
	swept  bool // strays were killed for it already
	since  instant
	signal bool // standby.signal is there
	err    error
	before control
	strays []int
}

// mayStart is what can be said without looking at the disk.
func (s *supervisor) mayStart(r *start) error {
	switch {
	case r.Mode != Primary && r.Mode != Standby:
		return refuse(CodeBadRequest, "mode %q is neither primary nor standby", r.Mode)
	case len(r.Argv) == 0:
		return refuse(CodeBadRequest, "there is no program to start")
	case s.locks == nil:
		return refuse(CodeNotLocked, "another supervisor holds the volume")
	case s.termAt != nil:
		return refuse(CodeTerminating, "the supervisor was told to end")
	case s.sweep != nil:
		return refuse(CodeBusy, "everything is being killed")
	case s.pg.running():
		return refuse(CodeRunning, "postgres runs as %s", s.pg.mode)
	case s.tool != nil:
		return refuse(CodeBusy, "%s runs", s.tool.name)
	}
	if left, _ := s.fence.state(); r.Mode == Primary && left < s.o.Floor {
		return refuse(CodeNoPermit, "a primary needs a permit of %d ms, and %d ms are left", s.o.Floor.Milliseconds(), left.Milliseconds())
	}
	return nil
}

func (s *supervisor) start(r *start) {
	if s.pg.running() && s.sweep == nil && s.pg.mode == r.Mode && s.pg.phase != Stopping {
		s.answer(r.reply, answer{PID: s.pg.pid})
		return
	}
	if s.pg.starting {
		s.refuse(r.reply, refuse(CodeBusy, "a start is under way"))
		return
	}
	if err := s.mayStart(r); err != nil {
		s.refuse(r.reply, err)
		return
	}
	s.pg.starting = true
	own := []int{s.guard.pid}
	for _, t := range s.asides {
		own = append(own, t.pid)
	}
	go func() {
		_, r.err = os.Lstat(filepath.Join(s.o.Data, "standby.signal"))
		r.signal = r.err == nil
		if errors.Is(r.err, os.ErrNotExist) {
			r.err = nil
		}
		r.before = readControl(s.o.Data)
		if !s.o.Unfenced {
			r.strays = strays(func(pid int) bool { return slices.Contains(own, pid) })
			s.removeStale()
		}
		s.post(func() { s.startLooked(r) })
	}()
}

// removeStale removes what a dead postmaster left to keep a second one away. Its pid means nothing in another PID namespace, and there
// some thread of ours has the same: postgres would refuse to start. The volume's lock, which every postgres inherits, is what
// keeps a second one away here.
func (s *supervisor) removeStale() {
	dir := filepath.Dir(s.o.Socket)
	stale, _ := filepath.Glob(filepath.Join(dir, ".s.PGSQL.*.lock"))
	below, _ := filepath.Glob(filepath.Join(dir, "*", ".s.PGSQL.*.lock")) // where postgres has a folder of its own
	for _, path := range append(append(stale, below...), filepath.Join(s.o.Data, "postmaster.pid")) {
		if err := os.Remove(path); err == nil {
			s.log.printf("removed %s, which a postmaster left that is dead", path)
		}
	}
}

// startLooked goes on once the disk was looked at.
func (s *supervisor) startLooked(r *start) {
	s.pg.starting = false
	err := s.mayStart(r)
	switch {
	case err != nil:
	case r.err != nil:
		err = refuse(CodeSignalFile, "look for standby.signal: %s", r.err)
	case r.Mode == Primary && r.signal:
		err = refuse(CodeSignalFile, "a primary is to be started, and standby.signal is there")
	case r.Mode == Standby && !r.signal:
		err = refuse(CodeSignalFile, "a standby is to be started, and there is no standby.signal")
	}
	if err != nil {
		s.refuse(r.reply, err)
		return
	}
	if len(r.strays) > 0 && !r.swept {
		r.swept = true
		s.log.printf("%d processes were left behind, and are killed before a start", len(r.strays))
		s.beginSweep("processes were left behind", func() { s.start(r) })
		return
	}
	r.since = s.clock()
	s.startGuarded(r)
}

// startGuarded goes on once a guard is there, which takes some milliseconds where one was just killed.
func (s *supervisor) startGuarded(r *start) {
	now := s.clock()
	if r.Mode == Primary && !s.o.Unfenced && !s.guarded(now) {
		if now.since(r.since) > guardSilence {
			s.refuse(r.reply, refuse(CodeNoGuard, "there is no guard, and no primary without one"))
			return
		}
		s.pg.starting = true
		s.after(5*time.Millisecond, func() { s.pg.starting = false; s.startGuarded(r) })
		return
	}
	if err := s.mayStart(r); err != nil {
		s.refuse(r.reply, err)
		return
	}
	if err := s.launch(r); err != nil {
		s.refuse(r.reply, err)
		return
	}
	s.answer(r.reply, answer{PID: s.pg.pid})
	s.tell()
}

func (s *supervisor) launch(r *start) error {
	lack := &lack{}
	output, w, err := newStream(exitTail, func(lines []byte) { s.said(lines); lack.said(lines) })
	if err != nil {
		return refuse(CodeSpawn, "%s", err)
	}
	defer w.Close()
	if r.Mode == Primary {
		// Armed first: from here on there is no moment in which a primary could outlive the permit.
		if left, ok := s.fence.arm(s.o.Floor); !ok {
			return refuse(CodeNoPermit, "a primary needs a permit of %d ms, and %d ms are left", s.o.Floor.Milliseconds(), left.Milliseconds())
		}
	}
	if r.Dir == "" {
		r.Dir = s.o.Data
	}
	pid, err := s.spawn(program{
		argv: append(append([]string{}, r.Argv...), "-D", s.o.Data), env: r.Env, dir: r.Dir,
		// Descriptor 0 is the null device, or an orphan of a killed postmaster turns interactive. The lock goes along, and so is
		// held until the last process that could write is gone: a dying PID 1 closes its files before the kernel kills the rest.
		files: append([]*os.File{s.null, w, w}, s.locks...),
	})
	if err != nil {
		s.fence.disarm()
		return err
	}
	s.pg.pid, s.pg.alive, s.pg.mode, s.pg.phase, s.pg.before, s.pg.output, s.pg.lack = pid, true, r.Mode, Starting, r.before, output, lack
	s.pg.starts++
	if s.pg.exit != nil {
		old := *s.pg.exit
		old.Tail = "" // it was told while postgres was down
		s.pg.exit = &old
	}
	s.log.printf("started postgres as %s, pid %d", r.Mode, pid)
	return nil
}

// waitCanceled is what a session warns of whose commit is not known to be on a standby.
var waitCanceled = []byte("WARNING:  canceling wait for synchronous replication")

// said takes whole lines of a postmaster. It is called beside the loop.
func (s *supervisor) said(lines []byte) {
	s.log.write(lines)
	s.lines.Add(uint64(bytes.Count(lines, []byte{'\n'})))
	if n := bytes.Count(lines, waitCanceled); n > 0 {
		s.canceled.Add(uint64(n))
	}
}

// stop asks postgres to stop, and kills it when the time is up. A later request may only make it stop sooner.
func (s *supervisor) stop(r *reply, q Stop) {
	sig, ok := map[StopMode]unix.Signal{Fast: unix.SIGINT, Immediate: unix.SIGQUIT}[q.Mode]
	switch {
	case !ok:
		s.refuse(*r, refuse(CodeBadRequest, "a stop is fast or immediate, not %q", q.Mode))
		return
	case !s.pg.running():
		if r != nil {
			s.answer(*r, answer{Exit: s.pg.exit})
		}
		return
	}
	if r != nil {
		s.pg.waiting = append(s.pg.waiting, *r)
	}
	if s.sweep != nil {
		return
	}
	limit := s.o.StopLimit
	if q.Millis > 0 {
		limit = time.Duration(q.Millis) * time.Millisecond
	}
	if s.pg.pid > 0 {
		_ = unix.Kill(s.pg.pid, sig)
	}
	start := s.pg.starts
	s.after(limit, func() {
		if s.pg.running() && s.pg.starts == start && s.sweep == nil {
			s.kill("it did not stop in time")
		}
	})
	s.pg.phase = Stopping
	s.tell()
}

// kill kills everything in the namespace.
func (s *supervisor) kill(reason string) {
	if s.sweep != nil && s.sweep.reason != "" {
		return // under way
	}
	fresh := s.sweep == nil
	s.beginSweep(reason, nil)
	if fresh && s.sweep != nil {
		s.tell()
	}
}

func (s *supervisor) killAsked(r reply, reason string) {
	if reason == "" {
		reason = "the sidecar asked for it"
	}
	if !s.pg.running() && s.sweep == nil && s.tool == nil && len(s.asides) == 0 {
		s.answer(r, answer{Exit: s.pg.exit})
		return
	}
	if !s.pg.running() {
		s.beginSweep(reason, func() { s.answer(r, answer{Exit: s.pg.exit}) })
		return
	}
	s.pg.waiting = append(s.pg.waiting, r)
	s.kill(reason)
}

// promoting makes a standby a primary in the eyes of the fence, before it becomes one.
func (s *supervisor) promoting(r reply) {
	if !s.pg.running() || s.sweep != nil || s.pg.phase == Stopping {
		s.refuse(r, refuse(CodeNotRunning, "postgres does not run"))
		return
	}
	if !s.o.Unfenced && !s.guarded(s.clock()) {
		s.refuse(r, refuse(CodeNoGuard, "there is no guard, and no promotion without one"))
		return
	}
	left, ok := s.fence.arm(s.o.Floor)
	if !ok {
		s.refuse(r, refuse(CodeNoPermit, "a promotion needs a permit of %d ms, and %d ms are left", s.o.Floor.Milliseconds(), left.Milliseconds()))
		return
	}
	s.pg.mode = Primary
	s.answer(r, answer{Permit: left.Milliseconds()})
	s.tell()
}

func (s *supervisor) reload(r reply) {
	if s.pg.pid == 0 {
		s.refuse(r, refuse(CodeNotRunning, "postgres does not run"))
		return
	}
	_ = unix.Kill(s.pg.pid, unix.SIGHUP)
	s.answer(r, answer{})
}

// postmasterEnded is for whatever reason: what it left behind may still acknowledge commits.
func (s *supervisor) postmasterEnded(ws syscall.WaitStatus) {
	s.pg.pid, s.pg.status = 0, ws
	code, sig := codes(ws)
	s.log.printf("postgres ended: %s", ending(code, sig))
	s.beginSweep("", nil)
}

// postgresGone tells everybody, once nothing is left.
func (s *supervisor) postgresGone(reason string, took time.Duration) {
	if !s.pg.alive {
		return
	}
	s.pg.alive, s.pg.pid, s.pg.phase = false, 0, Down
	if reason != "" {
		s.pg.phase = Killed
	}
	if n := s.guardKills(); n > 0 {
		reason = "the permit ran out, and the guard killed, since the supervisor stood still"
		s.pg.phase = Killed
	}
	code, sig := codes(s.pg.status)
	text, _ := s.pg.output.tail.text()
	s.pg.exit = &Exit{Start: s.pg.starts, Code: code, Signal: sig, Reason: reason, Millis: took.Milliseconds(), Tail: text}
	for _, r := range s.pg.waiting {
		s.answer(r, answer{Exit: s.pg.exit})
	}
	s.pg.waiting = nil
}

// guardKills says how often the guard killed since it was asked last.
func (s *supervisor) guardKills() uint64 {
	if s.page == nil {
		return 0
	}
	return s.page.words[wordKills].Swap(0)
}
