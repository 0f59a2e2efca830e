// Package ctl is `onggi-agent ctl`: what a person asks of a cluster, and wants it to do, in the spirit of patronictl. It speaks to an
// agent's REST API, through the unix socket in the pod (kubectl exec … onggi-agent ctl list) or at --url from elsewhere. Where a verb is for
// some member, that member is called at the address that the cluster's table has for it.
//
// Results go to Out; questions and what is told of the work go to Err. A verb that takes something away from clients or from a disk
// asks first on a terminal, and without one refuses to begin unless --force is given.
//
//	0 done
//	1 the cluster said no, or could not do it
//	2 wrong usage, or --force is missing
//	3 the request makes no sense
//	6 the agent could not be reached, or did not let us in
//	7 out of time, or not known how it ended
//
// The streams and codes are those of docs/cli.md, and not the types of cmd/internal/cli: these come with the compiler's spec, which
// every process of the agent would carry.
package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	Done     = 0
	Findings = 1
	Usage    = 2
	Invalid  = 3
	InOut    = 6
	Timeout  = 7
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal bool // a person is there to be asked
	Color    bool // Out shows colours
	Getenv   func(string) string
}

// OS are the streams of the process.
func OS() Streams {
	color := isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: isTerminal(os.Stdin) && isTerminal(os.Stderr), Color: color,
		Getenv: os.Getenv,
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Error is an error with its exit code.
type Error struct {
	Code int
	Err  error
}

func (e Error) Error() string { return e.Err.Error() }
func (e Error) Unwrap() error { return e.Err }

func fail(code int, format string, args ...any) error {
	return Error{code, fmt.Errorf(format, args...)}
}

// Code is the exit code of what a command returned.
func Code(err error) int {
	var own Error
	switch {
	case err == nil:
		return Done
	case errors.As(err, &own):
		return own.Code
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Timeout
	case strings.HasPrefix(err.Error(), "unknown "), strings.Contains(err.Error(), "arg(s)"): // cobra has no type for these
		return Usage
	}
	return InOut
}

// app is one run: where to, how, and with which streams.
type app struct {
	streams Streams
	target  target
	output  string
	force   bool
	limit   time.Duration
}

// Command is the command with all its verbs. It returns errors and prints none: see [Code].
func Command(streams Streams) *cobra.Command {
	if streams.Getenv == nil {
		streams.Getenv = func(string) string { return "" }
	}
	a := &app{streams: streams}
	root := &cobra.Command{
		Use: "ctl", Short: "look at a cluster, and move it",
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Error{Usage, err} })
	flags := root.PersistentFlags()
	flags.StringVar(&a.target.config, "config", streams.Getenv("ONGGI_CONFIG"), "the agent's file: says where its socket, token and certificates are")
	flags.StringVar(&a.target.socket, "socket", "", "the agent's unix socket (default /run/onggi/agent.sock)")
	flags.StringVar(&a.target.url, "url", "", "an agent's address, http(s)://HOST:8008, in place of the socket")
	flags.StringVar(&a.target.tokenFile, "token-file", "", "file with the cluster's token, for agents that are not reached by the socket")
	flags.StringVar(&a.target.authority, "cacert", "", "file with the authority of the agents' certificates")
	flags.StringVar(&a.target.certificate, "cert", "", "file with a client certificate")
	flags.StringVar(&a.target.key, "key", "", "file with its key")
	flags.StringVar(&a.target.serverName, "server-name", "", "name that the agents' certificates have, since they are called by address")
	flags.StringVarP(&a.output, "output", "o", "table", "table, json or yaml")
	flags.DurationVar(&a.limit, "timeout", 0, "how long to wait for an answer (default 10s, 2m30s for what changes something)")
	flags.BoolVarP(&a.force, "force", "f", false, "do not ask")
	flags.BoolVarP(&a.force, "yes", "y", false, "do not ask")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.prepare() }
	root.AddCommand(a.list(), a.topology(), a.history(), a.status(), a.switchover(), a.failover(), a.restart(), a.reinit(),
		a.pause(), a.resume(), a.reload(), a.fence(), a.unfence(), a.backup(), a.backups(), a.restore())
	return root
}

// prepare checks what all verbs have in common.
func (a *app) prepare() error {
	switch a.output {
	case "table", "json", "yaml":
	default:
		return fail(Usage, "-o %s: table, json or yaml", a.output)
	}
	return a.target.resolve()
}

// within bounds a piece of work.
func (a *app) within(ctx context.Context, otherwise time.Duration) (context.Context, context.CancelFunc) {
	if a.limit > 0 {
		otherwise = a.limit
	}
	return context.WithTimeout(ctx, otherwise)
}

const (
	reading = 10 * time.Second
	moving  = 150 * time.Second
)
