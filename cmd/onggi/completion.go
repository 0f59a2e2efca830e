package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/spec"
)

// complete offers fixed values for a flag.
func complete(cmd *cobra.Command, flag string, values []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag does not exist: a mistake in this program, met by any test
	}
}

// completeEnvs offers the environments of the specs that are named already.
func completeEnvs(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("env", func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return knownEnvs(c, args), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err)
	}
}

func knownEnvs(c *cobra.Command, args []string) []string {
	s := &cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	in, err := source.Read(s.In, args)
	if err != nil {
		return nil
	}
	seen := make(map[string]bool)
	var envs []string
	_ = in.Batches(c.Context(), func(docs []*spec.Document) error { // a spec with problems still has names to offer
		for _, doc := range docs {
			for _, env := range doc.Environments() {
				if !seen[env] {
					seen[env] = true
					envs = append(envs, env)
				}
			}
		}
		return nil
	})
	return envs
}
