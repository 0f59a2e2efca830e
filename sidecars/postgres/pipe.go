package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Pipe is a copy of a database of another server into one here.
type Pipe struct {
	From, Into    string   // the databases
	Dump, Restore []string // more arguments of the two programs
}

// pipeline runs the first $1 of its arguments into the others. It fails if either does; a plain shell tells only of the last.
const pipeline = `set -o pipefail; n=$1; shift; "${@:1:n}" | "${@:n+1}"`

// Pipe runs pg_dump on another server into pg_restore here, in one transaction: nothing is there until everything is. Nothing of it touches a disk on
// its way. It runs beside the server.
func (s *Server) Pipe(ctx context.Context, from Upstream, p Pipe) error {
	dump := append([]string{s.program("pg_dump"), "-d", from.conninfo(s.Paths.Passfile, p.From).String(), "-Fc", "-Z0", "--no-password"}, p.Dump...)
	here := Conninfo{{"host", s.Paths.Socket}, {"port", strconv.Itoa(s.Paths.Port)}, {"user", Superuser}, {"dbname", p.Into}, {"application_name", "onggi-agent import"},
		{"options", "-c synchronous_commit=local -c statement_timeout=0 -c lock_timeout=0 -c log_statement=none"}}
	restore := append([]string{s.program("pg_restore"), "-d", here.String(), "--single-transaction", "--exit-on-error", "--no-password"}, p.Restore...)
	argv := append([]string{"bash", "-c", pipeline, "onggi", strconv.Itoa(len(dump))}, append(dump, restore...)...)
	_, err := s.runCommand(ctx, Command{Argv: argv, Aside: true})
	var failed *ToolError
	if errors.As(err, &failed) {
		failed.Program = "pg_dump into pg_restore"
	}
	return err
}

// Foreign opens a session on a server that is no member, of which this one has to be no older a major version than it.
func (s *Server) Foreign(ctx context.Context, from Upstream, database string) (*pgconn.PgConn, error) {
	from.Database = database
	conn, err := s.connectFor(ctx, from, "", map[string]string{
		"application_name": "onggi-agent import", "client_encoding": "UTF8", "search_path": "pg_catalog", "row_security": "off", "DateStyle": "ISO", "TimeZone": "UTC",
		"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
	})
	if err != nil {
		return nil, err
	}
	here, err := s.Major()
	version := conn.ParameterStatus("server_version") // 9.6.24, 17.5 (Debian …), 18beta1
	there, _ := strconv.Atoi(version[:max(0, strings.IndexFunc(version+" ", func(r rune) bool { return r < '0' || r > '9' }))])
	if err == nil && there > here {
		err = fmt.Errorf("it is PostgreSQL %d, and here is %d: pg_dump reads nothing newer than itself", there, here)
	}
	if err == nil && there < 10 {
		err = fmt.Errorf("it is PostgreSQL %s, and 10 is the oldest that is copied", version)
	}
	if err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return conn, nil
}
