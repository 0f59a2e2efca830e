package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// What a database system keeps from its birth is what was asked for.
func TestInitAsAskedFor(t *testing.T) {
	t.Parallel()
	n := newNode(t, "a")
	require.NoError(t, n.Init(n.ctx(), postgres.InitOptions{
		Encoding: "UTF8", Locale: "C", LocaleProvider: "icu", ICULocale: "en-US", WALSegmentMB: 1, NoChecksums: true,
		ReplicationPasswordFile: filepath.Join(n.dir, "password"),
	}))
	n.configure()
	n.start(postgres.AsPrimary)
	conn, err := n.Session(n.ctx(), "template1")
	require.NoError(t, err)
	defer conn.Close(n.ctx())
	locale := "daticulocale"
	if n.status().Version >= 170000 {
		locale = "datlocale"
	}
	result := conn.ExecParams(n.ctx(), `SELECT current_setting('data_checksums'), current_setting('wal_segment_size'), datlocprovider::text, `+locale+`
		FROM pg_database WHERE datname = 'template1'`, nil, nil, nil, nil).Read()
	require.NoError(t, result.Err)
	var got []string
	for _, field := range result.Rows[0] {
		got = append(got, string(field))
	}
	require.Equal(t, []string{"off", "1MB", "i", "en-US"}, got)
}

// A passfile gives back the password that it was written with, and libpq reads it so: : and \ have a \ before them there.
func FuzzPassfile(f *testing.F) {
	for _, seed := range []string{"secret", `it's \ a: "long" one`, `\:`, `::\\`, " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if password == "" || strings.ContainsAny(password, "\r\n\x00") {
			t.Skip("it is none")
		}
		s := postgres.New(postgres.Paths{Passfile: filepath.Join(t.TempDir(), "passfile")}, nil)
		before, err := s.Passfile()
		require.NoError(t, err)
		require.Empty(t, before)
		require.NoError(t, s.SetPassfile(password))
		after, err := s.Passfile()
		require.NoError(t, err)
		require.Equal(t, password, after)
		text, err := os.ReadFile(s.Paths.Passfile)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(text), "\n"))
	})
}

// Only what was made of a password is told to be of it.
func FuzzVerifies(f *testing.F) {
	f.Add("SCRAM-SHA-256$4096:c2FsdA==$a:b", "secret")
	f.Add("md5abc", "secret")
	f.Fuzz(func(t *testing.T, stored, password string) {
		require.False(t, postgres.Verifies(stored, password))
		made, err := postgres.NewVerifier(password)
		require.NoError(t, err)
		require.True(t, postgres.Verifies(made, password))
		require.False(t, postgres.Verifies(made, password+"x"))
	})
}
