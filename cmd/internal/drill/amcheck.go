package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/render/drill"
)

// findings are what amcheck found in all databases.
type findings struct {
	databases, tables, indexes int
	bad                        int
	first                      []string
}

// told is how many findings are told; the rest is a number.
const told = 5

func (f *findings) add(where, what string) {
	if f.bad++; len(f.first) < told {
		f.first = append(f.first, where+": "+what)
	}
}

// amcheck has the extension of that name read every table and every B-tree of every database, as pg_amcheck --heapallindexed does.
func (s server) amcheck(ctx context.Context, conn *pgx.Conn) (drill.Result, error) {
	rows, err := conn.Query(ctx, "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname")
	if err != nil {
		return drill.Result{}, lost(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return drill.Result{}, lost(err)
	}
	var f findings
	for _, name := range names {
		if err := s.amcheckDatabase(ctx, name, &f); err != nil {
			return drill.Result{}, fmt.Errorf("database %s: %w", name, err)
		}
		f.databases++
	}
	out := drill.Result{Name: drill.AmcheckName, Passed: f.bad == 0}
	out.Detail = fmt.Sprintf("%d tables and %d indexes of %d databases", f.tables, f.indexes, f.databases)
	if f.bad > 0 {
		out.Detail = fmt.Sprintf("%d problems in %s: %s", f.bad, out.Detail, strings.Join(f.first, "; "))
	}
	return out, nil
}

func (s server) amcheckDatabase(ctx context.Context, name string, f *findings) error {
	conn, err := s.connect(ctx, name, nil)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS amcheck"); err != nil {
		return found(lost(err), name, f)
	}
	var schema string
	if err := conn.QueryRow(ctx, "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'amcheck'").Scan(&schema); err != nil {
		return lost(err)
	}
	var heap bool // since Postgres 14
	if err := conn.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_proc WHERE proname = 'verify_heapam'").Scan(&heap); err != nil {
		return lost(err)
	}
	if heap {
		n, err := each(ctx, conn, name, f, tablesQuery, "SELECT format('block %s, offset %s: %s', blkno, offnum, msg) FROM "+schema+".verify_heapam($1::oid)")
		if f.tables += n; err != nil {
			return err
		}
	}
	n, err := each(ctx, conn, name, f, indexesQuery, "SELECT nullif("+schema+".bt_index_check($1::oid, true)::text, '')")
	f.indexes += n
	return err
}

// Unlogged relations are empty after every recovery, and temporary ones are other sessions'.
const (
	tablesQuery = `SELECT c.oid, c.oid::regclass::text FROM pg_class c JOIN pg_am a ON a.oid = c.relam
WHERE a.amname = 'heap' AND c.relkind IN ('r', 'm', 't') AND c.relpersistence = 'p' ORDER BY c.oid`
	indexesQuery = `SELECT c.oid, c.oid::regclass::text FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence = 'p' AND i.indisready AND i.indisvalid ORDER BY c.oid`
)

// each asks the question of every relation that the list has. Rows of the answer are problems, and so is an error of the server.
func each(ctx context.Context, conn *pgx.Conn, database string, f *findings, list, question string) (int, error) {
	type relation struct {
		OID  uint32
		Name string
	}
	rows, err := conn.Query(ctx, list)
	if err != nil {
		return 0, lost(err)
	}
	relations, err := pgx.CollectRows(rows, pgx.RowToStructByPos[relation])
	if err != nil {
		return 0, lost(err)
	}
	for i, r := range relations {
		where := database + "." + r.Name
		rows, err := conn.Query(ctx, question, r.OID)
		if err != nil {
			if err := found(lost(err), where, f); err != nil {
				return i, err
			}
			continue
		}
		problems, err := pgx.CollectRows(rows, pgx.RowTo[*string])
		for _, p := range problems {
			if p != nil {
				f.add(where, brief(*p))
			}
		}
		if err := found(lost(err), where, f); err != nil {
			return i, err
		}
	}
	return len(relations), nil
}

// found takes an answer of the server for a finding, and gives any other error back.
func found(err error, where string, f *findings) error {
	var answer *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &retryable{}), !errors.As(err, &answer):
		return err
	}
	f.add(where, brief(answer.Message))
	return nil
}
