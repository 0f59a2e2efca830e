package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/freeport"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

// patience is how long a test waits for what has to come. It is no measure of speed.
const patience = time.Minute

const password = `it's \ a: "long" one`

// TestMain runs the tests as the user postgres where they are started by root: Postgres refuses to be run by root, and
// agent and server are the same user. Fuzzing needs no server, and its workers are started by path, which another user may not reach.
func TestMain(m *testing.M) {
	someone, err := user.Lookup("postgres")
	if os.Getuid() != 0 || err != nil || strings.Contains(strings.Join(os.Args, " "), "-test.fuzz") {
		code := m.Run()
		for _, dir := range leftovers {
			os.RemoveAll(dir)
		}
		os.Exit(code)
	}
	uid, _ := strconv.Atoi(someone.Uid)
	gid, _ := strconv.Atoi(someone.Gid)
	// What the go command wants written stands in a folder of root's.
	args := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(a string) bool { return strings.HasPrefix(a, "-test.testlogfile=") })
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), "HOME="+someone.HomeDir, "USER=postgres")
	signal.Ignore(os.Interrupt) // the child has it too
	err = cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		fmt.Fprintln(os.Stderr, "run the tests as postgres:", err)
		os.Exit(1)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// binaries is the folder of a real server's programs; the test is skipped where there is none.
func binaries(t testing.TB) string {
	t.Helper()
	bin := pgtest.Bin()
	if bin == pgtest.Missing || os.Getuid() == 0 {
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			t.Fatal("no Postgres server is installed, or there is no user postgres to run it")
		}
		t.Skip("no Postgres server is installed, neither below /usr/lib/postgresql nor on the PATH, or there is no user postgres to run it")
	}
	return bin
}

// execTools runs programs as children of the test, as the supervisor does as its own.
type execTools struct {
	mu  sync.Mutex
	ran []postgres.Command
	// onStart is called with each program that was started.
	onStart func(postgres.Command, *os.Process)
}

func (x *execTools) Run(ctx context.Context, c postgres.Command) (postgres.Result, error) {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Env, cmd.Dir = append([]string{"PATH=" + os.Getenv("PATH")}, c.Env...), c.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.Stdin), &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return postgres.Result{}, err
	}
	x.mu.Lock()
	x.ran = append(x.ran, c)
	hook := x.onStart
	x.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer stop()
	if hook != nil {
		hook(c, cmd.Process)
	}
	err := cmd.Wait()
	if ctx.Err() != nil {
		return postgres.Result{}, ctx.Err()
	}
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return postgres.Result{}, err
	}
	code := cmd.ProcessState.ExitCode()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return postgres.Result{Stdout: stdout.String(), Stderr: stderr.String(), Code: code}, nil
}

// node is one member: a server in a folder of its own.
type node struct {
	*postgres.Server
	t     *testing.T
	name  string
	dir   string
	tools *execTools
	cmd   *exec.Cmd
	log   *os.File
}

func newNode(t *testing.T, name string) *node {
	t.Helper()
	bin := binaries(t)
	dir, err := os.MkdirTemp("", "onggi-pg-") // short: the path of a socket has at most 107 bytes
	require.NoError(t, err)
	for _, sub := range []string{"volume", "run"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "password"), []byte(password+"\n"), 0o600))
	tools := &execTools{}
	someone, err := user.Current()
	require.NoError(t, err)
	n := &node{t: t, name: name, dir: dir, tools: tools, Server: postgres.New(postgres.Paths{
		Volume: filepath.Join(dir, "volume"), Data: filepath.Join(dir, "volume", "pgdata"), Bin: bin, Socket: filepath.Join(dir, "run"),
		Passfile: filepath.Join(dir, "run", "passfile"), Port: freePort(t), User: someone.Username,
	}, tools)}
	n.log, err = os.Create(filepath.Join(dir, "log"))
	require.NoError(t, err)
	require.NoError(t, n.WritePassfile(filepath.Join(dir, "password")))
	t.Cleanup(func() {
		n.kill()
		n.Close()
		n.log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("log of %s:\n%s", name, text)
		}
		os.RemoveAll(dir)
	})
	return n
}

func (n *node) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	n.t.Cleanup(cancel)
	return ctx
}

func (n *node) settings() postgres.Settings {
	return postgres.Settings{Listen: "127.0.0.1", Members: 3, Parameters: map[string]string{
		"fsync": "on", "shared_buffers": "8MB", "max_connections": "20", "log_checkpoints": "off",
	}}
}

func (n *node) configure(change ...func(*postgres.Settings)) {
	n.t.Helper()
	s := n.settings()
	for _, c := range change {
		c(&s)
	}
	_, err := n.Configure(s)
	require.NoError(n.t, err)
}

// start starts the server and waits until it answers.
func (n *node) start(mode postgres.Mode) {
	n.t.Helper()
	command, err := n.StartCommand(mode)
	require.NoError(n.t, err)
	n.run(command)
	require.Eventually(n.t, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := n.Status(ctx, postgres.Brief)
		return err == nil
	}, patience, 20*time.Millisecond, "%s does not answer", n.name)
}

func (n *node) run(command postgres.Command) {
	n.t.Helper()
	cmd := exec.Command(command.Argv[0], command.Argv[1:]...)
	cmd.Env, cmd.Dir = append([]string{"PATH=" + os.Getenv("PATH")}, command.Env...), command.Dir
	cmd.Stdout, cmd.Stderr = n.log, n.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(n.t, cmd.Start())
	n.cmd = cmd
}

// stop is a fast stop; kill takes the postmaster and whatever it leaves.
func (n *node) stop() {
	n.t.Helper()
	require.NoError(n.t, n.cmd.Process.Signal(syscall.SIGINT))
	require.NoError(n.t, n.cmd.Wait())
	n.cmd = nil
}

func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
	n.cmd = nil
	// Children of a postmaster that was killed are in sessions of their own and end by themselves once they notice.
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) && n.children() > 0 {
		time.Sleep(10 * time.Millisecond)
	}
}

// children counts the processes that work in this node's data directory.
func (n *node) children() int {
	count := 0
	found, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range found {
		if at, err := os.Readlink(link); err == nil && strings.HasPrefix(at, n.Paths.Data) {
			count++
		}
	}
	return count
}

func (n *node) status(depth ...postgres.Depth) postgres.Status {
	n.t.Helper()
	status, err := n.Status(n.ctx(), append(depth, postgres.Brief)[0])
	require.NoError(n.t, err)
	return status
}

// sql runs a statement over the socket as a client does and returns the first value.
func (n *node) sql(statement string) string {
	n.t.Helper()
	value, err := n.trySQL(statement)
	require.NoError(n.t, err, statement)
	return value
}

// alterSystem does what ALTER SYSTEM does. A server that is told not to, as we tell those from 17 on, is written to by hand, as people do then.
func (n *node) alterSystem(name, value string) {
	n.t.Helper()
	statement := fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, value)
	if n.status().Version < 170000 {
		n.sql(statement)
		return
	}
	_, err := n.trySQL(statement)
	require.ErrorContains(n.t, err, "not allowed in this environment")
	file, err := os.OpenFile(filepath.Join(n.Paths.Data, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(n.t, err)
	_, err = fmt.Fprintf(file, "%s = '%s'\n", name, value)
	require.NoError(n.t, errors.Join(err, file.Close()))
}

func (n *node) trySQL(statement string) (string, error) {
	conn, err := n.client(Superuser)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	results, err := conn.Exec(n.ctx(), statement).ReadAll()
	if err != nil || len(results) == 0 {
		return "", err
	}
	rows := results[len(results)-1].Rows
	if len(rows) == 0 {
		return "", nil
	}
	return string(rows[0][0]), nil
}

const Superuser = postgres.Superuser

func (n *node) client(role string) (*pgconn.PgConn, error) {
	return pgconn.Connect(n.ctx(), postgres.Conninfo{{"host", n.Paths.Socket}, {"port", strconv.Itoa(n.Paths.Port)}, {"user", role}, {"dbname", "postgres"}}.String())
}

func freePort(t testing.TB) int {
	t.Helper()
	port, release, err := freeport.Take()
	require.NoError(t, err)
	t.Cleanup(release)
	return port
}

// newPrimary is a new database system that runs and takes writes.
func newPrimary(t *testing.T, name string) *node {
	t.Helper()
	n := newNode(t, name)
	require.NoError(t, os.CopyFS(n.Paths.Data, os.DirFS(initialised(t))))
	for _, dir := range []string{"", "pg_wal"} {
		require.NoError(t, os.Chmod(filepath.Join(n.Paths.Data, dir), 0o700))
	}
	n.configure()
	n.start(postgres.AsPrimary)
	return n
}

// initialised is a data directory as Init makes it, made once.
var initialised = func() func(*testing.T) string {
	var once sync.Once
	var data string
	return func(t *testing.T) string {
		t.Helper()
		once.Do(func() {
			n := newNode(t, "template")
			n.init()
			dir, err := os.MkdirTemp("", "onggi-pg-template-")
			require.NoError(t, err)
			require.NoError(t, os.Rename(n.Paths.Data, filepath.Join(dir, "pgdata")))
			leftovers = append(leftovers, dir)
			data = filepath.Join(dir, "pgdata")
		})
		require.NotEmpty(t, data, "the data directory that tests share could not be made")
		return data
	}
}()

var leftovers []string // folders that outlive a test

func (n *node) init() {
	n.t.Helper()
	require.NoError(n.t, n.Init(n.ctx(), postgres.InitOptions{
		ReplicationPasswordFile: filepath.Join(n.dir, "password"), SuperuserPasswordFile: filepath.Join(n.dir, "password"),
	}))
}

// upstream is this node as others follow it.
func (n *node) upstream(follower string) postgres.Upstream {
	return postgres.Upstream{Host: "127.0.0.1", Port: n.Paths.Port, Name: follower, Slot: postgres.SlotName(follower)}
}

// newStandby is a clone of a primary that runs and streams.
func newStandby(t *testing.T, primary *node, name string) *node {
	t.Helper()
	n := newNode(t, name)
	_, err := primary.Slots(n.ctx(), map[string]postgres.LSN{name: 0})
	require.NoError(t, err)
	_, err = n.Clone(n.ctx(), primary.upstream(name), postgres.CloneOptions{System: primary.status().System, Term: 1})
	require.NoError(t, err)
	n.configure()
	require.NoError(t, n.Follow(n.ctx(), primary.upstream(name)))
	n.start(postgres.AsStandby)
	n.caughtUp(primary)
	return n
}

// caughtUp waits until n has what primary has now.
func (n *node) caughtUp(primary *node) {
	n.t.Helper()
	end := primary.status().Flush
	require.Eventually(n.t, func() bool {
		status := n.status()
		return status.Receiver != nil && status.Receiver.State == "streaming" && status.Replay >= end
	}, patience, 10*time.Millisecond, "%s does not catch up with %s", n.name, primary.name)
}

func portOf(n *node) string { return strconv.Itoa(n.Paths.Port) }

func itoa(n int) string { return strconv.Itoa(n) }

// sleeper is the id of a process that does nothing until the test ends.
func sleeper(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("sleep", "300")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}
