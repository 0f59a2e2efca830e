package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What was committed after a moment is undone on all members, and what was there is kept.
func TestBackupSetsAClusterBackInItsPlace(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	for mode, more := range map[string]string{"async": "", "required": "replication: {mode: required, minSync: 1}\n"} {
		t.Run(mode, func(t *testing.T) { setBack(t, clusterIn(t, folder(t), 3, "/shop", more)) })
	}
	t.Run("with volumes for the log", func(t *testing.T) {
		l := clusterIn(t, folder(t), 3, "/shop", "").withWAL()
		setBack(t, l)
		for _, p := range l.pods {
			kept, err := filepath.Glob(p.dir + "/vol/pgdata.*")
			require.NoError(t, err)
			logs := map[string]bool{p.logAt("pgdata"): true}
			for _, dir := range kept {
				logs[p.logAt(filepath.Base(dir))] = true
			}
			require.Len(t, logs, 1+len(kept), "what is kept has its log")
			require.Len(t, p.logs(), len(logs), "and nothing else has one")
		}
	})
}

func setBack(t *testing.T, l *lab) {
	l.begin()
	l.bench("-i", "-q", "-s", "7")
	l.backup("full")
	l.fill(8001, 8100)
	want := l.query("SELECT count(*) FROM mark")
	at := l.moment()
	l.query("DELETE FROM mark")
	l.query("DROP TABLE pgbench_accounts")
	p := l.primary()
	before := l.query("SELECT timeline_id FROM pg_control_checkpoint()")
	begun := time.Now()
	out, err := l.other(p).ctl("restore", "--time", at, "--force")
	require.NoError(t, err, out)
	t.Logf("set back within %s: %s", time.Since(begun).Round(time.Millisecond), strings.ReplaceAll(strings.TrimSpace(out), "\n", "; "))
	require.Equal(t, want, l.query("SELECT count(*) FROM mark"))
	require.Equal(t, "700000", l.query("SELECT count(*) FROM pgbench_accounts"))
	require.NotEqual(t, before, l.query("CHECKPOINT; SELECT timeline_id FROM pg_control_checkpoint()"))
	kept, err := filepath.Glob(p.dir + "/vol/pgdata.before-restore-*/PG_VERSION")
	require.NoError(t, err)
	require.Len(t, kept, 1, "the data from before is kept")
	took := l.eventually(180*time.Second, "the others follow again", l.whole)
	t.Logf("whole again after %s", took)
	for _, one := range l.pods {
		if one != l.primary() {
			l.eventually(30*time.Second, "the others have what was restored", func() bool {
				n, err := one.sql("SELECT count(*) FROM mark")
				return err == nil && n == want
			})
		}
	}
	l.repositoryIsOurs()
	l.backup("incr")
}

// A cluster in Git that is made anew is made of its backups if there are any, and goes on in its own archive.
func TestBackupBringsAClusterBack(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	s := folder(t)
	again := fmt.Sprintf("recover: {repository: %s, stanza: shop, orInit: true}\n", s.repository("/shop"))
	l := clusterIn(t, s, 1, "/shop", again)
	l.begin()
	l.backup("full")
	for life := range 2 {
		l.fill(100*life+1, 100*life+100)
		l.archived()
		system := l.query("SELECT system_identifier FROM pg_control_system()")
		l.stopAll()
		l = clusterIn(t, s, 1, "/shop", again+fmt.Sprintf("# life %d\n", life))
		l.startAll()
		require.Equal(t, strconv.Itoa(100*life+100), l.query("SELECT count(*) FROM mark"))
		require.Equal(t, system, l.query("SELECT system_identifier FROM pg_control_system()"))
		require.Equal(t, fmt.Sprintf("%08X", life+2), l.query("SELECT pg_walfile_name(pg_current_wal_lsn())")[:8])
		l.repositoryIsOurs()
	}
	l.backup("incr")
	requireNoGap(t, s.archive("/shop", "shop"))
}

// A standby that was away for so long that its primary has nothing for it any more catches up by the archive, without a copy.
func TestBackupFeedsAStandbyThatFellBehind(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	l := clusterIn(t, folder(t), 3, "/shop", "")
	l.begin()
	p := l.primary()
	away := l.other(p)
	away.endSidecar()
	away.killDatabase()
	slot := "onggi_" + strings.ReplaceAll(away.name, "-", "_")
	l.eventually(30*time.Second, "its slot is dropped", func() bool {
		_, err := p.sql(fmt.Sprintf("SELECT pg_drop_replication_slot('%s')", slot))
		return err == nil
	})
	for i := range 6 {
		l.fill(i*1000, i*1000+999)
		l.query("SELECT pg_switch_wal()::text")
	}
	l.archived()
	l.query("CHECKPOINT")
	_, err := p.sql(fmt.Sprintf("SELECT pg_drop_replication_slot('%s')", slot))
	t.Logf("the slot that was made again: %v", err)
	l.query("CHECKPOINT")
	l.fill(9000, 9000)
	oldest := l.query("SELECT min(name) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'")
	away.start()
	took := l.eventually(120*time.Second, "the cluster is whole", l.whole)
	t.Logf("whole again after %s; the primary's log began with %s", took, oldest)
	require.Contains(t, away.log.String(), "asks the archive")
	require.Equal(t, 1, strings.Count(away.log.String(), "msg=\"clone is done\""), "it was copied once, when the cluster was made")
	l.eventually(20*time.Second, "it has everything", func() bool { n, _ := away.sql("SELECT max(n) FROM mark"); return n == "9000" })
}

// The same of one that answers nobody, since it crashed and is not consistent before it has that log: it is neither copied nor left alone.
func TestBackupFeedsAStandbyThatAnswersNobody(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	l := clusterIn(t, folder(t), 3, "/shop", "")
	l.begin()
	p := l.primary()
	away := l.other(p)
	l.inconsistent(away)
	l.archived()
	l.removed(p, away)
	away.start()
	took := l.eventually(120*time.Second, "the cluster is whole", l.whole)
	t.Logf("whole again after %s", took)
	require.Contains(t, away.log.String(), "has already been removed")
	require.Contains(t, away.log.String(), "asks the archive")
	require.Equal(t, 1, strings.Count(away.log.String(), "msg=\"clone is done\""), "it was copied once, when the cluster was made")
}

// A cluster that waits for a backup says so, and a recovery that is interrupted at any point begins again and ends whole.
func TestBackupRecoversThoughInterrupted(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	s := folder(t)
	r := clusterIn(t, s, 1, "/own", fmt.Sprintf("recover: {repository: %s, stanza: shop}\n", s.repository("/shop")))
	p := r.pods[0]
	p.start()
	r.eventually(60*time.Second, "it waits, and says so", func() bool { b := p.backups(); return b.Restore != nil && b.Restore.State == "waiting" })
	require.Equal(t, "1", p.metric(`onggi_recover_state{state="waiting"}`))
	_, err := os.Stat(p.dir + "/vol/pgdata")
	require.ErrorIs(t, err, os.ErrNotExist, "no cluster is made in its place")

	require.NoError(t, p.sidecar.Process.Kill()) // or it would begin with the first backup that it finds
	<-p.left

	l := clusterIn(t, s, 1, "/shop", "")
	l.begin()
	l.bench("-i", "-q", "-s", "7")
	l.backup("full")
	l.fill(1, 1000)
	for range 4 {
		l.bench("-c", "2", "-t", "400")
		l.query("SELECT pg_switch_wal()::text")
	}
	l.archived()
	l.stopAll()

	said := func(what string) func() bool {
		before := strings.Count(p.log.String(), what)
		return func() bool { return strings.Count(p.log.String(), what) > before }
	}
	begun := said("copies the backup")
	p.startSidecar()
	r.eventually(60*time.Second, "it begins", begun)
	time.Sleep(200 * time.Millisecond)
	killed := said("copies the backup")
	require.NoError(t, p.sidecar.Process.Kill())
	<-p.left
	p.startSidecar()
	r.eventually(60*time.Second, "another sidecar begins again", killed)
	r.eventually(120*time.Second, "it replays", said("replays the log"))
	again := said("copies the backup")
	require.NoError(t, p.sidecar.Process.Kill())
	<-p.left
	p.startSidecar()
	r.eventually(60*time.Second, "another sidecar begins again, past the server of the one before", again)
	r.eventually(120*time.Second, "it replays", said("replays the log"))
	p.killDatabase()
	p.startSupervisor()
	r.eventually(5*time.Minute, "there is a primary", func() bool { return r.primary() != nil })
	require.Equal(t, "1000", r.query("SELECT count(*) FROM mark"))
	require.Equal(t, "800", r.query("SELECT count(*) FROM pgbench_history"), "of the last run: each begins with a truncate")
	_, err = os.Stat(p.dir + "/vol/pgdata.new")
	require.ErrorIs(t, err, os.ErrNotExist)
}
