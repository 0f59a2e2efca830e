package supervise

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	outputTail = 64 << 10
	// toolMercy is from SIGTERM to SIGKILL when a tool is cancelled or out of time.
	toolMercy = 2 * time.Second
	// maxAsides bounds the programs beside postgres: a backup, what it asks of the primary, and somebody who looks.
	maxAsides = 24
	asideTail = 384 << 10
)

// tool is a program that Exec runs: the one that works on the volume, or one of those beside everything else.
type tool struct {
	id      string
	aside   bool
	name    string
	pid     int // 0 once it was reaped
	since   instant
	reason  string
	stdout  *stream
	stderr  *stream
	waiting []reply
}

// answers remembers the last outcomes, for sidecars that were restarted while their program ran.
type answers struct {
	ids  [8]string
	were [8]answer
	next int
}

func (a *answers) put(id string, v answer) {
	a.ids[a.next], a.were[a.next] = id, v
	a.next = (a.next + 1) % len(a.ids)
}

func (a *answers) find(id string) (answer, bool) {
	for i := range a.ids {
		if a.ids[i] == id {
			return a.were[i], true
		}
	}
	return answer{}, false
}

func (s *supervisor) exec(r reply, c Command) {
	if was, ok := s.told.find(r.id); ok {
		s.answer(r, was)
		return
	}
	if t := s.running(r.id); t != nil {
		t.waiting = append(t.waiting, r)
		return
	}
	err := s.mayRun(c)
	if err == nil {
		err = s.launchTool(r, c)
	}
	if err != nil {
		s.refuse(r, err)
		return
	}
	s.tell()
}

// running finds a tool that runs by its id.
func (s *supervisor) running(id string) *tool {
	if s.tool != nil && s.tool.id == id {
		return s.tool
	}
	for _, t := range s.asides {
		if t.id == id {
			return t
		}
	}
	return nil
}

// mayRun is why a program is not started now.
func (s *supervisor) mayRun(c Command) error {
	switch {
	case len(c.Argv) == 0:
		return refuse(CodeBadRequest, "there is no program to start")
	case server(c.Argv, s.o.Data):
		return refuse(CodeBadRequest, "a server is started with Start, not as a tool")
	case s.locks == nil:
		return refuse(CodeNotLocked, "another supervisor holds the volume")
	case c.Aside && len(s.asides) >= maxAsides:
		return refuse(CodeBusy, "%d programs run beside postgres already", len(s.asides))
	case !c.Aside && s.tool != nil:
		return refuse(CodeBusy, "%s runs", s.tool.name)
	case s.sweep != nil || s.pg.starting:
		return refuse(CodeBusy, "postgres is being started or killed")
	case s.exitAsked:
		return refuse(CodeTerminating, "the supervisor ends")
	}
	return nil
}

// server says whether a tool would be a postgres that takes sessions, past the permit. One on another directory than the served one is none: a
// backup is recovered beside it, for nobody to see before it is whole. This catches a slip, not an intent.
func server(argv []string, data string) bool {
	switch filepath.Base(argv[0]) {
	case "pg_ctl":
		if len(argv) > 1 && (argv[1] == "reload" || argv[1] == "kill") { // of the server that runs, by its permit
			return false
		}
	case "postgres", "postmaster":
	default:
		return false
	}
	if at := slices.Index(argv, "-D"); at > 0 && at+1 < len(argv) && filepath.Clean(argv[at+1]) != filepath.Clean(data) {
		return false
	}
	return !slices.ContainsFunc(argv[1:], func(a string) bool {
		return slices.Contains([]string{"--single", "--boot", "--check", "--describe-config", "--version", "-V", "-C"}, a)
	})
}

func (s *supervisor) launchTool(r reply, c Command) error {
	stdin, err := input(c.Stdin, s.null)
	if err != nil {
		return refuse(CodeSpawn, "%s", err)
	}
	if stdin != s.null {
		defer stdin.Close()
	}
	tail := outputTail
	if c.Aside {
		tail = asideTail // the list of all backups
	}
	stdout, outW, err := newStream(tail, nil)
	if err != nil {
		return refuse(CodeSpawn, "%s", err)
	}
	defer outW.Close()
	stderr, errW, err := newStream(outputTail, nil)
	if err != nil {
		return refuse(CodeSpawn, "%s", err)
	}
	defer errW.Close()
	if c.Dir == "" {
		c.Dir = s.o.Volume
	}
	pid, err := s.spawn(program{argv: c.Argv, env: c.Env, dir: c.Dir, files: append([]*os.File{stdin, outW, errW}, s.locks...)})
	if err != nil {
		return err
	}
	t := &tool{id: r.id, aside: c.Aside, name: c.Argv[0], pid: pid, since: s.clock(), stdout: stdout, stderr: stderr, waiting: []reply{r}}
	if t.aside {
		s.asides = append(s.asides, t)
	} else {
		s.tool = t
	}
	if c.Millis > 0 {
		s.after(time.Duration(c.Millis)*time.Millisecond, func() { s.endTool(t, "it took too long") })
	}
	return nil
}

// input is a file that holds text; in memory, so nobody has to feed a pipe.
func input(text string, null *os.File) (*os.File, error) {
	if text == "" {
		return null, nil
	}
	fd, err := unix.MemfdCreate("stdin", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "stdin")
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.Seek(0, 0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (s *supervisor) cancel(r reply) {
	if t := s.running(r.id); t != nil {
		s.endTool(t, "it was cancelled")
	}
	// The answer to the request itself says how it ended; there is none of its own.
}

func (s *supervisor) endTool(t *tool, reason string) {
	if t.pid == 0 || t.reason != "" {
		return
	}
	t.reason = reason
	_ = unix.Kill(-t.pid, unix.SIGTERM)
	s.after(toolMercy, func() {
		if t.pid > 0 {
			_ = unix.Kill(-t.pid, unix.SIGKILL)
		}
	})
}

func (s *supervisor) toolEnded(t *tool, ws syscall.WaitStatus) {
	took := s.clock().since(t.since)
	// What it started goes with it: pg_basebackup leaves a child when it is killed.
	_ = unix.Kill(-t.pid, unix.SIGKILL)
	t.pid = 0
	if t.reason == "" && s.sweep != nil {
		t.reason = "everything was killed"
	}
	go func() {
		// A daemon of the tool may hold its streams for ever.
		patience, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		for _, st := range []*stream{t.stdout, t.stderr} {
			select {
			case <-st.done:
			case <-patience.Done():
			}
		}
		s.post(func() { s.toolGone(t, ws, took) })
	}()
}

func (s *supervisor) toolGone(t *tool, ws syscall.WaitStatus, took time.Duration) {
	code, sig := codes(ws)
	stdout, cut1 := t.stdout.tail.text()
	stderr, cut2 := t.stderr.tail.text()
	a := answer{Output: &Output{
		Code: code, Signal: sig, Reason: t.reason, Stdout: stdout, Stderr: stderr, Truncated: cut1 || cut2, Millis: took.Milliseconds(),
	}}
	if len(t.waiting) > 0 || !t.aside {
		s.told.put(t.id, a)
	}
	if t.aside {
		s.asides = slices.DeleteFunc(s.asides, func(one *tool) bool { return one == t })
	} else {
		s.tool = nil
	}
	for _, r := range t.waiting {
		s.answer(r, a)
	}
	s.tell()
	s.endStep(s.clock())
}
