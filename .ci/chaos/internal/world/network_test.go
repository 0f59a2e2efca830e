package world

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinkIsADirection(t *testing.T) {
	a, b := netip.MustParseAddr("10.77.1.2"), netip.MustParseAddr("10.77.1.3")
	require.Equal(t, "ether type ip ip saddr 10.77.1.2 drop", Link{From: a}.rule())
	require.Equal(t, "ether type ip ip daddr 10.77.1.3 drop", Link{To: b}.rule())
	require.Equal(t, "ether type ip ip saddr 10.77.1.2 ip daddr 10.77.1.3 tcp dport 5432 drop", Link{From: a, To: b, Port: 5432}.rule())
}

func TestTasksAreReadWhateverTheirName(t *testing.T) {
	self, ok := readTask(1)
	require.True(t, ok)
	require.Equal(t, 1, self.PID)
	require.Zero(t, self.Parent)
}
