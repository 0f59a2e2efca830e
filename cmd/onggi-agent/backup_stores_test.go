package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the renderer makes of gs:// and azblob:// is run against servers that speak as those clouds do.
func TestBackupEndToEndInClouds(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	for name, make := range map[string]func(*testing.T) store{"gcs": gcs, "azure": azure} {
		t.Run(name, func(t *testing.T) { backupsInACloud(t, make(t)) })
	}
}

func backupsInACloud(t *testing.T, s store) {
	l := clusterIn(t, s, 3, "/databases", "")
	l.begin()
	l.bench("-i", "-q", "-s", "7")
	l.backup("full")
	l.fill(1, 1000)
	l.bench("-c", "2", "-t", "500")
	l.backup("incr")
	l.fill(1001, 2000)
	moment := l.moment()
	l.fill(2001, 3000)
	old := l.primary()
	old.killDatabase()
	l.eventually(30*time.Second, "another leads", func() bool { p := l.primary(); return p != nil && p != old })
	l.fill(3001, 4000)
	old.startSupervisor()
	l.eventually(90*time.Second, "the cluster is whole", l.whole)
	l.repositoryIsOurs()
	l.backup("diff")
	l.fill(4001, 5000)
	l.archived()
	require.Equal(t, []string{"full", "incr", "diff"}, l.kinds())
	for i, want := range []struct{ target, count string }{{fmt.Sprintf("{time: %q}", moment), "2000"}, {"{}", "5000"}} {
		r := clusterIn(t, s, 1, fmt.Sprintf("/restored%d", i), fmt.Sprintf("recover: {repository: %s, stanza: shop, target: %s}\n", s.repository("/databases"), want.target))
		begun := time.Now()
		r.startAll()
		t.Logf("recovered to %s within %s", want.target, time.Since(begun).Round(time.Millisecond))
		require.Equal(t, want.count, r.query("SELECT count(*) FROM mark"), "exactly what was committed before")
		require.Equal(t, "700000", r.query("SELECT count(*) FROM pgbench_accounts"))
		r.repositoryIsOurs()
		r.stopAll()
	}
	l.backup("full")
	l.backup("full")
	require.Equal(t, []string{"full", "full"}, l.kinds(), "two are kept, and what hung on the first is gone")
	downAndUp(t, l, s)
}

// kinds are the types of the backups that there are, the oldest first.
func (l *lab) kinds() []string {
	var kinds []string
	for _, b := range l.primary().backups().Backups {
		kinds = append(kinds, b.Type)
	}
	return kinds
}

// Backups go when they are older than asked for, but for the newest of those: without it the oldest moment could not be restored. pgBackRest is
// told another day by faketime; the server's clock, after which backups are called, stays.
func TestBackupExpiresByAge(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	faketime, err := exec.LookPath("faketime")
	need(t, err == nil, "faketime (apt-get install faketime)")
	pgbackrest, err := exec.LookPath("pgbackrest")
	need(t, err == nil, "pgbackrest")
	s := folder(t)
	l := newLab(t, 1, fmt.Sprintf("backup: {repository: %s, retentionDays: 3, bin: LAB/pgbackrest}\n", s.repository("/shop")))
	require.NoError(t, os.WriteFile(l.dir+"/pgbackrest", fmt.Appendf(nil, "#!/bin/sh\nread ahead <%s/ahead\nexport NO_FAKE_STAT=1\nexec %s -f \"$ahead\" %s \"$@\"\n", l.dir, faketime, pgbackrest), 0o755))
	ahead := func(days int) { l.write(l.dir+"/ahead", fmt.Sprintf("+%dd\n", days)) }
	ahead(0)
	l.begin()
	l.backup("full")
	l.fill(1, 10)
	l.backup("incr")
	first := oldestSegment(t, s.archive("/shop", "shop"))
	ahead(2)
	l.backup("full")
	require.Equal(t, []string{"full", "incr", "full"}, l.kinds(), "nothing is three days old")
	ahead(5)
	l.fill(11, 20)
	l.archived()
	l.backup("incr")
	require.Equal(t, []string{"full", "incr"}, l.kinds(), "of those that are older than three days the last one stays, with what hangs on it")
	require.Greater(t, oldestSegment(t, s.archive("/shop", "shop")), first, "the log that only the others needed is gone too")

	r := clusterIn(t, s, 1, "/restored", fmt.Sprintf("recover: {repository: %s, stanza: shop}\n", s.repository("/shop")))
	r.startAll()
	require.Equal(t, "20", r.query("SELECT count(*) FROM mark"))
}

// oldestSegment is the name of the first segment in an archive.
func oldestSegment(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(dir + "/*/*/[0-9A-F]*")
	require.NoError(t, err)
	found = slices.DeleteFunc(found, func(name string) bool { return strings.Contains(name, ".backup") })
	require.NotEmpty(t, found)
	return filepath.Base(slices.Min(found))[:24]
}

// Between agents and between servers everything is encrypted: the streams of a backup that a standby makes, replication, and what people ask.
func TestBackupOverTLS(t *testing.T) {
	e2e(t, "ONGGI_E2E_BACKUP")
	l := clusterIn(t, folder(t), 3, "/shop", "replication: {mode: required, minSync: 1}\n")
	pool := certify(t, l.dir, "shop")
	for _, name := range []string{"ca.crt", "tls.crt", "tls.key"} {
		require.NoError(t, os.Chown(l.dir+"/"+name, l.uid, l.gid))
	}
	files := fmt.Sprintf("tls: {cert: %[1]s/tls.crt, key: %[1]s/tls.key, ca: %[1]s/ca.crt}", l.dir)
	for _, p := range l.pods {
		text, err := os.ReadFile(p.dir + "/config.yaml")
		require.NoError(t, err)
		changed := strings.Replace(string(text), "/token}\n", "/token, "+files+"}\n", 1)
		changed = strings.Replace(changed, "\npostgres:\n", "\npostgres:\n  "+files+"\n", 1)
		l.write(p.dir+"/config.yaml", changed)
	}
	l.secure = &tls.Config{RootCAs: pool, ServerName: "shop"}
	l.begin()
	l.bench("-i", "-q", "-s", "7")
	for _, kind := range []string{"full", "incr"} {
		l.fill(1, 1000)
		l.backup(kind)
		p := l.primary()
		require.NotEqual(t, p.name, p.backups().Runs[0].Member, "a standby makes it")
		require.Equal(t, "2 of 2", l.query("SELECT count(*) FILTER (WHERE ssl) || ' of ' || count(*) FROM pg_stat_replication JOIN pg_stat_ssl USING (pid) WHERE state = 'streaming'"))
		answer, err := http.Get(fmt.Sprintf("http://%s:%d/health", p.ip, l.port+1))
		require.NoError(t, err)
		answer.Body.Close()
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, "nobody is answered in plain text")
		out, err := l.pods[0].ctl("list")
		require.NoError(t, err, out)
		p.killDatabase()
		l.eventually(30*time.Second, "another leads", func() bool { now := l.primary(); return now != nil && now != p })
		p.startSupervisor()
		l.eventually(90*time.Second, "the cluster is whole", l.whole)
		l.repositoryIsOurs()
	}
	require.Equal(t, []string{"full", "incr"}, l.kinds())
}
