package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// outsideOf is a node as somebody else's cluster connects to it.
func outsideOf(n *node) postgres.Upstream {
	return postgres.Upstream{Host: "127.0.0.1", Port: n.Paths.Port, Name: "east"}
}

// copyOf makes a node's data a copy of another's, as a new cluster does.
func copyOf(n, from *node, o postgres.RestoreOptions) (postgres.Restored, error) {
	o.Fetch = func(ctx context.Context, into string) error { return n.Copy(ctx, outsideOf(from), into) }
	o.Command = func(string) string { return "false" }
	o.Init = postgres.InitOptions{ReplicationPasswordFile: filepath.Join(n.dir, "password"), SuperuserPasswordFile: filepath.Join(n.dir, "password")}
	o.Socket = filepath.Join(n.dir, "run", "recover")
	if o.Still == nil {
		o.Still = func() error { return nil }
	}
	o.Progress = func(string) {}
	return n.Restore(n.ctx(), o)
}

// A copy has what the original had, goes its own way from there on, and does not follow it.
func TestACopyIsAClusterOfItsOwn(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "west-0")
	a.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
	// A setting that is the original's own affair, and would keep a copy from starting.
	require.NoError(t, os.WriteFile(filepath.Join(a.Paths.Data, "postgresql.auto.conf"), []byte("shared_preload_libraries = 'not_here'\n"), 0o600))
	n := newNode(t, "east-0").withWAL()
	require.NoError(t, n.Copyable(n.ctx(), outsideOf(a)))
	done, err := copyOf(n, a, postgres.RestoreOptions{})
	require.NoError(t, err)
	require.Equal(t, a.status().System, done.System)
	require.Equal(t, a.status().Timeline+1, done.Timeline)
	n.configure()
	n.start(postgres.AsPrimary)
	require.Equal(t, "1000", n.sql("SELECT count(*) FROM t"))
	a.sql("INSERT INTO t VALUES (-1)")
	n.sql("INSERT INTO t VALUES (-2)")
	require.Equal(t, "-1", a.sql("SELECT min(n) FROM t"))
	require.Equal(t, "-2", n.sql("SELECT min(n) FROM t"))
	require.Equal(t, "0", a.sql("SELECT count(*) FROM pg_replication_slots"), "it left nothing behind there")

	_, err = copyOf(n, a, postgres.RestoreOptions{})
	require.ErrorContains(t, err, "is there already", "nothing is ever copied over data")
}

// What ends half done is begun again, and what is not this member's to make any more is left out.
func TestACopyThatIsInterruptedBeginsAgain(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "west-1")
	n := newNode(t, "east-1")
	_, err := copyOf(n, a, postgres.RestoreOptions{Still: func() error { return os.ErrDeadlineExceeded }})
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoDirExists(t, n.Paths.Data)
	require.NoError(t, os.MkdirAll(filepath.Join(n.Paths.Data+".new", "base"), 0o700)) // of a copy whose process died
	_, err = copyOf(n, a, postgres.RestoreOptions{})
	require.NoError(t, err)
	require.NoDirExists(t, n.Paths.Data+".new")
}

func TestWhatCannotBeCopied(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "west-2")
	n := newNode(t, "east-2")
	for why, change := range map[string]func(*postgres.Upstream){
		"connection refused":   func(u *postgres.Upstream) { u.Port = freePort(t) },
		"is no address":        func(u *postgres.Upstream) { u.Host = "" },
		"no pg_hba.conf entry": func(u *postgres.Upstream) { u.User = "nobody_there" },
	} {
		u := outsideOf(a)
		change(&u)
		require.ErrorContains(t, n.Copyable(n.ctx(), u), why)
	}
}
