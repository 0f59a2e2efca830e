// Command onggi-agent keeps a PostgreSQL cluster available. Each pod runs it twice: as PID 1 of the database container, where it starts
// postgres and is the fence that kills it (supervise), and as the sidecar beside it, which decides (run). People use ctl.
//
//	onggi-agent supervise --config FILE
//	onggi-agent run --config FILE
//	onggi-agent pooler --config FILE
//	onggi-agent exporter --config FILE
//	onggi-agent install DIR
//	onggi-agent ctl …
//	onggi-agent version
//
// supervise starts a third one by itself, guard, which kills when PID 1 is stopped. Postgres runs the commands for its archive through unless and
// while, and pgBackRest reaches another member through the link onggi-remote.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/onggi-db/onggi/cmd/onggi-agent/ctl"
	"github.com/onggi-db/onggi/sidecars/agent"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

// version is set by the release build: -ldflags "-X main.version=1.2.3".
var version = ""

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(dispatch(os.Args[1:], os.Stdout, os.Stderr)) }

// dispatch is the whole program but for the process. The two verbs that have to be small and early come first.
func dispatch(args []string, out, errs io.Writer) int {
	if filepath.Base(os.Args[0]) == agent.RemoteProgram {
		return conclude(errs, remoteVerb(args, os.Stdin, out))
	}
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	switch verb {
	case "guard":
		return conclude(errs, supervise.Guard())
	case "supervise":
		return withFile(args, errs, func(file string) error { return superviseVerb(file, out) })
	case "run":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return withFile(args, errs, func(file string) error { return runVerb(ctx, file, errs) })
	case "pooler":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return withFile(args, errs, func(file string) error { return poolerVerb(ctx, file, errs) })
	case "exporter":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return withFile(args, errs, func(file string) error { return exporterVerb(ctx, file, errs) })
	case "unless", "while":
		return guardedVerb(verb, args, errs)
	case "install":
		return conclude(errs, installVerb(args, out))
	case "ctl":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		command := ctl.Command(ctl.OS())
		command.SetArgs(args)
		err := command.ExecuteContext(ctx)
		if err != nil {
			fmt.Fprintln(errs, "onggi-agent ctl:", err)
		}
		return ctl.Code(err)
	case "version", "--version":
		fmt.Fprintln(out, buildVersion())
		return 0
	case "help", "--help", "-h":
		fmt.Fprint(out, usage)
		return 0
	}
	fmt.Fprint(errs, usage)
	return exitUsage
}

const usage = `onggi-agent keeps a PostgreSQL cluster available.

  onggi-agent supervise --config FILE   PID 1 of the database container
  onggi-agent run --config FILE         the sidecar
  onggi-agent pooler --config FILE      PgBouncer, with what a pod needs of it
  onggi-agent exporter --config FILE    postgres_exporter, with queries of one's own
  onggi-agent install DIR               copy this program, for an image that lacks it
  onggi-agent ctl …                     look at a cluster, and move it
  onggi-agent version
`

// withFile takes the one flag that the two processes have.
func withFile(args []string, errs io.Writer, f func(file string) error) int {
	if len(args) != 2 || args[0] != "--config" {
		fmt.Fprint(errs, usage)
		return exitUsage
	}
	return conclude(errs, f(args[1]))
}

func conclude(errs io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(errs, "onggi-agent:", err)
		return exitFailed
	}
	return 0
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		return build.Main.Version
	}
	return "unknown"
}
