package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

func newStatusCmd(s *cli.Streams) *cobra.Command {
	var f databaseFlags
	var output string
	var watch, wait time.Duration
	cmd := &cobra.Command{
		Use:   "status NAME",
		Short: "Show how a database does: members, roles, lag, backups, poolers, and what is wrong",
		Long: `Show a database that runs on one screen: its health and what is wrong, who takes writes, its members with roles, lag and pending
restarts, what a commit is worth, the record, the rollout, poolers and backups.

` + nameOrPath + ` Members are asked inside their pods, which takes the right to create pods/exec; without
it the screen is what the API server knows.

The exit code is 0 when it is healthy, 1 when something is missing that a failure would show, 8 when clients cannot write, and 6
when nobody could be asked. With --wait it is looked at until it is healthy and its rollout is done, or the time is over; what it was like
last is shown.`,
		Example: `  onggi status shop -n databases
  onggi status shop --wait 5m
  onggi status databases/shop.yaml --env prod --watch
  onggi status shop -o json | jq .members`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownOutput(output); err != nil {
				return err
			}
			switch {
			case watch != 0 && watch < 500*time.Millisecond:
				return cli.Exit(cli.Usage, "--watch %s: at least 500ms", watch)
			case wait < 0:
				return cli.Exit(cli.Usage, "--wait %s: until when?", wait)
			case watch != 0 && wait != 0:
				return cli.Exit(cli.Usage, "--watch shows it for ever, and --wait ends: choose")
			}
			d, err := f.find(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			if watch > 0 {
				return watchStatus(cmd.Context(), s, d, output, watch)
			}
			now, err := settled(cmd.Context(), d, wait)
			if err != nil {
				return err
			}
			if err := showStatus(s, now, output); err != nil {
				return err
			}
			return concludeStatus(now)
		},
	}
	outputFlag(cmd, &output)
	cmd.Flags().DurationVarP(&watch, "watch", "w", 0, "show it again and again, every two seconds or as often as said")
	cmd.Flags().Lookup("watch").NoOptDefVal = "2s"
	cmd.Flags().DurationVar(&wait, "wait", 0, "wait until it is healthy and no rollout is under way, at most this long")
	return day2Cmd(cmd, &f, false)
}

func showStatus(s *cli.Streams, now status.Status, output string) error {
	return show(s, output, now.Screen(status.View{Now: time.Now(), Color: s.OutColor}), now)
}

// outputForms are how the verbs that look show what they see.
var outputForms = []string{"table", "json", "yaml"}

func outputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "table", strings.Join(outputForms, " | "))
	complete(cmd, "output", outputForms)
}

func knownOutput(output string) error {
	if !slices.Contains(outputForms, output) {
		return cli.Exit(cli.Usage, "there is no output %q: choose table, json or yaml", output)
	}
	return nil
}

// show writes a value in the form that was asked for, table being how it is told to a person.
func show(s *cli.Streams, output, table string, value any) error {
	text := []byte(table)
	if output != "table" {
		var err error
		if text, err = encodeAs(output, value); err != nil {
			return err
		}
	}
	if _, err := s.Out.Write(text); err != nil {
		return cli.Exit(cli.InOut, "write standard output: %w", err)
	}
	return nil
}

// encodeAs is a value as JSON, or as the YAML of that JSON.
func encodeAs(output string, value any) ([]byte, error) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil && output == "yaml" {
		return yaml.JSONToYAML(text)
	}
	if err != nil {
		return nil, fmt.Errorf("write json: %w", err)
	}
	return append(text, '\n'), nil
}

// settled is how a database does, once it is healthy and every pod is of the newest revision, or the wait is over.
func settled(ctx context.Context, d *day2.Database, wait time.Duration) (status.Status, error) {
	over := time.After(wait)
	for {
		now, _, err := d.Status(ctx)
		if wait == 0 || err == nil && now.Settled() {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-over:
			return now, err
		case <-time.After(time.Second):
		}
	}
}

// watchStatus shows it until it is stopped. One that cannot be read may be there again at the next turn.
func watchStatus(ctx context.Context, s *cli.Streams, d *day2.Database, output string, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		now, _, err := d.Status(ctx)
		if s.OutTerminal && output == "table" {
			fmt.Fprint(s.Out, "\x1b[H\x1b[2J")
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			fmt.Fprintf(s.Err, "%s: %s\n", commandOnggi, err)
		default:
			if err := showStatus(s, now, output); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// concludeStatus is the exit code of a health.
func concludeStatus(now status.Status) error {
	switch now.Health {
	case status.Degraded:
		return cli.Error{Code: cli.Findings}
	case status.Down:
		return cli.Error{Code: cli.Down}
	case status.Unknown:
		return cli.Exit(cli.InOut, "how %s does could not be found out: %s", now.Name, strings.Join(now.Notes, "; "))
	}
	return nil
}
