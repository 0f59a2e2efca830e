// Command onggi compiles specs of highly available databases into what runs them on Kubernetes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	_ "github.com/onggi-db/onggi/cmd/onggi/collector" // before everything else is initialised
	"github.com/onggi-db/onggi/render/spec"
)

// The exit codes. They are part of the interface: scripts depend on them, docs/cli.md explains them.
const (
	exitDone     = 0
	exitFindings = 1 // differs, or findings
	exitUsage    = 2
	exitInvalid  = 3
	exitLacking  = 4 // the back end cannot do what the spec asks for
	exitSecret   = 5 // a secret in plain text
	exitInOut    = 6
	exitTimeout  = 7
)

// commandOnggi is the name that messages and help have for the program.
const commandOnggi = "onggi"

// streams are where a command reads and writes. Results go to out, everything said to a person goes to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // err is a terminal
	color    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], osStreams()))
}

func osStreams() streams {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, terminal: terminal,
		color: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}

// run is the whole program but for the process: arguments and streams in, an exit code out.
func run(ctx context.Context, args []string, s streams) int {
	root := newRootCmd(&s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return conclude(root.ExecuteContext(ctx), s)
}

// exitError is an outcome that has been told already, or needs no more words than its error.
type exitError struct {
	code int
	err  error // nil says nothing more
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

func exit(code int, format string, args ...any) error {
	return exitError{code, fmt.Errorf(format, args...)}
}

// conclude says what went wrong and turns it into an exit code.
func conclude(err error, s streams) int {
	var problems spec.Problems
	var outcome exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &problems):
		_ = problems.Render(s.err, s.color) // nothing is left to report a failure of stderr to
		if n := len(problems); n > 1 {
			fmt.Fprintf(s.err, "\n%d problems; %s explain CODE tells more\n", n, commandOnggi)
		}
		return problems.Exit()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintf(s.err, "%s: stopped before the work was done\n", commandOnggi)
		return exitTimeout
	case errors.As(err, &outcome):
		if outcome.err != nil {
			fmt.Fprintf(s.err, "%s: %s\n", commandOnggi, outcome.err)
		}
		return outcome.code
	case strings.HasPrefix(err.Error(), "unknown command"): // cobra has no type for it
		fmt.Fprintf(s.err, "%s: %s\n", commandOnggi, err)
		return exitUsage
	}
	fmt.Fprintf(s.err, "%s: %s\n", commandOnggi, err)
	return exitInOut
}
