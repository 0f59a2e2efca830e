package world

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Mount shows a file or folder of the world in a container.
type Mount struct {
	Source, Target string
	ReadOnly       bool
}

// Container is what one container is made of.
type Container struct {
	Host   *Host
	Args   []string // the program and its arguments; it is PID 1
	Env    []string
	UID    int
	GID    int
	Groups []int // more of them
	Mounts []Mount
	Root   *Root // nil: the machine's root
	// Confined has no capabilities and never gains rights, as the restricted pod security standard wants.
	Confined bool
	Log      string // file that stdout and stderr are appended to
	// Clock moves the container's monotonic and boot clocks, in seconds. Zero leaves them alone.
	Clock int
}

// setup is what the first process of a container reads on its command line.
type setup struct {
	Hostname, Net string
	UID, GID      int
	Groups        []int
	Mounts        []Mount
	Root          *Root
	Confined      bool
	Clock         int
	Args          []string
}

// Start starts a container.
func (w *World) Start(c Container) (*Process, error) {
	s, err := json.Marshal(setup{
		Hostname: c.Host.Name, Net: "/run/netns/" + c.Host.ns, UID: c.UID, GID: c.GID, Groups: c.Groups, Mounts: c.Mounts, Root: c.Root,
		Confined: c.Confined, Clock: c.Clock, Args: c.Args,
	})
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("/proc/self/exe", "contained", string(s))
	cmd.Env, cmd.Stdout, cmd.Stderr = c.Env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Setsid:     true,
	}
	return w.starter.start(cmd)
}

// Daemon starts a program of the platform: in the world's own network, with no container around it.
func (w *World) Daemon(log string, args ...string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, w.Dir
	return w.starter.start(cmd)
}

// Contained is the first process of a container: it finishes the container's namespaces and becomes the program.
func Contained(arg string) error {
	var s setup
	if err := json.Unmarshal([]byte(arg), &s); err != nil {
		return fmt.Errorf("read the container: %w", err)
	}
	// Namespaces belong to a thread; exec makes this one the process.
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		// The clock of a process is set at its first thread, which this one is after another exec.
		return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
	}
	if err := s.enter(); err != nil {
		return err
	}
	if err := s.become(); err != nil {
		return err
	}
	path, err := exec.LookPath(s.Args[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, s.Args, os.Environ())
}

func (s setup) enter() error {
	network, err := os.Open(s.Net)
	if err != nil {
		return err
	}
	defer network.Close()
	if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network: %w", err)
	}
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := s.mount(); err != nil {
		return err
	}
	if s.Clock == 0 {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWTIME); err != nil {
		return fmt.Errorf("make a clock: %w", err)
	}
	// The offsets count from the next exec on.
	return os.WriteFile("/proc/self/timens_offsets", fmt.Appendf(nil, "monotonic %d 0\nboottime %d 0\n", s.Clock, s.Clock), 0)
}

func (s setup) mount() error {
	if s.Root != nil {
		if err := s.Root.lay(s.Mounts); err != nil {
			return err
		}
		return s.Root.enter()
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, m := range s.Mounts {
		if err := m.bind(); err != nil {
			return err
		}
	}
	return nil
}

func (m Mount) bind() error {
	info, err := os.Stat(m.Source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(m.Target, 0o755)
	} else if _, statErr := os.Stat(m.Target); statErr != nil {
		if err = os.MkdirAll(filepath.Dir(m.Target), 0o755); err == nil {
			err = os.WriteFile(m.Target, nil, 0o644)
		}
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(m.Source, m.Target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", m.Target, err)
	}
	if !m.ReadOnly {
		return nil
	}
	return unix.Mount("", m.Target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}

// become drops root.
func (s setup) become() error {
	if s.Confined {
		for capability := uintptr(0); capability <= unix.CAP_LAST_CAP; capability++ {
			// What this kernel does not know, it cannot give.
			_ = unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		}
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("confine: %w", err)
		}
	}
	if s.UID == 0 {
		return nil
	}
	for _, err := range []error{syscall.Setgroups(append([]int{s.GID}, s.Groups...)), syscall.Setgid(s.GID), syscall.Setuid(s.UID)} {
		if err != nil {
			return fmt.Errorf("become user %d: %w", s.UID, err)
		}
	}
	return nil
}

// Tail is the end of a log, for messages.
func Tail(path string, lines int) string {
	data, _ := os.ReadFile(path)
	all := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
