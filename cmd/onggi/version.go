package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

// version is set by the release build: -ldflags "-X main.version=1.2.3".
var version = ""

type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersionCmd(s *cli.Streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			info := buildVersion()
			switch format {
			case "json":
				return json.NewEncoder(s.Out).Encode(info)
			case "human":
				fmt.Fprintf(s.Out, "onggi %s %s %s\n", info.Version, info.Go, info.Platform)
				return nil
			}
			return cli.Exit(cli.Usage, "there is no output %q: choose human or json", format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "human", "human | json")
	return cmd
}

func buildVersion() versionInfo {
	info := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	if info.Version == "" {
		info.Version = build.Main.Version
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" {
			info.Commit = s.Value
		}
	}
	return info
}
