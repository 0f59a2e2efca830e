package agent

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

// Supervisor is the connection to the supervisor, made again whenever it ends. It implements Fence.
type Supervisor struct {
	socket string
	client atomic.Pointer[supervise.Client]
}

// NewSupervisor is one that is not connected before Run.
func NewSupervisor(socket string) *Supervisor { return &Supervisor{socket: socket} }

// redial is the time between two tries to connect.
const redial = 100 * time.Millisecond

var errNotConnected = errors.New("the supervisor is not connected")

// Run implements Fence.
func (s *Supervisor) Run(ctx context.Context, permit func(string) time.Duration, told func(FenceStatus)) {
	for ctx.Err() == nil {
		s.once(ctx, permit, told)
		select {
		case <-ctx.Done():
		case <-time.After(redial):
		}
	}
}

// once is one connection, from its beginning to its end.
func (s *Supervisor) once(ctx context.Context, permit func(string) time.Duration, told func(FenceStatus)) {
	dialing, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client, err := supervise.Dial(dialing, s.socket, func() time.Duration {
		// The first tick comes before the connection is ours to use: nothing is permitted yet.
		if c := s.client.Load(); c != nil {
			return permit(c.Instance())
		}
		return 0
	})
	if err != nil {
		return
	}
	defer client.Close()
	s.client.Store(client)
	defer s.client.Store(nil)
	told(fenceStatus(client.Status()))
	for {
		select {
		case <-ctx.Done():
			return
		case <-client.Done():
			told(FenceStatus{})
			return
		case status := <-client.Updates():
			told(fenceStatus(status))
		}
	}
}

// fenceStatus translates.
func fenceStatus(s supervise.Status) FenceStatus {
	f := FenceStatus{
		Supervisor:  ha.Supervisor{Instance: s.Instance, Locked: s.Locked, Phase: phaseOf(s), Lacks: s.Lacks, Refused: s.Refused},
		Terminating: s.Terminating, Guarded: s.Guarded, Starts: s.Starts, Announced: s.Mode == supervise.Primary,
		Lines: s.Lines, Canceled: s.Canceled,
	}
	if s.Disk != nil {
		f.Disk = Disk(*s.Disk)
	}
	if s.WAL != nil {
		f.WAL = Disk(*s.WAL)
	}
	if e := s.Exit; e != nil {
		f.Exit = fmt.Sprintf("start %d: code %d, signal %d, after %d ms %s", e.Start, e.Code, e.Signal, e.Millis, e.Reason)
		f.Killed = Kill{Start: e.Start, Reason: e.Reason, Took: time.Duration(e.Millis) * time.Millisecond}
		f.Crashed = f.Phase == ha.Down && e.Reason == "" && (e.Code != 0 || e.Signal != 0)
	}
	return f
}

// phaseOf gives what postgres is by its own account where it has one, and what it was started as before that.
func phaseOf(s supervise.Status) ha.Phase {
	switch s.Phase {
	case supervise.Down, supervise.Killed:
		return ha.Down
	case supervise.Following:
		return ha.Standby
	case supervise.Writing:
		return ha.Primary
	case supervise.Stopping:
		return ha.Stopping
	case supervise.Starting:
		if s.Mode == supervise.Primary {
			return ha.Primary
		}
		return ha.Standby
	}
	return ha.PhaseUnknown
}

func (s *Supervisor) connected() (*supervise.Client, error) {
	if c := s.client.Load(); c != nil {
		return c, nil
	}
	return nil, errNotConnected
}

// Kill implements Fence.
func (s *Supervisor) Kill(ctx context.Context, why string) error {
	c, err := s.connected()
	if err != nil {
		return err
	}
	_, err = c.Kill(ctx, why)
	return err
}

// Exit implements Fence.
func (s *Supervisor) Exit(ctx context.Context) error {
	c, err := s.connected()
	if err != nil {
		return err
	}
	return c.Exit(ctx)
}

// start starts postgres.
func (s *Supervisor) start(ctx context.Context, mode supervise.Mode, command postgres.Command) error {
	c, err := s.connected()
	if err != nil {
		return err
	}
	return awaitPermit(ctx, func() error {
		_, err := c.Start(ctx, supervise.Start{Mode: mode, Argv: command.Argv, Env: command.Env, Dir: command.Dir})
		return err
	})
}

// awaitPermit tries again for a moment where the supervisor has not heard of the permit yet: it asks for it when it refuses, and whoever has
// just taken the record has one.
func awaitPermit(ctx context.Context, try func() error) error {
	for left := 10; ; left-- {
		err := try()
		var refused *supervise.Error
		if left == 0 || !errors.As(err, &refused) || refused.Code != supervise.CodeNoPermit {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop stops postgres within a time, by force in the end.
func (s *Supervisor) stop(ctx context.Context, within time.Duration) error {
	c, err := s.connected()
	if err != nil {
		return err
	}
	_, err = c.Stop(ctx, supervise.Stop{Mode: supervise.Fast, Millis: within.Milliseconds()})
	return err
}

// promoting announces a promotion.
func (s *Supervisor) promoting(ctx context.Context) error {
	c, err := s.connected()
	if err != nil {
		return err
	}
	return awaitPermit(ctx, func() error { return c.Promoting(ctx) })
}

// endTool ends the program that works on the volume, if one does, and waits for its end.
func (s *Supervisor) endTool(ctx context.Context) error {
	c, err := s.connected()
	if err != nil {
		return err
	}
	for told := ""; ; {
		tool := c.Status().Tool
		if tool == nil {
			return nil
		}
		if tool.ID != told {
			told = tool.ID
			if err := c.Cancel(told); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.Done():
			return errNotConnected
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tools runs the programs of postgres in the database container.
type tools struct{ supervisor *Supervisor }

// Run implements postgres.Tools: the program runs as a child of the supervisor, and dies with it.
func (t tools) Run(ctx context.Context, command postgres.Command) (postgres.Result, error) {
	c, err := t.supervisor.connected()
	if err != nil {
		return postgres.Result{}, err
	}
	output, err := c.Exec(ctx, supervise.Command{
		Argv: command.Argv, Env: command.Env, Dir: command.Dir, Stdin: command.Stdin, Millis: command.Timeout.Milliseconds(),
		Aside: command.Aside,
	})
	if err != nil {
		return postgres.Result{}, err
	}
	if output.Reason != "" {
		return postgres.Result{}, fmt.Errorf("%s was ended: %s", command.Argv[0], output.Reason)
	}
	result := postgres.Result{Stdout: output.Stdout, Stderr: output.Stderr, Code: output.Code}
	if output.Signal != 0 {
		result.Code = 128 + output.Signal
	}
	return result, nil
}
