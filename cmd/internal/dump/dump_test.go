package dump

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/dump"
)

func TestFind(t *testing.T) {
	has := func(series, id string, databases ...string) dump.Manifest {
		m := dump.Manifest{Name: series, ID: id}
		for _, name := range databases {
			m.Files = append(m.Files, dump.File{Database: name})
		}
		return m
	}
	dumps := []dump.Manifest{has("weekly", "20261122T040000Z", "app"), has("nightly", "20261122T030000Z", "app", "late", ""), has("nightly", "20261121T030000Z", "app", "late")}
	for _, tt := range []struct{ wanted, database, want, err string }{
		{"", "", "weekly/20261122T040000Z", ""},
		{"", "app", "weekly/20261122T040000Z", ""},
		{"", "late", "nightly/20261122T030000Z", ""},
		{"nightly", "app", "nightly/20261122T030000Z", ""},
		{"20261121T030000Z", "app", "nightly/20261121T030000Z", ""},
		{"nightly/20261121T030000Z", "late", "nightly/20261121T030000Z", ""},
		{"weekly", "late", "", "there is no dump weekly with the database late"},
		{"", "gone", "", "no dump is there with the database gone"},
		{"monthly", "", "", "there is no dump monthly"},
	} {
		m, err := Find(dumps, tt.wanted, tt.database)
		if tt.err != "" {
			require.EqualError(t, err, tt.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, tt.want, m.Name+"/"+m.ID)
	}
}

// libpq and pgx read the way to a database alike, whatever is in it; the password is not in what libpq's programs are given.
func TestConninfo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("it's a \\ secret\n"), 0o600))
	l, err := readLogin(dump.Login{Members: "shop-pods", Host: "shop-rw", Port: 5432, SSLMode: "disable", User: "onggi_dump", PasswordFile: file})
	require.NoError(t, err)
	s := &server{login: l, address: "10.0.0.3"}
	text := s.conninfo(`o'clock \ x=y`)
	require.NotContains(t, text, "secret")
	require.Contains(t, text, "hostaddr='10.0.0.3'")
	cfg, err := pgx.ParseConfig(append(s.way(`o'clock \ x=y`), [2]string{"password", l.password}).String())
	require.NoError(t, err)
	require.Equal(t, `o'clock \ x=y`, cfg.Database)
	require.Equal(t, `it's a \ secret`, cfg.Password)
	require.NoError(t, os.WriteFile(file, []byte("\n"), 0o600))
	_, err = readLogin(l.Login)
	require.ErrorContains(t, err, "is empty")
}

func TestEnded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "globals.sql")
	require.NoError(t, os.WriteFile(file, []byte("CREATE ROLE a;\n--\n-- PostgreSQL database cluster dump complete\n--\n\n"), 0o600))
	require.NoError(t, ended(file))
	require.NoError(t, os.WriteFile(file, []byte("CREATE ROLE a;\n"), 0o600))
	require.ErrorContains(t, ended(file), "did not come to its end")
}
