//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// terminalSizes tells how large the terminal is, now and whenever that changes.
func terminalSizes(ctx context.Context, fd int) <-chan kube.Size {
	changed, out := make(chan os.Signal, 1), make(chan kube.Size)
	signal.Notify(changed, syscall.SIGWINCH)
	go func() {
		defer close(out)
		defer signal.Stop(changed)
		for {
			if width, height, err := term.GetSize(fd); err == nil {
				select {
				case out <- kube.Size{Width: uint16(width), Height: uint16(height)}:
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
