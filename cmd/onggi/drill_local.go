package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	edge "github.com/onggi-db/onggi/cmd/internal/drill"
	"github.com/onggi-db/onggi/cmd/internal/program"
	"github.com/onggi-db/onggi/render/drill"
)

func newDrillLocalCmd(s *cli.Streams) *cobra.Command {
	var config, job, output string
	cmd := &cobra.Command{
		Use:   "local --config FILE --job NAME",
		Short: "Run one drill in the pod's own volume, as backend native does",
		Long: `Run one restore drill without an operator: pgBackRest restores into a volume that ends with the pod, a server that nobody else
reaches recovers there, the checks are asked, and everything is removed again. The repository is only read.

It is the program of the CronJob that spec.backup.drill compiles to with backend native, in an image that has postgres and pgbackrest.`,
		Example: `  onggi drill local --config /etc/onggi/drill/drill.yaml --job "$JOB_NAME"`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config == "" || job == "" || output != "text" && output != "json" {
				return cli.Exit(cli.Usage, "drill local needs --config and --job; -o is text or json")
			}
			return drillLocal(cmd.Context(), s, config, job, output)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "the file that says what to restore and check")
	cmd.Flags().StringVar(&job, "job", "", "name of the Job that this runs in")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json, one line")
	return cmd
}

func drillLocal(ctx context.Context, s *cli.Streams, config, job, output string) error {
	data, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	cfg, err := drill.DecodeLocal(data)
	if err != nil {
		return cli.Exit(cli.Invalid, "%s: %w", config, err)
	}
	run := drill.Run{Job: job, Started: time.Now()}
	o := edge.Local(ctx, cfg, run, rand.Float64(), func(line string) { fmt.Fprintln(s.Err, line) })
	if err := showOutcome(s, output, o); err != nil || o.OK {
		return err
	}
	return cli.Fail(failedBy(ctx, o.Ended.Sub(run.Started), time.Duration(cfg.Timeout)), errors.New(o.Reason))
}

// showOutcome prints what came of a run, as text or as JSON on one line.
func showOutcome(s *cli.Streams, output string, o interface{ Text() string }) error {
	if output != "json" {
		fmt.Fprintln(s.Out, o.Text())
		return nil
	}
	line, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("write the outcome: %w", err)
	}
	fmt.Fprintf(s.Out, "%s\n", line)
	return nil
}

// failedBy is the exit code of a run that failed: it took too long, was told to end, or found something.
func failedBy(ctx context.Context, took, within time.Duration) int {
	if took >= within || ctx.Err() != nil {
		return cli.Timeout
	}
	return cli.Findings
}

// newDrillInstallCmd is for an init container: the image in which a drill restores has postgres, and not this program.
func newDrillInstallCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "install DIR", Short: "Copy this program into a folder, for the drill's container", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			target, err := program.Install(args[0], "onggi")
			if err != nil {
				return cli.Exit(cli.InOut, "%w", err)
			}
			fmt.Fprintln(s.Out, target)
			return nil
		},
	}
}
