package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/freeport"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

var bindir = pgtest.Bin()

func need(t *testing.T, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
		t.Fatalf("needs %s", what)
	}
	t.Skipf("needs %s", what)
}

// tools run programs as the server's user.
type tools struct{ as *syscall.SysProcAttr }

func (x tools) Run(ctx context.Context, c postgres.Command) (postgres.Result, error) {
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = c.Dir, append(os.Environ(), c.Env...), &out, &errs, x.as
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return postgres.Result{}, err
	}
	return postgres.Result{Stdout: out.String(), Stderr: errs.String(), Code: cmd.ProcessState.ExitCode()}, ctx.Err()
}

// server is a real one.
type server struct {
	*postgres.Server
	t *testing.T
}

func start(t *testing.T) *server {
	t.Helper()
	_, err := os.Stat(bindir)
	need(t, err == nil, "PostgreSQL in "+bindir)
	_, err = exec.LookPath("bash")
	need(t, err == nil, "bash")
	someone, err := user.Lookup("postgres")
	need(t, err == nil && os.Getuid() == 0, "root, and a user postgres to run the server as")
	uid, _ := strconv.Atoi(someone.Uid)
	gid, _ := strconv.Atoi(someone.Gid)
	as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, Pdeathsig: syscall.SIGKILL}
	dir, err := os.MkdirTemp("", "transfer")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chown(dir, uid, gid))
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bindir, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		return cmd
	}
	out, err := exec.Command("cp", "-a", born(t, run), dir+"/data").CombinedOutput()
	require.NoError(t, err, string(out))
	port, release, err := freeport.Take()
	require.NoError(t, err)
	t.Cleanup(release)
	cmd := run("postgres", "-D", dir+"/data", "-k", dir, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=8MB", "-c", "autovacuum=off")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGQUIT); _ = cmd.Wait() })
	s := &server{postgres.New(postgres.Paths{Volume: dir, Data: dir + "/data", Bin: bindir, Socket: dir, Port: port, User: "postgres"}, tools{as}), t}
	t.Cleanup(s.Close)
	require.Eventually(t, func() bool { _, err := s.try("postgres", "SELECT 1"); return err == nil }, 30*time.Second, 20*time.Millisecond)
	return s
}

// template is a data directory that initdb made once for all tests of a run.
var template string

func born(t *testing.T, run func(string, ...string) *exec.Cmd) string {
	t.Helper()
	if template == "" {
		dir, err := os.MkdirTemp("", "transfer-template")
		require.NoError(t, err)
		require.NoError(t, os.Chmod(dir, 0o777))
		out, err := run("initdb", "-D", dir+"/data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync").CombinedOutput()
		require.NoError(t, err, string(out))
		template = dir
	}
	return template + "/data"
}

func TestMain(m *testing.M) {
	code := m.Run()
	if template != "" {
		_ = os.RemoveAll(template)
	}
	os.Exit(code)
}

func (s *server) try(database, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=%s sslmode=disable client_encoding=UTF8", s.Paths.Port, database))
	if err != nil {
		return "", err
	}
	defer closing(ctx, conn)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[len(results)-1].Rows) == 0 {
		return "", err
	}
	return string(results[len(results)-1].Rows[0][0]), nil
}

func (s *server) sql(database, sql string) string {
	s.t.Helper()
	got, err := s.try(database, sql)
	require.NoError(s.t, err, sql)
	return got
}

// from is how this server copies out of another.
func (s *server) from(other *server) Servers {
	u := postgres.Upstream{Host: "127.0.0.1", Port: other.Paths.Port, User: "postgres", Name: "onggi-import"}
	return Servers{
		Away: func(ctx context.Context, database string) (*pgconn.PgConn, error) { return s.Foreign(ctx, u, database) },
		Here: s.Session,
		Pipe: func(ctx context.Context, p postgres.Pipe) error { return s.Server.Pipe(ctx, u, p) },
		Born: func(context.Context, *pgconn.PgConn, string) error { return nil },
		Told: func(string) {},
	}
}

// filled is a server with what people have in theirs.
func filled(t *testing.T) *server {
	s := start(t)
	s.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'x'; CREATE ROLE readers; GRANT readers TO app; CREATE ROLE boss SUPERUSER LOGIN REPLICATION")
	s.sql("postgres", "CREATE DATABASE app OWNER app")
	s.sql("postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'")
	s.sql("app", `CREATE EXTENSION pg_trgm; CREATE SCHEMA "Odd schema" AUTHORIZATION app; SET ROLE app; CREATE TABLE "Odd schema"."T" (n int PRIMARY KEY, t text);
		INSERT INTO "Odd schema"."T" SELECT n, repeat('x', 100) FROM generate_series(1, 20000) n;
		CREATE INDEX ON "Odd schema"."T" USING gin (t gin_trgm_ops); CREATE SEQUENCE s; SELECT nextval('s') FROM generate_series(1, 41)`)
	s.sql("app", `SET ROLE app; CREATE TABLE parts (n int) PARTITION BY RANGE (n); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); INSERT INTO parts SELECT generate_series(0, 9);
		CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT count(*) FROM parts; GRANT SELECT ON v TO readers; SELECT lo_from_bytea(0, 'a large object'); RESET ROLE;
		COMMENT ON EXTENSION pg_trgm IS 'by its owner'`)
	s.sql("latin", "CREATE TABLE l (t text); INSERT INTO l VALUES ('caf\u00e9')")
	return s
}

// One database becomes another's, with everything in it; nobody else's role is needed.
func TestAMicroservice(t *testing.T) {
	other, here := filled(t), start(t)
	here.sql("postgres", "CREATE ROLE shop LOGIN")
	wanted := config.Import{Server: config.Outside{Host: "there"}, Database: "postgres", Databases: []config.ImportDatabase{{Name: "app", As: "shop", Owner: "shop"}}}
	var told []string
	s := here.from(other)
	s.Told = func(what string) { told = append(told, what) }
	s.Born = func(ctx context.Context, conn *pgconn.PgConn, as string) error {
		require.Equal(t, "shop", as)
		_, err := conn.Exec(ctx, "CREATE TABLE public.born (n int)").ReadAll()
		return err
	}
	done, err := Run(context.Background(), s, wanted)
	require.NoError(t, err)
	require.Equal(t, Done{Databases: []string{"shop"}, Rows: 20011}, done, "20000, 10 and a large object")
	require.Contains(t, strings.Join(told, "; "), `copies database "app"; counts the rows of database "app"; analyses`)
	require.Equal(t, "20000", here.sql("shop", `SELECT count(*) FROM "Odd schema"."T"`))
	require.Equal(t, "41", here.sql("shop", "SELECT last_value FROM s"))
	require.Equal(t, "10", here.sql("shop", "SELECT count FROM v"))
	require.Equal(t, "0", here.sql("shop", "SELECT count(*) FROM born"))
	require.Equal(t, "", here.sql("shop", "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class WHERE oid >= 16384 AND pg_get_userbyid(relowner) NOT IN ('shop', 'postgres')"))
	require.Equal(t, "shop shop shop", here.sql("shop", `SELECT pg_get_userbyid(datdba) || ' ' || (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'T') || ' ' || (SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'f')
		FROM pg_database WHERE datname = current_database()`))
	require.Equal(t, "0", here.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname IN ('app', 'onggi_import')"))
	require.Equal(t, "t", here.sql("shop", "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'T'"), "the planner knows it")

	done, err = Run(context.Background(), s, wanted)
	require.NoError(t, err)
	require.Empty(t, done, "what is here is not copied again")
}

// All databases and roles come along, with who owns what and who may what.
func TestAMonolith(t *testing.T) {
	other, here := filled(t), start(t)
	wanted := config.Import{Server: config.Outside{Host: "there"}, Database: "postgres", Databases: []config.ImportDatabase{{Name: "*", As: "*"}}, Roles: []string{"*"}}
	done, err := Run(context.Background(), here.from(other), wanted)
	require.NoError(t, err)
	require.Equal(t, []string{"app", "boss", "readers"}, done.Roles)
	require.Equal(t, []string{"app", "latin"}, done.Databases)
	require.Equal(t, other.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'"), here.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'"))
	require.Equal(t, "false false true", here.sql("postgres", "SELECT rolsuper || ' ' || rolreplication || ' ' || rolcanlogin FROM pg_roles WHERE rolname = 'boss'"), "nobody becomes a superuser")
	require.Equal(t, "t", here.sql("app", "SELECT pg_has_role('app', 'readers', 'MEMBER') AND has_table_privilege('readers', 'v', 'SELECT')"))
	require.Equal(t, "app", here.sql("app", "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'T'"))
	require.Equal(t, "LATIN1 caf\u00e9", here.sql("latin", "SELECT pg_encoding_to_char(encoding) || ' ' || t FROM l, pg_database WHERE datname = 'latin'"))
}

// Whatever ends it, the next run begins the database again, and nobody ever sees half of one.
func TestWhatEndsInTheMiddleBeginsAgain(t *testing.T) {
	other, here := filled(t), start(t)
	here.sql("postgres", "CREATE ROLE shop LOGIN")
	wanted := config.Import{Server: config.Outside{Host: "there"}, Database: "postgres", Databases: []config.ImportDatabase{{Name: "app", As: "shop", Owner: "shop"}}}
	names := func() string {
		return here.sql("postgres", "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
	}
	good := here.from(other)
	for what, bad := range map[string]func(*Servers){
		"pg_dump dies": func(s *Servers) {
			s.Pipe = func(ctx context.Context, p postgres.Pipe) error {
				p.Dump = append(p.Dump, "--nonsense")
				return good.Pipe(ctx, p)
			}
		},
		"pg_restore dies": func(s *Servers) {
			s.Pipe = func(ctx context.Context, p postgres.Pipe) error {
				p.Restore = append(p.Restore, "--role=nobody")
				return good.Pipe(ctx, p)
			}
		},
		"the process dies": func(s *Servers) {
			s.Pipe = func(ctx context.Context, p postgres.Pipe) error { _ = good.Pipe(ctx, p); return context.Canceled }
		},
		"its SQL is wrong": func(s *Servers) {
			s.Born = func(context.Context, *pgconn.PgConn, string) error { return errors.New("wrong") }
		},
		"a row is not here":     func(s *Servers) { s.Pipe = losing(good, here, `DELETE FROM "Odd schema"."T" WHERE n = 7`) },
		"a table is not here":   func(s *Servers) { s.Pipe = losing(good, here, `DROP TABLE parts_1`) },
		"an object is not here": func(s *Servers) { s.Pipe = losing(good, here, `SELECT lo_unlink(oid) FROM pg_largeobject_metadata`) },
	} {
		s := good
		bad(&s)
		_, err := Run(context.Background(), s, wanted)
		require.Error(t, err, what)
		require.NotContains(t, names(), "shop", what)
		if strings.HasSuffix(what, "not here") {
			require.ErrorContains(t, err, "the copy is not whole", what)
		}
	}
	_, err := Run(context.Background(), good, wanted)
	require.NoError(t, err)
	require.Equal(t, "shop", names())
}

// losing is a copy of which something is lost afterwards.
func losing(s Servers, here *server, sql string) func(context.Context, postgres.Pipe) error {
	return func(ctx context.Context, p postgres.Pipe) error {
		if err := s.Pipe(ctx, p); err != nil {
			return err
		}
		_, err := here.try(p.Into, sql)
		return err
	}
}

// What is written there meanwhile neither comes along nor makes the copy look wrong.
func TestRowsAreCountedByTheSnapshot(t *testing.T) {
	other, here := filled(t), start(t)
	wanted := config.Import{Server: config.Outside{Host: "there"}, Database: "postgres", Databases: []config.ImportDatabase{{Name: "app", As: "app", Owner: "postgres"}}}
	s := here.from(other)
	pipe := s.Pipe
	s.Pipe = func(ctx context.Context, p postgres.Pipe) error {
		other.sql("app", `INSERT INTO "Odd schema"."T" SELECT n FROM generate_series(20001, 20100) n`)
		return pipe(ctx, p)
	}
	_, err := Run(context.Background(), s, wanted)
	require.NoError(t, err)
	require.Equal(t, "20000", here.sql("app", `SELECT count(*) FROM "Odd schema"."T"`))
}

func TestWhatIsNotThere(t *testing.T) {
	other, here := filled(t), start(t)
	for why, wanted := range map[string]config.Import{
		`there has no database "gone"`: {Databases: []config.ImportDatabase{{Name: "gone", As: "gone"}}},
		`there has no role "gone"`:     {Databases: []config.ImportDatabase{{Name: "*", As: "*"}}, Roles: []string{"gone"}},
		`role "app" does not exist`:    {Databases: []config.ImportDatabase{{Name: "app", As: "app"}}},
		`connect to there`:             {Database: "gone", Databases: []config.ImportDatabase{{Name: "app", As: "app"}}},
	} {
		wanted.Server.Host = "there"
		if wanted.Database == "" {
			wanted.Database = "postgres"
		}
		_, err := Run(context.Background(), here.from(other), wanted)
		require.ErrorContains(t, err, why)
	}
}
