package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

//go:embed all:profiles
var profiles embed.FS

// schemaFile is what the modeline of a starter spec points at.
const schemaFile = "onggi.schema.json"

func newInitCmd(s *cli.Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "init [homelab|team|native]",
		Short: "Write a starter spec, with its schema for the editor",
		Long: `Write a starter spec, its project file and the JSON Schema that editors check and complete it by.
Nothing that exists is overwritten.

  homelab   one k3s, Argo CD, MetalLB, sealed secrets, backups to S3
  team      stage and prod, a pooler, a closed network, alerts
  native    no operator and no rights beyond one namespace`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"homelab", "team", "native"},
		RunE: func(_ *cobra.Command, args []string) error {
			profile := "homelab"
			if len(args) == 1 {
				profile = args[0]
			}
			return runInit(s, profile, dir)
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", ".", "folder to write to")
	return cmd
}

func runInit(s *cli.Streams, profile, dir string) error {
	files, err := profileFiles(profile)
	if err != nil {
		return err
	}
	files[schemaFile] = indentedSchema()
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	var taken []string
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			taken = append(taken, filepath.Join(dir, name))
		}
	}
	if len(taken) > 0 {
		return cli.Exit(cli.InOut, "nothing was written: %s exists already", strings.Join(taken, ", "))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return cli.Fail(cli.InOut, err)
	}
	for _, name := range names {
		if err := writeFile(os.Link, filepath.Join(dir, name), files[name]); err != nil {
			return cli.Fail(cli.InOut, err)
		}
		fmt.Fprintln(s.Out, filepath.Join(dir, name))
	}
	return nil
}

func profileFiles(profile string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	dir := "profiles/" + profile
	entries, err := profiles.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read profile %s: %w", profile, err)
	}
	for _, e := range entries {
		data, err := profiles.ReadFile(dir + "/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read profile %s: %w", profile, err)
		}
		files[e.Name()] = data
	}
	return files, nil
}

func indentedSchema() []byte { return indentJSON(manifest.EncodeJSON(spec.JSONSchema(""))) }
