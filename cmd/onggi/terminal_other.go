//go:build !unix

package main

import (
	"context"

	"golang.org/x/term"

	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// terminalSizes tells how large the terminal is, once: here nobody says when that changes.
func terminalSizes(ctx context.Context, fd int) <-chan kube.Size {
	out := make(chan kube.Size)
	go func() {
		defer close(out)
		if width, height, err := term.GetSize(fd); err == nil {
			select {
			case out <- kube.Size{Width: uint16(width), Height: uint16(height)}:
			case <-ctx.Done():
			}
		}
	}()
	return out
}
