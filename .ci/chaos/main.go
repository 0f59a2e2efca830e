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
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
	if parts := o.parts(); parts != nil {
		return sideBySide(o, parts, args)
	}
	return world.Enter(args, os.Stdout)
}

// sideBySide runs suites in worlds of their own at the same time, and prints the table of each when all have ended. Files of results get the suite's
// name too.
func sideBySide(o options, suites, args []string) (int, error) {
	type end struct {
		code int
		err  error
	}
	tables, ends := make([]bytes.Buffer, len(suites)), make([]end, len(suites))
	var all sync.WaitGroup
	for i, suite := range suites {
		all.Go(func() {
			// Of a flag that stands twice the last counts.
			own := append(slices.Clone(args), "-suite", suite)
			if o.out != "" {
				own = append(own, "-o", filepath.Join(filepath.Dir(o.out), suite+"-"+filepath.Base(o.out)))
			}
			if o.logs != "" {
				own = append(own, "-logs", filepath.Join(o.logs, suite))
			}
			ends[i].code, ends[i].err = world.Enter(own, &tables[i])
		})
	}
	all.Wait()
	code := 0
	var errs []error
	for i := range suites {
		fmt.Printf("\n%s", tables[i].String())
		code = max(code, ends[i].code)
		errs = append(errs, ends[i].err)
	}
	return code, errors.Join(errs...)
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
