// Command onggi compiles specs of highly available databases into what runs them on Kubernetes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	_ "github.com/onggi-db/onggi/cmd/onggi/collector" // before everything else is initialised
)

// commandOnggi is the name that messages and help have for the program.
const commandOnggi = "onggi"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	called := invoked(os.Args[0], os.Args[1:])
	os.Exit(runNamed(ctx, called.display, called.args, cli.OS()))
}

// run is the whole program but for the process: arguments and streams in, an exit code out.
func run(ctx context.Context, args []string, s cli.Streams) int {
	return runNamed(ctx, commandOnggi, args, s)
}

// runNamed is run under the name that its help has for it.
func runNamed(ctx context.Context, display string, args []string, s cli.Streams) int {
	root := newRootCmd(&s)
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: display}
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return cli.Conclude(commandOnggi, root.ExecuteContext(ctx), s)
}
