package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// TestALockThatNamesAnotherProcessKeepsNobodyOut has the server's lock name a process of the same user that is none of Postgres',
// as it comes about when a container is started again and process ids begin anew.
func TestALockThatNamesAnotherProcessKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "shop-0")
	n.sql("CREATE TABLE t AS SELECT 1")
	n.kill()
	// Not the test itself: Postgres overlooks its own parent.
	other := sleeper(t)
	for _, path := range []string{filepath.Join(n.Paths.Data, "postmaster.pid"), filepath.Join(n.Paths.Socket, ".s.PGSQL."+portOf(n)+".lock")} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		_, rest, _ := strings.Cut(string(text), "\n")
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "%d\n%s", other, rest), 0o600))
	}
	command, err := n.StartCommand(postgres.AsPrimary)
	require.NoError(t, err)
	result, err := n.tools.Run(n.ctx(), command)
	require.NoError(t, err)
	require.NotZero(t, result.Code, "Postgres no longer heeds the lock, and ForgetProcess is for nothing")
	require.Contains(t, result.Stderr, "lock file")

	require.NoError(t, n.ForgetProcess())
	n.start(postgres.AsPrimary)
	require.Equal(t, "1", n.sql("SELECT count(*) FROM t"))
}
