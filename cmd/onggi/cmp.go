package main

import (
	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/cmp"
)

func newCmpCmd(s *cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cmp",
		Short: "Be Argo CD's config management plugin, and install it",
		Long: `The verbs of onggi's config management plugin. In Argo CD they are called as onggi-cmp, a program with these verbs alone,
which starts in a seventh of the time.`,
	}
	cmd.AddCommand(cmp.Commands(s, buildVersion().Version)...)
	return cmd
}
