package world

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// Process is a started program: PID 1 of a container, or a daemon.
type Process struct {
	PID int

	ended chan struct{}
	state *os.ProcessState
}

// Ended is closed when the process is gone, and with it, for a container, all of its processes.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Alive reports whether the process has not ended.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// State is how it ended. Only after Ended.
func (p *Process) State() *os.ProcessState { return p.state }

// Signal sends a signal from outside of the container, as the node's root would.
func (p *Process) Signal(s syscall.Signal) error {
	if !p.Alive() {
		return nil
	}
	return syscall.Kill(p.PID, s)
}

// SignalAll sends a signal to every process of a container, to those first that it finds last.
func (p *Process) SignalAll(s syscall.Signal) {
	// Twice: a process may fork between the look and the signal.
	for range 2 {
		for _, task := range p.Tasks() {
			_ = syscall.Kill(task.PID, s)
		}
	}
}

// Task is a process inside a container, with the PID it has outside.
type Task struct {
	PID, Parent int
	Args        []string
}

// Program is the base name of what it runs.
func (t Task) Program() string {
	if len(t.Args) == 0 {
		return ""
	}
	return filepath.Base(t.Args[0])
}

// Tasks are the processes in the container, PID 1 among them.
func (p *Process) Tasks() []Task {
	mine, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", p.PID))
	if err != nil {
		return nil
	}
	var tasks []Task
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid)); err != nil || ns != mine {
			continue
		}
		if task, ok := readTask(pid); ok {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

func readTask(pid int) (Task, bool) {
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return Task{}, false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Task{}, false
	}
	// The name, in brackets, may have spaces and brackets of its own.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return Task{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	return Task{PID: pid, Parent: parent, Args: strings.Split(strings.TrimRight(string(args), "\x00"), "\x00")}, err == nil
}

// Postmasters are the processes of postgres that no other one of postgres started.
func (p *Process) Postmasters() []Task {
	tasks := p.Tasks()
	postgres := map[int]bool{}
	for _, t := range tasks {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", t.PID))
		postgres[t.PID] = err == nil && filepath.Base(exe) == "postgres"
	}
	var found []Task
	for _, t := range tasks {
		if postgres[t.PID] && !postgres[t.Parent] {
			found = append(found, t)
		}
	}
	return found
}

// starter starts every process from one thread that never ends and never leaves the world's namespaces.
type starter struct{ jobs chan job }

type job struct {
	cmd  *exec.Cmd
	done chan error
}

func newStarter() *starter {
	s := &starter{jobs: make(chan job)}
	go func() {
		runtime.LockOSThread()
		for j := range s.jobs {
			j.done <- j.cmd.Start()
		}
	}()
	return s
}

func (s *starter) start(cmd *exec.Cmd) (*Process, error) {
	j := job{cmd, make(chan error)}
	s.jobs <- j
	if err := <-j.done; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Args[0], err)
	}
	p := &Process{PID: cmd.Process.Pid, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		p.state = cmd.ProcessState
		close(p.ended)
	}()
	return p, nil
}
