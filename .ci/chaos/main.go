// Command chaos breaks real Postgres clusters in every way of its catalogue and tells what their clients saw.
//
//	chaos -suite chaos                 everything, ours, in less than ten minutes
//	chaos -suite short                 five faults in about a minute
//	chaos -suite bench -runs 5         the numbered rows, ours and Patroni's
//	chaos -faults node-lost -runs 3    one fault; -faults list prints all
//
// It needs root, but touches nothing of the machine: it runs in namespaces of its own, which the kernel takes down with it. An invariant
// that breaks makes it exit 1; a bound of time that is exceeded only with -strict, since those say little on a busy machine.
//
// Without what it needs it says so and exits 0, or 1 with ONGGI_REQUIRE_TOOLS=1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/world"
)

func main() {
	code, err := dispatch(os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// dispatch tells the program that a person starts from the ones that it starts of itself.
func dispatch(args []string) (int, error) {
	if len(args) > 1 {
		switch args[0] {
		case "contained":
			return 1, world.Contained(args[1])
		case "init":
			return 0, world.Init(args[1], args[2:])
		case "inside":
			return inside(args[1], args[2:])
		}
	}
	o, err := parse(args, os.Stderr)
	if err != nil {
		return 2, err
	}
	if o.faults == "list" {
		for _, f := range fault.All() {
			fmt.Printf("%-24s %s\n", f.Name, f.What)
		}
		return 0, nil
	}
	if missing := o.missing(); len(missing) > 0 {
		fmt.Printf("chaos: not run: this machine lacks %s\n", strings.Join(missing, ", "))
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			return 1, nil
		}
		return 0, nil
	}
	return world.Enter(args)
}

// inside runs the suite as PID 1 of the world.
func inside(dir string, args []string) (int, error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o, err := parse(args, os.Stderr)
	if err != nil {
		return 2, err
	}
	w, err := world.Build(dir, o.disk)
	if err != nil {
		return 1, err
	}
	return newRun(o, w).all(ctx)
}
