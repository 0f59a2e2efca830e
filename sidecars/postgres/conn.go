package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// keptConn is one connection that is used by one caller at a time.
type keptConn struct {
	turn     chan struct{} // held by who uses conn; a channel, so that waiting for it ends with the context
	conn     *pgconn.PgConn
	prepared map[string]bool // by name, on conn
}

// connect opens a connection to the local server over its unix socket, as the superuser, whom the server knows by the user of
// the operating system. Nothing that it commits waits for a standby.
func (s *Server) connect(ctx context.Context, name string, parameters map[string]string) (*pgconn.PgConn, error) {
	config, err := s.config()
	if err != nil {
		return nil, fmt.Errorf("connect to postgres: %v", err)
	}
	return s.connectAs(ctx, config, name, parameters)
}

func (s *Server) connectAs(ctx context.Context, config *pgconn.Config, name string, parameters map[string]string) (*pgconn.PgConn, error) {
	config.RuntimeParams = map[string]string{
		"application_name": name, "client_encoding": "UTF8", "TimeZone": "UTC", "search_path": "pg_catalog",
		"synchronous_commit": "local", "statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
		"default_transaction_read_only": "off", "jit": "off", "log_duration": "off", "log_statement": "none", "log_min_duration_statement": "-1",
	}
	maps.Copy(config.RuntimeParams, parameters)
	config.AfterConnect = Unhurried
	conn, err := pgconn.ConnectConfig(ctx, config)
	return conn, notRunning(err)
}

// Unhurried lifts the limit that servers from 17 on may have for transactions, in a session that has just begun: it is for those of clients. An older
// server knows no such parameter, and refuses who names one as it connects. It fits pgconn.Config.AfterConnect.
func Unhurried(ctx context.Context, conn *pgconn.PgConn) error {
	if major, _ := parseServerVersion(conn.ParameterStatus("server_version")); major < 17 {
		return nil
	}
	return conn.Exec(ctx, "SET transaction_timeout = 0").Close()
}

// config is where the local server is. Working it out reads files of the user's, so it is done once.
func (s *Server) config() (*pgconn.Config, error) {
	config, err := s.local()
	if err != nil {
		return nil, err
	}
	return config.Copy(), nil
}

func (s *Server) parseConfig() (*pgconn.Config, error) {
	return pgconn.ParseConfig(Conninfo{
		{"host", s.Paths.Socket}, {"port", strconv.Itoa(s.Paths.Port)}, {"user", Superuser}, {"dbname", "postgres"}, {"sslmode", "disable"},
	}.String())
}

// use calls f with the kept connection, opening it where there is none. A connection that was open before and turns out to
// be broken is opened anew, once: the server may have been restarted since. So f has to be repeatable.
func (s *Server) use(ctx context.Context, f func(*pgconn.PgConn) error) error {
	select {
	case s.kept.turn <- struct{}{}:
		defer func() { <-s.kept.turn }()
	case <-ctx.Done():
		return fmt.Errorf("wait for the connection to postgres: %w", ctx.Err())
	}
	for again := false; ; again = true {
		fresh := s.kept.conn == nil
		if fresh {
			conn, err := s.connect(ctx, "onggi-agent", nil)
			if err != nil {
				return err
			}
			s.kept.conn, s.kept.prepared = conn, map[string]bool{}
		}
		err := f(s.kept.conn)
		if !s.kept.conn.IsClosed() {
			return err
		}
		s.kept.conn = nil
		if fresh || again || ctx.Err() != nil {
			return err
		}
	}
}

func (k *keptConn) close() {
	k.turn <- struct{}{}
	defer func() { <-k.turn }()
	if k.conn != nil {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // close the socket, without waiting for a server that may be stopped
		_ = k.conn.Close(ctx)
		k.conn = nil
	}
}

// prepare prepares a statement on the kept connection where it is not yet.
func (k *keptConn) prepare(ctx context.Context, conn *pgconn.PgConn, name, sql string) error {
	if k.prepared[name] {
		return nil
	}
	_, err := conn.Prepare(ctx, name, sql, nil)
	if err == nil {
		k.prepared[name] = true
	}
	return err
}

// query runs one statement on the kept connection and returns its rows as text, NULL as "".
func (s *Server) query(ctx context.Context, sql string, args ...string) ([][]string, error) {
	var rows [][]string
	err := s.use(ctx, func(conn *pgconn.PgConn) (err error) {
		rows, err = queryOn(ctx, conn, sql, args...)
		return err
	})
	return rows, err
}

func queryOn(ctx context.Context, conn *pgconn.PgConn, sql string, args ...string) ([][]string, error) {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	result := conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, field := range row {
			rows[i] = append(rows[i], string(field))
		}
	}
	return rows, nil
}

// ask runs a statement that answers one value.
func (s *Server) ask(ctx context.Context, sql string, args ...string) (string, error) {
	rows, err := s.query(ctx, sql, args...)
	if err != nil {
		return "", err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return "", fmt.Errorf("postgres answered %d rows where one was asked for", len(rows))
	}
	return rows[0][0], nil
}

// serverVersion is the major version that the server told when the connection was made.
func serverVersion(conn *pgconn.PgConn) (int, error) {
	return parseServerVersion(conn.ParameterStatus("server_version"))
}

// parseServerVersion reads "15.18 (Debian 15.18-0+deb12u1)" and "18beta1".
func parseServerVersion(text string) (int, error) {
	digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(text)
	}
	major, err := strconv.Atoi(text[:digits])
	if err != nil {
		return 0, fmt.Errorf("server version %q does not begin with a number", text)
	}
	return major, checkMajor(major)
}

// sqlState is the code of an error that the server answered, "" for any other.
func sqlState(err error) string {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}
