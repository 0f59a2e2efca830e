package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inconsistent ends a standby's containers, after a crash of which it is not consistent before it has replayed some segments of the log.
func (l *lab) inconsistent(away *pod) {
	l.t.Helper()
	for range 4 {
		l.query("CREATE TABLE IF NOT EXISTS much AS SELECT generate_series(1, 200000) n")
		l.query("DROP TABLE much") // which is on disk before the log goes on: from here on nothing before is consistent
		l.query("SELECT pg_switch_wal()::text")
	}
	end := l.query("SELECT pg_current_wal_lsn()::text")
	l.eventually(30*time.Second, "it has replayed everything", func() bool {
		is, _ := away.sql("SELECT (pg_last_wal_replay_lsn() >= '" + end + "')::text")
		return is == "true"
	})
	require.NoError(l.t, away.sidecar.Process.Kill())
	<-away.left
	away.killDatabase()
}

// forget removes all segments of a log but the first and the last, of those that are given or of all that are there, and gives their names.
func (p *pod) forget(names ...string) []string {
	p.lab.t.Helper()
	dir := p.dir + "/vol/pgdata/pg_wal/"
	if names == nil {
		found, err := filepath.Glob(dir + "00000???????????????????")
		require.NoError(p.lab.t, err)
		require.Greater(p.lab.t, len(found), 3)
		for _, path := range found[1 : len(found)-1] {
			names = append(names, filepath.Base(path))
		}
	}
	for _, name := range names {
		if err := os.Remove(dir + name); err != nil {
			require.ErrorIs(p.lab.t, err, os.ErrNotExist)
		}
	}
	return names
}

// removed takes from every member what a standby that is down needs of the log.
func (l *lab) removed(primary, away *pod) {
	l.t.Helper()
	l.query("CHECKPOINT")
	slot := "onggi_" + strings.ReplaceAll(away.name, "-", "_")
	l.eventually(30*time.Second, "its slot is dropped", func() bool {
		_, err := primary.sql(fmt.Sprintf("SELECT pg_drop_replication_slot('%s')", slot))
		return err == nil
	})
	lost := away.forget()
	for _, one := range l.pods {
		one.forget(lost...)
	}
}

// startup is the process of a pod's server that replays, 0 where there is none.
func (p *pod) startup() int {
	for _, pid := range tree(p.one()) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(line), ": startup") {
			return pid
		}
	}
	return 0
}

// A standby crashes, and replays for as long as it likes; nobody stops it. It crashes again, and the log that it needs to be consistent is gone from
// every member: it is copied again, by itself.
func TestAStandbyThatLetsNobodyIn(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	l := newLab(t, 3, "")
	l.startAll()
	primary := l.primary()
	away := l.other(primary)
	said := func(what string) int { return strings.Count(away.log.String(), what) }

	t.Run("it replays for long", func(t *testing.T) {
		l.inconsistent(away)
		away.start()
		l.eventually(30*time.Second, "it replays", func() bool {
			at := away.startup()
			return at > 0 && syscall.Kill(at, syscall.SIGSTOP) == nil
		})
		stopped := away.startup()
		_, err := away.sql("SELECT 1")
		require.ErrorContains(t, err, "57P03", "it was stopped before it was consistent, or this shows nothing")
		time.Sleep(45 * time.Second) // twice as long as a standby may get nothing
		require.Equal(t, stopped, away.startup())
		require.Zero(t, said("gets nothing"))
		require.NoError(t, syscall.Kill(stopped, syscall.SIGCONT))
		took := l.eventually(60*time.Second, "it follows", l.whole)
		t.Logf("it follows %s after it went on", took.Round(time.Millisecond))
		require.Equal(t, 1, said("msg=\"clone is done\""), "it was copied when the cluster was made")
	})
	t.Run("its log is gone", func(t *testing.T) {
		l.inconsistent(away)
		l.removed(primary, away)
		away.start()
		l.eventually(30*time.Second, "its primary has it no more", func() bool { return said("has already been removed") > 0 })
		took := l.eventually(90*time.Second, "it is copied, and follows", l.whole)
		t.Logf("it follows after %s", took.Round(time.Millisecond))
		require.Equal(t, 2, said("msg=\"clone is done\""))
		require.Zero(t, said("rewind:"), "which would bring no log")
		require.Equal(t, primary, l.primary())
	})
}
