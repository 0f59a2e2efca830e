package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
	"github.com/onggi-db/onggi/render/dump"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

type dumpRestore struct {
	dumpReader
	wanted, database, into string
	existing               bool
	args                   []string // of pg_restore
}

func newDumpRestoreCmd(s *cli.Streams) *cobra.Command {
	var o dumpRestore
	cmd := &cobra.Command{
		Use: "restore NAME --database DB [--into OTHER] [-- ARGS...]", Short: "Restore a database from a dump, in the running cluster",
		Long: `Make a database of a dump in the running cluster: pg_restore runs as the superuser in the primary's pod, in one transaction, and what it reads comes from the
store. The database must not be there: drop it first, or restore --into another name and take from there what is needed. With --existing it is restored
into one that is there, which is for a dump's part: what follows -- goes to pg_restore.

Owners and who was granted something have to be there: the roles of the spec are, others are in the dump's globals.

` + howDumpsAreRead,
		Example: `  onggi dump restore shop --database app --into app_yesterday
  onggi dump restore shop --dump nightly/20261122T030000Z --database app
  onggi dump restore shop --database app --existing -- --data-only --table=orders`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.database == "" || o.database == globalsWord {
				return cli.Exit(cli.Usage, "say which database with --database")
			}
			o.args = args[1:]
			return o.run(cmd.Context(), s, args[:1])
		},
	}
	cmd.Flags().StringVar(&o.database, "database", "", "the database in the dump")
	cmd.Flags().StringVar(&o.into, "into", "", "the name that it gets; the default is its own")
	cmd.Flags().BoolVar(&o.existing, "existing", false, "into a database that is there")
	dumpFlag(cmd, &o.wanted)
	day2Cmd(cmd, &o.databaseFlags, true)
	cmd.Args = func(c *cobra.Command, args []string) error {
		if at := c.ArgsLenAtDash(); len(args) == 0 || at > 1 || at < 0 && len(args) > 1 {
			return fmt.Errorf("dump restore takes the name of a database, and what pg_restore is to be given comes after --")
		}
		return nil
	}
	return cmd
}

func (o *dumpRestore) run(ctx context.Context, s *cli.Streams, args []string) error {
	d, err := o.find(ctx, s, args[0])
	if err != nil {
		return err
	}
	now, _, err := d.Status(ctx)
	if err != nil {
		return err
	}
	if now.Primary == "" {
		return cli.Exit(cli.Findings, "%s has no primary to restore into", now.Name)
	}
	into := cmp.Or(o.into, o.database)
	server := restoreServer{d, now.Primary, s.Err}
	there, err := server.has(ctx, into)
	switch {
	case err != nil:
		return err
	case there && !o.existing:
		return cli.Exit(cli.Findings, "there is a database %s: drop it first, choose another name with --into, or add --existing", into)
	case !there && o.existing:
		return cli.Exit(cli.Findings, "there is no database %s: leave --existing out", into)
	}
	return o.read(ctx, s, args, func(source dumpSource) error {
		m, f, err := pick(ctx, source, o.wanted, o.database)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("restore database %s of dump %s/%s into %s of %s", o.database, m.Name, m.ID, into, now.Name)
		if err := o.confirm(ctx, s, what); err != nil {
			return err
		}
		if !there {
			if err := server.create(ctx, into); err != nil {
				return err
			}
		}
		if err := server.restore(ctx, source, m, f, into, o.args); err != nil {
			if !there {
				fmt.Fprintf(s.Err, "database %s was made and is not restored: drop it before another try\n", into)
			}
			return err
		}
		fmt.Fprintf(s.Out, "restored database %s of dump %s/%s into %s\n", o.database, m.Name, m.ID, into)
		return nil
	})
}

// restoreServer is the primary's server, as its superuser.
type restoreServer struct {
	d       *day2.Database
	primary string
	errs    io.Writer
}

// connected are the options by which PostgreSQL's programs log in there: those of psql.
func (r restoreServer) connected(program string, args ...string) []string {
	native, _ := status.Named(status.Native)
	return append(append([]string{program}, native.Psql[1:]...), args...)
}

func (r restoreServer) psql(ctx context.Context, sql string, out io.Writer) error {
	return r.d.Restore(ctx, r.primary, r.connected("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "postgres"), strings.NewReader(sql), out, r.errs)
}

func (r restoreServer) has(ctx context.Context, database string) (bool, error) {
	var out bytes.Buffer
	if err := r.psql(ctx, "SELECT count(*) FROM pg_database WHERE datname = "+postgres.QuoteLiteral(database)+";\n", &out); err != nil {
		return false, err
	}
	return strings.TrimSpace(out.String()) != "0", nil
}

// create makes an empty database of template0, as what pg_restore makes in it is all there is to be.
func (r restoreServer) create(ctx context.Context, database string) error {
	return r.psql(ctx, "CREATE DATABASE "+postgres.QuoteIdentifier(database)+" TEMPLATE template0;\n", io.Discard)
}

// restore carries the dump from the store to pg_restore.
func (r restoreServer) restore(ctx context.Context, source dumpSource, m dump.Manifest, f dump.File, into string, args []string) error {
	out, in := io.Pipe()
	got := make(chan error, 1)
	go func() {
		err := source.get(ctx, m, f, in)
		_ = in.CloseWithError(err) // nil is the end
		got <- err
	}()
	command := r.connected("pg_restore", append([]string{"--exit-on-error", "--single-transaction", "--dbname=" + into}, args...)...)
	err := r.d.Restore(ctx, r.primary, command, out, r.errs, r.errs)
	_ = out.CloseWithError(io.ErrClosedPipe) // who still writes has nobody to write to
	if failed := <-got; failed != nil && err == nil {
		return cli.Exit(cli.InOut, "what was restored is not what was stored, do not use it: %w", failed)
	}
	return err
}
