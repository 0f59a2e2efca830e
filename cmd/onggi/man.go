package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newManCmd writes the manual from the commands themselves; packagers and make generate call it.
func newManCmd(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write man pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return exitError{exitInOut, err}
			}
			never := time.Unix(0, 0).UTC() // the same bytes on every day
			head := &doc.GenManHeader{Title: "ONGGI", Section: "1", Source: "onggi", Manual: "onggi", Date: &never}
			if err := doc.GenManTree(cmd.Root(), head, args[0]); err != nil {
				return exit(exitInOut, "write man pages: %w", err)
			}
			pages, err := filepath.Glob(filepath.Join(args[0], "*.1"))
			if err != nil {
				return exitError{exitInOut, err}
			}
			fmt.Fprintf(s.out, "%s: %s\n", args[0], plural(len(pages), "page"))
			return nil
		},
	}
}
