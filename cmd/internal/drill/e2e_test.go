package drill

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
		require.True(t, o.OK)
		require.Equal(t, drill.BasisTarget, o.Recovered.Basis)
		require.Equal(t, o.Target, &o.Recovered.Time)
		sc.requireClean(t)
		h, record := sc.history(t)
		require.Nil(t, h.Open)
		require.Equal(t, o, *h.Success)
		require.Contains(t, text(record, "data", drill.QueriesKey), "'orders', 1")
		require.Equal(t, "true", text(record, "metadata", "labels", drill.LabelReload))
		require.Equal(t, sc.config.Cluster, text(record, "metadata", "ownerReferences", 0, "name"))
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
		require.Contains(t, text(record, "data", drill.QueriesKey), "'orders', 0")
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

// checkQueries has the real Postgres run the queries of the metrics, as the exporter does: each column is there, and is a number.
func (s *stage) checkQueries(t *testing.T, record manifest.Map) {
	t.Helper()
	objects, err := manifest.Decode("queries", []byte("apiVersion: v1\nkind: Queries\nmetadata: {name: x}\n"+text(record, "data", drill.QueriesKey)))
	require.NoError(t, err)
	ran := 0
	for name, v := range objects[0].Body {
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
			// A second drill finds what was left of one that was killed.
			kill(t, sc, func(_ int, r request, done bool) bool { return done && r.verb == "create" && r.resource == "clusters" }, syscall.SIGKILL)
			b, _ := sc.run(t)
			require.Equal(t, 1, b.code, "the killed drill's Job is not finished: it may be alive")
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

// kill sends a signal at a request, which is lost: before it is carried out, or after. It returns the attempt, which has ended.
func kill(t *testing.T, sc *scene, at func(n int, r request, done bool) bool, signal syscall.Signal) *attempt {
	t.Helper()
	var a *attempt
	var mu sync.Mutex
	started := make(chan struct{})
	var once sync.Once
	sc.proxy.at = func(n int, r request, done bool) bool {
		<-started
		mu.Lock()
		defer mu.Unlock()
		if !at(n, r, done) {
			return false
		}
		once.Do(func() {
			_ = a.cmd.Process.Signal(signal)
			time.Sleep(50 * time.Millisecond) // the signal is on its way
		})
		return signal == syscall.SIGKILL
	}
	a = sc.start(t, sc.job(t))
	close(started)
	a.wait(t)
	sc.proxy.mu.Lock()
	sc.proxy.at = nil
	sc.proxy.mu.Unlock()
	return a
}

// signals stops drills at every request that they make.
func (s *stage) signals(t *testing.T) {
	sc := s.set(t, spec("shop"), "", reactHealthy)
	a, _ := sc.run(t)
	require.Equal(t, 0, a.code, a.stderr.String())
	var asked []request
	for _, r := range sc.proxy.requests() {
		if r.verb != "watch" {
			asked = append(asked, r)
		}
	}
	for n, r := range asked {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			for _, done := range []bool{false, true} {
				if done && (r.verb == "get" || r.verb == "list") {
					continue // the same as before the next request
				}
				name := fmt.Sprintf("%d %s %s", n, signal, r)
				if done {
					name += " whose answer is lost"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s.signal(t, n, done, signal)
				})
			}
		}
	}
}

func (s *stage) signal(t *testing.T, n int, done bool, signal syscall.Signal) {
	sc := s.set(t, spec("shop"), "", reactHealthy)
	a := kill(t, sc, func(k int, _ request, after bool) bool { return k == n && after == done }, signal)
	if signal == syscall.SIGTERM {
		// Told to stop before it had its outcome, it says so; later, it ends as it would have.
		o := a.outcome(t)
		if a.code == 7 {
			require.Contains(t, o.Reason, "was told to stop while")
		} else {
			require.Equal(t, 0, a.code, a.stderr.String())
		}
		sc.requireClean(t, a.stderr.String())
		h, _ := sc.history(t)
		require.Equal(t, o, *h.Last)
		require.Nil(t, h.Open)
		require.Len(t, sc.events(t), 1)
		return
	}
	require.Equal(t, -1, a.code)
	if n%2 == 0 { // the Job is given up
		sc.finish(t, a.job)
	}
	b := sc.again(t, a, n%2 == 1)
	require.Equal(t, 0, b.code, b.stderr.String())
	sc.requireClean(t, b.stderr.String())
	h, _ := sc.history(t)
	require.Nil(t, h.Open)
	require.True(t, h.Last.OK)
	notes := strings.Join(sc.events(t), "\n")
	if strings.Contains(b.stderr.String(), "was killed") {
		require.Contains(t, notes, "DrillFailed: The restore drill of Job "+a.job.GetName()+" failed")
		require.Contains(t, notes, "was killed")
	}
}

// again is the drill after one that was killed: of the same Job, whose container is started again, or of the next.
func (sc *scene) again(t *testing.T, killed *attempt, same bool) *attempt {
	t.Helper()
	job := killed.job
	if !same {
		job = sc.job(t)
	}
	b := sc.start(t, job)
	b.wait(t)
	return b
}
