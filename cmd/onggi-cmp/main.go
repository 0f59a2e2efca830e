// Command onggi-cmp is onggi's config management plugin for Argo CD: the verbs of `onggi cmp` and nothing else. It links
// neither Helm nor a client of the API server, since Argo CD starts it several times for every application and commit.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/cmp"
	_ "github.com/onggi-db/onggi/cmd/onggi/collector" // before everything else is initialised
)

// commandCMP is the name that messages and help have for the program.
const commandCMP = "onggi-cmp"

// version is set by the release build: -ldflags "-X main.version=1.2.3".
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], cli.OS()))
}

// run is the whole program but for the process: arguments and streams in, an exit code out.
func run(ctx context.Context, args []string, s cli.Streams) int {
	root := &cobra.Command{
		Use:               commandCMP,
		Short:             "Render specs of highly available databases inside Argo CD",
		Long:              `onggi-cmp is the config management plugin of onggi: the verbs of onggi cmp as a small program of their own.`,
		Version:           buildVersion(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Fail(cli.Usage, err) })
	root.AddCommand(cmp.Commands(&s, buildVersion())...)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return cli.Conclude(commandCMP, root.ExecuteContext(ctx), s)
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		return build.Main.Version
	}
	return ""
}
