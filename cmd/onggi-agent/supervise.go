package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/onggi-db/onggi/sidecars/agent"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

// superviseVerb is PID 1 of the database container. It reads its few settings once; what changes later is the sidecar's.
func superviseVerb(file string, out io.Writer) error {
	f, err := config.Read(file)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program, for the guard: %w", err)
	}
	for _, dir := range []string{f.Run.Dir, f.PostgresSocket()} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("make a folder for sockets: %w", err)
		}
	}
	// What the sidecar has postgres run is in both containers, but not at the same path.
	for _, name := range []string{agent.Program, agent.RemoteProgram} {
		link := filepath.Join(f.Run.Dir, name)
		if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("link our own program: %w", err)
		}
		if err := os.Symlink(self, link); err != nil {
			return fmt.Errorf("link our own program: %w", err)
		}
	}
	// Handing work from one thread to another is most of what it costs at rest. A goroutine that blocks in the kernel gives its processor
	// away within 10 ms, so none keeps the fence from its own; and the guard needs none of this process'.
	runtime.GOMAXPROCS(1)
	return supervise.Run(context.Background(), supervise.Options{
		Volume: f.Postgres.Volume, WAL: os.Getenv(config.WALVolume), Data: f.Postgres.Data, Socket: f.SupervisorSocket(), TerminationLog: f.Run.TerminationLog,
		Self: []string{self, "guard"}, Grace: time.Duration(f.Run.GraceSeconds) * time.Second,
	}, out)
}
