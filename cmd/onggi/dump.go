package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	edge "github.com/onggi-db/onggi/cmd/internal/dump"
	"github.com/onggi-db/onggi/render/dump"
)

func newDumpCmd(s *cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "dump", Short: "List logical dumps of a database, read one, or restore it",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return cli.Exit(cli.Usage, "dump needs a verb: list, get, restore or run")
		},
	}
	cmd.AddCommand(newDumpRunCmd(s), newDumpListCmd(s), newDumpGetCmd(s), newDumpRestoreCmd(s), newDumpWaitCmd())
	return cmd
}

func newDumpRunCmd(s *cli.Streams) *cobra.Command {
	var config, output string
	cmd := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Make one dump, in a pod of the CronJob that spec.backup.dumps compiles to",
		Long: `Make one logical dump: pg_dump of each database, from a standby where there is one, and pg_dumpall of roles and tablespaces. Each is checked, sent
to the store, and read back. Once all are there, older dumps are removed as the file says. If anything fails, what was sent is removed, and the dumps
before stay.

It is the program of the CronJobs that spec.backup.dumps compiles to with backend native, in an image that has pg_dump and pgbackrest.`,
		Example: `  onggi dump run --config /etc/onggi/dump/dump.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config == "" || output != "text" && output != "json" {
				return cli.Exit(cli.Usage, "dump run needs --config; -o is text or json")
			}
			return runDump(cmd.Context(), s, config, output)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "the file that says what to dump, and where to")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json, one line")
	return cmd
}

// dumpConfig reads the file of a series.
func dumpConfig(file string) (*dump.Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg, err := dump.Decode(data)
	if err != nil {
		return nil, cli.Exit(cli.Invalid, "%s: %w", file, err)
	}
	return cfg, nil
}

func runDump(ctx context.Context, s *cli.Streams, file, output string) error {
	cfg, err := dumpConfig(file)
	if err != nil {
		return err
	}
	o := edge.Run(ctx, cfg, func(line string) { fmt.Fprintln(s.Err, line) })
	if err := showOutcome(s, output, o); err != nil || o.OK {
		return err
	}
	return cli.Fail(failedBy(ctx, o.Ended.Sub(o.Started), time.Duration(cfg.Timeout)), errors.New(o.Reason))
}
