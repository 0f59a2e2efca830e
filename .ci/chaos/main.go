// Command chaos breaks real Postgres clusters in every way of its catalogue and tells what their clients saw.
//
//	chaos -suite chaos                 everything, ours, in less than ten minutes
//	chaos -suite short                 five faults in about a minute
//	chaos -suite bench -runs 5         the numbered rows, ours and Patroni's
//	chaos -suite native                what is rendered for the native back end, started from nothing but that
//	chaos -suite manual                the pages of -pages, block by block, as a reader does
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
	"onggi.dev/ci/chaos/internal/report"
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
	if o.render != "" {
		return 0, merge(o.update, strings.Split(o.render, ","))
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
	outs, forget, err := resultFiles(o, suites)
	if err != nil {
		return 1, err
	}
	defer forget()
	var all sync.WaitGroup
	for i, suite := range suites {
		all.Go(func() {
			// Of a flag that stands twice the last counts.
			own := append(slices.Clone(args), "-suite", suite, "-update", "", "-o", outs[i])
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
	if o.update != "" {
		errs = append(errs, merge(o.update, outs))
	}
	return code, errors.Join(errs...)
}

// resultFiles are where suites that run side by side leave their results, and what removes those that nobody asked for. Their folder must not
// have the name of a world's: each world sweeps away what others left.
func resultFiles(o options, suites []string) (files []string, forget func(), err error) {
	dir, name, forget := filepath.Dir(o.out), filepath.Base(o.out), func() {}
	if o.out == "" {
		if dir, err = os.MkdirTemp("", "chaos-results-"); err != nil {
			return nil, nil, err
		}
		name, forget = "results.json", func() { _ = os.RemoveAll(dir) }
	}
	for _, suite := range suites {
		files = append(files, filepath.Join(dir, suite+"-"+name))
	}
	return files, forget, nil
}

// together puts the runs of one row in several files into one.
func together(rows []report.Row, row report.Row) []report.Row {
	for i := range rows {
		if r := &rows[i]; r.Driver == row.Driver && r.Mode == row.Mode && r.Fault.Name == row.Fault.Name {
			r.Runs = append(r.Runs, row.Runs...)
			return rows
		}
	}
	return append(rows, row)
}

// merge writes the results of several suites as one table into a page.
func merge(page string, files []string) error {
	var rows []report.Row
	var idle []report.Idle
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		some, costs, err := report.ReadJSON(f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, row := range some {
			rows = together(rows, row)
		}
		idle = append(idle, costs...)
	}
	return report.Update(page, report.Markdown(rows, idle))
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
	switch o.suite {
	case "native":
		return newNativeRun(o, w).all(ctx)
	case "manual":
		return newManualRun(o, w).all(ctx)
	}
	return newRun(o, w).all(ctx)
}
