package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

func TestANewServerTellsItsStatus(t *testing.T) {
	n := newPrimary(t, "shop-0")
	status := n.status(postgres.Full)
	control, err := n.Control(n.ctx())
	require.NoError(t, err)
	require.Equal(t, control.System, status.System)
	require.False(t, status.InRecovery)
	require.EqualValues(t, 1, status.Timeline)
	require.NotZero(t, status.Flush)
	require.Equal(t, status.Flush, status.End())
	require.Empty(t, status.Overridden)
	require.Empty(t, status.Pending)
	require.Positive(t, status.WALBytes)
	require.True(t, control.Checksums)
}
