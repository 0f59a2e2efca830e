package tree

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program that stays writes what changed, removes what it knows to be gone, and leaves the rest alone.
func TestAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	_, err := fleet(t, dir, quick, map[string]string{"shop": "1", "crm": "2", "eu/old": "3"})
	require.NoError(t, err)

	f, err := Open(dir, quick)
	require.NoError(t, err)
	_, err = f.Sync("shop", tree(t, "x/a.yaml", "4"))
	require.NoError(t, err)
	_, err = f.Sync("shop", tree(t, "x/a.yaml", "5"))
	require.ErrorContains(t, err, "already", "within one run")
	require.NoError(t, f.Settle())
	require.Equal(t, []string{"crm", "eu/old", "shop"}, f.Folders())

	f.Again()
	_, err = f.Sync("shop", tree(t, "x/a.yaml", "6"))
	require.NoError(t, err)
	_, err = f.Sync("app", tree(t, "x/a.yaml", "7"))
	require.NoError(t, err)
	res, err := f.Remove("eu/old")
	require.NoError(t, err)
	require.Equal(t, []string{"eu/old/x/a.yaml"}, res.Removed)
	res, err = f.Remove("eu/old")
	require.NoError(t, err)
	require.Empty(t, res, "it is not listed any more")
	require.NoError(t, f.Settle())
	_, err = Open(dir, quick)
	require.ErrorIs(t, err, ErrBusy, "the lock is held between runs")
	require.NoError(t, f.Close())
	require.Equal(t, map[string]string{"shop/x/a.yaml": "6", "crm/x/a.yaml": "2", "app/x/a.yaml": "7"}, files(t, dir))
	require.NoDirExists(t, filepath.Join(dir, "eu"))
	list, err := os.ReadFile(filepath.Join(dir, foldersName))
	require.NoError(t, err)
	require.Equal(t, foldersHead+"app\ncrm\nshop\n", string(list), "as a run that writes everything has it")
}

// What a person changed stays, also when its cluster is gone, and the folder stays listed until they have decided.
func TestRemoveKeepsEdits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	_, err := fleet(t, dir, quick, map[string]string{"shop": "1"})
	require.NoError(t, err)
	put(t, dir, "shop/x/a.yaml", "edited")
	f, err := Open(dir, quick)
	require.NoError(t, err)
	_, err = f.Remove("shop")
	var conflict *ConflictError
	require.ErrorAs(t, err, &conflict)
	require.NoError(t, f.Settle())
	require.Equal(t, []string{"shop"}, f.Folders())
	require.NoError(t, f.Close())
	require.Equal(t, "edited", files(t, dir)["shop/x/a.yaml"])
}
