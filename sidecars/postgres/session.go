package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// Session opens a connection to a database of the local server as the superuser, for what an administrator does there. What databases
// and roles have set for sessions does not count in it: names mean what stands in pg_catalog, and neither statements nor what fails of
// them is logged or counted, since they have verifiers of passwords. Statements that wait 10 s for a lock fail. Close it when done.
func (s *Server) Session(ctx context.Context, database string) (*pgconn.PgConn, error) {
	config, err := s.config()
	if err != nil {
		return nil, fmt.Errorf("connect to database %q: %v", database, err)
	}
	config.Database = database
	conn, err := s.connectAs(ctx, config, "onggi-agent provision", map[string]string{
		"lock_timeout": "10s", "log_min_error_statement": "panic", "pg_stat_statements.track": "none", "role": "none",
	})
	if err != nil {
		return nil, fmt.Errorf("connect to database %q: %w", database, err)
	}
	return conn, nil
}
