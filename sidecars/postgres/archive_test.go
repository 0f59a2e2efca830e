package postgres

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a standby received counts as archived to it. Before it is promoted that is taken back, for whole segments and histories and for nothing else.
func TestSegmentsAreSentAgain(t *testing.T) {
	data := t.TempDir()
	dir := filepath.Join(data, "pg_wal", "archive_status")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{
		"000000010000000000000003.done", "000000010000000000000004.done", "00000002.history.done", "000000010000000000000005.ready",
		"000000010000000000000006.partial.done", "000000010000000000000003.00000028.backup.done", "notes.done",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chtimes(path, old, old))
	}
	s := New(Paths{Data: data}, nil)
	ready, oldest, err := s.Backlog()
	require.NoError(t, err)
	require.Equal(t, 1, ready)
	require.WithinDuration(t, old, oldest, time.Second)
	n, err := s.Resend()
	require.NoError(t, err)
	require.Equal(t, 3, n)
	ready, _, err = s.Backlog()
	require.NoError(t, err)
	require.Equal(t, 4, ready)
	info, err := os.Stat(filepath.Join(dir, "000000010000000000000004.ready"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), info.ModTime(), time.Minute, "it waits from now on")
	n, err = s.Resend()
	require.NoError(t, err)
	require.Zero(t, n, "once")
	_, err = New(Paths{Data: t.TempDir()}, nil).Resend()
	require.Error(t, err)
}

// A timeline that was left in the middle of a segment leaves each member with another rest of it. An archive that has one takes no other.
func TestTheSegmentInWhichATimelineWasLeftIsNotSentAgain(t *testing.T) {
	data := t.TempDir()
	dir := filepath.Join(data, "pg_wal", "archive_status")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	sent := []string{"000000010000000000000003", "000000030000000000000005", "000000030000000000000006", "000000040000000000000007"}
	kept := []string{"000000010000000000000004", "000000020000000000000004", "000000030000000000000007", "000000020000000000000005"} // the last of a branch that this server left
	require.NoError(t, os.WriteFile(filepath.Join(data, "pg_wal", "000000030000000000000004"), nil, 0o600))
	for _, name := range append(append([]string{"00000004.history"}, sent...), kept...) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".done"), nil, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(data, "pg_wal", name), nil, 0o600))
	}
	n, err := New(Paths{Data: data}, nil).Resend()
	require.NoError(t, err)
	require.Equal(t, 1+len(sent), n)
	for _, name := range sent {
		require.FileExists(t, filepath.Join(dir, name+".ready"))
	}
	for _, name := range kept {
		require.FileExists(t, filepath.Join(dir, name+".done"), name)
	}
}

func TestArchivingTakesItsParameters(t *testing.T) {
	paths := Paths{Data: "/v/data", Socket: "/run/s", Port: 5432}
	user := map[string]string{"archive_mode": "off"}
	_, err := Settings{Parameters: user}.conf(15, paths)
	require.NoError(t, err, "without backups they are the user's")
	_, err = Settings{Parameters: user, ArchiveCommand: "send %p"}.conf(15, paths)
	require.ErrorContains(t, err, "backup section")
	conf, err := Settings{ArchiveCommand: `send "%p"`, RestoreCommand: "get %f"}.conf(15, paths)
	require.NoError(t, err)
	for _, line := range []string{"archive_mode = 'on'\n", "archive_command = 'send \"%p\"'\n", "restore_command = 'get %f'\n", "archive_timeout = '5min'\n"} {
		require.Contains(t, conf, line)
	}
	conf, err = Settings{ArchiveCommand: "send", Parameters: map[string]string{"archive_timeout": "60"}}.conf(15, paths)
	require.NoError(t, err)
	require.Contains(t, conf, "archive_timeout = '60'\n", "how much may be lost is the user's to say")
}
