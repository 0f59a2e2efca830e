package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// InitOptions are what initdb is told.
type InitOptions struct {
	Locale                  string // "" is C.UTF-8
	LocaleProvider          string // libc, icu (15), builtin (17); "" is the server's default
	ICULocale               string // with icu
	BuiltinLocale           string // with builtin
	Encoding                string // "" is UTF8
	SuperuserPasswordFile   string // "" for a superuser who is let in over the socket alone
	ReplicationPasswordFile string
	WALSegmentMB            int // 0 is 16
	// NoChecksums leaves pages without checksums. A rewind then cannot tell a damaged page.
	NoChecksums bool
	// Birth are more statements of the superuser in the database postgres.
	Birth []string
}

// initArgs is the command line of initdb of a major version.
func initArgs(data string, major int, o InitOptions) []string {
	locale, encoding := o.Locale, o.Encoding
	if locale == "" {
		locale = "C.UTF-8"
	}
	if encoding == "" {
		encoding = "UTF8"
	}
	args := []string{"-D", data, "-U", Superuser, "--locale", locale, "--encoding", encoding, "--auth-local", "peer", "--auth-host", "reject"}
	switch {
	case !o.NoChecksums:
		args = append(args, "--data-checksums")
	case major >= 18: // where they are the default
		args = append(args, "--no-data-checksums")
	}
	for _, option := range [][2]string{{"--locale-provider", o.LocaleProvider}, {"--icu-locale", o.ICULocale}, {"--builtin-locale", o.BuiltinLocale}} {
		if option[1] != "" {
			args = append(args, option[0]+"="+option[1])
		}
	}
	if o.WALSegmentMB != 0 {
		args = append(args, fmt.Sprintf("--wal-segsize=%d", o.WALSegmentMB))
	}
	return args
}

// programMajor is the major version of the programs.
func (s *Server) programMajor(ctx context.Context) (int, error) {
	result, err := s.run(ctx, 10*time.Second, "postgres", "--version")
	if err != nil {
		return 0, err
	}
	words := strings.Fields(result.Stdout) // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
	if len(words) < 3 {
		return 0, fmt.Errorf("postgres --version says %q", result.Stdout)
	}
	return parseServerVersion(words[2])
}

// Init makes a new database system, with the replicator and what it may do. It works beside the data directory and renames it
// into place when whole, so that an Init that was interrupted can be done again. It refuses where there is one already.
// The caller has to know that this cluster never had one.
func (s *Server) Init(ctx context.Context, o InitOptions) error {
	if exists(s.Paths.Data) {
		return fmt.Errorf("initialise: %s is there already", s.Paths.Data)
	}
	roles, err := o.roles("CREATE ROLE " + Replicator)
	if err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	next := s.beside()
	if err := os.RemoveAll(next); err != nil {
		return fmt.Errorf("initialise: %v", err)
	}
	major, err := s.programMajor(ctx)
	if err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	log, err := s.newWAL()
	if err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	if _, err := s.run(ctx, 5*time.Minute, "initdb", append(initArgs(next, major, o), walArgs(log)...)...); err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	// In single-user mode a line is a statement. It ends with 0 also where one failed, but says so.
	result, err := s.runCommand(ctx, Command{
		Argv:  []string{s.program("postgres"), "--single", "-D", next, "-c", "log_min_error_statement=panic", "postgres"},
		Stdin: strings.Join(append(roles, o.Birth...), "\n") + "\n", Timeout: time.Minute,
	})
	if err != nil {
		return fmt.Errorf("initialise: make roles: %w", err)
	}
	if strings.Contains(result.Stderr, "ERROR:") {
		return fmt.Errorf("initialise: make roles: %s", strings.TrimSpace(result.Stderr))
	}
	if err := os.Rename(next, s.Paths.Data); err != nil {
		return fmt.Errorf("initialise: %v", err)
	}
	if err := syncDir(filepath.Dir(s.Paths.Data)); err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	_ = s.makeRoom(&Cloned{}) // what is left of a volume that was lost
	return nil
}

// roles are the statement that sees to it that there is a replicator, and those that make it one and set passwords. They have what a server stores
// of a password, never the password.
func (o InitOptions) roles(create string) ([]string, error) {
	replicator, err := verifierFromFile(o.ReplicationPasswordFile)
	if err != nil {
		return nil, err
	}
	roles := []string{create, fmt.Sprintf("ALTER ROLE %s REPLICATION LOGIN PASSWORD %s", Replicator, QuoteLiteral(replicator))}
	if o.SuperuserPasswordFile != "" {
		superuser, err := verifierFromFile(o.SuperuserPasswordFile)
		if err != nil {
			return nil, err
		}
		roles = append(roles, fmt.Sprintf("ALTER ROLE %s PASSWORD %s", Superuser, QuoteLiteral(superuser)))
	}
	return append(roles, ReplicatorGrants()...), nil
}

// ReplicatorGrants are the statements that give the replicator what pg_rewind and its gate need beside REPLICATION. The signatures are the
// same in 13 to 18.
func ReplicatorGrants() []string {
	var statements []string
	for _, f := range []string{"pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)", "pg_read_binary_file(text)",
		"pg_read_binary_file(text, bigint, bigint, boolean)"} {
		statements = append(statements, fmt.Sprintf("GRANT EXECUTE ON FUNCTION pg_catalog.%s TO %s", f, Replicator))
	}
	return statements
}

// Mode is how a server is started.
type Mode int

// The modes. There is no third: a server that is not told to be primary follows.
const (
	AsStandby Mode = iota
	AsPrimary
)

// StartCommand makes the data directory ready for a mode and returns the command line of the server. As a standby it has
// standby.signal from here on, whatever was there before. A directory that is half done is not started: ErrUnfinished.
func (s *Server) StartCommand(mode Mode) (Command, error) {
	if _, err := s.Major(); err != nil {
		return Command{}, fmt.Errorf("start postgres: %w", err)
	}
	if mark, err := s.readMark(); err != nil || mark != nil {
		if err == nil {
			err = fmt.Errorf("%s: %w", mark.Work, ErrUnfinished)
		}
		return Command{}, fmt.Errorf("start postgres: %w", err)
	}
	if log, err := s.LogLost(); err != nil || log != "" {
		if err == nil {
			err = fmt.Errorf("%w: there is no %s", ErrLogLost, log)
		}
		return Command{}, fmt.Errorf("start postgres: %w", err)
	}
	if _, err := s.scrubAuto(limits{}); err != nil {
		return Command{}, fmt.Errorf("start postgres: %w", err)
	}
	err := s.signalFile(mode)
	if err != nil {
		return Command{}, fmt.Errorf("start postgres: %w", err)
	}
	return Command{Argv: []string{s.program("postgres"), "-D", s.Paths.Data}, Env: []string{"PGDATA=" + s.Paths.Data}, Dir: s.Paths.Volume}, nil
}

// signalFile makes standby.signal for a standby and removes it for a primary.
func (s *Server) signalFile(mode Mode) error {
	if mode == AsPrimary {
		return removeFiles(s.Paths.Data, "standby.signal", "recovery.signal")
	}
	return errors.Join(standBy(s.Paths.Data), removeFiles(s.Paths.Data, "recovery.signal"))
}

func standBy(data string) error {
	if exists(filepath.Join(data, "standby.signal")) {
		return nil
	}
	_, err := writeFile(filepath.Join(data, "standby.signal"), nil)
	return err
}

// Promote ends recovery and returns the new timeline once the server takes writes. synchronous_standby_names has to be in
// force as expected before, since commits may be acknowledged the moment recovery ends. On a server that is out of
// recovery it only tells the timeline. Nobody should receive log meanwhile: Detach first.
func (s *Server) Promote(ctx context.Context, expected Sync) (uint32, error) {
	names, err := expected.Names()
	if err != nil {
		return 0, fmt.Errorf("promote: %w", err)
	}
	rows, err := s.query(ctx, "SELECT current_setting('synchronous_standby_names'), pg_is_in_recovery()::text")
	if err != nil {
		return 0, fmt.Errorf("promote: %w", err)
	}
	if rows[0][0] != names {
		return 0, fmt.Errorf("promote: synchronous_standby_names is %q, not %q", rows[0][0], names)
	}
	if rows[0][1] == "true" {
		if _, err := s.ask(ctx, "SELECT pg_promote(false)::text"); err != nil && sqlState(err) != "55000" { // out of recovery by now
			return 0, fmt.Errorf("promote: %w", err)
		}
	}
	var timeline uint32
	err = until(ctx, "promote", func() (bool, error) {
		name, err := s.ask(ctx, "SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_walfile_name(pg_current_wal_flush_lsn()) END")
		if err != nil || name == "" {
			return false, err
		}
		timeline, err = parseHex(name[:min(8, len(name))])
		return true, err
	})
	return timeline, err
}

// Checkpoint writes a checkpoint on the running server, on a connection of its own since it takes as long as the disk needs. After a
// promotion it is what lets others rewind to this server.
func (s *Server) Checkpoint(ctx context.Context) error {
	err := s.exec(ctx, "checkpoint", func(conn *pgconn.PgConn) error {
		_, err := conn.Exec(ctx, "CHECKPOINT").ReadAll()
		return err
	})
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// Terminate ends all sessions of clients and returns once none is left, or ctx ends. With the gate closed no new ones come.
func (s *Server) Terminate(ctx context.Context) error {
	return until(ctx, "end the sessions of clients", func() (bool, error) {
		left, err := s.ask(ctx, `SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity
			WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND NOT (usename = 'postgres' AND application_name LIKE 'onggi-agent%')`)
		return left == "0", err
	})
}
