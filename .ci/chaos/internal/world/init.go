package world

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Init is a small init process: it starts a program again whenever that ends, but not while the file hold is there, passes
// SIGTERM on, and reaps whatever is left to it. It returns after a SIGTERM, when the program has ended.
func Init(hold string, args []string) error {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	for {
		if _, err := os.Stat(hold); err == nil {
			_, _ = unix.Wait4(-1, nil, unix.WNOHANG, nil)
			time.Sleep(20 * time.Millisecond)
			continue
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		ended := make(chan struct{})
		go func() {
			reapUntil(cmd.Process.Pid)
			close(ended)
		}()
		select {
		case <-asked:
			_ = cmd.Process.Signal(syscall.SIGTERM)
			<-ended
			return nil
		case <-ended:
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// reapUntil waits for children of any kind, until the one with that pid has ended.
func reapUntil(pid int) {
	for {
		got, err := unix.Wait4(-1, nil, 0, nil)
		if got == pid || errors.Is(err, unix.ECHILD) {
			return
		}
	}
}
