package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// Servers are the two servers, and what lies between them.
type Servers struct {
	// Away opens a session in a database of the server that is copied.
	Away func(ctx context.Context, database string) (*pgconn.PgConn, error)
	// Here opens a session of the superuser.
	Here func(ctx context.Context, database string) (*pgconn.PgConn, error)
	// Pipe runs pg_dump there into pg_restore here.
	Pipe func(ctx context.Context, p postgres.Pipe) error
	// Born is done in a database before it gets its name, where that is its own.
	Born func(ctx context.Context, conn *pgconn.PgConn, as string) error
	// Told is told what is being done.
	Told func(what string)
}

// Done is what a run copied.
type Done struct {
	Roles, Databases []string // that were made by it
	Rows             uint64   // in them
}

// transfer is one run.
type transfer struct {
	Servers
	wanted config.Import
	done   Done
}

// Run copies what is not here yet. What it returns beside an error was done nevertheless.
func Run(ctx context.Context, s Servers, wanted config.Import) (Done, error) {
	t := &transfer{Servers: s, wanted: wanted}
	err := t.run(ctx)
	return t.done, err
}

func (t *transfer) run(ctx context.Context) error {
	t.Told("asks " + t.wanted.Server.Host + " what there is")
	var databases []config.ImportDatabase
	err := t.both(ctx, t.wanted.Database, "postgres", func(away, here *pgconn.PgConn) error {
		if err := t.roles(ctx, away, here); err != nil {
			return fmt.Errorf("copy roles: %w", err)
		}
		var err error
		databases, err = t.missing(ctx, away, here)
		return err
	})
	if err != nil {
		return err
	}
	for n, d := range databases {
		what := fmt.Sprintf("database %q", d.Name)
		if len(databases) > 1 {
			what += fmt.Sprintf(" (%d of %d)", n+1, len(databases))
		}
		if err := t.database(ctx, d, what); err != nil {
			return fmt.Errorf("copy database %q: %w", d.Name, err)
		}
		t.done.Databases = append(t.done.Databases, d.As)
	}
	return nil
}

// both opens a session on either side.
func (t *transfer) both(ctx context.Context, there, here string, f func(away, here *pgconn.PgConn) error) error {
	away, err := t.Away(ctx, there)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", t.wanted.Server.Host, err)
	}
	defer closing(ctx, away)
	ours, err := t.Here(ctx, here)
	if err != nil {
		return err
	}
	defer closing(ctx, ours)
	return f(away, ours)
}

func closing(ctx context.Context, conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// missing are the databases to copy that are not here. One that is not there is an error.
func (t *transfer) missing(ctx context.Context, away, here *pgconn.PgConn) ([]config.ImportDatabase, error) {
	there, err := column(ctx, away, "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname")
	if err != nil {
		return nil, fmt.Errorf("list the databases of %s: %w", t.wanted.Server.Host, err)
	}
	ours, err := column(ctx, here, "SELECT datname FROM pg_database")
	if err != nil {
		return nil, fmt.Errorf("list the databases: %w", err)
	}
	wanted := t.wanted.Databases
	if wanted[0].Name == "*" {
		wanted = nil
		for _, name := range there {
			if name != "postgres" && name != config.ImportName && name != config.BirthDatabase {
				wanted = append(wanted, config.ImportDatabase{Name: name, As: name})
			}
		}
	}
	var out []config.ImportDatabase
	for _, d := range wanted {
		switch {
		case slices.Contains(ours, d.As):
		case !slices.Contains(there, d.Name):
			return nil, fmt.Errorf("%s has no database %q", t.wanted.Server.Host, d.Name)
		default:
			out = append(out, d)
		}
	}
	return out, nil
}

// database copies one.
func (t *transfer) database(ctx context.Context, d config.ImportDatabase, what string) error {
	return t.both(ctx, d.Name, "postgres", func(away, here *pgconn.PgConn) error {
		t.Told("copies " + what)
		snapshot, err := t.begin(ctx, d, away, here)
		if err != nil {
			return err
		}
		if err := t.Pipe(ctx, pipe(d, snapshot, t.wanted.SchemaOnly)); err != nil {
			return err
		}
		inside, err := t.Here(ctx, config.ImportName)
		if err != nil {
			return err
		}
		err = t.finish(ctx, d, what, away, inside)
		closing(ctx, inside)
		if err != nil {
			return err
		}
		return t.run1(ctx, here, "ALTER DATABASE "+name(config.ImportName)+" RENAME TO "+name(d.As))
	})
}

// begin makes the database under its first name, and the snapshot by which it is read. That lasts as long as the session.
func (t *transfer) begin(ctx context.Context, d config.ImportDatabase, away, here *pgconn.PgConn) (snapshot string, err error) {
	found, err := row(ctx, away, `SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = current_database()`)
	if err != nil {
		return "", err
	}
	owner := d.Owner
	if owner == "" {
		owner = found[1]
	}
	statements := []string{"DROP DATABASE IF EXISTS " + name(config.ImportName) + " WITH (FORCE)"}
	if d.Owner != "" {
		statements = append(statements, "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '"+config.ImportName+"') THEN CREATE ROLE "+name(config.ImportName)+" SUPERUSER; END IF; END $$")
	}
	statements = append(statements, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE template0 ENCODING %s", name(config.ImportName), name(owner), literal(found[0])))
	for _, sql := range statements {
		if err := t.run1(ctx, here, sql); err != nil {
			return "", err
		}
	}
	if err := t.run1(ctx, away, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"); err != nil {
		return "", err
	}
	answer, err := row(ctx, away, "SELECT pg_catalog.pg_export_snapshot()")
	if err != nil {
		return "", err
	}
	return answer[0], nil
}

// pipe is what pg_dump and pg_restore are told.
func pipe(d config.ImportDatabase, snapshot string, schemaOnly bool) postgres.Pipe {
	p := postgres.Pipe{From: d.Name, Into: config.ImportName, Dump: []string{"--snapshot=" + snapshot}}
	if schemaOnly {
		p.Dump = append(p.Dump, "--schema-only")
	}
	if d.Owner != "" {
		p.Dump = append(p.Dump, "--no-owner", "--no-privileges")
		p.Restore = append(p.Restore, "--no-owner", "--no-privileges", "--role="+config.ImportName)
	}
	return p
}

// finish gives what was copied to its owner, verifies it, and has the planner know it.
func (t *transfer) finish(ctx context.Context, d config.ImportDatabase, what string, away, inside *pgconn.PgConn) error {
	if d.Owner != "" {
		if err := t.run1(ctx, inside, "REASSIGN OWNED BY "+name(config.ImportName)+" TO "+name(d.Owner)); err != nil {
			return err
		}
		if err := t.run1(ctx, inside, "DROP ROLE "+name(config.ImportName)); err != nil {
			return err
		}
	}
	t.Told("counts the rows of " + what)
	rows, err := t.verify(ctx, away, inside)
	if err != nil {
		return err
	}
	t.done.Rows += rows
	t.Told("analyses " + what)
	if err := t.run1(ctx, inside, "ANALYZE"); err != nil {
		return err
	}
	return t.Born(ctx, inside, d.As)
}

// tables are those of people, not of extensions, which make theirs themselves.
const tables = `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1`

// largeObjects has a row for each of them.
const largeObjects = "pg_catalog.pg_largeobject_metadata"

// verify compares tables and their numbers of rows.
func (t *transfer) verify(ctx context.Context, away, here *pgconn.PgConn) (rows uint64, err error) {
	there, err := column(ctx, away, tables)
	if err != nil {
		return 0, err
	}
	ours, err := column(ctx, here, tables)
	if err != nil {
		return 0, err
	}
	if !t.wanted.SchemaOnly {
		there, ours = append(there, largeObjects), append(ours, largeObjects)
	}
	var wrong []string
	for _, table := range there {
		switch {
		case !slices.Contains(ours, table):
			wrong = append(wrong, table+" is missing")
			continue
		case t.wanted.SchemaOnly:
			continue
		}
		var n [2]string
		for i, conn := range []*pgconn.PgConn{away, here} {
			answer, err := row(ctx, conn, "SELECT count(*)::text FROM ONLY "+table)
			if err != nil {
				return 0, fmt.Errorf("count %s: %w", table, err)
			}
			n[i] = answer[0]
		}
		if n[0] != n[1] {
			wrong = append(wrong, fmt.Sprintf("%s has %s rows there and %s here", table, n[0], n[1]))
			continue
		}
		one, _ := strconv.ParseUint(n[1], 10, 64)
		rows += one
	}
	if wrong != nil {
		return 0, errors.New("the copy is not whole: " + strings.Join(wrong[:min(len(wrong), 10)], "; "))
	}
	return rows, nil
}

func (t *transfer) run1(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	_, err := conn.Exec(ctx, sql).ReadAll()
	return describe(err)
}

// describe is an error in Postgres' own words, without a statement, which may have what is stored of a password.
func describe(err error) error {
	var answered *pgconn.PgError
	if !errors.As(err, &answered) {
		return err
	}
	text := answered.Message
	if answered.Detail != "" {
		text += ". " + strings.ReplaceAll(answered.Detail, "\n", "; ")
	}
	return errors.New(text + " (" + answered.Code + ")")
}

// row is the one row of an answer.
func row(ctx context.Context, conn *pgconn.PgConn, sql string) ([]string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, describe(err)
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return nil, errors.New("the answer is not one row")
	}
	var out []string
	for _, field := range results[0].Rows[0] {
		out = append(out, string(field))
	}
	return out, nil
}

// column is the first field of all rows.
func column(ctx context.Context, conn *pgconn.PgConn, sql string) ([]string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, describe(err)
	}
	var out []string
	for _, r := range results {
		for _, fields := range r.Rows {
			out = append(out, string(fields[0]))
		}
	}
	return out, nil
}

// document decodes an answer of one value that is JSON.
func document(ctx context.Context, conn *pgconn.PgConn, sql string, into any) error {
	answer, err := row(ctx, conn, sql)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(answer[0]), into)
}

func name(s string) string    { return postgres.QuoteIdentifier(s) }
func literal(s string) string { return postgres.QuoteLiteral(s) }
