package agent

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
)

func TestAVolumeKnowsWhoItIs(t *testing.T) {
	mount := t.TempDir()
	id, d, err := NewVolume(mount, 0).Open()
	require.NoError(t, err)
	require.Len(t, id, 16)
	require.Equal(t, ha.Durable{}, d)

	want := ha.Durable{Term: 4, Led: 3, Bound: "77", Last: someRecord()}
	want.Last.Version, want.Last.Term = "", 0 // the version and the term of a record are the Lease's
	require.NoError(t, NewVolume(mount, 0).Remember(want))
	again, d, err := NewVolume(mount, 0).Open()
	require.NoError(t, err)
	require.Equal(t, id, again, "another process, the same member")
	require.Equal(t, want, d)

	other, _, err := NewVolume(t.TempDir(), 0).Open()
	require.NoError(t, err)
	require.NotEqual(t, id, other, "another volume, another member")
}

// A volume whose log is lost may lack what its member acknowledged, so it is another member, once.
func TestAVolumeThatLostItsLogIsAnotherMember(t *testing.T) {
	mount, lost := t.TempDir(), ""
	open := func() (string, ha.Durable) {
		v := NewVolume(mount, 0)
		v.Lost = func() (string, error) { return lost, nil }
		id, d, err := v.Open()
		require.NoError(t, err)
		return id, d
	}
	first, _ := open()
	require.NoError(t, NewVolume(mount, 0).Remember(ha.Durable{Term: 4, Led: 4}))
	lost = "/wal/a/b"
	second, d := open()
	require.NotEqual(t, first, second)
	require.Equal(t, ha.Durable{}, d, "what the other one promised and led")
	require.NoError(t, NewVolume(mount, 0).Remember(ha.Durable{Term: 5}))
	again, d := open()
	require.Equal(t, second, again, "it is one loss until the log is there again")
	require.EqualValues(t, 5, d.Term)
	lost = ""
	again, _ = open()
	require.Equal(t, second, again)
	lost = "/wal/a/c"
	third, _ := open()
	require.NotEqual(t, second, third, "another loss")

	v := NewVolume(mount, 0)
	v.Lost = func() (string, error) { return "", syscall.EIO }
	_, _, err := v.Open()
	require.ErrorIs(t, err, syscall.EIO, "what cannot be looked at is not lost, and nothing is decided without it")
}

// Killed between any two steps, the volume is never the member of before without what that one promised.
func TestForgettingCanBeInterruptedAnywhere(t *testing.T) {
	for step := range 3 {
		mount := t.TempDir()
		first, _, err := NewVolume(mount, 0).Open()
		require.NoError(t, err)
		require.NoError(t, NewVolume(mount, 0).Remember(ha.Durable{Term: 4, Led: 4}))
		v := NewVolume(mount, 0)
		v.Lost = func() (string, error) { return "/wal/a/b", nil }
		if step >= 1 {
			_, err := v.rename()
			require.NoError(t, err)
		}
		if step >= 2 {
			require.NoError(t, os.Remove(filepath.Join(mount, "onggi", stateFile)))
		}
		id, d, err := v.Open()
		require.NoError(t, err)
		require.NotEqual(t, first, id)
		require.Equal(t, ha.Durable{}, d)
	}
}

func TestWhatCannotBeReadIsNotForgotten(t *testing.T) {
	for _, file := range []string{memberFile, stateFile} {
		mount := t.TempDir()
		_, _, err := NewVolume(mount, 0).Open()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(mount, "onggi", file), []byte("{half"), 0o600))
		_, _, err = NewVolume(mount, 0).Open()
		require.ErrorContains(t, err, file)
	}
}

func TestAFullVolumeGivesUpItsBallast(t *testing.T) {
	if os.Getuid() != 0 {
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			t.Fatal("needs root, to mount a small volume")
		}
		t.Skip("needs root, to mount a small volume")
	}
	mount := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=4m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(mount, 0)) })
	v := NewVolume(mount, 128<<10)
	_, _, err := v.Open()
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(mount, "onggi", ballastFile))

	require.ErrorIs(t, os.WriteFile(filepath.Join(mount, "fill"), make([]byte, 8<<20), 0o600), syscall.ENOSPC)
	d := ha.Durable{Term: 9}
	require.NoError(t, v.Remember(d))
	_, got, err := NewVolume(mount, 0).Open()
	require.NoError(t, err)
	require.Equal(t, d, got)
	require.NoFileExists(t, filepath.Join(mount, "onggi", ballastFile))
}
