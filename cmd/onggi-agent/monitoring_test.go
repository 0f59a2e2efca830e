package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

// A real Prometheus scrapes real agents and real exporters beside real servers, with a backup made: every series that an alert reads is there,
// and every query of the dashboard returns something.
func TestMonitoring(t *testing.T) {
	e2e(t, "ONGGI_E2E_MONITORING")
	for _, tool := range []string{"prometheus", "prometheus-postgres-exporter", "pgbackrest"} {
		_, err := exec.LookPath(tool)
		need(t, err == nil, tool)
	}
	l := newLab(t, 2, "")
	l.mkdir(l.dir + "/repository")
	l.edit("hba: [", "monitor: true\n  hba: [")
	l.edit("listen: {port", fmt.Sprintf("backup: {repository: {type: posix, path: %s/repository}, maxAgeSeconds: 90000, immediate: true}\nreplication: {mode: preferred}\nlisten: {port", l.dir))
	l.start()
	l.eventually(60*time.Second, "one leads and the other streams", l.streams)
	for _, p := range l.pods {
		p.startExporter()
	}
	l.eventually(60*time.Second, "the role of the exporter is made", func() bool {
		n, _ := l.leader().sql("SELECT count(*) FROM pg_roles WHERE rolname = 'onggi_monitor' AND pg_has_role(oid, 'pg_monitor', 'MEMBER')")
		return n == "1"
	})
	c := monitoring.Cluster{Name: "shop", Namespace: "db", Backend: monitoring.Native, Backup: &monitoring.Backup{WAL: true}}
	p := startPrometheus(t, l.port+2, groupsOf(monitoring.Rules(c)))
	p.scrape("db", l.targets("db", l.startKubelet("db")))
	l.load()
	l.eventually(60*time.Second, "a backup is made, and told of", func() bool { return len(p.ask(`onggi_backup_last_timestamp_seconds{type="any"} > 0`)) > 0 })

	t.Run("every exporter reads all that it should", func(t *testing.T) {
		l.eventually(20*time.Second, "it is let in", func() bool { return len(p.ask("pg_up == 1")) == 2 })
		require.Len(t, p.ask("pg_exporter_last_scrape_error == 0"), 2)
		require.Empty(t, p.ask("pg_exporter_user_queries_load_error == 1"))
	})
	t.Run("every series that an alert reads is there", func(t *testing.T) {
		series := regexp.MustCompile(`[a-z][a-z0-9_]+\{[^}]*\}`)
		asked := map[string]bool{}
		for _, r := range rulesOf(monitoring.Rules(c)) {
			for _, s := range series.FindAllString(r["expr"].(string), -1) {
				asked[s] = true
			}
		}
		require.Greater(t, len(asked), 30)
		for s := range asked {
			if slices.ContainsFunc(notHere, func(of string) bool { return strings.Contains(s, of) }) {
				continue
			}
			l.eventually(20*time.Second, s, func() bool { return len(p.ask("last_over_time("+s+"[1m])")) > 0 })
		}
	})
	t.Run("every query of the dashboard returns data", func(t *testing.T) {
		asked := 0
		for title, queries := range dashboard(t, c) {
			for _, q := range queries {
				if slices.ContainsFunc(notHere, func(of string) bool { return strings.Contains(q, of) }) {
					continue
				}
				asked++
				l.eventually(20*time.Second, title+": "+q, func() bool { return len(p.ask(q)) > 0 })
			}
		}
		require.Greater(t, asked, 35)
	})
	t.Run("no alert fires over a healthy cluster", func(t *testing.T) {
		for one := range p.alerts("db", firing) {
			require.Contains(t, []string{"PostgresOneNode/info", "PostgresFailover/info"}, one, "it fires")
		}
	})
	t.Run("the exporter is let in as its role, and as no other", func(t *testing.T) {
		pod := l.leader()
		psql := func(role string) string {
			cmd := exec.Command(bindir+"/psql", "-h", pod.dir+"/run/postgres", "-p", strconv.Itoa(l.port), "-U", role, "-d", "postgres", "-Atc", "SELECT current_user")
			cmd.Dir, cmd.SysProcAttr = "/", l.nobody()
			out, _ := cmd.CombinedOutput()
			return strings.TrimSpace(string(out))
		}
		require.Equal(t, "onggi_monitor", psql("onggi_monitor"))
		for _, role := range []string{"postgres", "onggi_replicator", "app"} {
			require.Contains(t, psql(role), "FATAL", role)
		}
		require.Error(t, pod.login("onggi_monitor", "postgres", "x"), "not over the network")
	})
}

// notHere are parts of series and queries of what does not happen in this test.
var notHere = []string{"ALERTS{", "idle in transaction", "onggi_exporter_queries_refused", "1000 * max(onggi_backup_last_failure"}

// load writes and reads, so that counters move.
func (l *lab) load() {
	l.t.Helper()
	_, err := l.leader().sql(`CREATE TABLE IF NOT EXISTS t (n int); INSERT INTO t SELECT generate_series(1, 10000); UPDATE t SET n = n + 1; DELETE FROM t WHERE n % 2 = 0;
		SELECT count(*) FROM t; SELECT pg_switch_wal(); CHECKPOINT`)
	require.NoError(l.t, err)
}

// nobody is the exporter's user, in the server's group, as the pod's fsGroup has it.
func (l *lab) nobody() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, Groups: []uint32{uint32(l.gid)}}, Pdeathsig: syscall.SIGKILL}
}

// startExporter starts the exporter of a pod, with the queries and the user that are rendered.
func (p *pod) startExporter() {
	l := p.lab
	for dir, mode := range map[string]os.FileMode{p.dir: 0o755, p.dir + "/run": 0o711, p.dir + "/run/postgres": 0o750} {
		require.NoError(l.t, os.Chmod(dir, mode))
	}
	queries := l.dir + "/queries.yaml"
	require.NoError(l.t, os.WriteFile(queries, []byte(monitoring.Queries(15)+l.queries), 0o644))
	cmd := exec.Command("prometheus-postgres-exporter", fmt.Sprintf("--web.listen-address=%s:%d", p.ip, l.port+3), "--extend.query-path="+queries)
	cmd.Env = append(os.Environ(), fmt.Sprintf("DATA_SOURCE_NAME=host=%s/run/postgres port=%d user=onggi_monitor dbname=postgres sslmode=disable application_name=onggi_exporter", p.dir, l.port),
		"PG_EXPORTER_DISABLE_DEFAULT_METRICS=true", "PG_EXPORTER_DISABLE_SETTINGS_METRICS=true")
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = "/", l.nobody(), p.log, p.log
	require.NoError(l.t, cmd.Start())
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	p.endExporter = func() { end(cmd, gone) }
	l.t.Cleanup(p.endExporter)
}

// dashboard are the queries of the cluster's dashboard by panel, with its variables put in.
func dashboard(t *testing.T, c monitoring.Cluster) map[string][]string {
	t.Helper()
	text := monitoring.Dashboards(c)[0].Body()["data"].(manifest.Map)[c.Namespace+"."+c.Name+".json"].(string)
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &board))
	variables := strings.NewReplacer("$__rate_interval", "20s", "$namespace", c.Namespace, "$pods", c.Name+"-[0-9]+", "$cluster", c.Name)
	all := map[string][]string{}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			all[p.Title] = append(all[p.Title], variables.Replace(target.Expr))
		}
	}
	return all
}
