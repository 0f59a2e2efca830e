package cmp

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/argocd/plugin"
)

func newDiscoverCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "discover",
		Short: "Tell whether the working folder is onggi's",
		Long: `Print the file that makes the working folder one of onggi's: onggi.yaml, or a file with apiVersion: onggi.dev/….
Folders below it do not count. Nothing is printed for other folders, nor for a Helm chart or a kustomization; the exit code is 0
either way, since Argo CD takes any other for an error.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runDiscover(s) },
	}
}

func runDiscover(s *cli.Streams) error {
	at, err := here("")
	if err != nil {
		return err
	}
	defer at.close()
	names, err := at.specs(".", false)
	if err != nil {
		return err
	}
	// Those without an extension of ours are not among the names.
	for _, name := range append([]string{"Kustomization"}, names...) {
		if !plugin.Foreign(name) {
			continue
		}
		if _, err := at.root.Stat(name); err == nil {
			return nil
		}
	}
	if slices.Contains(names, plugin.Marker) {
		fmt.Fprintln(s.Out, plugin.Marker)
		return nil
	}
	for _, name := range names {
		src, err := at.read(name)
		if err != nil {
			return err
		}
		if plugin.Marks(name, src.Data) {
			fmt.Fprintln(s.Out, name)
			return nil
		}
	}
	return nil
}
