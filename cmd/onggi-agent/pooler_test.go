package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

var pooledSpec = `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: db}
spec:
  version: "` + pgtest.Major() + `"
  backend: native
  instances: 3
  storage: {size: 1Gi}
  pooler: {mode: transaction, instances: 1, readOnly: {instances: 1}, parameters: {default_pool_size: "10"}}
  secrets: {provider: existing}
`

// pooled is the plan that the renderer makes of the spec.
func pooled(t *testing.T) *plan.Plan {
	t.Helper()
	return compiled(t, pooledSpec).Plan
}

// pgbouncer is one that knows auth_dbname, which came with 1.19.
func pgbouncer(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("ONGGI_E2E_POOLER")
	if bin == "" {
		t.Skip("ONGGI_E2E_POOLER names no PgBouncer of 1.19 or newer: make e2e-pooler")
	}
	return bin
}

// TestAPoolerBeforeARealCluster: PgBouncer with its rendered configuration, run as the rendered pod runs it.
func TestAPoolerBeforeARealCluster(t *testing.T) {
	bin := pgbouncer(t)
	p := pooled(t)
	l := newLab(t, 3, "")
	hba := append([]string{"host all postgres 127.0.0.0/8 trust"}, native.File(p).Postgres.HBA...)
	for _, one := range l.pods {
		l.write(one.dir+"/pooler", poolerPassword)
		text, err := os.ReadFile(one.dir + "/config.yaml")
		require.NoError(t, err)
		l.write(one.dir+"/config.yaml", strings.Replace(string(text), `hba: ["host all all 127.0.0.0/8 trust"]`,
			fmt.Sprintf("poolerPasswordFile: %s/pooler\n  hba: [%s]", one.dir, `"`+strings.Join(hba, `", "`)+`"`), 1))
		one.start()
	}
	l.eventually(90*time.Second, "one of three is elected", func() bool { return l.primary() != nil })
	l.eventually(90*time.Second, "the others are copied and stream", l.whole)
	for _, statement := range []string{"CREATE ROLE app LOGIN PASSWORD 'app''s'", "CREATE DATABASE app OWNER app", "CREATE TABLE direct (n serial)"} {
		_, err := l.primary().sql(statement)
		require.NoError(t, err)
	}
	l.eventually(30*time.Second, "the agent makes the role of poolers", func() bool {
		n, _ := l.primary().sql("SELECT count(*) FROM pg_roles WHERE rolname = '" + config.PoolerRole + "'")
		return n == "1"
	})
	rw, ro := l.newService("primary"), l.newService("replica")
	pool, reads := l.newPooler(bin, p, p.Pooler.Members[0], rw), l.newPooler(bin, p, p.Pooler.Members[1], ro)

	t.Run("who knows a password comes in, and nobody else", func(t *testing.T) {
		got, err := pool.sql("app", `app\'s`, "SELECT current_user")
		require.NoError(t, err)
		require.Equal(t, "app", got)
		_, err = pool.sql("app", "wrong", "SELECT 1")
		require.ErrorContains(t, err, "authentication failed")
		for _, role := range []string{"postgres", "onggi_replicator", "nobody"} {
			_, err = pool.sql(role, "secret", "SELECT 1")
			require.Error(t, err, role)
		}
		_, err = pool.sql("app", `app\'s`, "CREATE TABLE written (n serial); CREATE TABLE t (n int)")
		require.NoError(t, err)
	})
	t.Run("reads go to a standby", func(t *testing.T) {
		got, err := reads.sql("app", `app\'s`, "SELECT pg_is_in_recovery()")
		require.NoError(t, err)
		require.Equal(t, "t", got)
	})
	t.Run("pgbench", func(t *testing.T) { pool.pgbench(t) })

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	writers := make([]*pooledWriter, 8)
	var running sync.WaitGroup
	for i := range writers {
		writers[i] = &pooledWriter{}
		running.Go(func() { writers[i].run(ctx, pool) })
	}
	time.Sleep(2 * time.Second)
	fault := func(name string, do func(old *pod), again func(old *pod)) {
		t.Run(name, func(t *testing.T) {
			for _, w := range writers {
				w.mu.Lock()
				w.errors = nil
				w.mu.Unlock()
			}
			old := l.leader()
			begun := time.Now()
			do(old)
			var elected time.Time
			l.eventually(30*time.Second, "another one is the primary, and takes writes", func() bool {
				for _, p := range l.pods {
					if p == old || p.label() != "primary" {
						continue
					}
					if _, err := p.sql("INSERT INTO direct DEFAULT VALUES"); err == nil {
						elected = time.Now()
						return true
					}
				}
				return false
			})
			for i, w := range writers {
				l.eventually(20*time.Second, fmt.Sprintf("writer %d goes on through the pooler", i), func() bool { return w.wrote(elected) })
			}
			took := time.Since(elected)
			t.Logf("a new primary after %s; all eight writers write again %s later", elected.Sub(begun).Round(time.Millisecond), took.Round(time.Millisecond))
			for _, w := range writers[:1] {
				t.Logf("what one of them was told: %q", w.errors)
			}
			require.LessOrEqual(t, took, busyOutage, "a quiet machine has it within a second")
			again(old)
			l.eventually(90*time.Second, "all is well again", l.whole)
		})
	}
	fault("the database container of the primary dies", func(old *pod) { old.killDatabase() }, func(old *pod) { old.startSupervisor() })
	fault("a person switches over", func(old *pod) {
		l.eventually(15*time.Second, "the switchover is answered with 200", func() bool {
			to := l.other(old)
			code, _ := old.post("/switchover", fmt.Sprintf(`{"leader":%q,"candidate":%q}`, old.name, to.name))
			return code == http.StatusOK || to.label() == "primary"
		})
	}, func(*pod) {})
	stop()
	running.Wait()

	t.Run("metrics", func(t *testing.T) {
		l.eventually(15*time.Second, "they tell of the pool", func() bool {
			return strings.Contains(pool.get("/metrics"), `pgbouncer_pools_server_idle_connections{database="app",user="app"}`)
		})
		require.Contains(t, pool.get("/metrics"), "pgbouncer_up 1\n")
	})
	t.Run("a new password of the pooler's is taken without a restart", func(t *testing.T) {
		for _, one := range l.pods {
			l.write(one.dir+"/pooler", "another one")
		}
		l.write(pool.dir+"/secrets/pooler/password", "another one")
		_, err := l.primary().sql("CREATE ROLE late LOGIN PASSWORD 'x'")
		require.NoError(t, err)
		l.eventually(40*time.Second, "the role has it", func() bool {
			conn, err := pgconn.Connect(context.Background(), fmt.Sprintf("host=%s port=%d user=onggi_pooler password='another one' dbname=postgres sslmode=disable", l.primary().ip, l.port))
			if err == nil {
				_ = conn.Close(context.Background())
			}
			return err == nil
		})
		l.eventually(10*time.Second, "and the pooler has it", func() bool {
			_, err := pool.sql("late", "x", "SELECT 1")
			return strings.Contains(pool.get("/metrics"), "onggi_pooler_reloads_total 1\n") && err == nil
		})
	})
	t.Run("queries are held and let go", func(t *testing.T) {
		file := pool.dir + "/config/pooler.yaml"
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		l.write(file, string(text)+"paused: true\n")
		l.eventually(20*time.Second, "it holds", func() bool { return strings.Contains(pool.log.String(), "PAUSE") })
		done := make(chan error, 1)
		go func() { _, err := pool.sql("app", `app\'s`, "SELECT 1"); done <- err }()
		select {
		case err := <-done:
			require.Fail(t, "it was not held", "%v", err)
		case <-time.After(2 * time.Second):
		}
		l.write(file, string(text))
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(soon):
			require.Fail(t, "it was not let go")
		}
	})
	t.Run("the pod ends once no transaction is left", func(t *testing.T) {
		conn, err := pool.connect(context.Background(), "app", `app\'s`)
		require.NoError(t, err)
		_, err = conn.Exec(context.Background(), "BEGIN; INSERT INTO t VALUES (1)").ReadAll()
		require.NoError(t, err)
		require.NoError(t, pool.cmd.Process.Signal(syscall.SIGTERM))
		l.eventually(2*time.Second, "nobody is led here any more", func() bool { return pool.get("/readiness") == "" })
		time.Sleep(4 * time.Second)
		_, err = conn.Exec(context.Background(), "COMMIT").ReadAll()
		require.NoError(t, err, "the transaction was let finish")
		select {
		case <-pool.ended:
		case <-time.After(soon):
			require.Fail(t, "it did not end")
		}
	})
}

// pgbench is load by Postgres' own program.
func (one *poolerPod) pgbench(t *testing.T) {
	run := func(args ...string) string {
		cmd := exec.Command(bindir+"/pgbench", append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(one.port), "-U", "app"}, append(args, "app")...)...)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+appPassword)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Run(), "%s", &out)
		return out.String()
	}
	run("-i", "-q", "-s", "1")
	// A client of pgbench's waits for its PREPARE without letting the others of its thread go on, so no more of them than server connections.
	for _, how := range [][]string{{"-c", "10", "-M", "prepared"}, {"-c", "40", "-M", "simple"}} {
		out := run(append([]string{"-n", "-j", "2", "-T", "4"}, how...)...)
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "tps") {
				t.Log(strings.Join(how, " "), strings.TrimSpace(line))
			}
		}
	}
}
