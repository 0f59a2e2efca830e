package day2

import (
	"context"
	"io"
	"slices"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// Psql is a session of psql in a member's pod.
type Psql struct {
	Member string
	Args   []string

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	TTY            bool
	Sizes          <-chan kube.Size // of the terminal
}

// Psql runs psql, whose exit code is ours.
func (d *Database) Psql(ctx context.Context, p Psql) error {
	if d.Backend.Psql == nil {
		return cli.Exit(cli.Lacking, "%s has no PostgreSQL: mysqlsh is in the pods' container %s", d.Backend.Name, d.Backend.Database)
	}
	return d.run(ctx, kube.Process{
		Pod: p.Member, Container: d.Backend.Database, Command: append(slices.Clone(d.Backend.Psql), p.Args...),
		Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, TTY: p.TTY, Sizes: p.Sizes,
	})
}
