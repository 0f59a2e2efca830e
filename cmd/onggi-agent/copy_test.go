package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A cluster of three begins as a copy of another one that runs, is killed in the middle of it, and goes its own way afterwards.
func TestACopyOfARunningClusterAgainstRealPostgres(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	site := newLab(t, 1, "")
	source := site.pods[0]
	site.write(source.dir+"/replication", "of that site")
	source.start()
	site.eventually(60*time.Second, "the other site has a primary", func() bool { return site.primary() != nil })
	_, err := source.in("postgres", "CREATE TABLE t (n int, filler text); INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 200000) n")
	require.NoError(t, err)
	site.secret("copy", "of that site")

	l := newLab(t, 3, fmt.Sprintf("logLevel: trace\ncopy: {host: %s, port: %d, sslMode: disable, passwordFile: %s/copy}\n", source.ip, site.port, site.dir))
	for _, p := range l.pods {
		l.write(p.dir+"/replication", "of this cluster")
	}
	l.start()
	maker := func() *pod {
		for _, p := range l.pods {
			if b := p.backups(); b.Restore != nil && b.Restore.State == "running" {
				return p
			}
		}
		return nil
	}
	l.eventually(60*time.Second, "one begins to copy", func() bool { return maker() != nil })
	one := maker()
	require.Equal(t, fmt.Sprintf("%s:%d", source.ip, site.port), one.backups().Restore.From)
	one.killDatabase()
	one.startSupervisor()
	took := l.eventually(120*time.Second, "one takes writes, two follow it", l.whole)
	t.Logf("a cluster of three of its own, %s after its copy was killed", took.Round(time.Millisecond))

	require.True(t, l.all("SELECT count(*) FROM t", "200000"))
	require.NoFileExists(t, l.leader().dir+"/run/pgpass-outside", "the other site's password is gone")
	there, err := source.sql("SELECT system_identifier::text || ' ' || timeline_id FROM pg_control_system(), pg_control_checkpoint()")
	require.NoError(t, err)
	_, err = l.leader().sql("CHECKPOINT")
	require.NoError(t, err)
	here, err := l.leader().sql("SELECT system_identifier::text || ' ' || (timeline_id - 1) FROM pg_control_system(), pg_control_checkpoint()")
	require.NoError(t, err)
	require.Equal(t, there, here, "the same system, one timeline further")
	_, err = source.sql("INSERT INTO t VALUES (-1)")
	require.NoError(t, err)
	_, err = l.leader().sql("INSERT INTO t VALUES (-2)")
	require.NoError(t, err)
	l.eventually(30*time.Second, "it has what it wrote, and nothing more of the other's", func() bool { return l.all("SELECT min(n) FROM t WHERE n < 0", "-2") })
	require.NoError(t, l.leader().login("postgres", "postgres", "secret"), "the superuser has this cluster's password")
	n, err := source.sql("SELECT count(*) FROM pg_stat_replication")
	require.NoError(t, err)
	require.Equal(t, "0", n, "nothing follows the other site")

	t.Run("it fails over like any other, and never copies again", func(t *testing.T) {
		old := l.leader()
		old.killDatabase()
		l.eventually(60*time.Second, "another one takes writes", func() bool { p := l.primary(); return p != nil && p != old })
		old.startSupervisor()
		l.eventually(90*time.Second, "all is well again", l.whole)
		require.True(t, l.all("SELECT min(n) FROM t WHERE n < 0", "-2"))
	})
	require.Contains(t, l.logs(), "level=TRACE", "what was asked for of the log")
}
