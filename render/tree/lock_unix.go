//go:build unix

package tree

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes the folder for this run, or returns [ErrBusy]. The lock is on the folder itself: nothing is written for it, so a
// run with nothing to do leaves no trace, and the kernel gives it up when the process dies.
func lock(root *os.Root) (unlock func(), err error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("lock: %w", cause(err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: wait for it to end", ErrBusy)
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() {
		// Closing is not enough while a process that this one forks has a copy of the file.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		f.Close()
	}, nil
}
