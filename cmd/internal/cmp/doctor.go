package cmp

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/argocd/plugin"
)

func newDoctorCmd(s *cli.Streams, version string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what is wrong with the place that the plugin runs in",
		Long: `Look at the sidecar from within: its user, folders, configuration, limits and variables, and the size of the working folder.
The exit code is 1 when something is wrong. Nothing is left behind; the temporary folder is written to and cleaned.`,
		Example: `  kubectl -n argocd exec deploy/argocd-repo-server -c onggi-cmp -- onggi-cmp doctor`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runDoctor(s, version, format) },
	}
	cmd.Flags().StringVarP(&format, "output", "o", "human", "human | json")
	complete(cmd, "output", []string{"human", "json"})
	return cmd
}

func runDoctor(s *cli.Streams, version, format string) error {
	if format != "human" && format != "json" {
		return cli.Exit(cli.Usage, "there is no output %q: choose human or json", format)
	}
	findings := plugin.Diagnose(surroundings(version))
	bad := 0
	for _, f := range findings {
		if f.Level != plugin.Fine {
			bad++
		}
	}
	if format == "json" {
		enc := json.NewEncoder(s.Out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(findings); err != nil {
			return cli.Exit(cli.InOut, "write standard output: %w", err)
		}
	} else {
		for _, f := range findings {
			fmt.Fprintf(s.Out, "%-8s %-17s %s\n", f.Level, f.Check, f.Message)
			if f.Fix != "" {
				fmt.Fprintf(s.Out, "%27s%s\n", "fix: ", f.Fix)
			}
		}
	}
	if bad > 0 {
		return cli.Exit(cli.Findings, "%s", cli.Plural(bad, "finding"))
	}
	return nil
}

func surroundings(version string) plugin.Surroundings {
	out := plugin.Surroundings{
		Version: version, User: os.Getuid(), Environ: os.Environ(), Temp: os.TempDir(), MemoryLimit: memoryLimit(),
		Server: plugin.ServerFolder + "/argocd-cmp-server", Config: plugin.ConfigFolder + "/" + plugin.ConfigFile,
		Socket: plugin.SocketFolder + "/" + plugin.Name + ".sock",
	}
	out.TempFree, out.TempError = freeIn(out.Temp)
	if info, err := os.Stat(out.Server); err != nil {
		out.ServerError = described(err)
	} else if info.Mode()&0o111 == 0 {
		out.ServerError = "not executable"
	}
	if info, err := os.Stat(out.Socket); err != nil {
		out.SocketError = described(err)
	} else if info.Mode()&fs.ModeSocket == 0 {
		out.SocketError = "no socket"
	}
	data, err := os.ReadFile(out.Config)
	if out.ConfigData = data; err != nil {
		out.ConfigError = described(err)
	}
	out.Files, out.Bytes, out.Git = sizes(".")
	return out
}

// freeIn tries to write to a folder as Argo CD's server does, and tells how much more fits.
func freeIn(dir string) (free uint64, problem string) {
	made, err := os.MkdirTemp(dir, ".onggi-*")
	if err != nil {
		return 0, described(err)
	}
	if err := os.Remove(made); err != nil {
		return 0, described(err)
	}
	return freeBytes(dir)
}

// memoryLimit is that of the container's control group, 0 where there is none.
func memoryLimit() uint64 {
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64); err == nil && n < 1<<60 {
			return n
		}
		return 0
	}
	return 0
}

// sizes counts what Argo CD would send. What cannot be read is left out: it could not be sent either.
func sizes(dir string) (files int, bytes, git int64) {
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		files++
		bytes += info.Size()
		if name == ".git" || strings.HasPrefix(filepath.ToSlash(name), ".git/") {
			git += info.Size()
		}
		return nil
	})
	return files, bytes, git
}
