package cmp

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/argocd/plugin"
)

func newDiscoverCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "discover",
		Short: "Tell whether the working folder is onggi's",
		Long: `Print the file that makes the working folder one of onggi's: onggi.yaml, or a file with apiVersion: onggi.dev/… in its first 64 KiB.
Folders below it do not count. Nothing is printed for other folders, nor for a Helm chart or a kustomization; the exit code is 0
either way, since Argo CD takes any other for an error.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runDiscover(s) },
	}
}

// runDiscover reads the working folder alone, without the repository around it: Argo CD asks for every application.
func runDiscover(s *cli.Streams) error {
	entries, err := os.ReadDir(".")
	if err != nil {
		return cli.Exit(cli.InOut, "read the working folder: %w", source.Cause(err))
	}
	var names []string
	for _, e := range entries {
		switch name := e.Name(); {
		case plugin.Foreign(name):
			return nil
		case e.Type().IsRegular() && source.IsSpec(name):
			names = append(names, name)
		}
	}
	if slices.Contains(names, plugin.Marker) {
		fmt.Fprintln(s.Out, plugin.Marker)
		return nil
	}
	head := make([]byte, peeked)
	for _, name := range names {
		data, err := peek(name, head)
		if err != nil {
			return cli.Exit(cli.InOut, "read %s: %w", name, source.Cause(err))
		}
		if plugin.Marks(name, data) {
			fmt.Fprintln(s.Out, name)
			return nil
		}
	}
	return nil
}

// peeked is how much of a file is looked at: a folder may hold a thousand large manifests, and a spec says what it is in its first
// lines.
const peeked = 64 << 10

// peek is the beginning of a file, in a buffer that is used again.
func peek(name string, buffer []byte) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	n, err := f.Read(buffer)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return buffer[:n], err
}
