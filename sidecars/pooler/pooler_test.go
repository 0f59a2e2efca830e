package pooler

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
)

func TestTheUserlist(t *testing.T) {
	for _, row := range []struct{ name, password, want, wrong string }{
		{"a password", "secret", `"onggi_pooler" "secret"` + "\n", ""},
		{"the newline at its end does not count", "secret\r\n", `"onggi_pooler" "secret"` + "\n", ""},
		{"quotes are doubled", `a "b" \c`, `"onggi_pooler" "a ""b"" \c"` + "\n", ""},
		{"none", "\n", "", "empty"},
		{"two lines", "a\n\"postgres\" \"b\"", "", "not one line"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := userlist(config.PoolerRole, row.password)
			if row.wrong != "" {
				require.ErrorContains(t, err, row.wrong)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, string(got))
		})
	}
}

func TestTheUserlistIsWrittenWhole(t *testing.T) {
	dir := t.TempDir()
	c := config.Pooler{Run: dir, PasswordFile: filepath.Join(dir, "password")}
	require.Error(t, writeUserlist(c), "there is no password yet")
	require.NoError(t, os.WriteFile(c.PasswordFile, []byte("one"), 0o600))
	require.NoError(t, writeUserlist(c))
	before, err := os.Stat(filepath.Join(dir, config.PoolerUserlist))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), before.Mode())
	require.NoError(t, writeUserlist(c))
	after, err := os.Stat(filepath.Join(dir, config.PoolerUserlist))
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after), "it is not written again for nothing")
}

// A ConfigMap's files are links to links, and a change of theirs is another target with, maybe, the same times and sizes.
func TestAChangeIsOneOfContent(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, os.WriteFile(a, []byte("1"), 0o600))
	files := []string{a, b}
	first := sum(files)
	require.Equal(t, first, sum(files))
	require.NoError(t, os.WriteFile(a, []byte("2"), 0o600))
	second := sum(files)
	require.NotEqual(t, first, second)
	require.NoError(t, os.WriteFile(b, nil, 0o600))
	require.NotEqual(t, second, sum(files), "one that came")
	require.NotEqual(t, sum([]string{a, b}), sum([]string{b, a}))
}

func TestMetrics(t *testing.T) {
	got := metrics(snapshot{
		version: "PgBouncer 1.25.1", reloads: 2,
		pools: table{
			{"database": "app", "user": `o"dd`, "cl_active": "3", "maxwait": "2", "sv_idle": "1"},
			{"database": "pgbouncer", "user": "pgbouncer", "cl_active": "1", "maxwait": "0"},
		},
		stats:      table{{"database": "app", "total_query_count": "12345678", "total_query_time": "2500000"}, {"database": "pgbouncer", "total_query_count": "9"}},
		all:        table{{"name": "app", "database": "app", "pool_size": "20", "paused": "0"}},
		lists:      map[string]float64{"used_clients": 4},
		configured: map[string]string{"max_client_conn": "1000"},
	})
	for _, line := range []string{
		"pgbouncer_up 1",
		`pgbouncer_version_info{version="PgBouncer 1.25.1"} 1`,
		"onggi_pooler_reloads_total 2",
		"onggi_pooler_reload_failed 0",
		`pgbouncer_pools_client_active_connections{database="app",user="o\"dd"} 3`,
		`pgbouncer_pools_client_maxwait_seconds{database="app",user="o\"dd"} 2`,
		`pgbouncer_stats_queries_pooled_total{database="app"} 1.2345678e+07`,
		`pgbouncer_stats_queries_duration_seconds_total{database="app"} 2.5`,
		`pgbouncer_databases_pool_size{name="app",database="app"} 20`,
		"pgbouncer_used_clients 4",
		"pgbouncer_config_max_client_connections 1000",
	} {
		require.Contains(t, "\n"+got, "\n"+line+"\n")
	}
	require.NotContains(t, got, `"pgbouncer"`, "its console is no database")
	require.NotContains(t, got, "sv_login", "a column that this version lacks is left out")
	require.Equal(t, 1, strings.Count(got, "# TYPE pgbouncer_pools_client_active_connections gauge\n"))
	require.NotContains(t, metrics(snapshot{}), "pgbouncer_pools")
	require.Contains(t, metrics(snapshot{}), "pgbouncer_up 0\n")
}

func TestProbesAreAnsweredFromMemory(t *testing.T) {
	p := &process{ended: make(chan struct{})}
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		p.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	code, why := get("/readiness")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "PgBouncer has not answered yet", why)
	code, _ = get("/liveness")
	require.Equal(t, http.StatusOK, code)
	p.answered = time.Now()
	code, _ = get("/readiness")
	require.Equal(t, http.StatusOK, code)
	p.answered = time.Now().Add(-time.Minute)
	_, why = get("/readiness")
	require.Equal(t, "PgBouncer does not answer", why)
	p.answered, p.draining = time.Now(), true
	_, why = get("/readiness")
	require.Equal(t, "the pod ends", why)
	code, text := get("/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "pgbouncer_up 0")
	code, _ = get("/")
	require.Equal(t, http.StatusNotFound, code)
}

// An end of PgBouncer's is the end of the container: the kubelet starts it again.
func TestAPgBouncerThatEndsIsAnError(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(free.Addr().String())
	require.NoError(t, free.Close())
	file := write("pooler.yaml", "{bin: /bin/false, ini: /nowhere, run: "+dir+"/run, listen: "+port+", passwordFile: "+write("password", "x")+"}")
	err = Run(context.Background(), file, io.Discard)
	require.ErrorContains(t, err, "PgBouncer ended by itself: exit status 1")
	require.False(t, errors.Is(err, context.Canceled))
}
