package main

import (
	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

func newScaleCmd(s *cli.Streams) *cobra.Command {
	var f databaseFlags
	var query bool
	var to int
	var output string
	cmd := &cobra.Command{
		Use:   "scale NAME --query [--to N]",
		Short: "Tell what would go if a database had another number of members",
		Long: `Tell which members would go if the database had N members, whether the primary is among them, who could take over, and whether
commits could still be acknowledged. Nothing is changed: the number itself is instances in the spec.

The exit code is 1 when commits could no longer be acknowledged, or nobody that stays could take over.

` + nameOrPath,
		Example: `  onggi scale shop --query              # one member less
  onggi scale shop --query --to 1 -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !query:
				return cli.Exit(cli.Usage, "the number of members is instances in the spec, which Git and the cluster agree on: change it there; --query tells what would go")
			case cmd.Flags().Changed("to") && to < 0:
				return cli.Exit(cli.Usage, "--to %d: no database has fewer than 0 members", to)
			}
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
			if !cmd.Flags().Changed("to") {
				to = max(0, now.Wanted-1)
			}
			q := now.Query(to)
			if err := show(s, output, q.Text(), q); err != nil {
				return err
			}
			if !q.Quorum || q.Primary && len(q.Heirs) == 0 {
				return cli.Error{Code: cli.Findings}
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&query, "query", false, "tell what would go")
	fl.IntVar(&to, "to", 0, "to how many members; one less if left out")
	outputFlag(cmd, &output)
	return day2Cmd(cmd, &f, false)
}
