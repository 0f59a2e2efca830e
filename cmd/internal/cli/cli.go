// Package cli is what onggi's programs share at their edge: the streams they are given, the exit codes they give back, and how
// an outcome is told.
//
// A verb returns nil, [spec.Problems], an [Error], or any other error, which is one of input or output. [Conclude] tells it on
// stderr and turns it into the exit code. Results go to [Streams].Out and nowhere else.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// The exit codes. They are part of the interface: scripts depend on them, docs/cli.md explains them.
const (
	Done     = 0
	Findings = 1 // differs, or findings
	Usage    = 2
	Invalid  = 3
	Lacking  = 4 // the back end cannot do what the spec asks for
	Secret   = 5 // a secret in plain text
	InOut    = 6
	Timeout  = 7
	Down     = 8 // the database takes no writes
)

// Streams are where a command reads and writes. Results go to Out, everything said to a person goes to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal bool // Err is a terminal
	Color    bool // Err shows colours

	OutTerminal bool // Out is a terminal
	OutColor    bool // Out shows colours
}

// OS are the streams of the process.
func OS() Streams {
	terminal, out := isTerminal(os.Stderr), isTerminal(os.Stdout)
	colors := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: terminal, Color: terminal && colors, OutTerminal: out, OutColor: out && colors,
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Error is an outcome that has been told already, or needs no more words than its error.
type Error struct {
	Code int
	Err  error // nil says nothing more
}

func (e Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e Error) Unwrap() error { return e.Err }

// Exit is an outcome with its code, put as fmt.Errorf does.
func Exit(code int, format string, args ...any) error {
	return Error{code, fmt.Errorf(format, args...)}
}

// Fail gives an error its exit code.
func Fail(code int, err error) error { return Error{code, err} }

// Conclude says what went wrong, on behalf of the named program, and turns it into an exit code.
func Conclude(program string, err error, s Streams) int {
	var problems spec.Problems
	var outcome Error
	switch {
	case err == nil:
		return Done
	case errors.As(err, &problems):
		_ = problems.Render(s.Err, s.Color) // nothing is left to report a failure of stderr to
		if n := len(problems); n > 1 {
			fmt.Fprintf(s.Err, "\n%d problems; onggi explain CODE tells more\n", n)
		}
		return problems.Exit()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintf(s.Err, "%s: stopped before the work was done\n", program)
		return Timeout
	case errors.As(err, &outcome):
		if outcome.Err != nil {
			fmt.Fprintf(s.Err, "%s: %s\n", program, outcome.Err)
		}
		return outcome.Code
	case strings.HasPrefix(err.Error(), "unknown command"): // cobra has no type for it
		fmt.Fprintf(s.Err, "%s: %s\n", program, err)
		return Usage
	}
	fmt.Fprintf(s.Err, "%s: %s\n", program, err)
	return InOut
}

// Gather keeps problems for later, so that all of them are told at once, and returns any other error.
func Gather(problems *spec.Problems, err error) error {
	var found spec.Problems
	if errors.As(err, &found) {
		*problems = append(*problems, found...)
		return nil
	}
	return err
}

// Plural is "1 file", "2 files".
func Plural(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
