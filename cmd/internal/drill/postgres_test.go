package drill

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/drill"
)

func TestChecksOfARestoredDatabase(t *testing.T) {
	p := newPostgres(t)
	p.initialise(t, "")
	p.start(t)
	p.exec(t, "postgres", "CREATE DATABASE app", "CREATE DATABASE closed WITH ALLOW_CONNECTIONS false")
	p.exec(t, "postgres", "CREATE DATABASE kept", "ALTER DATABASE kept SET default_transaction_read_only = on", "ALTER DATABASE app SET statement_timeout = '1ms'")
	p.exec(t, "app", `CREATE TABLE orders (id int PRIMARY KEY, note text)`, `INSERT INTO orders SELECT i, repeat('x', i) FROM generate_series(1, 500) i`,
		`CREATE SCHEMA "a b"`, `CREATE EXTENSION amcheck SCHEMA "a b"`)
	check := func(database, sql, expect string) drill.Result {
		t.Helper()
		cfg := &drill.Config{Login: p.login(), Checks: []drill.Check{{Name: "c", Database: database, SQL: sql, Expect: expect}}}
		results, _, err := Verify(context.Background(), cfg, "postgres", testPassword)
		require.NoError(t, err)
		require.Len(t, results, 1)
		return results[0]
	}
	tests := []struct {
		name, database, sql, expect string
		passed                      bool
		detail                      string
	}{
		{"a row count", "app", "SELECT count(*) FROM orders", "> 0", true, "500"},
		{"too few rows", "app", "SELECT count(*) FROM orders", ">= 501", false, "500, expected >= 501"},
		{"a text", "app", "SELECT 'yes'", "yes", true, "yes"},
		{"a slow answer", "app", "SELECT 1 FROM pg_sleep(0.05)", "1", true, "1"},
		{"a truth", "app", "SELECT count(*) = 500 FROM orders", "t", true, "t"},
		{"any value", "app", "SELECT NULL", "", true, "NULL"},
		{"null is no number", "app", "SELECT NULL::int", "< 5", false, "NULL, expected < 5"},
		{"no row", "app", "SELECT 1 WHERE false", "", false, "no row"},
		{"the first of many", "app", "SELECT id, note FROM orders ORDER BY id", "1", true, "1"},
		{"an error behind the first row", "app", "SELECT 1 / (2 - i) FROM generate_series(1, 2) i", "1", false, "division by zero (SQLSTATE 22012)"},
		{"no such table", "app", "SELECT count(*) FROM invoices", "> 0", false, `relation "invoices" does not exist (SQLSTATE 42P01)`},
		{"no such database", "shop", "SELECT 1", "1", false, `database "shop" does not exist (SQLSTATE 3D000)`},
		{"two statements", "app", "SELECT 1; SELECT 2", "1", false, "cannot insert multiple commands into a prepared statement (SQLSTATE 42601)"},
		{"a write", "app", "DELETE FROM orders RETURNING id", "", false, "cannot execute DELETE in a read-only transaction (SQLSTATE 25006)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, drill.Result{Name: "c", Passed: tt.passed, Detail: tt.detail}, check(tt.database, tt.sql, tt.expect))
		})
	}

	cfg := &drill.Config{Login: p.login(), Amcheck: true}
	results, moment, err := Verify(context.Background(), cfg, "postgres", testPassword)
	require.NoError(t, err)
	require.Nil(t, moment, "a server that was never recovered came back to no moment")
	require.Len(t, results, 1)
	require.True(t, results[0].Passed, results[0].Detail)
	require.Regexp(t, `^\d\d\d tables and \d\d\d indexes of 4 databases$`, results[0].Detail)

	t.Run("a wrong password may become a right one", func(t *testing.T) {
		_, _, err := Verify(context.Background(), cfg, "postgres", "wrong")
		require.ErrorAs(t, err, &retryable{})
		require.NotContains(t, err.Error(), "wrong'")
	})
	t.Run("corruption is found", func(t *testing.T) { corrupt(t, p, cfg) })
}

// corrupt overwrites an index and a table on the disk.
func corrupt(t *testing.T, p *postgres, cfg *drill.Config) {
	index := p.ask(t, "app", "SELECT pg_relation_filepath('orders_pkey')")
	table := p.ask(t, "app", "SELECT pg_relation_filepath('orders')")
	p.stop(t)
	// The first key behind the high key of the index's second page, and where the data of the table's first row begins.
	spoil := func(path string, offset int64) {
		f, err := os.OpenFile(filepath.Join(p.data(), path), os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte{0xff, 0xff, 0x7f, 0x7f}, offset)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	spoil(index, 2*8192-16-16-8)
	spoil(table, 8192-32+22)
	p.start(t)
	results, _, err := Verify(context.Background(), cfg, "postgres", testPassword)
	require.NoError(t, err)
	require.False(t, results[0].Passed)
	require.Contains(t, results[0].Detail, "app.orders: ")
	require.Contains(t, results[0].Detail, "app.orders_pkey: ")
}

// TestTheMomentThatADatabaseCameBackTo recovers a real server from a base backup and an archive.
func TestTheMomentThatADatabaseCameBackTo(t *testing.T) {
	source := newPostgres(t)
	archive := filepath.Join(source.dir, "archive")
	source.initialise(t, "track_commit_timestamp = on\nwal_level = replica\narchive_mode = on\narchive_command = 'mkdir -p "+archive+" && cp %p "+archive+"/%f'\n")
	source.start(t)
	source.exec(t, "postgres", "CREATE TABLE t (i int)", "INSERT INTO t VALUES (1)")
	source.must(t, "pg_basebackup", "-d", "host=127.0.0.1 user=postgres port="+source.ask(t, "postgres", "SELECT current_setting('port')"), "-D", filepath.Join(source.dir, "base"), "-X", "none", "-c", "fast")
	source.exec(t, "postgres", "INSERT INTO t VALUES (2)")
	want, err := instant(source.ask(t, "postgres", "SELECT (timestamp AT TIME ZONE 'UTC')::text || '+00' FROM pg_last_committed_xact()"))
	require.NoError(t, err)
	// What is committed behind the target is in the same segment of WAL.
	source.exec(t, "postgres", "SELECT pg_create_restore_point('here')", "INSERT INTO t VALUES (9)", "SELECT pg_switch_wal()", "CHECKPOINT")
	source.stop(t)

	restored := &postgres{bin: source.bin, dir: source.dir, port: source.port, as: source.as}
	require.NoError(t, os.RemoveAll(source.data()))
	require.NoError(t, os.Rename(filepath.Join(source.dir, "base"), source.data()))
	restored.configure(t, "restore_command = 'cp "+archive+"/%f %p'\nwal_keep_size = '512MB'\nrecovery_target_name = 'here'\nrecovery_target_action = 'promote'\n")
	restored.write(t, "data/recovery.signal", "")
	restored.start(t)
	cfg := &drill.Config{Login: restored.login(), Checks: []drill.Check{{Name: "t", Database: "postgres", SQL: "SELECT count(*) FROM t", Expect: "2"}}}
	for _, basis := range []string{drill.BasisReplay, drill.BasisWAL} {
		var results []drill.Result
		var moment *drill.Moment
		require.Eventually(t, func() bool {
			results, moment, err = Verify(context.Background(), cfg, "postgres", testPassword)
			return err == nil
		}, 30*time.Second, 100*time.Millisecond)
		require.True(t, results[0].Passed, results[0].Detail)
		require.Equal(t, &drill.Moment{Time: want, Basis: basis}, moment)
		// As an operator does after the recovery; what is committed now is not what was recovered.
		restored.exec(t, "postgres", "INSERT INTO t VALUES (3)", "DELETE FROM t WHERE i = 3", "CHECKPOINT")
		restored.stop(t)
		restored.start(t)
	}
}
