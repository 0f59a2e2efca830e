package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

// newManCmd writes the manual from the commands themselves; packagers and make generate call it.
func newManCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write man pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return cli.Fail(cli.InOut, err)
			}
			never := time.Unix(0, 0).UTC() // the same bytes on every day
			head := &doc.GenManHeader{Title: "ONGGI", Section: "1", Source: "onggi", Manual: "onggi", Date: &never}
			if err := doc.GenManTree(cmd.Root(), head, args[0]); err != nil {
				return cli.Exit(cli.InOut, "write man pages: %w", err)
			}
			pages, err := filepath.Glob(filepath.Join(args[0], "*.1"))
			if err != nil {
				return cli.Fail(cli.InOut, err)
			}
			fmt.Fprintf(s.Out, "%s: %s\n", args[0], cli.Plural(len(pages), "page"))
			return nil
		},
	}
}
