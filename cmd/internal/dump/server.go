package dump

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/onggi-db/onggi/render/dump"
	"github.com/onggi-db/onggi/sidecars/backup"
	pg "github.com/onggi-db/onggi/sidecars/postgres"
)

// home is the database that is there in every cluster, and in which the outcomes are.
const home = "postgres"

// server is an instance and a session of its own.
type server struct {
	login    *login
	address  string
	conn     *pgx.Conn
	recovery bool
	lsn      pg.LSN
}

// servers are all instances that answer.
type servers struct {
	all             []*server
	primary         *server
	version, system string
}

// patience is how long a failover may take in which a dump begins.
const patience = 2 * time.Minute

// connect finds the instances, and waits for a primary among them.
func connect(ctx context.Context, to dump.Login, say func(string)) (*servers, error) {
	l, err := readLogin(to)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(patience)
	for told := ""; ; {
		s, err := look(ctx, l)
		if err == nil {
			return s, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return nil, err
		}
		if told != err.Error() {
			told = err.Error()
			say("tries again: " + told)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(2 * time.Second):
		}
	}
}

func look(ctx context.Context, l *login) (*servers, error) {
	asked, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(asked, l.Members)
	if err != nil {
		return nil, fmt.Errorf("find the instances: %w", err)
	}
	slices.Sort(addresses)
	s := &servers{}
	var silent []error
	for _, address := range slices.Compact(addresses) {
		one, err := l.ask(asked, address)
		if err != nil {
			silent = append(silent, err)
			continue
		}
		s.all = append(s.all, one)
		if !one.recovery && s.primary == nil {
			s.primary = one
		}
	}
	if s.primary == nil {
		s.close(ctx)
		return nil, errors.Join(append([]error{errors.New("no primary answers")}, silent...)...)
	}
	row := s.primary.conn.QueryRow(asked, "SELECT current_setting('server_version'), system_identifier::text FROM pg_control_system()")
	if err := row.Scan(&s.version, &s.system); err != nil {
		s.close(ctx)
		return nil, fmt.Errorf("ask the primary who it is: %w", err)
	}
	return s, nil
}

func (s *servers) close(ctx context.Context) {
	for _, one := range s.all {
		_ = one.conn.Close(ctx)
	}
}

// choose is the instance to dump: the standby that is the least behind, or the primary.
func (s *servers) choose(ctx context.Context, primary bool) (*server, error) {
	if err := s.primary.conn.QueryRow(ctx, "SELECT pg_current_wal_lsn()::text").Scan(scanLSN{&s.primary.lsn}); err != nil {
		return nil, fmt.Errorf("ask the primary where its log is: %w", err)
	}
	var members []backup.Member
	for _, one := range s.all {
		m := backup.Member{Name: one.address, Leader: one == s.primary, Streaming: one.recovery}
		if one.recovery {
			if err := one.conn.QueryRow(ctx, "SELECT coalesce(pg_last_wal_replay_lsn(), '0/0')::text").Scan(scanLSN{&one.lsn}); err != nil {
				continue
			}
			m.Lag = uint64(max(0, int64(s.primary.lsn)-int64(one.lsn)))
		}
		members = append(members, m)
	}
	target := "prefer-standby"
	if primary {
		target = "primary"
	}
	chosen, _, _ := backup.Choose(members, target)
	for _, one := range s.all {
		if one.address == chosen.Name {
			return one, nil
		}
	}
	return s.primary, nil
}

type scanLSN struct{ into *pg.LSN }

// Scan reads what the server writes.
func (s scanLSN) Scan(text any) error {
	word, _ := text.(string)
	lsn, err := pg.ParseLSN(word)
	*s.into = lsn
	return err
}

// databases are those to dump: the wanted ones, or all that take connections but for templates.
func (s *server) databases(ctx context.Context, wanted []string) ([]string, error) {
	rows, err := s.conn.Query(ctx, "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname")
	if err != nil {
		return nil, fmt.Errorf("list the databases: %w", err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list the databases: %w", err)
	}
	if len(wanted) == 0 {
		return there, nil
	}
	for _, name := range wanted {
		if !slices.Contains(there, name) {
			return nil, fmt.Errorf("there is no database %s, or none that takes connections", name)
		}
	}
	return wanted, nil
}

// record tells the primary how the dump ended, where the exporter reads it.
func (s *servers) record(ctx context.Context, o Outcome) error {
	sql := `INSERT INTO onggi_dump.outcome AS o (series, failed, failures) VALUES ($1, now(), 1)
		ON CONFLICT (series) DO UPDATE SET failed = now(), failures = o.failures + 1`
	args := []any{o.Name}
	if o.OK {
		sql = `INSERT INTO onggi_dump.outcome AS o (series, good, bytes, seconds, failures) VALUES ($1, $2, $3, $4, 0)
			ON CONFLICT (series) DO UPDATE SET good = $2, bytes = $3, seconds = $4, failures = 0`
		args = append(args, o.Started, o.Bytes(), o.Ended.Sub(o.Started).Seconds())
	}
	write := func(conn *pgx.Conn) error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadWrite})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }()
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			return err
		}
		return tx.Commit(ctx)
	}
	if err := write(s.primary.conn); err == nil {
		return nil
	}
	// The dump took hours, and another may be the primary by now.
	again, err := look(ctx, s.primary.login)
	if err != nil {
		return err
	}
	defer again.close(ctx)
	return write(again.primary.conn)
}

// login is a dump.Login with its password.
type login struct {
	dump.Login
	password string
}

func readLogin(to dump.Login) (*login, error) {
	password, err := pg.ReadPassword(to.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("log in as %s: %w", to.User, err)
	}
	return &login{to, password}, nil
}

// ask opens a session and asks what the instance is.
func (l *login) ask(ctx context.Context, address string) (*server, error) {
	s := &server{login: l, address: address}
	var err error
	if s.conn, err = s.open(ctx, home); err != nil {
		return nil, err
	}
	if err := s.conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&s.recovery); err != nil {
		_ = s.conn.Close(ctx)
		return nil, fmt.Errorf("ask %s what it is: %w", address, err)
	}
	return s, nil
}

// open opens a session in a database of this very instance, whatever its name may lead to meanwhile.
func (s *server) open(ctx context.Context, database string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(append(s.way(database), [2]string{"password", s.login.password}, [2]string{"connect_timeout", "10"}).String())
	if err != nil {
		return nil, fmt.Errorf("log in to %s: the login cannot be read", s.address) // err may have the password
	}
	cfg.LookupFunc = func(context.Context, string) ([]string, error) { return []string{s.address}, nil }
	for name, value := range map[string]string{
		"timezone": "UTC", "datestyle": "ISO", "statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
	} {
		cfg.RuntimeParams[name] = value
	}
	cfg.AfterConnect = pg.Unhurried // the session that lends its snapshot is in one transaction as long as the dump takes
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("log in to %s: %w", s.address, err)
	}
	return conn, nil
}

// conninfo is the way to a database for libpq's programs, without the password.
func (s *server) conninfo(database string) string {
	return append(s.way(database), pg.Conninfo{
		{"hostaddr", s.address}, {"connect_timeout", "10"}, {"keepalives_idle", "30"}, {"keepalives_interval", "10"}, {"keepalives_count", "6"},
	}...).String()
}

func (s *server) way(database string) pg.Conninfo {
	l := s.login
	return pg.Conninfo{
		{"host", l.Host}, {"port", strconv.Itoa(l.Port)}, {"user", l.User}, {"dbname", database}, {"sslmode", l.SSLMode}, {"sslrootcert", l.CAFile},
		{"application_name", "onggi_dump"},
	}
}
