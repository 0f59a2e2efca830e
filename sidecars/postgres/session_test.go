package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// Limits of time are for clients: what an administrator does may take as long as it takes.
func TestSessionsOfTheAgentAreNotHurried(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "shop-0")
	limits := []string{"statement_timeout"}
	if n.status().Version >= 170000 {
		limits = append(limits, "transaction_timeout")
	}
	for _, limit := range limits {
		t.Run(limit, func(t *testing.T) {
			n.configure(func(s *postgres.Settings) { s.Parameters[limit] = "100ms" })
			require.NoError(t, n.Reload(n.ctx()))
			_, err := n.trySQL("SELECT pg_sleep(0.5)")
			require.Error(t, err, "a client is")
			require.ErrorContains(t, err, "timeout")
			conn, err := n.Session(n.ctx(), "postgres")
			require.NoError(t, err)
			defer conn.Close(n.ctx())
			require.NoError(t, conn.Exec(n.ctx(), "SELECT pg_sleep(0.5)").Close())
		})
	}
}
