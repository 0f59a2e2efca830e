package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// store is a place for backups that the tests run against.
type store struct {
	// repository is the section of a file, for a path of its own; LAB stands for the lab's folder.
	repository func(path string) string
	// break makes the store unreachable, and repair ends that.
	down, up func()
	// archive is a folder with the archive of a stanza, "" where it cannot be looked at.
	archive func(path, stanza string) string
	secrets func(l *lab)
}

// folder is a claim that all pods have mounted.
func folder(t *testing.T) store {
	dir, err := os.MkdirTemp("", "repository")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777))
	return store{
		repository: func(path string) string { return fmt.Sprintf("{type: posix, path: %s%s}", dir, path) },
		down:       func() { require.NoError(t, os.Chmod(dir, 0)) },
		up:         func() { require.NoError(t, os.Chmod(dir, 0o777)) },
		archive:    func(path, stanza string) string { return dir + path + "/archive/" + stanza },
		secrets:    func(*lab) {},
	}
}

// s3 is a real S3 server over TLS: the program of .ci/s3, which says where it listens and which authority signed its certificate.
func s3(t *testing.T) store {
	program := os.Getenv("ONGGI_S3")
	need(t, program != "", "an S3 server (make e2e-backup)")
	dir := t.TempDir()
	server := newServer(t, program, "-dir", dir, "-bucket", "backups")
	return server.store(func(path string) string {
		return fmt.Sprintf(`destination: s3://backups%s, endpoint: "https://%s", endpointCA: {secret: store, key: ca.crt}, credentials: {secret: store}`, path, server.host())
	}, func(l *lab) {
		l.copyTo("ca.crt", dir+"/ca.pem")
		l.write(l.dir+"/key", "access\n")
		l.write(l.dir+"/secret", "secret of s3\n")
	})
}

func clusterIn(t *testing.T, s store, members int, path, more string) *lab {
	t.Helper()
	_, err := exec.LookPath("pgbackrest")
	need(t, err == nil, "pgbackrest")
	l := newLab(t, members, fmt.Sprintf("backup: {repository: %s, retentionFull: 2}\n%s", s.repository(path), more))
	s.secrets(l)
	return l
}

// query runs a statement on the primary.
func (l *lab) query(text string) string {
	l.t.Helper()
	var got string
	l.eventually(30*time.Second, text, func() bool {
		p := l.primary()
		if p == nil {
			return false
		}
		var err error
		got, err = p.sql(text)
		return err == nil
	})
	return got
}

func (l *lab) bench(args ...string) {
	l.t.Helper()
	p := l.primary()
	require.NotNil(l.t, p)
	argv := append([]string{"-h", p.ip, "-p", strconv.Itoa(l.port), "-U", "postgres"}, args...)
	out, err := exec.Command(bindir+"/pgbench", append(argv, "postgres")...).CombinedOutput()
	require.NoError(l.t, err, string(out))
}

func (l *lab) backup(kind string) {
	l.t.Helper()
	begun := time.Now()
	out, err := l.pods[0].ctl("backup", "--type", kind, "--wait")
	require.NoError(l.t, err, out)
	l.t.Logf("%s: %s (%s)", kind, strings.ReplaceAll(strings.TrimSpace(out), "\n", "; "), time.Since(begun).Round(time.Millisecond))
}

// archived waits until everything that was written is in the archive.
func (l *lab) archived() {
	l.t.Helper()
	segment := l.query("SELECT pg_walfile_name(pg_switch_wal() - 1)") // from 17 on, the place behind a segment is one of the next
	l.eventually(90*time.Second, "the log is archived up to "+segment, func() bool {
		p := l.primary()
		if p == nil {
			return false
		}
		last, err := p.sql("SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver")
		return err == nil && len(last) >= 24 && last[8:24] >= segment[8:24]
	})
}

func (l *lab) moment() string {
	time.Sleep(1100 * time.Millisecond)
	at := l.query("SELECT clock_timestamp()::text")
	time.Sleep(1100 * time.Millisecond)
	return at
}

// begin starts a cluster with a repository, and a table of what was written when.
func (l *lab) begin() {
	l.t.Helper()
	l.startAll()
	l.repositoryIsOurs()
	l.query("CREATE TABLE mark (n int, at timestamptz)")
}

func (l *lab) fill(from, to int) {
	l.t.Helper()
	l.query(fmt.Sprintf("INSERT INTO mark SELECT n, clock_timestamp() FROM generate_series(%d, %d) n", from, to))
}

func TestBackupEndToEnd(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	for name, make := range map[string]func(*testing.T) store{"folder": folder, "s3": s3} {
		t.Run(name, func(t *testing.T) { backupsFromEndToEnd(t, make(t)) })
	}
}

func backupsFromEndToEnd(t *testing.T, s store) {
	l := clusterIn(t, s, 3, "/shop", "").withWAL()
	l.begin()
	l.bench("-i", "-q", "-s", "7")
	t.Logf("the database is %s", l.query("SELECT pg_size_pretty(pg_database_size('postgres'))"))
	l.backup("full")
	l.fill(1, 1000)
	l.bench("-c", "2", "-t", "500")
	l.backup("incr")
	l.fill(1001, 2000)
	first := l.moment()
	l.fill(2001, 3000)
	// Nobody waits for standbys here, and a busy one may lack what was committed a moment ago.
	sent := l.query("SELECT pg_current_wal_flush_lsn()::text")
	l.eventually(30*time.Second, "both standbys have it", func() bool {
		return l.query("SELECT (count(*) FILTER (WHERE flush_lsn >= '"+sent+"'))::text FROM pg_stat_replication") == "2"
	})

	old := l.primary()
	old.killDatabase()
	took := l.eventually(30*time.Second, "another leads", func() bool { p := l.primary(); return p != nil && p != old })
	t.Logf("failed over after %s", took)
	l.fill(3001, 4000)
	second := l.moment()
	l.fill(4001, 5000)
	l.fill(6000, 6000)
	old.startSupervisor()
	l.eventually(90*time.Second, "the cluster is whole", l.whole)
	l.repositoryIsOurs()
	l.backup("diff")
	l.query("SELECT pg_create_restore_point('before the end')::text")
	l.fill(7001, 7100)
	l.archived()
	if dir := s.archive("/shop", "shop"); dir != "" {
		requireNoGap(t, dir)
	}
	b := l.primary().backups()
	require.Len(t, b.Backups, 3)
	for _, r := range b.Runs {
		t.Logf("run: %+v", r)
	}

	for i, want := range []struct {
		name, target, count, last string
	}{
		{"before the failover", fmt.Sprintf("{time: %q}", first), "2000", "2000"},
		{"after the failover", fmt.Sprintf("{time: %q}", second), "4000", "4000"},
		{"a name", `{name: "before the end"}`, "5001", "6000"},
		{"all there is", "{}", "5101", "7100"},
	} {
		t.Run("recovered to "+want.name, func(t *testing.T) {
			members := 1
			if i == 0 {
				members = 3
			}
			r := clusterIn(t, s, members, fmt.Sprintf("/restored%d", i), fmt.Sprintf("recover: {repository: %s, stanza: shop, target: %s}\n", s.repository("/shop"), want.target))
			if i < 2 { // whatever the log was on, it is where this cluster has it
				r.withWAL()
			}
			begun := time.Now()
			r.startAll()
			t.Logf("the recovered cluster takes writes after %s", time.Since(begun).Round(time.Millisecond))
			require.Equal(t, want.count, r.query("SELECT count(*) FROM mark"), "exactly what was committed before")
			require.Equal(t, want.last, r.query("SELECT max(n) FROM mark"))
			require.Equal(t, "700000", r.query("SELECT count(*) FROM pgbench_accounts"))
			require.Equal(t, l.query("SELECT system_identifier FROM pg_control_system()"), r.query("SELECT system_identifier FROM pg_control_system()"))
			require.Equal(t, "done", r.primary().backups().Restore.State)
			for _, p := range r.pods {
				require.Equal(t, i < 2, p.logAt("pgdata") != "")
			}
			r.repositoryIsOurs()
			if i == 0 {
				r.backup("full") // of its own, in a place of its own
			}
			r.query("CREATE TABLE own (n int)")
			r.stopAll()
		})
	}
	t.Run("what is kept", func(t *testing.T) {
		l.backup("full")
		l.backup("full")
		b := l.primary().backups()
		full := 0
		for _, one := range b.Backups {
			if one.Type == "full" {
				full++
			}
		}
		require.Equal(t, 2, full)
		require.Len(t, b.Backups, 2, "with the first full one went those that build on it")
	})
	t.Run("another cluster's stanza", func(t *testing.T) {
		other := clusterIn(t, s, 1, "/shop", "labels: {app.kubernetes.io/instance: shop}\n")
		other.startAll()
		other.eventually(60*time.Second, "it is refused", func() bool { return other.pods[0].backups().State == "foreign" })
		require.Contains(t, other.pods[0].backups().Reason, "belongs to the system identifier")
		require.Equal(t, "0", other.pods[0].metric(`onggi_backup_repository_ok{reason="foreign"}`))
		other.query("CREATE TABLE t (n int)")
		_, err := other.pods[0].ctl("backup")
		require.Error(t, err)
		other.query("SELECT pg_switch_wal()::text")
		other.eventually(60*time.Second, "nothing of it is archived", func() bool {
			failed, _ := strconv.Atoi(other.pods[0].metric("onggi_archive_failed_total"))
			return failed > 0 && other.pods[0].metric("onggi_archive_archived_total") == "0"
		})
		other.stopAll()
		l.archived() // the other's archive goes on
	})
	t.Run("the store is down", func(t *testing.T) { downAndUp(t, l, s) })
}

// downAndUp takes the store away: writes go on, it is seen, a switchover takes no longer than else, and afterwards nothing is missing.
func downAndUp(t *testing.T, l *lab, s store) {
	s.down()
	for i := range 3 {
		l.fill(10000+i, 10000+i)
		l.query("SELECT pg_switch_wal()::text")
	}
	p := l.primary()
	l.eventually(120*time.Second, "the backlog and the failures are seen", func() bool {
		ready, _ := strconv.Atoi(p.metric("onggi_archive_ready_segments"))
		failed, _ := strconv.Atoi(p.metric("onggi_archive_failed_total"))
		return ready >= 3 && failed > 0
	})
	l.query("INSERT INTO mark VALUES (20000, now())")
	to := l.other(p)
	begun := time.Now()
	l.eventually(30*time.Second, "a switchover is done", func() bool {
		code, _ := to.post("/switchover", fmt.Sprintf(`{"leader":%q,"candidate":%q}`, p.name, to.name))
		return code == http.StatusOK
	})
	t.Logf("switched over within %s, with an archive that does not answer", time.Since(begun))
	begun = time.Now()
	l.query("INSERT INTO mark VALUES (20001, now())")
	require.Less(t, time.Since(begun), 10*time.Second)
	l.eventually(60*time.Second, "the cluster is whole", l.whole)
	s.up()
	l.eventually(120*time.Second, "the backlog is gone", func() bool { return l.primary() != nil && l.primary().metric("onggi_archive_ready_segments") == "0" })
	l.archived()
	if dir := s.archive("/shop", "shop"); dir != "" {
		requireNoGap(t, dir)
	}
	l.backup("incr")
}

// stopAll ends the pods of a lab, so that the next one has the machine for itself.
func (l *lab) stopAll() {
	for _, p := range l.pods {
		if pid := childOf(p.supervisor); pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		end(p.supervisor, p.gone)
		end(p.sidecar, p.left)
	}
}
