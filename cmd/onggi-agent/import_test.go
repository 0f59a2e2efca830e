package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A cluster of three takes over the database of another server. Its primary dies in the middle, and the next one begins again.
func TestAnImportAgainstRealPostgres(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	site := newLab(t, 1, "")
	source := site.pods[0]
	source.start()
	site.eventually(60*time.Second, "there is a server to copy from", func() bool { return site.primary() != nil })
	for _, sql := range []string{
		"CREATE ROLE reader LOGIN PASSWORD 'of the old server'", "CREATE DATABASE old_shop",
		"ALTER ROLE reader SET search_path TO public",
	} {
		_, err := source.sql(sql)
		require.NoError(t, err)
	}
	in := func(p *pod, database, sql string) string {
		t.Helper()
		got, err := p.in(database, sql)
		require.NoError(t, err, sql)
		return got
	}
	in(source, "old_shop", "CREATE TABLE t (n int PRIMARY KEY, filler text); INSERT INTO t SELECT n, repeat('x', 300) FROM generate_series(1, 300000) n; GRANT pg_read_all_data TO reader")
	site.secret("import", "of the old server")
	// Nothing can be copied out of a table that is locked: the copy lasts until it is let go.
	go func() { _, _ = source.query("old_shop", "BEGIN; LOCK TABLE t; SELECT pg_sleep(900)", 15*time.Minute) }()
	letGo := func() {
		in(source, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(900)%' AND pid <> pg_backend_pid()")
	}

	l := newLab(t, 3, fmt.Sprintf(`replication: {mode: required}
provision: {roles: [{name: shop, login: true, loose: true}], databases: [{name: shop, owner: shop, extensions: [{name: hstore}]}], sql: ["CREATE TABLE born (n int)"]}
import: {server: {host: %s, port: %d, user: reader, sslMode: disable, passwordFile: %s/import}, databases: [{name: old_shop, as: shop, owner: shop}]}
`, source.ip, site.port, site.dir))
	l.start()
	running := func() *pod {
		for _, p := range l.pods {
			if r := p.backups().Restore; r != nil && r.State == "running" && strings.HasPrefix(r.Text, "copies database") {
				return p
			}
		}
		return nil
	}
	var one *pod
	l.eventually(90*time.Second, "one copies, and others could take over", func() bool { one = running(); return one != nil && l.whole() })
	one.killDatabase()
	l.eventually(60*time.Second, "another one takes writes", func() bool { p := l.primary(); return p != nil && p != one })
	one.startSupervisor()
	l.eventually(60*time.Second, "the next one copies", func() bool { p := running(); return p != nil && p != one })
	letGo()
	done := func() bool { r := l.leader().backups().Restore; return r != nil && r.State == "done" }
	took := l.eventually(120*time.Second, "it copies from the beginning, and to the end", done)
	t.Logf("%s: %s", took.Round(time.Millisecond), l.leader().backups().Restore.Text)
	require.Equal(t, "300000", in(l.leader(), "shop", "SELECT count(*) FROM t"))
	require.Equal(t, "0", in(l.leader(), "shop", "SELECT count(*) FROM born"), "its SQL was run")
	require.Equal(t, "shop", in(l.leader(), "shop", "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'"))
	l.eventually(60*time.Second, "then the primary keeps it as the spec says", func() bool {
		got, err := l.leader().in("shop", "SELECT count(*) FROM pg_extension WHERE extname = 'hstore'")
		return err == nil && got == "1"
	})
	l.eventually(60*time.Second, "all is well", l.whole)
	require.NoFileExists(t, l.leader().dir+"/run/pgpass-outside", "the other server's password is gone")

	t.Run("what is dropped later is not copied again", func(t *testing.T) {
		old := l.leader()
		in(old, "postgres", "CREATE DATABASE other")
		in(old, "shop", "DELETE FROM t WHERE n > 10")
		old.killDatabase()
		l.eventually(60*time.Second, "another one takes writes", func() bool { p := l.primary(); return p != nil && p != old })
		old.startSupervisor()
		l.eventually(90*time.Second, "all is well again", l.whole)
		time.Sleep(3 * time.Second)
		require.Equal(t, "10", in(l.leader(), "shop", "SELECT count(*) FROM t"))
		require.Nil(t, running())
	})
}
