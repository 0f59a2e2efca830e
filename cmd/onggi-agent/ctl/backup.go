package ctl

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/sidecars/rest"
)

// pollEvery is the time between two looks at a run that is waited for.
const pollEvery = 2 * time.Second

func (a *app) backup() *cobra.Command {
	var kind string
	var wait bool
	cmd := &cobra.Command{
		Use: "backup", Short: "make a backup; any member may be asked", Args: cobra.NoArgs,
		Long: "Make a backup: full, diff (to the last full one) or incr (to the last of any type). Any member may be asked; the leader chooses who makes it.\n" +
			"With --wait the command ends with the backup, or after --timeout (24h), which leaves the backup going; a backup that is under way is waited for first.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"full", "diff", "incr"}, kind) {
				return fail(Usage, "--type %s: full, diff or incr", kind)
			}
			limit := moving
			if wait {
				limit = 24 * time.Hour
			}
			ctx, cancel := a.within(cmd.Context(), limit)
			defer cancel()
			return a.makeBackup(ctx, kind, wait)
		},
	}
	cmd.Flags().StringVar(&kind, "type", "incr", "full, diff or incr")
	cmd.Flags().BoolVar(&wait, "wait", false, "end with the backup")
	return cmd
}

// makeBackup asks for one, and waits for it if it is to.
func (a *app) makeBackup(ctx context.Context, kind string, wait bool) error {
	for {
		run, begun, err := a.beginBackup(ctx, kind)
		switch {
		case err != nil:
			return err
		case !begun && !wait:
			return fail(Findings, "a %s backup is under way on %s since %s", run.Type, run.Member, run.Begun.Format(time.RFC3339))
		case begun && !wait:
			fmt.Fprintf(a.streams.Out, "a %s backup has begun on %s: %s\n", run.Type, run.Member, run.ID)
			return nil
		}
		if begun {
			fmt.Fprintf(a.streams.Err, "a %s backup has begun on %s\n", run.Type, run.Member)
		} else {
			fmt.Fprintf(a.streams.Err, "waits for the %s backup on %s, under way since %s\n", run.Type, run.Member, run.Begun.Format(time.RFC3339))
		}
		ended, err := a.awaitBackup(ctx, run.ID)
		if err != nil {
			return err
		}
		if !begun {
			continue
		}
		if ended.State != "done" {
			return fail(Findings, "the backup failed: %s", ended.Text)
		}
		fmt.Fprintf(a.streams.Out, "%s backup %s is done: %s\n", ended.Type, ended.Label, ended.Ended.Sub(ended.Begun).Round(time.Second))
		return nil
	}
}

// beginBackup tells whether the run that it returns is the one that was asked for, or another that is under way.
func (a *app) beginBackup(ctx context.Context, kind string) (run rest.BackupRun, begun bool, err error) {
	got, err := a.target.here().ask(ctx, http.MethodPost, "/backup", map[string]string{"type": kind})
	if err != nil {
		return run, false, err
	}
	switch got.status {
	case http.StatusAccepted, http.StatusConflict:
		if err := json.Unmarshal([]byte(got.text), &run); err != nil {
			return run, false, fail(InOut, "read what the agent answered: %w", err)
		}
		return run, got.status == http.StatusAccepted, nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return run, false, fail(InOut, "%s (%d)", got.text, got.status)
	case http.StatusBadRequest, http.StatusNotFound:
		return run, false, fail(Invalid, "%s (%d)", got.text, got.status)
	}
	return run, false, fail(Findings, "%s (%d)", got.text, got.status)
}

// awaitBackup looks until a run has ended. An agent that does not answer for a while, as in a failover, is asked again.
func (a *app) awaitBackup(ctx context.Context, id string) (rest.BackupRun, error) {
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return rest.BackupRun{}, fail(Timeout, "the backup goes on: %w", ctx.Err())
		case <-time.After(pollEvery):
		}
		var now rest.Backups
		brief, cancel := context.WithTimeout(ctx, reading)
		err := a.target.here().get(brief, "/backup", &now)
		cancel()
		if err == nil {
			if at := slices.IndexFunc(now.Runs, func(r rest.BackupRun) bool { return r.ID == id }); at >= 0 {
				return now.Runs[at], nil
			}
			if now.Running != nil && now.Running.ID == id {
				missed = 0
				continue
			}
			err = fail(Findings, "the backup is not known any more: the leader changed, and with it the run ended")
		}
		if missed++; missed > 30 {
			return rest.BackupRun{}, err
		}
	}
}

func (a *app) backups() *cobra.Command {
	cmd := &cobra.Command{Use: "backups", Short: "the backups in the repository, and how the archive does", Args: cobra.NoArgs}
	a.watched(cmd, a.showBackups)
	return cmd
}

func (a *app) showBackups(ctx context.Context) error {
	ctx, cancel := a.within(ctx, reading)
	defer cancel()
	var b rest.Backups
	if err := a.target.here().get(ctx, "/backup", &b); err != nil {
		return err
	}
	if a.output != "table" {
		return a.write(b, table{})
	}
	framed := table{title: "Backups of " + b.Stanza + " in " + b.Repository, head: []string{"Label", "Type", "Begun", "Took", "Database", "Stored", "Log from", "Log to"},
		right: []string{"Took", "Database", "Stored"}}
	for _, one := range b.Backups {
		label := one.Label
		if one.Error {
			label += " (broken pages)"
		}
		framed.rows = append(framed.rows, []string{label, one.Type, one.Start.UTC().Format(time.RFC3339), one.Stop.Sub(one.Start).String(), megabytes(one.Size),
			megabytes(one.StoredDelta), one.WALStart, one.WALStop})
	}
	framed.write(a.streams.Out)
	for _, note := range backupNotes(b) {
		fmt.Fprintln(a.streams.Out, " "+note)
	}
	return nil
}

func megabytes(bytes uint64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20)) }

// backupNotes are what is said below the table.
func backupNotes(b rest.Backups) []string {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if b.State != "ok" {
		note("Repository: %s: %s", b.State, b.Reason)
	}
	if b.Archive.Max != "" {
		note("Archive: %s to %s", b.Archive.Min, b.Archive.Max)
	}
	if b.Archive.Ready > 0 {
		note("Waiting to be archived: %d segments, the oldest since %s", b.Archive.Ready, b.Archive.OldestReady.UTC().Format(time.RFC3339))
	}
	if r := b.Running; r != nil {
		note("Under way: %s on %s since %s", r.Type, r.Member, r.Begun.UTC().Format(time.RFC3339))
	}
	for _, r := range b.Runs {
		if r.State == "failed" {
			note("Failed: %s on %s at %s: %s", r.Type, r.Member, r.Ended.UTC().Format(time.RFC3339), r.Text)
		}
	}
	if r := b.Restore; r != nil {
		note("Restore from %s: %s %s", r.From, r.State, r.Text)
	}
	return notes
}
