package provision_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/freeport"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
	"github.com/onggi-db/onggi/sidecars/provision"
)

var bindir = pgtest.Bin()

// server is a real PostgreSQL that logs all statements that it is let log.
type server struct {
	*postgres.Server
	t   testing.TB
	dir string
}

func need(t testing.TB, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
		t.Fatalf("needs %s", what)
	}
	t.Skipf("needs %s", what)
}

// start makes a server of its own for a test. It is run by the user postgres; who runs the test is let in over the socket, and over TCP with
// a password.
func start(t testing.TB) *server {
	t.Helper()
	_, err := os.Stat(bindir)
	need(t, err == nil, "PostgreSQL in "+bindir)
	someone, err := user.Lookup("postgres")
	need(t, err == nil && os.Getuid() == 0, "root, and a user postgres to run the server as")
	uid, _ := strconv.Atoi(someone.Uid)
	gid, _ := strconv.Atoi(someone.Gid)
	as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, Pdeathsig: syscall.SIGKILL}
	dir, err := os.MkdirTemp("", "provision") // short: the path of a socket has at most 107 bytes
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
	port := freePort(t)
	log, err := os.Create(dir + "/log")
	require.NoError(t, err)
	cmd := run("postgres", "-D", dir+"/data", "-k", dir, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
		"-c", "log_statement=all", "-c", "log_min_error_statement=error", "-c", "shared_buffers=8MB", "-c", "autovacuum=off")
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait()
		_ = log.Close()
	})
	s := &server{postgres.New(postgres.Paths{Socket: dir, Port: port}, nil), t, dir}
	t.Cleanup(s.Close)
	require.Eventually(t, func() bool { _, err := s.query("postgres", "SELECT 1"); return err == nil }, 30*time.Second, 20*time.Millisecond)
	return s
}

// template is a data directory that initdb made once for all tests of a run: it takes longer than most of them.
var template struct {
	sync.Mutex
	dir string
}

func born(t testing.TB, run func(string, ...string) *exec.Cmd) string {
	t.Helper()
	template.Lock()
	defer template.Unlock()
	if template.dir != "" {
		return template.dir + "/data"
	}
	dir, err := os.MkdirTemp("", "provision-template")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o777))
	out, err := run("initdb", "-D", dir+"/data", "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync").CombinedOutput()
	require.NoError(t, err, string(out))
	template.dir = dir
	return dir + "/data"
}

func TestMain(m *testing.M) {
	code := m.Run()
	if template.dir != "" {
		_ = os.RemoveAll(template.dir)
	}
	os.Exit(code)
}

func freePort(t testing.TB) int {
	t.Helper()
	port, release, err := freeport.Take()
	require.NoError(t, err)
	t.Cleanup(release)
	return port
}

// query runs a statement as the superuser and returns its rows, fields joined by |.
func (s *server) query(database, sql string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	config, err := pgconn.ParseConfig(fmt.Sprintf("host=%s port=%d user=postgres sslmode=disable", s.dir, s.Paths.Port))
	if err != nil {
		return nil, err
	}
	config.Database = database
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	var rows []string
	for _, r := range results {
		for _, row := range r.Rows {
			var fields []string
			for _, f := range row {
				fields = append(fields, string(f))
			}
			rows = append(rows, strings.Join(fields, "|"))
		}
	}
	return rows, err
}

func (s *server) sql(database, sql string) []string {
	s.t.Helper()
	rows, err := s.query(database, sql)
	require.NoError(s.t, err, sql)
	return rows
}

// login tells whether a role is let in over TCP with a password.
func (s *server) login(role, password string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	config, err := pgconn.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d dbname=postgres sslmode=disable", s.Paths.Port))
	require.NoError(s.t, err)
	config.User, config.Password = role, password
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (s *server) log() string {
	text, err := os.ReadFile(s.dir + "/log")
	require.NoError(s.t, err)
	return string(text)
}

// apply makes the server as wanted, and tells what was done and what failed.
func (s *server) apply(w provision.Wanted) (done, failed []string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	result := provision.Apply(ctx, s.Session, w)
	for _, f := range result.Failed {
		failed = append(failed, f.String())
	}
	return result.Done, failed
}

// settled makes the server as wanted, and sees that a second time has nothing to do.
func (s *server) settled(w provision.Wanted) []string {
	s.t.Helper()
	done, failed := s.apply(w)
	require.Empty(s.t, failed)
	again, failed := s.apply(w)
	require.Empty(s.t, failed)
	require.Empty(s.t, again, "run twice, it changes nothing")
	return done
}

func role(name string, change ...func(*provision.Role)) provision.Role {
	r := provision.Role{Role: config.Role{Name: name, Login: true}}
	for _, c := range change {
		c(&r)
	}
	return r
}

func withPassword(text string) func(*provision.Role) {
	return func(r *provision.Role) { r.Password.Text = text }
}

func in(groups ...string) func(*provision.Role) {
	return func(r *provision.Role) { r.InRoles = groups }
}

func roles(all ...provision.Role) provision.Wanted { return provision.Wanted{Roles: all} }

func pointer(n int) *int { return &n }
