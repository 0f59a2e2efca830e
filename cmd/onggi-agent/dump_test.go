package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/dump"
)

func TestDumpsEndToEnd(t *testing.T) {
	e2e(t, "ONGGI_E2E_DUMP")
	t.Run("folder", func(t *testing.T) {
		d, _ := dumpsInFolder(t)
		dumpsFromEndToEnd(t, d)
	})
	t.Run("s3, encrypted", func(t *testing.T) {
		s := s3(t)
		found := regexp.MustCompile(`"endpoint":"(?:https://)?([^"]+)"`).FindStringSubmatch(s.repository("/x"))
		require.NotNil(t, found)
		encrypted := s
		encrypted.repository = func(path string) string {
			return strings.TrimSuffix(s.repository(path), "}") + ", cipherFile: LAB/passphrase}"
		}
		encrypted.secrets = func(l *lab) {
			s.secrets(l)
			l.write(l.dir+"/passphrase", "of the repository\n")
		}
		dumpsFromEndToEnd(t, newDumps(t, encrypted, `destination: s3://backups/databases
    endpoint: https://`+found[1]+`
    endpointCA: {secret: ca, key: ca.crt}
    credentials: {secret: keys, accessKey: key, secretKey: secret}
    encryptionKey: {secret: keys, key: passphrase}`, "/nowhere"))
	})
}

func dumpsFromEndToEnd(t *testing.T, d *dumps) {
	d.ready()
	d.repositoryIsOurs()
	d.backup("full")

	said, err := d.dump("nightly")
	require.NoError(t, err, said)
	t.Log(strings.TrimSpace(said))
	require.Contains(t, said, ", a standby")
	require.NotContains(t, said, "the primary")
	all := d.list()
	require.Len(t, all, 1)
	require.Equal(t, []string{"early", "late", "postgres"}, all[0].Databases())
	require.Equal(t, "true 0 true", d.outcome("nightly"))
	for _, f := range all[0].Files {
		require.True(t, f.Standby, f.Name)
	}

	t.Run("a database that was dropped comes back", func(t *testing.T) { d.comesBack(t) })
	t.Run("so do roles, with their passwords", func(t *testing.T) {
		out, errs, err := d.onggi(d.program, "dump", "get", "--database", "globals", "--config", d.jobs["nightly"].config)
		require.NoError(t, err, errs)
		require.Contains(t, out, "CREATE ROLE early;")
		require.Contains(t, out, d.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'early'"))
	})
	t.Run("a series of one database has no other", func(t *testing.T) {
		said, err := d.dump("orders")
		require.NoError(t, err, said)
		newest := d.list()[0]
		require.Equal(t, "orders", newest.Name)
		require.Len(t, newest.Files, 1)
	})
	t.Run("the newest two stay", func(t *testing.T) {
		for range 2 {
			said, err := d.dump("nightly")
			require.NoError(t, err, said)
		}
		ids := d.ids()
		require.Len(t, ids, 3, "two of the one and one of the other series: %v", ids)
		require.NotContains(t, ids, "nightly/"+all[0].ID)
	})
	t.Run("one that fails midway leaves the others, and nothing of itself", func(t *testing.T) { d.failsMidway(t) })
	t.Run("so does one that is told to stop, and one that is killed is never seen", func(t *testing.T) { d.stopped(t) })
	t.Run("backups and dumps do not mind each other", func(t *testing.T) {
		before := d.ids()
		for range 3 { // retentionFull: 2, so that something expires
			d.backup("full")
		}
		require.Equal(t, before, d.ids())
		require.Len(t, d.pods[0].metric("onggi_backup_last_timestamp_seconds{type=\"any\"}"), 10)
	})
	t.Run("without the store, and without the login, it says so", func(t *testing.T) { d.withoutWhatItNeeds(t) })
}

func (d *dumps) comesBack(t *testing.T) {
	before := d.in("late", dumpRows)
	d.query("DROP DATABASE late WITH (FORCE)")
	d.query("CREATE DATABASE late TEMPLATE template0 OWNER early")
	p := d.primary()
	get, dumped, errs := d.command(d.program, "dump", "get", "--database", "late", "--config", d.jobs["nightly"].config)
	require.NoError(t, get.Run(), errs.String())
	restore := exec.Command(bindir+"/pg_restore", "--exit-on-error", "--single-transaction", "-h", p.ip, "-p", strconv.Itoa(d.port), "-U", "postgres", "--dbname=late")
	restore.Stdin = dumped
	out, err := restore.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, before, d.in("late", dumpRows))
	require.Equal(t, "a large object of late", d.in("late", "SELECT convert_from(lo_get(4711), 'UTF8')"))
	next, err := strconv.Atoi(d.in("late", "SELECT nextval('private.numbers')"))
	require.NoError(t, err)
	require.True(t, next >= 43 && next <= 43+32, "a standby knows of a sequence up to 32 numbers that nobody took: %d", next)
	require.Equal(t, "true true early", d.in("late", "SELECT relrowsecurity || ' ' || relforcerowsecurity || ' ' || relowner::regrole FROM pg_class WHERE oid = 'private.orders'::regclass"))
	d.query("REVOKE CONNECT ON DATABASE late FROM PUBLIC")
	d.eventually(30*time.Second, "dumps may log in to it again", func() bool {
		n, err := d.primary().sql("SELECT count(*) FROM pg_database WHERE datname = 'late' AND has_database_privilege('onggi_dump', oid, 'CONNECT')")
		return err == nil && n == "1" && d.everywhereCaughtUp()
	})
}

// failsMidway ends the sessions of pg_dump in the second database, on whichever server they are.
func (d *dumps) failsMidway(t *testing.T) {
	before := d.ids()
	d.in("late", "CREATE TABLE private.long AS SELECT n, repeat(md5(n::text), 60) AS what FROM generate_series(1, 100000) n")
	d.eventually(60*time.Second, "standbys have it all", d.everywhereCaughtUp)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			for _, p := range d.pods {
				_, _ = p.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'late' AND usename = 'onggi_dump' AND query LIKE 'COPY private.long%'")
			}
		}
	}()
	said, err := d.dump("nightly")
	require.Equal(t, 1, exitCode(err), said)
	require.Contains(t, said, "dumps early", "the first database was there already")
	require.Contains(t, said, "takes late from the primary")
	require.Contains(t, said, "dump the database late: pg_dump: ")
	require.NotContains(t, said, dumpPassword)
	require.Equal(t, before, d.ids())
	d.nothingHalf(t)
	require.Equal(t, "true 1 true", d.outcome("nightly"))
}

// nothingHalf looks into the store itself, past the manifests.
func (d *dumps) nothingHalf(t *testing.T) {
	t.Helper()
	files := d.stored(t)
	whole := map[string]bool{}
	for _, f := range files {
		if filepath.Base(f) == dump.ManifestFile {
			whole[filepath.Dir(f)] = true
		}
	}
	for _, f := range files {
		require.True(t, whole[filepath.Dir(f)], "%s is left", f)
	}
}

func (d *dumps) stored(t *testing.T) []string {
	t.Helper()
	out, errs, err := d.onggi("pgbackrest", "--config="+d.dir+"/pod/run/pgbackrest/pgbackrest.conf", "repo-ls", "--recurse", "--output=json", "dumps/shop")
	require.NoError(t, err, errs)
	var entries map[string]struct{ Type string }
	require.NoError(t, json.Unmarshal([]byte(out), &entries))
	var files []string
	for name, e := range entries {
		if e.Type == "file" {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files
}

func (d *dumps) stopped(t *testing.T) {
	before := d.ids()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		cmd, _, errs := d.command(d.jobs["nightly"].command...)
		require.NoError(t, cmd.Start())
		d.eventually(60*time.Second, "it dumps the second database", func() bool {
			for _, p := range d.pods {
				if n, _ := p.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'late' AND usename = 'onggi_dump' AND query LIKE 'COPY private.long%'"); n == "1" {
					return true
				}
			}
			return false
		})
		if signal == syscall.SIGKILL { // the pod's end: pg_dump goes too
			require.NoError(t, syscall.Kill(-cmd.Process.Pid, signal))
		} else {
			require.NoError(t, cmd.Process.Signal(signal))
		}
		err := cmd.Wait()
		require.Error(t, err)
		require.Equal(t, before, d.ids())
		if signal == syscall.SIGTERM {
			require.Equal(t, 7, exitCode(err), errs.String())
			d.nothingHalf(t)
		}
	}
	said, err := d.dump("nightly") // as if nothing had been
	require.NoError(t, err, said)
	require.Equal(t, "true 0 true", d.outcome("nightly"))
}

func (d *dumps) withoutWhatItNeeds(t *testing.T) {
	file := d.dir + "/pod/secrets/dump/password"
	d.write(file, "another")
	said, err := d.dump("orders")
	require.Equal(t, 1, exitCode(err))
	require.Contains(t, said, "password authentication failed")
	require.NotContains(t, said, "another")
	d.write(file, dumpPassword)
	d.store.down()
	said, err = d.dump("orders")
	require.Equal(t, 1, exitCode(err))
	require.Contains(t, said, "dumps/shop/orders")
	d.store.up()
	require.Equal(t, "true 1 true", d.outcome("orders"))
	d.query("DROP DATABASE late WITH (FORCE)")
	d.eventually(30*time.Second, "it is gone everywhere", d.everywhereCaughtUp)
	said, err = d.dump("orders")
	require.Equal(t, 1, exitCode(err))
	require.Contains(t, said, "there is no database late")
	require.Equal(t, "true 2 true", d.outcome("orders"))
}

func exitCode(err error) int {
	if ended, ok := err.(*exec.ExitError); ok {
		return ended.ExitCode()
	}
	return 0
}
