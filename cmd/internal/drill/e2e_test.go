package drill

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// root is the repository's.
const root = "../../../"

// TestEndToEnd runs the program in the rights that are rendered for it, against a real API server and a real Postgres. What
// an operator and the garbage collector would do, stand-ins do.
func TestEndToEnd(t *testing.T) {
	binaries(t)
	crds := filepath.Join(os.Getenv("ONGGI_SHARED"), "crds")
	if os.Getenv("ONGGI_SHARED") == "" {
		crds = filepath.Join(root, "../shared/crds")
	}
	if _, err := os.Stat(crds); err != nil {
		t.Skip("needs the operators' CRDs: set ONGGI_SHARED")
	}
	s := &stage{postgres: newPostgres(t), program: filepath.Join(t.TempDir(), "onggi")}
	out, err := exec.Command("go", "build", "-o", s.program, root+"cmd/onggi").CombinedOutput()
	require.NoError(t, err, string(out))
	s.postgres.initialise(t, "max_connections = 200\n")
	s.postgres.start(t)
	s.postgres.exec(t, "postgres", "CREATE DATABASE app")
	s.postgres.exec(t, "app", "CREATE TABLE orders (id int PRIMARY KEY)", "INSERT INTO orders SELECT generate_series(1, 7)",
		"CREATE TABLE daily (day date)", "INSERT INTO daily VALUES (current_date)")
	s.api = startAPIServer(t)
	s.api.install(t, filepath.Join(crds, "postgresql.cnpg.io"), filepath.Join(crds, "barmancloud.cnpg.io"), filepath.Join(crds, "monitoring.coreos.com"))

	s.enforce(t)

	t.Run("policies", s.policies)
	t.Run("outcomes", s.outcomes)
	t.Run("rights", s.rights)
	t.Run("signals", s.signals)
}

func spec(name string) string { return filepath.Join(root, "testdata/specs/drill", name+".yaml") }

// outcomes are drills that come to an end by themselves.
func (s *stage) outcomes(t *testing.T) {
	t.Run("success", func(t *testing.T) {
		sc := s.set(t, spec("shop"), "", reactHealthy)
		a, o := sc.run(t)
		require.Equal(t, 0, a.code, a.stderr.String())
		requireSmall(t, a.cmd.ProcessState)
		require.True(t, o.OK)
		require.Equal(t, drill.BasisTarget, o.Recovered.Basis)
		require.Equal(t, o.Target, &o.Recovered.Time)
		sc.requireClean(t)
		h, record := sc.history(t)
		require.Nil(t, h.Open)
		require.Equal(t, o, *h.Success)
		require.Contains(t, manifest.Text(record, "data", drill.QueriesKey), "'orders', 1")
		require.Equal(t, "true", manifest.Text(record, "metadata", "labels", drill.LabelReload))
		require.Equal(t, sc.config.Cluster, manifest.Text(record, "metadata", "ownerReferences", 0, "name"))
		notes := sc.events(t)
		require.Len(t, notes, 1)
		require.Regexp(t, `^DrillSucceeded: Restored and checked in \d+s\. The database came back to .*Z\. orders passed \(7\)\. reports passed \(t\)\.$`, notes[0])
		s.checkQueries(t, record)
	})
	t.Run("failed check, and the last success stays", func(t *testing.T) {
		sc := s.set(t, spec("shop"), "", reactHealthy)
		_, good := sc.run(t)
		sc.config.Checks[0].Expect = "> 100"
		a, o := sc.run(t)
		require.Equal(t, 1, a.code, a.stderr.String())
		require.Equal(t, "checks failed: orders", o.Reason)
		sc.requireClean(t)
		h, record := sc.history(t)
		require.Equal(t, good, *h.Success)
		require.Equal(t, o, *h.Last)
		require.Equal(t, 1, h.Failures)
		require.Contains(t, manifest.Text(record, "data", drill.QueriesKey), "'orders', 0")
		require.Contains(t, strings.Join(sc.events(t), "\n"), "DrillFailed: The restore drill of Job shop-drill-2 failed")
		s.checkQueries(t, record)
	})
	for name, tt := range map[string]struct {
		react, reason string
		code          int
	}{
		"operator that never reacts": {reactNever, "ran out of time while waiting for the scratch cluster: the operator has not reacted yet (0 of 1 ready)", 7},
		"restore that cannot work":   {reactBroken, "the scratch cluster cannot get well: Cluster is unrecoverable and needs manual intervention: the backup is gone (0 of 1 ready)", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc := s.set(t, spec("shop"), "", tt.react)
			sc.config.Timeout = drill.Duration(8 * time.Second)
			a, o := sc.run(t)
			require.Equal(t, tt.code, a.code, a.stderr.String())
			require.Equal(t, tt.reason, o.Reason)
			sc.requireClean(t)
			h, _ := sc.history(t)
			require.Equal(t, o, *h.Last)
			require.Len(t, sc.events(t), 1)
		})
	}
	t.Run("login that never works", func(t *testing.T) {
		t.Parallel()
		sc := s.set(t, spec("shop"), "", reactHealthy)
		sc.config.Timeout, sc.config.Login.Port = drill.Duration(8*time.Second), 1
		a, o := sc.run(t)
		require.Equal(t, 7, a.code, a.stderr.String())
		require.Contains(t, o.Reason, "ran out of time while checking the restored database: log in to 127.0.0.1")
		sc.requireClean(t)
	})
	t.Run("killed, and the garbage collector was there first", func(t *testing.T) {
		t.Parallel()
		sc := s.set(t, spec("shop"), "", reactNever)
		killed := kill(t, sc, func(_ int, r request, done bool) bool { return done && r.verb == "create" && r.resource == "clusters" }, syscall.SIGKILL)
		background := metav1.DeletePropagationBackground // as the controllers of Jobs that have finished do
		require.NoError(t, sc.api.api.Resource(jobs()).Namespace(sc.namespace).Delete(t.Context(), killed.job.GetName(), metav1.DeleteOptions{PropagationPolicy: &background}))
		sc.collectJobs(t)
		sc.requireClean(t)
		sc.react.Store(reactHealthy)
		a, _ := sc.run(t)
		require.Equal(t, 0, a.code, a.stderr.String())
		sc.requireClean(t)
		require.Contains(t, strings.Join(sc.events(t), "\n"), "Job "+killed.job.GetName()+" failed after")
	})
	t.Run("a Cluster that no drill made", func(t *testing.T) {
		t.Parallel()
		sc := s.set(t, spec("shop"), "", reactHealthy)
		precious := manifest.Clone(sc.config.Scratch)
		require.NoError(t, manifest.Set(precious, manifest.Map{"name": "shop-drill", "namespace": sc.namespace}, "metadata"))
		sc.server.create(t, clusters(), sc.namespace, precious)
		a, o := sc.run(t)
		require.Equal(t, 1, a.code, a.stderr.String())
		require.Equal(t, "Cluster shop-drill is there, and no drill made it", o.Reason)
		sc.requireClean(t)
	})
	t.Run("snapshots", func(t *testing.T) {
		t.Parallel()
		sc := s.set(t, spec("ledger"), "", reactHealthy)
		a, o := sc.run(t)
		require.Equal(t, 1, a.code)
		require.Equal(t, "there is no completed snapshot of Cluster ledger to restore", o.Reason)
		sc.backup(t, "old", "2026-11-20T00:10:00Z", "completed")
		sc.backup(t, "new", "2026-11-21T00:10:00Z", "completed")
		sc.backup(t, "failed", "2026-11-22T00:10:00Z", "failed")
		sc.before = nil
		a, o = sc.run(t)
		require.Equal(t, 0, a.code, a.stderr.String())
		require.Equal(t, "new", o.Backup)
		sc.requireClean(t)
	})
}

// requireSmall holds the program against the limit that its container is rendered with, 128Mi.
func requireSmall(t *testing.T, s *os.ProcessState) {
	t.Helper()
	usage, ok := s.SysUsage().(*syscall.Rusage)
	require.True(t, ok)
	most := usage.Maxrss * 1024
	t.Logf("%d MB of memory, %s of CPU", most>>20, s.UserTime()+s.SystemTime())
	require.Less(t, most, int64(112<<20))
}

// checkQueries has the real Postgres run the queries of the metrics, as the exporter does: each column is there, and is a number.
func (s *stage) checkQueries(t *testing.T, record manifest.Map) {
	t.Helper()
	objects, err := manifest.Decode("queries", []byte("apiVersion: v1\nkind: Queries\nmetadata: {name: x}\n"+manifest.Text(record, "data", drill.QueriesKey)))
	require.NoError(t, err)
	ran := 0
	for name, v := range objects[0].Body() {
		if !strings.HasPrefix(name, "onggi_") {
			continue
		}
		ran++
		q := v.(manifest.Map)
		conn := s.postgres.connect(t, "postgres")
		rows, err := conn.Query(t.Context(), q["query"].(string))
		require.NoError(t, err)
		var columns []string
		for rows.Next() {
			values, err := rows.Values()
			require.NoError(t, err)
			columns = nil
			for i, f := range rows.FieldDescriptions() {
				columns = append(columns, f.Name)
				_, isNumber := values[i].(float64)
				require.True(t, isNumber || f.Name == drill.LabelCheck, "%s.%s is %v", name, f.Name, values[i])
			}
		}
		require.NoError(t, rows.Err())
		var metrics []string
		for _, m := range q["metrics"].([]any) {
			for column := range m.(manifest.Map) {
				metrics = append(metrics, column)
			}
		}
		require.Equal(t, metrics, columns)
	}
	require.Equal(t, 2, ran)
}

func (sc *scene) backup(t *testing.T, name, stopped, phase string) {
	t.Helper()
	made := sc.server.create(t, backups(), sc.namespace, manifest.Map{
		"apiVersion": "postgresql.cnpg.io/v1", "kind": "Backup", "metadata": manifest.Map{"name": name, "namespace": sc.namespace},
		"spec": manifest.Map{"cluster": manifest.Map{"name": sc.config.Cluster}, "method": "volumeSnapshot"},
	})
	made.Object["status"] = manifest.Map{"phase": phase, "stoppedAt": stopped, "method": "volumeSnapshot"}
	sc.updateStatus(t, made)
}

// rights holds the requests of all kinds of drills against the rendered Role: what is missing has failed already, what is
// granted and never asked for is too much.
func (s *stage) rights(t *testing.T) {
	for _, tt := range []struct{ spec, env string }{{"shop", ""}, {"shop", "stage"}, {"ledger", ""}, {"ledger", "in-tree"}} {
		t.Run(strings.TrimSpace(tt.spec+" "+tt.env), func(t *testing.T) {
			t.Parallel()
			sc := s.set(t, spec(tt.spec), tt.env, reactHealthy)
			if sc.config.Snapshot {
				sc.backup(t, "new", "2026-11-21T00:10:00Z", "completed")
			}
			a, _ := sc.run(t)
			require.Equal(t, 0, a.code, a.stderr.String())
			// One that is killed leaves its Cluster. As long as its Job may be alive, no other drill runs; then the next removes it.
			killed := kill(t, sc, func(_ int, r request, done bool) bool { return done && r.verb == "create" && r.resource == "clusters" }, syscall.SIGKILL)
			busy := sc.again(t, killed, false)
			require.Equal(t, 1, busy.code, busy.stderr.String())
			require.Equal(t, "onggi: Job "+killed.job.GetName()+" runs a drill: two never run at once\n", busy.stderr.String()[strings.Index(busy.stderr.String(), "onggi:"):])
			sc.finish(t, killed.job)
			next := sc.again(t, killed, false)
			require.Equal(t, 0, next.code, next.stderr.String())
			sc.requireClean(t)
			used := sc.proxy.requests()
			role := sc.find(t, "Role", "")
			for _, rule := range role["rules"].([]any) {
				for _, verb := range rule.(manifest.Map)["verbs"].([]any) {
					require.True(t, isUsed(rule.(manifest.Map), verb.(string), used), "%s %v is granted and never used", verb, rule)
				}
			}
		})
	}
}

func isUsed(rule manifest.Map, verb string, used []request) bool {
	has := func(key, value string) bool {
		list, found := rule[key].([]any)
		if !found {
			return key == "resourceNames"
		}
		for _, v := range list {
			if v == value {
				return true
			}
		}
		return false
	}
	for _, r := range used {
		if r.verb == verb && has("apiGroups", r.group) && has("resources", r.resource) && has("resourceNames", r.name) {
			return true
		}
	}
	return false
}
