package agent

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// small mounts a volume of so many MB.
func small(t *testing.T, mb string) string {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			t.Fatal("needs root, to mount a small volume")
		}
		t.Skip("needs root, to mount a small volume")
	}
	mount := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", mount, "tmpfs", 0, "size="+mb+"m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(mount, 0)) })
	return mount
}

// withLogInside is a member whose data directory has its log inside, and a volume for it.
func withLogInside(t *testing.T, wal string) *Database {
	t.Helper()
	dir := t.TempDir()
	d := &Database{Postgres: postgres.New(postgres.Paths{Volume: dir, Data: filepath.Join(dir, "pgdata"), WAL: wal}, nil)}
	require.NoError(t, os.MkdirAll(d.Postgres.Paths.Data+"/pg_wal", 0o700))
	require.NoError(t, os.WriteFile(d.Postgres.Paths.Data+"/PG_VERSION", []byte("15\n"), 0o600))
	require.NoError(t, os.WriteFile(d.Postgres.Paths.Data+"/pg_wal/000000010000000000000001", make([]byte, 1<<20), 0o600))
	return d
}

func TestASlotHoldsBackNoMoreThanTheLogsVolumeHas(t *testing.T) {
	d := withLogInside(t, small(t, "128"))
	var s postgres.Settings
	require.NoError(t, d.boundSlots(&s))
	require.Zero(t, s.SlotKeepMB, "the log is not there")
	require.NoError(t, d.moveLog(t.Context(), nil))
	require.NoError(t, d.boundSlots(&s))
	require.Equal(t, 64, s.SlotKeepMB)
	s = postgres.Settings{SlotKeepMB: 3}
	require.NoError(t, d.boundSlots(&s))
	require.Equal(t, 3, s.SlotKeepMB, "what was chosen")
	s, d.Postgres.Paths.WAL = postgres.Settings{}, ""
	require.NoError(t, d.boundSlots(&s))
	require.Zero(t, s.SlotKeepMB)
}

// A server is worth more than a log in its place.
func TestALogThatDoesNotFitKeepsNothingFromStarting(t *testing.T) {
	d := withLogInside(t, small(t, "8"))
	require.NoError(t, d.moveLog(t.Context(), nil))
	require.True(t, d.Postgres.LogInside())
}

// A move is not broken off because a start may take only so long, and then the start is tried again; it is by somebody who wants another thing.
func TestAMoveOutlastsAStart(t *testing.T) {
	d := withLogInside(t, t.TempDir())
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	require.ErrorIs(t, d.moveLog(late, nil), context.DeadlineExceeded)
	require.False(t, d.Postgres.LogInside())

	d = withLogInside(t, t.TempDir())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, d.moveLog(gone, nil), context.Canceled)
	require.True(t, d.Postgres.LogInside())
	_, err := d.Postgres.Recover()
	require.NoError(t, err)
	require.NoError(t, d.moveLog(t.Context(), nil))
	require.False(t, d.Postgres.LogInside())
}
