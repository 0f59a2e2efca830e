package pooler

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// console is PgBouncer's own: a database that is none. Over the socket it lets in, without a password, whoever has its own user of the
// operating system.
type console struct {
	dir  string
	port int
}

// table is what a SHOW answered: its rows by the names of their columns, which come and go with PgBouncer's versions.
type table []map[string]string

// run runs one command. PAUSE answers only once nobody is in a transaction, so ctx says for how long.
func (c console) run(ctx context.Context, command string) (table, error) {
	parsed, err := pgconn.ParseConfig(fmt.Sprintf("host=%s port=%d user=pgbouncer dbname=pgbouncer sslmode=disable", c.dir, c.port))
	if err != nil {
		return nil, fmt.Errorf("ask PgBouncer: %w", err)
	}
	conn, err := pgconn.ConnectConfig(ctx, parsed)
	if err != nil {
		return nil, fmt.Errorf("ask PgBouncer: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	results, err := conn.Exec(ctx, command).ReadAll() // the simple protocol: the console knows no other
	if err != nil {
		return nil, fmt.Errorf("ask PgBouncer to %s: %w", command, err)
	}
	var rows table
	for _, r := range results {
		for _, values := range r.Rows {
			row := make(map[string]string, len(values))
			for i, field := range r.FieldDescriptions {
				row[field.Name] = string(values[i])
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// number is a column's value; ok is false where this version has no such column.
func number(row map[string]string, column string) (value float64, ok bool) {
	text, ok := row[column]
	if !ok {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}
