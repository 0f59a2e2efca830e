package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// moveLog moves the log to its own volume, where the data directory still has it inside: the pod got that volume later. A start takes longer by it,
// and is not broken off for that, only by somebody who wants another thing. Where the log does not fit, the server starts as it is.
func (d *Database) moveLog(ctx context.Context, log *slog.Logger) error {
	if !d.Postgres.LogInside() {
		return nil
	}
	moving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	asked := func() {
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cancel()
		}
	}
	if ctx.Err() != nil {
		asked()
	}
	stop := context.AfterFunc(ctx, asked)
	defer stop()
	begun := time.Now()
	err := d.Postgres.MoveLog(moving)
	switch {
	case errors.Is(err, postgres.ErrNoRoom):
		if log != nil {
			log.Error("the log stays in the data directory", "err", err)
		}
		return nil
	case err != nil:
		return err
	}
	if log != nil {
		log.Info("the log was moved to its own volume", "took", time.Since(begun).Round(time.Millisecond))
	}
	return ctx.Err() // if it took longer than a start may, the next one finds it done
}

// boundSlots keeps what a lost standby may hold back below what the log's own volume holds: half of it is for the others.
func (d *Database) boundSlots(s *postgres.Settings) error {
	if s.SlotKeepMB != 0 || d.Postgres.LogInside() {
		return nil
	}
	size, err := d.Postgres.LogSize()
	if err != nil || size == 0 {
		return err
	}
	s.SlotKeepMB = min(int(size/2>>20), postgres.DefaultSlotKeepMB)
	return nil
}
