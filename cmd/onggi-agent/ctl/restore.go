package ctl

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/sidecars/rest"
)

func (a *app) restore() *cobra.Command {
	var want rest.Restore
	var wait bool
	cmd := &cobra.Command{
		Use: "restore (--time T | --lsn L | --xid X | --name N | --immediate)", Short: "set the whole cluster back to a moment, in its place", Args: cobra.NoArgs,
		Long: "Set the whole cluster back to a moment, from its own backups. Everybody stops; the leader restores and keeps the data that it had beside, the others copy it.\n" +
			"What was committed after the moment is gone from the cluster. To look at the past without that, recover another cluster from the backups.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			targets := 0
			for _, set := range []bool{want.Time != "", want.LSN != "", want.XID != "", want.Name != "", want.Immediate} {
				if set {
					targets++
				}
			}
			if targets != 1 {
				return fail(Usage, "one of --time, --lsn, --xid, --name and --immediate says where to")
			}
			c, err := a.read(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.confirm(fmt.Sprintf("Stop %s and set it back: what was committed since is gone from it", c.Scope)); err != nil {
				return err
			}
			if err := a.tell(cmd.Context(), http.MethodPost, "/restore", want); err != nil || !wait {
				return err
			}
			return a.awaitRestore(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&want.Time, "time", "", "to this moment, with its zone: 2026-11-22 12:00:00+00")
	flags.StringVar(&want.LSN, "lsn", "", "to this position of the log")
	flags.StringVar(&want.XID, "xid", "", "to the commit of this transaction")
	flags.StringVar(&want.Name, "name", "", "to this restore point (pg_create_restore_point)")
	flags.BoolVar(&want.Immediate, "immediate", false, "to the end of the backup")
	flags.BoolVar(&want.Exclusive, "exclusive", false, "stop just before the target")
	flags.StringVar(&want.Timeline, "timeline", "", "latest (the default), current or a number")
	flags.StringVar(&want.Set, "set", "", "label of the backup to begin with (default: the newest before the target)")
	flags.BoolVar(&want.WithoutCopy, "without-copy", false, "remove the data that is there now first, where there is no room to keep it")
	flags.BoolVar(&wait, "wait", true, "end with the restore")
	return cmd
}

// awaitRestore tells how the restore does until it has ended.
func (a *app) awaitRestore(ctx context.Context) error {
	ctx, cancel := a.within(ctx, 24*time.Hour)
	defer cancel()
	said := ""
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return fail(Timeout, "the restore goes on: %w", ctx.Err())
		case <-time.After(pollEvery / 2):
		}
		var now rest.Backups
		brief, cancel := context.WithTimeout(ctx, reading)
		err := a.target.here().get(brief, "/backup", &now)
		cancel()
		if err != nil || now.Restore == nil {
			if missed++; missed > 60 {
				return fail(Findings, "nothing is known of the restore any more")
			}
			continue
		}
		missed = 0
		switch r := now.Restore; {
		case r.State == "done":
			fmt.Fprintf(a.streams.Out, "%s: %s\n", r.Text, r.Ended.Sub(r.Begun).Round(time.Second))
			return nil
		case r.State == "failed":
			return fail(Findings, "the restore failed: %s", r.Text)
		case r.Text != said:
			said = r.Text
			fmt.Fprintln(a.streams.Err, said)
		}
	}
}
