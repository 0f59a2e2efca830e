package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
	"github.com/onggi-db/onggi/cmd/internal/kube"
)

type psqlOptions struct {
	databaseFlags
	member  string
	replica bool
}

func newPsqlCmd(s *cli.Streams) *cobra.Command {
	var o psqlOptions
	cmd := &cobra.Command{
		Use:   "psql NAME [-- ARGS...]",
		Short: "Run psql in the primary's pod",
		Long: `Run psql in the pod of the primary, as the superuser, with a terminal where there is one. What follows -- goes to psql, and psql's
exit code is this one's.

` + nameOrPath,
		Example: `  onggi psql shop
  onggi psql shop -- -d app -c 'select count(*) from orders'
  onggi psql shop --replica < report.sql`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if at := cmd.ArgsLenAtDash(); len(args) > 1 && at != 1 {
				return cli.Exit(cli.Usage, "what psql is to be given comes after --: onggi psql %s -- %s", args[0], args[1])
			}
			return runPsql(cmd.Context(), s, o, args)
		},
	}
	cmd.Flags().StringVar(&o.member, "member", "", "in this member's pod, not the primary's")
	cmd.Flags().BoolVar(&o.replica, "replica", false, "in the pod of a replica")
	return day2Cmd(cmd, &o.databaseFlags, false)
}

func runPsql(ctx context.Context, s *cli.Streams, o psqlOptions, args []string) error {
	d, err := o.find(ctx, s, args[0])
	if err != nil {
		return err
	}
	now, _, err := d.Status(ctx)
	if err != nil {
		return err
	}
	p := day2.Psql{Args: args[1:], Stdin: s.In, Stdout: s.Out, Stderr: s.Err}
	if p.Member, err = o.where(now); err != nil {
		return err
	}
	in, typed := typing(s.In)
	if !typed || !s.OutTerminal {
		return d.Psql(ctx, p)
	}
	p.TTY = true
	return inRawMode(ctx, in, func(sizes <-chan kube.Size) error {
		p.Sizes = sizes
		return d.Psql(ctx, p)
	})
}

// where is the member that psql runs at.
func (o psqlOptions) where(now status.Status) (string, error) {
	switch {
	case o.member != "" && o.replica:
		return "", cli.Exit(cli.Usage, "--member and --replica exclude each other")
	case o.member != "":
		if m, ok := now.Member(o.member); !ok || m.Pod != "Running" {
			return "", cli.Exit(cli.Usage, "%s is no member of %s that runs: onggi status %s", o.member, now.Name, now.Name)
		}
		return o.member, nil
	case o.replica:
		for _, m := range now.Members {
			if m.Role != status.Primary && m.Ready {
				return m.Name, nil
			}
		}
		return "", cli.Exit(cli.Findings, "no replica of %s is ready: onggi status %s", now.Name, now.Name)
	case now.Primary == "":
		return "", cli.Exit(cli.Findings, "%s has no primary: --member names another member", now.Name)
	}
	return now.Primary, nil
}

// typing is the terminal that somebody types at. The null device is none: it has no modes.
func typing(in io.Reader) (*os.File, bool) {
	f, isFile := in.(*os.File)
	return f, isFile && term.IsTerminal(int(f.Fd()))
}

// inRawMode hands every key on as it is typed, and puts the terminal back.
func inRawMode(ctx context.Context, in *os.File, run func(<-chan kube.Size) error) error {
	fd := int(in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return cli.Exit(cli.InOut, "prepare the terminal: %w", err)
	}
	defer func() { _ = term.Restore(fd, before) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return run(terminalSizes(ctx, fd))
}
