package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotRunning is matched by errors that come from nobody listening at the server's socket.
var ErrNotRunning = errors.New("postgres does not run")

// ErrReplaying is matched by errors that come from a server that lets nobody in: one that replays until it is consistent, or that is being stopped.
var ErrReplaying = errors.New("postgres lets nobody in")

// cannotConnectNow is the state by which a server says that.
const cannotConnectNow = "57P03"

// notRunning marks an error of connecting for which there is no server, or none that lets anybody in.
func notRunning(err error) error {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrNotRunning, err)
	case sqlState(err) == cannotConnectNow:
		return fmt.Errorf("%w: %w", ErrReplaying, err)
	}
	return err
}

// poll is how often the state of the running server is looked at while something is waited for.
const poll = 10 * time.Millisecond

// until calls ready until it says so or fails, or ctx ends.
func until(ctx context.Context, what string, ready func() (bool, error)) error {
	for {
		done, err := ready()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(poll):
		}
	}
}

// Reload makes the running server read its files and returns once it has: sessions that begin from then on, and what the
// postmaster does itself, follow the new ones. The error tells the lines that Postgres refuses; the others are in force.
// What waits for a restart is no error, see Status.Pending. ErrNotRunning is matched where there is no server.
func (s *Server) Reload(ctx context.Context) error {
	before, err := s.ask(ctx, "SELECT pg_conf_load_time()::text FROM (SELECT pg_reload_conf()) x")
	if err != nil {
		return fmt.Errorf("reload postgres: %w", err)
	}
	patience := time.Now().Add(time.Second)
	err = until(ctx, "reload postgres", func() (bool, error) {
		now, err := s.ask(ctx, "SELECT pg_conf_load_time()::text")
		// Files that cannot be read at all leave the time as it was.
		return now != before || time.Now().After(patience), err
	})
	if err != nil {
		return err
	}
	if err := s.fileErrors(ctx); err != nil {
		return fmt.Errorf("reload postgres: %w", err)
	}
	// The postmaster signals its sessions before it reads pg_hba.conf. It does nothing else meanwhile, so that when it takes a
	// new connection it is done with both.
	conn, err := s.connect(ctx, "onggi-agent", nil)
	if err != nil {
		return fmt.Errorf("reload postgres: %w", err)
	}
	return conn.Close(ctx)
}

// Reread has whatever server there is read its files. One that lets nobody in does so too, and may need another upstream to become consistent; what it
// made of them is not known. One that does not run reads them when it starts.
func (s *Server) Reread(ctx context.Context) error {
	err := s.Reload(ctx)
	switch {
	case errors.Is(err, ErrNotRunning):
		return nil
	case errors.Is(err, ErrReplaying):
		_, err = s.run(ctx, 5*time.Second, "pg_ctl", "reload", "-D", s.Paths.Data)
	}
	return err
}

// fileErrors are the lines of the files that the server cannot use.
func (s *Server) fileErrors(ctx context.Context) error {
	ident := ""
	if major, err := s.Major(); err == nil && major >= 15 {
		ident = ` UNION ALL SELECT 'pg_ident.conf', line_number::text, error FROM pg_ident_file_mappings WHERE error IS NOT NULL`
	}
	rows, err := s.query(ctx, `SELECT sourcefile, sourceline::text, error FROM pg_file_settings f WHERE error IS NOT NULL
		AND NOT EXISTS (SELECT FROM pg_settings s WHERE lower(s.name) = lower(f.name) AND s.pending_restart)
		UNION ALL SELECT 'pg_hba.conf', line_number::text, error FROM pg_hba_file_rules WHERE error IS NOT NULL`+ident)
	if err != nil || len(rows) == 0 {
		return err
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, fmt.Sprintf("%s line %s: %s", row[0], row[1], row[2]))
	}
	return errors.New(strings.Join(lines, "; "))
}

// Check asks the postgres program whether it could start with the files as they are, without starting it. It looks at
// parameters, not at pg_hba.conf.
func (s *Server) Check(ctx context.Context) error {
	_, err := s.run(ctx, 10*time.Second, "postgres", "-D", s.Paths.Data, "-C", "config_file")
	return err
}

// exec runs statements on a connection of their own, for what takes long or must not wait for others.
func (s *Server) exec(ctx context.Context, name string, f func(*pgconn.PgConn) error) error {
	conn, err := s.connect(ctx, "onggi-agent "+name, nil)
	if err != nil {
		return err
	}
	err = f(conn)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
	return err
}
