package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killer is what can end everything.
type killer interface {
	// kill ends everything at once and says whether anything was there.
	kill() (someone bool, err error)
}

// groups kills the process groups that were started, where there is no namespace (Options.Unfenced).
type groups struct {
	mu   sync.Mutex
	pids map[int]bool
}

func newGroups() *groups { return &groups{pids: map[int]bool{}} }

func (g *groups) kill() (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for pid := range g.pids {
		_ = unix.Kill(-pid, unix.SIGKILL)
	}
	return len(g.pids) > 0, nil
}

func (g *groups) add(pid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pids[pid] = true
}

// wait reaps one of the processes, as wait4(-1) does with all.
func (g *groups) wait(ws *syscall.WaitStatus) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.pids) == 0 {
		return 0, syscall.ECHILD
	}
	for pid := range g.pids {
		if got, err := syscall.Wait4(pid, ws, syscall.WNOHANG, nil); got == pid || err == syscall.ECHILD {
			delete(g.pids, pid)
			return pid, nil
		}
	}
	return 0, nil
}

// program is something to run.
type program struct {
	argv  []string
	env   []string
	dir   string
	files []*os.File // from 0 on
}

// spawn starts a program in a process group of its own. The loop calls it, and the loop reaps, so no exit is seen before
// its start.
func (s *supervisor) spawn(p program) (int, error) {
	if len(p.argv) == 0 {
		return 0, refuse(CodeBadRequest, "there is no program to start")
	}
	path, err := exec.LookPath(p.argv[0])
	if err != nil {
		return 0, refuse(CodeSpawn, "start %s: %s", p.argv[0], err)
	}
	attr := &syscall.ProcAttr{Dir: p.dir, Env: environment(os.Environ(), p.env), Sys: &syscall.SysProcAttr{Setpgid: true}}
	for _, f := range p.files {
		attr.Files = append(attr.Files, f.Fd())
	}
	pid, err := syscall.ForkExec(path, p.argv, attr)
	if err != nil {
		return 0, refuse(CodeSpawn, "start %s: %s", p.argv[0], err)
	}
	if g, ok := s.killer.(*groups); ok {
		g.add(pid)
	}
	return pid, nil
}

// environment puts the later of two values of a name in place of the earlier.
func environment(base, over []string) []string {
	var env []string
	at := map[string]int{}
	for _, v := range append(append([]string{}, base...), over...) {
		name, _, _ := strings.Cut(v, "=")
		if i, ok := at[name]; ok {
			env[i] = v
			continue
		}
		at[name] = len(env)
		env = append(env, v)
	}
	return env
}

// reap collects every child that ended, ours or left to us.
func (s *supervisor) reap() {
	for {
		var ws syscall.WaitStatus
		pid, err := s.wait(&ws)
		switch {
		case err == syscall.EINTR:
		case err != nil || pid <= 0:
			childless := err == syscall.ECHILD
			if s.sweep != nil {
				s.sweepStep(childless)
			}
			return
		default:
			s.ended(pid, ws)
		}
	}
}

func (s *supervisor) wait(ws *syscall.WaitStatus) (int, error) {
	if g, ok := s.killer.(*groups); ok {
		return g.wait(ws)
	}
	return syscall.Wait4(-1, ws, syscall.WNOHANG, nil)
}

func (s *supervisor) ended(pid int, ws syscall.WaitStatus) {
	switch {
	case pid == s.guard.pid:
		s.guardEnded(ws)
	case s.pg.pid == pid:
		s.postmasterEnded(ws)
	case s.tool != nil && pid == s.tool.pid:
		s.toolEnded(s.tool, ws)
	default:
		for _, t := range s.asides {
			if t.pid == pid {
				s.toolEnded(t, ws)
				return
			}
		}
	}
}

// codes are the two numbers of an Exit.
func codes(ws syscall.WaitStatus) (code, sig int) {
	if ws.Signaled() {
		return -1, int(ws.Signal())
	}
	return ws.ExitStatus(), 0
}

// sweep is the way to an empty namespace: kill everything and reap until there is no child, and nobody to kill.
type sweep struct {
	reason  string // "" when postgres ended by itself
	since   instant
	emptyAt *instant // since when there are no children, though somebody else's process may be left
	told    bool
	due     bool // somebody comes back to it
	then    []func()
}

// beginSweep starts one, or joins the one that is under way.
func (s *supervisor) beginSweep(reason string, then func()) {
	if s.sweep == nil {
		s.sweep = &sweep{since: s.clock()}
	}
	if s.sweep.reason == "" {
		s.sweep.reason = reason
	}
	if then != nil {
		s.sweep.then = append(s.sweep.then, then)
	}
	if s.pg.running() {
		s.pg.phase = Stopping
	}
	s.sweepAgain()
}

func (s *supervisor) sweepAgain() {
	if _, err := s.killer.kill(); err != nil {
		s.log.printf("%s", err)
	}
	s.reap()
}

// sweepStep ends the sweep if nothing is left, else comes back soon.
func (s *supervisor) sweepStep(childless bool) {
	now, w := s.clock(), s.sweep
	took := now.since(w.since)
	if !w.told && took > s.o.KillBudget {
		w.told = true
		s.log.printf("killing takes longer than %d ms, which is what the permit leaves for it", s.o.KillBudget.Milliseconds())
		s.tell()
	}
	if childless {
		someone, _ := s.killer.kill()
		if w.emptyAt == nil {
			w.emptyAt = &now
		}
		// What came in from outside (kubectl exec) is not ours to reap. It was killed; its parent may take its time.
		waited := now.since(*w.emptyAt)
		if (!someone || waited > time.Second) && (s.pg.drained() || waited > 500*time.Millisecond) {
			s.swept(took, someone)
			return
		}
	}
	if w.due {
		return
	}
	w.due = true
	s.after(min(max(took/8, time.Millisecond), 50*time.Millisecond), func() {
		if s.sweep == w {
			w.due = false
			s.sweepAgain()
		}
	})
}

func (s *supervisor) swept(took time.Duration, someone bool) {
	w := s.sweep
	s.sweep = nil
	if someone {
		s.log.printf("a process that was put here from outside was killed, but its parent has not reaped it")
	}
	if w.reason != "" {
		s.log.printf("killed everything within %d ms: %s", took.Milliseconds(), w.reason)
	}
	s.fence.disarm()
	s.downAt = s.clock()
	s.postgresGone(w.reason, took)
	s.startGuard()
	s.tell()
	for _, f := range w.then {
		f()
	}
	s.endStep(s.clock())
}

// guard is the guard's process.
type guard struct {
	pid   int
	since instant
}

func (s *supervisor) startGuard() {
	if s.o.Unfenced || s.guard.pid > 0 || s.sweep != nil || s.termAt != nil && !s.pg.running() {
		return
	}
	s.guard.since = s.clock()
	pid, err := s.spawn(program{argv: s.o.Self, env: []string{"GOMAXPROCS=1"}, files: []*os.File{s.null, s.null, os.Stderr, s.pageFile}})
	if err != nil {
		s.log.printf("no guard, so no primary: %s", err)
		return
	}
	s.guard.pid = pid
}

func (s *supervisor) guardEnded(ws syscall.WaitStatus) {
	s.guard.pid = 0
	if s.sweep != nil {
		return // it went with everything else
	}
	code, sig := codes(ws)
	s.log.printf("the guard ended (%s) and is started again", ending(code, sig))
	if s.clock().since(s.guard.since) > time.Second {
		s.startGuard() // else at the next tick
	}
}

// checkGuard starts a missing guard and ends one that gives no sign of life.
func (s *supervisor) checkGuard(now instant) {
	switch {
	case s.o.Unfenced:
	case s.guard.pid == 0:
		s.startGuard()
	case !s.guarded(now) && now.since(s.guard.since) > guardSilence:
		s.log.printf("the guard gives no sign of life and is replaced")
		_ = unix.Kill(s.guard.pid, unix.SIGKILL)
	}
}

func (s *supervisor) guarded(now instant) bool {
	return !s.o.Unfenced && s.page.guarded(s.guard.pid, now, guardSilence)
}

func ending(code, sig int) string {
	if sig != 0 {
		return fmt.Sprintf("signal %d", sig)
	}
	return fmt.Sprintf("exit code %d", code)
}
