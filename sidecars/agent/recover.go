package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// Recovery makes the data of a cluster that has none of another one's backups, or of a running server.
type Recovery struct {
	Source backup.Settings
	From   config.Recover
	// Copy is the running server to begin as a copy of; nil: backups are read.
	Copy *Original
	// Socket is a folder for the server that recovers.
	Socket string
	// Tell writes an event.
	Tell func(warning bool, reason, message string)

	mu    sync.Mutex
	state rest.RestoreRun
	fails int       // in a row
	after time.Time // when the next try may be
}

// RecoveryOf is what the file asks for; nil where it asks for none.
func RecoveryOf(f config.File, member string) *Recovery {
	r := &Recovery{Socket: path.Join(f.Run.Dir, "recover"), Tell: func(bool, string, string) {}}
	switch {
	case f.Copy != nil:
		r.Copy = &Original{Upstream: *upstreamOutside(f.Copy, f, member), PasswordFile: f.Copy.PasswordFile}
	case f.Recover != nil:
		r.Source, r.From = backup.SourceOf(*f.Recover, f), *f.Recover
	default:
		return nil
	}
	return r
}

// place is what it begins from, for people.
func (r *Recovery) place() string {
	if r.Copy != nil {
		return r.Copy.String()
	}
	return r.Source.Place() + " stanza " + r.Source.Stanza
}

// what it is, for people.
func (r *Recovery) what() string {
	if r.Copy != nil {
		return "copy of a running server"
	}
	return "recovery from a backup"
}

// State is what is being done, or was.
func (r *Recovery) State() rest.RestoreRun {
	if r == nil {
		return rest.RestoreRun{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// is notes a state, and tells people of one that is another.
func (r *Recovery) is(log *slog.Logger, state, text string) {
	r.mu.Lock()
	before := r.state
	r.state.State, r.state.Text, r.state.From = state, text, r.place()
	if before.Begun.IsZero() {
		r.state.Begun = time.Now()
	}
	if state == "done" || state == "failed" {
		r.state.Ended = time.Now()
	}
	r.mu.Unlock()
	if before.State == state && before.Text == text {
		return
	}
	if log != nil {
		log.Info(r.what(), "state", state, "what", text)
	}
	if state != before.State {
		reason := map[string]string{"waiting": "RecoverWaits", "running": "RecoverBegan", "done": "Recovered", "failed": "RecoverFailed"}[state]
		r.Tell(state == "waiting" || state == "failed", reason, text)
	}
}

// lookAgain is the time between two looks for a backup.
const lookAgain = 15 * time.Second

// errWaits ends a try that found nothing to recover from.
var errWaits = errors.New("waits for a backup to recover from")

// init makes the data of a new cluster.
func (d *Database) init(ctx context.Context, f Facts) error {
	r := d.Recovery
	if r == nil {
		return d.Postgres.Init(ctx, d.InitDB)
	}
	if err := r.patience(ctx); err != nil {
		return err
	}
	err := d.recoverFrom(ctx, r, f)
	switch {
	case err == nil:
		r.is(f.Log, "done", "the cluster was made: "+r.what())
	case ctx.Err() != nil, errors.Is(err, errWaits):
	default:
		r.is(f.Log, "failed", err.Error())
	}
	r.tried(err, time.Now())
	return err
}

// tried sets when the next try may be. To wait for a backup is no failure, and the first look that finds one is not held back by it.
func (r *Recovery) tried(err error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.fails, r.after = 0, time.Time{}
	case errors.Is(err, errWaits):
		r.fails, r.after = 0, now.Add(lookAgain)
	default:
		r.fails++
		r.after = now.Add(min(5*time.Second<<min(r.fails, 7), 10*time.Minute))
	}
}

// patience keeps one try from following the other at once: each copies the whole backup.
func (r *Recovery) patience(ctx context.Context) error {
	r.mu.Lock()
	wait := time.Until(r.after)
	r.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// recoverFrom is one try.
func (d *Database) recoverFrom(ctx context.Context, r *Recovery, f Facts) error {
	// What a sidecar that died had begun would go on in the folder that is emptied now.
	if err := d.Supervisor.endTool(ctx); err != nil {
		return err
	}
	if r.Copy != nil {
		return d.copyFrom(ctx, r, f)
	}
	source := repository{r.Source, d.Postgres.Tools}
	if err := source.prepare(); err != nil {
		return err
	}
	info, err := source.info(ctx)
	if err != nil {
		return err
	}
	there, known := backup.Restorable(info)
	switch {
	case !known:
		return fmt.Errorf("the repository does not say whether it holds a backup: status %d: %s", info.Code, info.Message)
	case !there && r.From.OrInit:
		r.is(f.Log, "none", "there is no backup of stanza "+r.Source.Stanza+": a new cluster is made")
		return d.Postgres.Init(ctx, d.InitDB)
	case !there:
		r.is(f.Log, "waiting", fmt.Sprintf("there is no backup of stanza %s in %s", r.Source.Stanza, r.Source.Place()))
		return errWaits
	}
	return d.restored(ctx, r, f, d.restoreOptions(source, r.From.Target, r.From.Set, r.Socket, nil, nil))
}

// restored makes the data directory, as long as it is this member's to make, and tells how far it is.
func (d *Database) restored(ctx context.Context, r *Recovery, f Facts, o postgres.RestoreOptions) error {
	o.Still = func() error {
		if f.Leads != nil && !f.Leads() {
			return errors.New("another member makes the cluster by now")
		}
		return nil
	}
	o.Progress = func(what string) { r.is(f.Log, "running", what) }
	done, err := d.Postgres.Restore(ctx, o)
	if err == nil && f.Log != nil {
		f.Log.Info("recovered", "from", r.place(), "system", done.System, "timeline", done.Timeline, "end", done.End.String())
	}
	return err
}

// restoreOptions are those of a restore from a repository.
func (d *Database) restoreOptions(from repository, target config.RecoverTarget, set, socket string, still func() error, progress func(string)) postgres.RestoreOptions {
	return postgres.RestoreOptions{
		Fetch: func(ctx context.Context, into string) error {
			// Not beside everything else: nothing else is done to the volume meanwhile.
			_, err := from.exec(ctx, postgres.Command{Argv: from.settings.Restore(into, target, set)})
			return err
		},
		Command: from.settings.ArchiveGet, Recovery: backup.Recovery(target), Init: d.InitDB, Socket: socket, Still: still, Progress: progress,
	}
}
