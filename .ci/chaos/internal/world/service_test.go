package world

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServicesLeadToOneOfTheirTargetsOrRefuse(t *testing.T) {
	one, two := netip.MustParseAddrPort("10.77.1.2:5432"), netip.MustParseAddrPort("10.77.1.3:5432")
	text := rules([]Service{
		{Address: netip.MustParseAddrPort("10.96.0.5:5432"), Targets: []netip.AddrPort{one, two}},
		{Address: netip.MustParseAddrPort("10.96.0.6:5432")},
	})
	require.Contains(t, text, "ip daddr 10.96.0.5 tcp dport 5432 numgen random mod 2 0 dnat to 10.77.1.2:5432\nip daddr 10.96.0.5 tcp dport 5432 dnat to 10.77.1.3:5432\n")
	require.NotContains(t, text, "10.96.0.6 ", "nobody is behind it")
	require.Contains(t, text, "ip daddr 10.96.0.0/24 tcp dport 1-65535 reject with tcp reset")
}
