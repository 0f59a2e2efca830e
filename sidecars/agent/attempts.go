package agent

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/rest"
)

const (
	// attemptsWithNew is how often a server is started with settings that it never answered with, before the last good ones are taken.
	attemptsWithNew = 3
	// goodAfter is how long a server has to answer before the settings it was started with are good.
	goodAfter = 10 * time.Second
)

// attempts is what is known of the last starts. It is guarded by Database.mu.
type attempts struct {
	failed int       // starts in a row after which the server never answered
	since  time.Time // when it first answered after the last one
	unkept bool      // what the running server was started with is in the files still, and was not kept yet
	aside  string    // why what people chose is not in force, empty where it is
}

// prepare writes the settings before a start: those that people chose, unless postgres has failed to start with them. A server that cannot have
// new settings is still worth more than none, so those that are refused leave the old ones.
func (d *Database) prepare(ctx context.Context, standby bool, log *slog.Logger) error {
	if err := d.moveLog(ctx, log); err != nil {
		return err
	}
	d.mu.Lock()
	failed := d.attempts.failed
	d.mu.Unlock()
	if failed >= attemptsWithNew {
		restored, err := d.Postgres.RestoreGood()
		if err != nil {
			return err
		}
		d.mu.Lock()
		d.attempts.failed = 0
		d.mu.Unlock()
		if len(restored) > 0 && log != nil {
			log.Error("postgres did not start: it goes on with the settings that it last ran with", "starts", failed, "restored", strings.Join(restored, " "))
		}
	}
	err := d.configure(ctx, standby)
	var refused postgres.Refusal
	if errors.As(err, &refused) && d.has("onggi.conf") {
		if log != nil {
			log.Error("the new settings are not taken", "err", err)
		}
		d.putAside(err.Error())
		return nil
	}
	return err
}

func (d *Database) putAside(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts.aside = why
}

// started notes that a server was started with the files as they are.
func (d *Database) started() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts.failed++
	d.attempts.since, d.attempts.unkept = time.Time{}, true
}

// stopped notes that the server was asked to stop: whether it would have answered is not known.
func (d *Database) stopped() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts.failed, d.attempts.unkept = 0, false
}

// answered notes that the server answered. It tells whether what it was started with is to be kept now. It is called with mu held.
func (a *attempts) answered(now time.Time) (keep bool) {
	a.failed = 0
	if a.since.IsZero() {
		a.since = now
	}
	if !a.unkept || now.Sub(a.since) < goodAfter {
		return false
	}
	a.unkept = false
	return true
}

// waiting is what waits for a restart, or for better settings.
func (d *Database) waiting() []rest.Parameter {
	if d.attempts.aside == "" {
		return d.pending
	}
	return append([]rest.Parameter{{Name: "onggi.conf", Old: "the last good settings", New: d.attempts.aside}}, d.pending...)
}

// configureAgain is for settings of which the log of the primary asked for more: the primary may have been restarted with less by now, or
// this server may be the primary.
func (d *Database) configureAgain(standby bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if d.configure(ctx, standby) != nil {
		return // the next full status comes back to it
	}
	d.mu.Lock()
	held := d.held
	d.mu.Unlock()
	if !held && d.Postgres.Reload(ctx) == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.full = time.Time{}
	}
}

// keepGood keeps what the server runs with. Where the volume does not take it, it is tried again with the next answer.
func (d *Database) keepGood() {
	if d.Postgres.KeepGood() == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts.unkept = true
}
