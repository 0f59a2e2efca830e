package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// bare is a data directory without a server, enough to be configured.
func bare(t *testing.T, major string) *postgres.Server {
	t.Helper()
	volume := t.TempDir()
	data := filepath.Join(volume, "pgdata")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(major+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(data, "postgresql.conf"), []byte("port = 1\n#include 'onggi.conf'"), 0o600))
	return postgres.New(postgres.Paths{Volume: volume, Data: data, Socket: "/run/onggi", Port: 5432, User: "postgres"}, nil)
}

func TestRefusedParametersAreAllNamed(t *testing.T) {
	refused := map[string]string{
		"listen_addresses": "", "Port": "1", "fsync": "of", "full_page_writes": "f", "wal_level": "minimal", "synchronous_standby_names": "*", "primary_conninfo": "",
		"restore_command": "true", "recovery_target_time": "now", "restart_after_crash": "off", "hot_standby": "off", "wal_log_hints": "off", "max_wal_senders": "3",
		"max_replication_slots": "no", "data_directory": "/", "include_dir": "x", "ssl": "off", "synchronous_commit": "local", "recovery_min_apply_delay": "1h",
		"superuser_reserved_connections": "0", "allow_alter_system": "on", "data_sync_retry": "on", "work mem": "1", "max_slot_wal_keep_size": "-1",
		"a.b.c": "1", "bad": "\x00", "wal_sender_timeout": "0",
	}
	s := bare(t, "15")
	given := map[string]string{"work_mem": "8MB", "Work_Mem": "9MB", "max_connections": "50", "pg_stat_statements.max": "1000", "synchronous_standby_name": "x", "wal_keep_size": "1GB"}
	for name, value := range refused {
		given[name] = value
	}
	_, err := s.Configure(postgres.Settings{Members: 3, Synchronous: true, Parameters: given})
	var joined interface{ Unwrap() []error }
	require.True(t, errors.As(err, &joined))
	named := map[string]bool{}
	for _, e := range joined.Unwrap() {
		var inner interface{ Unwrap() []error }
		if errors.As(e, &inner) {
			for _, one := range inner.Unwrap() {
				var r postgres.Refusal
				require.True(t, errors.As(one, &r))
				require.NotEmpty(t, r.Reason)
				named[r.Name] = true
			}
		}
	}
	for name := range refused {
		require.True(t, named[name], "%s is let through", name)
	}
	require.True(t, named["work_mem"] || named["Work_Mem"], "given twice")
	require.Len(t, named, len(refused)+1)
	require.NoFileExists(t, filepath.Join(s.Paths.Data, "onggi.conf"), "nothing is written")

	_, err = s.Configure(postgres.Settings{Parameters: map[string]string{"synchronous_commit": "local", "wal_level": "logical", "max_wal_senders": "64"}})
	require.NoError(t, err, "an asynchronous cluster may")
}

func TestRefusedLines(t *testing.T) {
	for _, line := range []string{"host all all", "trust me", "local all all peer\nlocal all all trust", `host all all all scram-sha-256 \`, "include x"} {
		_, err := bare(t, "15").Configure(postgres.Settings{HBA: []string{line}})
		require.Error(t, err, line)
	}
	for _, line := range []string{"onggi root postgres", `"onggi" root postgres`, "map user", "a b c d"} {
		_, err := bare(t, "15").Configure(postgres.Settings{Ident: []string{line}})
		require.Error(t, err, line)
	}
}

func TestConfigureIsIdempotent(t *testing.T) {
	s := bare(t, "17")
	settings := postgres.Settings{Members: 3, Parameters: map[string]string{"work_mem": "8MB"}, HBA: []string{"host all all all scram-sha-256"}}
	done, err := s.Configure(settings)
	require.NoError(t, err)
	require.True(t, done.Changed)
	files := func() map[string]string {
		all := map[string]string{}
		entries, err := os.ReadDir(s.Paths.Data)
		require.NoError(t, err)
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(s.Paths.Data, e.Name()))
			require.NoError(t, err)
			all[e.Name()] = string(text)
		}
		return all
	}
	before := files()
	done, err = s.Configure(settings)
	require.NoError(t, err)
	require.False(t, done.Changed)
	require.Equal(t, before, files())
	require.Equal(t, "port = 1\n#include 'onggi.conf'\ninclude 'onggi.conf'\n", before["postgresql.conf"])

	t.Run("a standby has at least what its log asks for", func(t *testing.T) {
		settings.AtLeast = map[string]int{"max_connections": 500, "max_wal_senders": 1, "max_locks_per_transaction": 64}
		_, err := s.Configure(settings)
		require.NoError(t, err)
		conf := files()["onggi.conf"]
		require.Contains(t, conf, "max_connections = '500'")
		require.Contains(t, conf, "max_wal_senders = '24'")
		require.Contains(t, conf, "max_locks_per_transaction = '64'")
	})
	t.Run("settings that a server does not start with are put aside for the last good ones", func(t *testing.T) {
		require.NoError(t, s.KeepGood())
		good := files()
		settings.Parameters = map[string]string{"shared_buffers": "1000TB"}
		_, err := s.Configure(settings)
		require.NoError(t, err)
		restored, err := s.RestoreGood()
		require.NoError(t, err)
		require.Equal(t, []string{"onggi.conf"}, restored)
		require.Equal(t, good, files())
		_, err = s.Configure(settings)
		require.ErrorIs(t, err, postgres.ErrRejected)
		restored, err = s.RestoreGood()
		require.NoError(t, err)
		require.Empty(t, restored)
		settings.Parameters["shared_buffers"] = "1GB"
		_, err = s.Configure(settings)
		require.NoError(t, err, "others are tried")
	})
}

func TestAnyValueRoundTripsThroughTheServer(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "shop-0")
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("a '\"\\#=\n\r\t\b\f$é한{}0n,;-\x01")
	values := []string{"", "'", `\`, `\n`, "a\\'b", "''", "#", "x\n# include", strings.Repeat(`'\`, 300)}
	for range 60 {
		var b strings.Builder
		for range random.IntN(20) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		values = append(values, b.String())
	}
	parameters := n.settings().Parameters
	for i, value := range values {
		parameters["my.value"+strings.Repeat("x", i)] = value
	}
	n.configure(func(s *postgres.Settings) { s.Parameters = parameters })
	require.NoError(t, n.Reload(n.ctx()))
	conn, err := n.client(Superuser)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for i, value := range values {
		result := conn.ExecParams(n.ctx(), "SELECT current_setting('my.value'||repeat('x', $1::int))", [][]byte{[]byte(itoa(i))}, nil, nil, nil).Read()
		require.NoError(t, result.Err)
		require.Equal(t, value, string(result.Rows[0][0]))
	}
}

func TestRestartOrder(t *testing.T) {
	p := func(name, now, wanted string) postgres.PendingRestart {
		return postgres.PendingRestart{Name: name, Now: now, Wanted: wanted}
	}
	for _, row := range []struct {
		pending []postgres.PendingRestart
		want    postgres.Order
	}{
		{nil, postgres.AnyOrder},
		{[]postgres.PendingRestart{p("shared_buffers", "1GB", "2GB")}, postgres.AnyOrder},
		{[]postgres.PendingRestart{p("max_connections", "100", "200")}, postgres.StandbysFirst},
		{[]postgres.PendingRestart{p("max_connections", "100", "50"), p("shared_buffers", "1GB", "2GB")}, postgres.PrimaryFirst},
		{[]postgres.PendingRestart{p("max_connections", "100", "50"), p("max_wal_senders", "10", "20")}, postgres.StandbysFirst},
		{[]postgres.PendingRestart{p("max_connections", "100", "")}, postgres.StandbysFirst},
	} {
		require.Equal(t, row.want, postgres.RestartOrder(row.pending), "%v", row.pending)
	}
}
