package exporter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/capture"
	"github.com/onggi-db/onggi/sidecars/freeport"
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

func freePort(t *testing.T) int {
	t.Helper()
	port, release, err := freeport.Take()
	require.NoError(t, err)
	t.Cleanup(release)
	return port
}

// database is a real server, whose socket is in its folder.
func database(t *testing.T) (dir string, port int) {
	t.Helper()
	_, err := os.Stat(bindir)
	need(t, err == nil, "PostgreSQL in "+pgtest.Bin())
	someone, err := user.Lookup("postgres")
	need(t, err == nil && os.Getuid() == 0, "root, and a user postgres")
	uid, _ := strconv.Atoi(someone.Uid)
	gid, _ := strconv.Atoi(someone.Gid)
	dir, err = os.MkdirTemp("", "exporter")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chown(dir, uid, gid))
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bindir, name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	out, err := run("initdb", "-D", dir+"/data", "-U", "postgres", "--auth=trust", "--no-sync").CombinedOutput()
	require.NoError(t, err, string(out))
	port = freePort(t)
	cmd := run("postgres", "-D", dir+"/data", "-k", dir, "-p", strconv.Itoa(port), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=8MB")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGQUIT); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		return exec.Command(bindir+"/psql", "-h", dir, "-p", strconv.Itoa(port), "-U", "postgres", "-Atc", "SELECT 1").Run() == nil
	}, 30*time.Second, 50*time.Millisecond)
	return dir, port
}

// The real exporter, before a real server, exports the queries of all files, and goes on when they change or are wrong.
func TestTheExporterReadsAllQueries(t *testing.T) {
	_, err := find("")
	need(t, err == nil, "prometheus-postgres-exporter")
	socket, port := database(t)
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(dir+"/"+name), 0o755))
		require.NoError(t, os.WriteFile(dir+"/"+name, []byte(text), 0o644))
	}
	t.Setenv("DATA_SOURCE_NAME", fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", socket, port))
	t.Setenv("PG_EXPORTER_DISABLE_DEFAULT_METRICS", "true")
	t.Setenv("PG_EXPORTER_DISABLE_SETTINGS_METRICS", "true")
	listen := freePort(t)
	write("own.yaml", "onggi_pg_one: {query: SELECT 1 AS up, metrics: [{up: {usage: GAUGE, description: always 1}}]}")
	write("mine/sales.yaml", "sales: {query: \"SELECT 'seoul' AS shop, 42 AS total\", metrics: [{shop: {usage: LABEL, description: which}}, {total: {usage: COUNTER, description: d}}]}")
	write("exporter.yaml", fmt.Sprintf("{args: ['--web.listen-address=127.0.0.1:%d'], own: %[2]s/own.yaml, queries: [%[2]s/mine/sales.yaml, %[2]s/mine/later.yaml], merged: %[2]s/merged.yaml}", listen, dir))
	metrics := func() string {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", listen))
		if err != nil {
			return ""
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return string(text)
	}
	eventually := func(what ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			text := metrics()
			for _, one := range what {
				if !strings.Contains(text, one) {
					return false
				}
			}
			return true
		}, 20*time.Second, 50*time.Millisecond, "%v", what)
	}
	ctx, stop := context.WithCancel(context.Background())
	out, done := &capture.Output{}, make(chan error, 1)
	go func() { done <- run(ctx, dir+"/exporter.yaml", out, 100*time.Millisecond) }()
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Log(out.String())
		}
	})

	eventually("onggi_pg_one_up", "onggi_sales_total", `shop="seoul"`, "} 42", `onggi_exporter_queries_refused{file="mine/later.yaml",name=""`)
	require.Contains(t, out.String(), "there is no such ConfigMap")
	require.NotContains(t, metrics(), "pg_exporter_user_queries_load_error{filename=\""+dir+"/merged.yaml\",hashsum=\"\"} 1")

	write("mine/later.yaml", "pg_one: {query: SELECT 2 AS up, metrics: [{up: {usage: GAUGE, description: d}}]}\nnew: {query: SELECT 7 AS num, metrics: [{num: {usage: GAUGE, description: d}}]}")
	eventually("onggi_new_num", "} 7", `name="pg_one"`, "onggi_pg_one_up is a series of onggi's own queries", "onggi_sales_total")

	write("mine/later.yaml", "new: [")
	eventually("onggi_pg_one_up", "onggi_sales_total", `file="mine/later.yaml"`, "it is no mapping of queries")
	require.NotContains(t, metrics(), "onggi_new_num")

	write("mine/later.yaml", "wrong: {query: SELECT nothing, metrics: [{num: {usage: GAUGE, description: d}}]}")
	eventually("onggi_pg_one_up", "onggi_sales_total", "pg_exporter_last_scrape_error 1")

	write("exporter.yaml", "own: nowhere")
	time.Sleep(300 * time.Millisecond)
	eventually("onggi_pg_one_up")
	stop()
	require.NoError(t, <-done)
	require.Empty(t, metrics(), "it ended with who ran it")
}

// An exporter that ends by itself ends the container, which is started again.
func TestTheEndOfTheExporterIsTold(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/own.yaml", []byte("{}"), 0o600))
	require.NoError(t, os.WriteFile(dir+"/exporter.yaml", []byte(fmt.Sprintf("{bin: /bin/false, own: %[1]s/own.yaml, merged: %[1]s/merged.yaml}", dir)), 0o600))
	require.ErrorContains(t, run(context.Background(), dir+"/exporter.yaml", io.Discard, time.Hour), "the exporter ended by itself: exit status 1")
	require.ErrorContains(t, run(context.Background(), dir+"/none.yaml", io.Discard, time.Hour), "read the exporter's configuration")
}
