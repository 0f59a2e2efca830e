//go:build unix

package tree

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// lock takes the folder for this run, or returns [ErrBusy]. The kernel gives the lock up when the process dies, so a file that
// a killed run left behind is in nobody's way.
func lock(root *os.Root) (unlock func(), err error) {
	for {
		f, err := root.OpenFile(lockName, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, fmt.Errorf("lock: %w", cause(err))
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			defer f.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, fmt.Errorf("%w (process %s): wait for it to end", ErrBusy, holder(f))
			}
			return nil, fmt.Errorf("lock: %w", err)
		}
		if !stillNamed(root, f) {
			f.Close()
			continue
		}
		// The number is for the message of the run that finds us here; without it that run only knows less.
		_ = f.Truncate(0)
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
		return func() {
			// Removed while held: whoever waits for this file finds it gone and takes a new one.
			_ = root.Remove(lockName)
			f.Close()
		}, nil
	}
}

// stillNamed reports whether the file we locked is the one that others find. Its last holder may have removed it in between.
func stillNamed(root *os.Root, f *os.File) bool {
	named, err := root.Lstat(lockName)
	if err != nil {
		return false
	}
	held, err := f.Stat()
	return err == nil && os.SameFile(named, held)
}

func holder(f *os.File) string {
	pid, err := io.ReadAll(io.LimitReader(f, 20))
	if err != nil || len(pid) == 0 {
		return "unknown"
	}
	return strings.TrimSpace(string(pid))
}
