package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/plan"
)

// alone is a cluster of one member, with a pooler before it, and with another cluster that follows it for a while.
type alone struct {
	scene
	plan   *plan.Plan
	bin    string // of PgBouncer
	rw     *service
	pooler *poolerPod
	held   *sessions
	stop   func()
}

// Segments are small, so that many of them are not much. Vacuum is slow and does nothing by itself: it would have frozen what is to be seen old.
const aloneParameters = `shared_buffers: 16MB, max_wal_size: 32MB, min_wal_size: 2MB, max_prepared_transactions: "5", autovacuum: "off", autovacuum_vacuum_cost_delay: 100ms, autovacuum_vacuum_cost_limit: "1"`

func playAlone(t *testing.T, prom *prometheus, told *table, bin string) {
	c := &alone{scene: scene{lab: newLab(t, 1, "# alone\n"), name: "alone", prom: prom, table: told}, bin: bin, plan: watched(t, "alone", onePooler, never, noDumps).Plan}
	p := c.pods[0]
	l := c.lab
	l.write(p.dir+"/pooler", poolerPassword)
	l.secret("app", appPassword)
	c.edit("hba: [", fmt.Sprintf("monitor: true\n  initdb: {walSegmentMB: 1}\n  poolerPasswordFile: %s/pooler\n  hba: [", p.dir))
	c.edit("shared_buffers: 16MB", aloneParameters)
	c.edit("listen: {port", fmt.Sprintf("provision:\n  roles: [{name: app, login: true, loose: true, passwordFile: %s/app}]\n  databases: [{name: app, owner: app}]\nlisten: {port", l.dir))
	p.mount(600)
	c.start()
	c.eventually(120*time.Second, "there is a primary", func() bool { return c.primary() != nil })
	p.must("CREATE TABLE t (n int); CREATE TABLE held (n int)")
	c.rw = c.newService("primary")
	c.eventually(60*time.Second, "the roles of poolers and of the application are made", func() bool {
		n, _ := p.sql("SELECT count(*) FROM pg_roles, pg_database WHERE rolname IN ('app', 'onggi_pooler') AND datname = 'app'")
		return n == "2"
	})
	c.pool()
	c.play(c.troubles())
	c.playAway()
	c.play(c.last())
}

// pool starts PgBouncer, and has it scraped.
func (c *alone) pool() {
	c.pooler = c.newPooler(c.bin, c.plan, c.plan.Pooler.Members[0], c.rw)
	c.watch(target{[]string{fmt.Sprintf("127.0.0.1:%d", c.pooler.listen)}, map[string]string{
		"namespace": c.name, "pod": c.plan.Pooler.Members[0].Name + "-5d9c7b7f6b-x2x4z", "container": "pgbouncer",
	}})
}

func (c *alone) troubles() []trouble { return slices.Concat(c.load(), c.pools(), c.spec()) }

func (c *alone) load() []trouble {
	begin := func() *pod { c.held = newSessions(); return c.pods[0] }
	over := func() { c.held.end() }
	return []trouble{{
		what: "85 of 100 connections are in use", fires: []string{"PostgresConnectionsHigh/warning"}, cure: over,
		cause: func() {
			p := begin()
			n, _ := strconv.Atoi(p.must("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
			for range 86 - n {
				require.NoError(c.t, c.held.open(p, "app", "SELECT 1"))
			}
		},
	}, {
		what: "no connection is left to an application", fires: []string{"PostgresConnectionsHigh/critical"}, also: []string{"PostgresConnectionsHigh/warning"}, cure: over,
		cause: func() {
			p := begin()
			for c.held.open(p, "app", "SELECT 1") == nil {
			}
		},
	}, {
		what: "a transaction is left open", fires: []string{"PostgresLongTransaction/warning"}, cure: over,
		cause: func() { require.NoError(c.t, c.held.open(begin(), "app", "BEGIN; SELECT 1")) },
	}, {
		what: "a query runs for hours", fires: []string{"PostgresLongTransaction/warning"}, cure: over,
		cause: func() {
			c.held.repeat(begin().dial, "SET client_connection_check_interval = '1s'", "SELECT pg_sleep(600)")
		},
	}, {
		what: "twelve wait for a lock", fires: []string{"PostgresLockWaits/warning"}, may: []string{"PostgresLongTransaction/warning"}, cure: over,
		cause: func() {
			p := begin()
			require.NoError(c.t, c.held.open(p, "postgres", "BEGIN; LOCK TABLE t"))
			for range 12 {
				c.held.run(p.dial, "BEGIN; LOCK TABLE t; COMMIT")
			}
		},
	}, {
		what: "two applications take the same locks in another order", fires: []string{"PostgresDeadlocks/warning"}, cure: over,
		cause: func() {
			p := begin()
			for _, order := range [][2]int{{1, 2}, {2, 1}} {
				c.held.repeat(p.dial, "SET deadlock_timeout = '10ms'",
					fmt.Sprintf("BEGIN; SELECT pg_advisory_xact_lock(%d); SELECT pg_sleep(0.02); SELECT pg_advisory_xact_lock(%d)", order[0], order[1]), "ROLLBACK")
			}
		},
	}}
}

func (c *alone) pools() []trouble {
	return []trouble{{
		what: "the only pod of the pooler is gone", fires: []string{"PostgresPoolerDown/critical"},
		cause: func() { _ = c.pooler.cmd.Process.Signal(syscall.SIGTERM); <-c.pooler.ended }, cure: c.pool,
	}, {
		what: "six clients of a pool of two run long queries", fires: []string{"PostgresPoolerClientsWaiting/warning"},
		cause: func() {
			c.held = newSessions()
			for range 6 {
				c.held.repeat(func(ctx context.Context) (*pgconn.PgConn, error) { return c.pooler.connect(ctx, "app", `app\'s`) }, "SELECT pg_sleep(20)")
			}
		},
		cure: func() { c.held.end() },
	}}
}

func (c *alone) spec() []trouble {
	return []trouble{{
		what: "a database is to belong to a role that nobody made", fires: []string{"AgentProvisionFails/warning"},
		cause: func() { c.configure("databases: [", "databases: [{name: lost, owner: lost}, ") },
		cure:  func() { c.configure("databases: [{name: lost, owner: lost}, ", "databases: [") },
	}, {
		what: "the exporter's role may not read what it should", fires: []string{"PostgresMetricsFailing/warning"},
		cause: func() { c.pods[0].must("REVOKE EXECUTE ON FUNCTION pg_ls_waldir() FROM pg_monitor") },
		cure:  func() { c.pods[0].must("GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO pg_monitor") },
	}, {
		what: "nobody reads from a slot", fires: []string{"PostgresWALPileUp/warning"},
		cause: func() {
			p := c.pods[0]
			p.must("SELECT pg_create_physical_replication_slot('forgotten', true)")
			c.held = newSessions()
			c.held.run(p.dial, segments(80))
		},
		cure: func() {
			c.held.end()
			c.pods[0].must("SELECT pg_drop_replication_slot('forgotten')")
			c.pods[0].must("CHECKPOINT")
		},
	}}
}

// segments is a statement that fills so many segments of the log.
func segments(n int) string {
	return fmt.Sprintf("DO $$ BEGIN FOR i IN 1..%d LOOP PERFORM pg_logical_emit_message(false, 'a', 'b'); PERFORM pg_switch_wal(); END LOOP; END $$", n)
}

// playAway has a standby cluster follow this one.
func (c *alone) playAway() {
	p := c.pods[0]
	away := &scene{
		lab:  newLab(c.t, 1, fmt.Sprintf("outside: {host: %s, port: %d, sslMode: disable, passwordFile: %s/replication}\n", p.ip, c.port, p.dir)),
		name: "away", prom: c.prom, table: c.table,
	}
	away.edit("hba: [", "monitor: true\n  hba: [")
	away.edit("shared_buffers: 16MB", aloneParameters)
	away.pods[0].mount(600)
	away.start()
	away.eventually(120*time.Second, "it follows", func() bool { return away.follows(p) })
	away.watch()
	away.play(c.followed())
	away.stopAll()
	c.prom.scrape("away", nil)
}

func (c *alone) followed() []trouble {
	return []trouble{{
		what: "all walsenders of the server outside are taken", fires: []string{"AgentStandbyClusterBehind/critical"},
		cause: func() { c.stop = c.pods[0].hoard() }, cure: func() { c.stop() },
	}}
}

// last are the troubles after which the cluster is not what it was.
func (c *alone) last() []trouble {
	down := slices.Concat(lost, []string{"PostgresDown/critical", "AgentNoPrimary/critical"})
	return []trouble{{
		what: "the database container of the only member is gone", fires: []string{"PostgresDown/critical", "AgentNoPrimary/critical"}, also: lost,
		may:   []string{"AgentRecordNotSeen/warning"}, // nobody writes the record, so it is heard of by the watch's bookmarks alone: one a minute
		cause: func() { c.pods[0].killDatabase() },
		cure: func() {
			c.pods[0].startSupervisor()
			c.eventually(60*time.Second, "it takes writes", func() bool { _, err := c.pods[0].sql("INSERT INTO t VALUES (1)"); return err == nil })
		},
	}, {
		what: "nothing could be frozen for 301 million transactions", fires: []string{"PostgresWraparound/warning"}, may: down,
		cause: func() { c.age(287) }, cure: c.freeze,
	}, {
		what: "nothing could be frozen for 1.6 billion transactions", fires: []string{"PostgresWraparound/critical"}, may: append(down, "PostgresWraparound/warning"),
		cause: func() { c.age(287 + 1527) }, cure: c.freeze,
	}}
}

// age has the next transaction be the first of a file of the commit log, each of which holds 1048576: nobody waits for a billion of them here. What
// keeps the tables from being frozen is a prepared transaction that everybody forgot.
func (c *alone) age(file int) {
	p := c.pods[0]
	p.must("CHECKPOINT")
	p.terminate()
	<-p.gone
	p.endSidecar()
	out, err := exec.Command("setpriv", "--reuid="+strconv.Itoa(c.uid), "--regid="+strconv.Itoa(c.gid), "--clear-groups", "--",
		bindir+"/pg_resetwal", "-x", strconv.Itoa(file*1048576), "-D", p.dir+"/vol/pgdata").CombinedOutput()
	require.NoError(c.t, err, string(out))
	p.start()
	p.must("BEGIN; LOCK TABLE held; PREPARE TRANSACTION 'forgotten'")
}

func (c *alone) freeze() {
	p := c.pods[0]
	p.must("COMMIT PREPARED 'forgotten'")
	p.must("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'")
	p.must("ALTER DATABASE template0 ALLOW_CONNECTIONS true")
	out, err := exec.Command(bindir+"/vacuumdb", "-h", p.ip, "-p", strconv.Itoa(c.port), "-U", "postgres", "--all", "--freeze").CombinedOutput()
	require.NoError(c.t, err, string(out))
}
