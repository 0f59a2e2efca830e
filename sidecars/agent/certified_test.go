package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// A file that names a certificate reaches pods that do not have it: they go on as they are until they are replaced.
func TestCertified(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	lines := []string{tlsOnly, "host all all all scram-sha-256"}
	f := config.File{Postgres: config.Postgres{HBA: lines, TLS: config.TLS{Cert: file("tls.crt"), Key: file("tls.key"), CA: file("ca.crt")}}}

	able, lacks := Certified(f)
	require.True(t, lacks)
	require.Equal(t, config.TLS{}, able.Postgres.TLS)
	require.Equal(t, lines[1:], able.Postgres.HBA, "or nobody could come in")
	require.Equal(t, []string{tlsOnly, "host all all all scram-sha-256"}, lines, "the file itself stays")
	require.Equal(t, postgres.TLS{Mode: "prefer"}, UpstreamTLSOf(f))

	require.True(t, PlainOf(f))

	require.NoError(t, os.WriteFile(file("tls.crt"), nil, 0o600))
	require.False(t, PlainOf(f))
	able, lacks = Certified(f)
	require.False(t, lacks)
	require.Equal(t, f, able)
	require.Equal(t, postgres.TLS{Mode: "verify-ca", RootCA: file("ca.crt")}, UpstreamTLSOf(f))

	f.Postgres.ClientCA = file("clients.crt")
	able, lacks = Certified(f)
	require.False(t, lacks)
	require.Empty(t, able.Postgres.ClientCA, "postgres would not start with a file that is not there")
	require.NoError(t, os.WriteFile(f.Postgres.ClientCA, nil, 0o600))
	able, _ = Certified(f)
	require.Equal(t, f, able)

	f.Postgres.TLS.CA = ""
	require.Equal(t, postgres.TLS{Mode: "require"}, UpstreamTLSOf(f))
	able, lacks = Certified(config.File{})
	require.False(t, lacks)
	require.Equal(t, config.File{}, able)
	require.Equal(t, postgres.TLS{}, UpstreamTLSOf(config.File{}))
}

// A standby holds the primary's certificate against its authority, and speaks without TLS to one that says it has none yet.
func TestUpstreamOfAMemberWithoutTLS(t *testing.T) {
	d := &Database{Name: "shop-1", Port: 5432}
	d.ConnectBy(postgres.TLS{Mode: "verify-ca", RootCA: "/ca.crt"})
	for _, want := range []struct {
		plain bool
		tls   postgres.TLS
	}{{false, postgres.TLS{Mode: "verify-ca", RootCA: "/ca.crt"}}, {true, postgres.TLS{}}} {
		got, err := d.upstreamOf(ha.Member{ID: "a", Host: "10.0.0.1", Plain: want.plain}, "")
		require.NoError(t, err)
		require.Equal(t, want.tls, got.TLS)
	}
}
