package world

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Prefix begins the name of every folder that a run has on disk while it runs; its pid follows.
const Prefix = "onggi-chaos-"

// Enter runs this program again, with args, as the first process of namespaces of its own, and returns its exit code. Whatever
// happens to either of the two, the kernel takes down every process, mount and network link made inside.
func Enter(args []string, stdout io.Writer) (int, error) {
	sweep(os.TempDir())
	dir, err := os.MkdirTemp("", Prefix+strconv.Itoa(os.Getpid())+"-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		return 1, fmt.Errorf("make the world's folder: %w", err)
	}
	defer os.RemoveAll(dir)

	// The parent-death signal is tied to the thread that starts the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", append([]string{"inside", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true,
	}
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(asked)
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("make the world's namespaces: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-asked:
			_ = cmd.Process.Signal(s)
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				if code := exit.ExitCode(); code >= 0 {
					return code, nil
				}
				return 1, fmt.Errorf("the world ended: %w", err)
			}
			return 0, err
		}
	}
}

// sweep removes the folders of runs that were killed.
func sweep(dir string) {
	found, _ := filepath.Glob(filepath.Join(dir, Prefix+"*"))
	for _, at := range found {
		text, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(at), Prefix), "-")
		pid, err := strconv.Atoi(text)
		if err != nil || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(at)
		}
	}
}
