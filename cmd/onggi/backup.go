package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2/act"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

func newBackupCmd(s *cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "backup", Short: "Make a backup of a database that runs, or list those that there are",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return cli.Exit(cli.Usage, "backup needs a verb: now or list") },
	}
	cmd.AddCommand(newBackupNowCmd(s), newBackupListCmd(s))
	return cmd
}

func newBackupNowCmd(s *cli.Streams) *cobra.Command {
	want := &act.Request{Verb: act.Backup}
	var f databaseFlags
	cmd := &cobra.Command{
		Use: "now NAME", Short: "Make a backup now",
		Long: "Make a backup now, beside those that are scheduled, to where the spec says.\n\n" + nameOrPath,
		Example: `  onggi backup now shop
  onggi backup now shop --type full --wait         # native`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"", "full", "diff", "incr"}, want.Type) {
				return cli.Exit(cli.Usage, "there is no backup of type %q: choose full, diff or incr", want.Type)
			}
			return f.change(cmd.Context(), s, args[0], *want)
		},
	}
	cmd.Flags().StringVar(&want.Type, "type", "", "full, diff (to the last full one) or incr (to the last); the default is the back end's")
	cmd.Flags().BoolVar(&want.Wait, "wait", false, "end with the backup")
	complete(cmd, "type", []string{"full", "diff", "incr"})
	return day2Cmd(cmd, &f, false)
}

func newBackupListCmd(s *cli.Streams) *cobra.Command {
	var f databaseFlags
	var output string
	cmd := &cobra.Command{
		Use: "list NAME", Short: "List the backups, the newest first",
		Long:    "List the backups that there are, the newest first, and whether the archive of the log works. The exit code is 1 when it fails, or the last backup did.\n\n" + nameOrPath,
		Example: `  onggi backup list shop -o json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownOutput(output); err != nil {
				return err
			}
			d, err := f.find(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			now, _, err := d.Status(cmd.Context())
			if err != nil {
				return err
			}
			if now.Backups == nil {
				return cli.Exit(cli.Findings, "nothing is known of backups of %s: give its spec a backup section, or see its operator", now.Name)
			}
			if err := show(s, output, backupsTable(now.Backups), now.Backups); err != nil {
				return err
			}
			if last, _ := now.Backups.Last(); now.Backups.Failing() || last.Failed() {
				return cli.Error{Code: cli.Findings}
			}
			return nil
		},
	}
	outputFlag(cmd, &output)
	return day2Cmd(cmd, &f, false)
}

// backupsTable is the list for a person.
func backupsTable(b *status.Backups) string {
	rows := [][]string{{"BACKUP", "STATE", "STARTED", "TOOK", "TYPE", "METHOD", "BYTES", "ERROR"}}
	for _, one := range b.List {
		bytes := ""
		if one.Bytes > 0 {
			bytes = strconv.FormatInt(one.Bytes, 10)
		}
		rows = append(rows, []string{one.Name, one.State, one.Started, took(one), one.Type, one.Method, bytes, one.Error})
	}
	text := status.View{}.Table(rows, 4, nil)
	if b.Archiving != "" {
		text += strings.TrimSuffix("the archive of the log is "+b.Archiving+": "+b.Detail, ": ") + "\n"
	}
	if b.Earliest != "" {
		text += "back to " + b.Earliest + "\n"
	}
	return text
}

func took(b status.Backup) string {
	begun, err := time.Parse(time.RFC3339, b.Started)
	ended, failed := time.Parse(time.RFC3339, cmp.Or(b.Ended, "-"))
	if err != nil || failed != nil {
		return ""
	}
	return ended.Sub(begun).String()
}
