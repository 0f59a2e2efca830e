package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

type logsOptions struct {
	databaseFlags
	members, containers []string
	role                string
	follow, previous    bool
	tail                int
	since               time.Duration
}

func newLogsCmd(s *cli.Streams) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs NAME",
		Short: "Show the logs of all members: the database's and its agent's",
		Long: `Show the logs of a database that runs: of every member's server and, with native, of its agent, each line behind the name of its
member and container. With --follow they are mixed as they come.

` + nameOrPath,
		Example: `  onggi logs shop -f
  onggi logs shop --role primary --container database --since 1h
  onggi logs shop --member shop-1 --tail 100 --previous`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runLogs(cmd, s, o, args[0]) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.members, "member", nil, "only of these")
	f.StringVar(&o.role, "role", "", "only of this role: primary or replica")
	f.StringSliceVarP(&o.containers, "container", "c", nil, "only of these: database and agent with native")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on as more comes, until it is stopped")
	f.BoolVarP(&o.previous, "previous", "p", false, "of the containers before their last restart")
	f.IntVar(&o.tail, "tail", -1, "how many lines of each, from the end; the default is all, and 20 with --follow")
	f.DurationVar(&o.since, "since", 0, "only what is not older, such as 1h")
	complete(cmd, "role", []string{"primary", "replica"})
	return day2Cmd(cmd, &o.databaseFlags, false)
}

func runLogs(cmd *cobra.Command, s *cli.Streams, o logsOptions, arg string) error {
	if o.role != "" && o.role != status.Primary && o.role != status.Replica {
		return cli.Exit(cli.Usage, "there is no role %q: choose primary or replica", o.role)
	}
	d, err := o.find(cmd.Context(), s, arg)
	if err != nil {
		return err
	}
	now, _, err := d.Status(cmd.Context())
	if err != nil {
		return err
	}
	want := day2.Logs{Containers: o.containers, Follow: o.follow, Previous: o.previous, Tail: o.tail, Since: o.since}
	if want.Members, err = o.chosen(now); err != nil {
		return err
	}
	if want.Containers == nil {
		want.Containers = d.Backend.Containers()
	}
	if o.follow && !cmd.Flags().Changed("tail") && o.since == 0 {
		want.Tail = 20
	}
	if err := d.Follow(cmd.Context(), want, prefixes(s, want), s.Out, s.Err); err != nil {
		return cli.Error{Code: cli.InOut} // each has been told
	}
	return nil
}

// chosen are the members whose logs are wanted, and who have any.
func (o logsOptions) chosen(now status.Status) ([]string, error) {
	for _, name := range o.members {
		if _, ok := now.Member(name); !ok {
			return nil, cli.Exit(cli.Usage, "%s is not a member of %s: members are %s", name, now.Name, strings.Join(now.Names(), ", "))
		}
	}
	var names []string
	for _, m := range now.Members {
		switch {
		case m.Pod == "none" || m.Pod == "Pending":
		case len(o.members) > 0 && !slices.Contains(o.members, m.Name):
		case o.role == status.Primary && m.Role != status.Primary, o.role == status.Replica && m.Role == status.Primary:
		default:
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return nil, cli.Exit(cli.Findings, "no member of %s that runs is meant: onggi status %s", now.Name, now.Name)
	}
	return names, nil
}

// prefixes names each line's member and container, as wide as the widest, and in a colour of its own on a terminal.
func prefixes(s *cli.Streams, l day2.Logs) func(member, container string) string {
	width := 0
	for _, m := range l.Members {
		for _, c := range l.Containers {
			width = max(width, len(m)+1+len(c))
		}
	}
	return func(member, container string) string {
		text := fmt.Sprintf("%-*s | ", width, member+"/"+container)
		if !s.OutColor {
			return text
		}
		return fmt.Sprintf("\x1b[3%dm%s\x1b[0m", 1+slices.Index(l.Members, member)%6, text)
	}
}
