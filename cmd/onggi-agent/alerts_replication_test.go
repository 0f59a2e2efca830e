package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// replication are the troubles of standbys where commits wait for nobody.
func (c *three) replication() []trouble {
	return []trouble{{
		what: "a standby does not replay what it gets", fires: []string{"PostgresReplicationLag/warning"},
		cause: func() {
			c.choose().must("SELECT pg_wal_replay_pause()")
			c.stop = every(func() { _, _ = c.leader().sql("INSERT INTO t VALUES (1)") })
		},
		cure: func() { c.stop(); c.victim.must("SELECT pg_wal_replay_resume()") },
	}, {
		what: "all walsenders of the primary are taken", fires: []string{"AgentReplicaNotStreaming/warning"}, may: []string{"AgentPostgresNotRunning/warning"},
		cause: func() { c.stop = c.leader().hoard() }, cure: func() { c.stop(); c.heal() },
	}, {
		what: "the standbys get less than is written", fires: []string{"AgentNobodyCanTakeOver/critical"}, may: []string{"AgentReplicaNotStreaming/warning"},
		cause: func() {
			primary := c.leader()
			c.receivers(primary, syscall.SIGSTOP)
			c.stop = every(func() { _, _ = primary.sql("INSERT INTO t SELECT generate_series(1, 30000)") })
		},
		cure: func() { c.stop(); c.receivers(c.leader(), syscall.SIGCONT); c.heal() },
	}, {
		what: "no standby is allowed to lead", fires: []string{"AgentNobodyCanTakeOver/critical"},
		cause: func() { c.barred("profile: fast", "profile: fast\ntags: {nofailover: true}") },
		cure:  func() { c.barred("profile: fast\ntags: {nofailover: true}", "profile: fast"); c.heal() },
	}}
}

// receivers stops or continues the processes by which standbys get the log.
func (c *three) receivers(primary *pod, signal syscall.Signal) {
	for _, p := range c.pods {
		if p == primary {
			continue
		}
		for _, pid := range tree(p.one()) {
			if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); bytes.Contains(line, []byte("walreceiver")) {
				require.NoError(c.t, syscall.Kill(pid, signal))
			}
		}
	}
}

// barred changes the configuration of the standbys.
func (c *three) barred(old, by string) {
	primary := c.leader()
	for _, p := range c.pods {
		if p != primary {
			p.rewrite(old, by)
			p.reload()
		}
	}
}

// synchronous are those where commits wait for two of two standbys, and one is lost.
func (c *three) synchronous() []trouble {
	const required, preferred = "\nreplication: {mode: required, minSync: 2}", "\nreplication: {mode: preferred, minSync: 2}"
	lose := func(mode string) {
		c.configure("profile: fast", "profile: fast"+mode)
		c.eventually(30*time.Second, "commits wait for two", func() bool {
			got, _ := c.leader().sql("SHOW synchronous_standby_names")
			return strings.HasPrefix(got, "ANY 2") && strings.Contains(c.lease(), `"w":2`)
		})
		c.held = newSessions()
		c.choose().killDatabase()
	}
	back := func(mode string) {
		c.victim.startSupervisor()
		c.heal()
		c.held.end()
		c.configure("profile: fast"+mode, "profile: fast")
		c.eventually(30*time.Second, "commits wait for nobody", func() bool {
			got, err := c.leader().sql("SHOW synchronous_standby_names")
			return err == nil && got == "" && strings.Contains(c.lease(), `"mode":"async"`)
		})
	}
	write := func() {
		c.held.run(func(ctx context.Context) (*pgconn.PgConn, error) { return c.leader().dial(ctx) }, "INSERT INTO t VALUES (2)")
	}
	votes := []string{"AgentPermitOnOnePath/warning"} // the one that is lost is one of those whose grants the permit needs
	return []trouble{{
		what: "commits prefer to be on two standbys, and one is lost", fires: []string{"PostgresSyncStandbysMissing/warning"}, also: lost, may: votes,
		cause: func() { lose(preferred) }, cure: func() { back(preferred) },
	}, {
		what: "commits have to be on two standbys, and one is lost", fires: []string{"AgentCommitsWait/critical"}, also: lost, may: votes,
		cause: func() { lose(required); write() }, cure: func() { back(required) },
	}, {
		what: "a commit that waits for a standby is cancelled", fires: []string{"AgentSyncWaitCancelled/warning"}, may: slices.Concat(lost, votes, []string{"AgentCommitsWait/critical"}),
		cause: func() {
			lose(required)
			write()
			c.eventually(15*time.Second, "it is cancelled", func() bool {
				n, _ := c.leader().sql("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
				return n == "1"
			})
		},
		cure: func() { back(required) },
	}}
}
