package tree

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLookFindsAllThatIsInTheWay(t *testing.T) {
	dir := t.TempDir()
	_, err := fleet(t, dir, quick, map[string]string{"edited": "1", "gone": "2", "right": "3", "untouched": "4"})
	require.NoError(t, err)
	put(t, dir, "edited/x/a.yaml", "an edit")
	put(t, dir, "gone/x/a.yaml", "another")
	put(t, dir, "foreign/x/a.yaml", "mine")
	put(t, dir, "file", "mine")
	before := everything(t, dir)

	for _, o := range []Options{quick, {DryRun: true}} {
		f, err := Open(dir, o)
		require.NoError(t, err)
		for _, name := range []string{"untouched", "edited", "file/shop", "file/crm", "foreign", "right", "new"} {
			_, _, err := f.Look(name, tree(t, "x/a.yaml", "3"))
			require.NoError(t, err)
		}
		require.EqualError(t, f.Ready(), fmt.Sprintf(`write %[1]s: nothing was written, since 4 files are in the way:
  %[1]s/edited/x/a.yaml: edited since onggi wrote it; put the edit into the spec, or give it up with --force
  %[1]s/file: not a folder, and files have to go below it; move it away
  %[1]s/foreign/x/a.yaml: onggi did not write it; move it away
  %[1]s/gone/x/a.yaml: edited since onggi wrote it; put the edit into the spec, or give it up with --force`, dir))
		_, err = f.Commit()
		require.Error(t, err, "what is gone stays while something is in the way")
		require.NoError(t, f.Close())
		require.Equal(t, before, everything(t, dir))
	}
}

func TestLookTellsWhatSyncWouldDo(t *testing.T) {
	dir := t.TempDir()
	_, err := fleet(t, dir, quick, map[string]string{"same": "1", "changed": "2", "gone": "3"})
	require.NoError(t, err)
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	age(t, dir, old)

	trees := map[string]Tree{
		"same": tree(t, "x/a.yaml", "1"), "changed": tree(t, "x/a.yaml", "2b", "y", "4"), "eu/new": tree(t, "z", "5"), "nothing": {},
	}
	f, err := Open(dir, quick)
	require.NoError(t, err)
	defer f.Close()
	before := everything(t, dir)
	var todo []string
	for name, tr := range trees {
		res, right, err := f.Look(name, tr)
		require.NoError(t, err)
		require.Equal(t, tr.Paths(), sorted(res.Written, res.Unchanged), name)
		require.Empty(t, res.Removed)
		if !right {
			todo = append(todo, name)
		}
	}
	require.ElementsMatch(t, []string{"changed", "eu/new"}, todo)
	require.Equal(t, before, everything(t, dir))

	require.NoError(t, f.Ready())
	require.Equal(t, foldersHead+"changed\ngone\nsame\neu/new\nnothing\n", everything(t, dir)[foldersName], "listed before any is written")
	for _, name := range todo {
		_, err := f.Sync(name, trees[name])
		require.NoError(t, err)
	}
	res, err := f.Commit()
	require.NoError(t, err)
	require.Equal(t, Result{Removed: []string{"gone/x/a.yaml"}}, res, "what was right already is kept")
	require.Equal(t, map[string]string{"same/x/a.yaml": "1", "changed/x/a.yaml": "2b", "changed/y": "4", "eu/new/z": "5"}, files(t, dir))
	require.Equal(t, old, modified(t, dir, "same/x/a.yaml"))
}

// A ledger that has to learn something is a reason to sync, although no file is: see
// TestSyncAcceptsListedFilesThatAreRightAlready.
func TestLookSeesALedgerThatIsBehind(t *testing.T) {
	dir := t.TempDir()
	_, err := fleet(t, dir, quick, map[string]string{"a": "1"})
	require.NoError(t, err)
	put(t, dir, "a/x/a.yaml", "2")
	f, err := Open(dir, quick)
	require.NoError(t, err)
	defer f.Close()
	res, right, err := f.Look("a", tree(t, "x/a.yaml", "2"))
	require.NoError(t, err)
	require.Equal(t, Result{Unchanged: []string{"x/a.yaml"}}, res)
	require.False(t, right)
}

func TestAFolderIsNamedOnceInARun(t *testing.T) {
	one := tree(t, "a", "1")
	f, err := Open(t.TempDir(), quick)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, looks("shop", one)(f))
	require.EqualError(t, looks("Shop", one)(f), `look at folder "Shop": "shop" was named already in this run`)
	require.EqualError(t, syncs("SHOP", one)(f), `write folder "SHOP": "shop" was named already in this run`)
	require.NoError(t, syncs("shop", one)(f), "it was only looked at")
	require.EqualError(t, syncs("shop", one)(f), `write folder "shop": it was written already in this run`)
	require.EqualError(t, looks("../x", one)(f), `look at folder "../x": the path has the element ".."`)
}

// Looks do not disturb each other, and a folder may be looked at while another run reads it.
func TestLookFromManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(dir, quick)
	require.NoError(t, err)
	defer f.Close()
	want := map[string]string{}
	var wg sync.WaitGroup
	for i := range 60 {
		name := fmt.Sprintf("region-%d/cluster-%d", i%7, i)
		want[name+"/a.yaml"] = name
		wg.Go(func() { _, _, _ = f.Look(name, tree(t, "a.yaml", name)) }) // Ready and Sync tell what failed
	}
	wg.Wait()
	require.NoError(t, f.Ready())
	for name := range want {
		folder := filepath.Dir(name)
		wg.Go(func() { _, _ = f.Sync(folder, tree(t, "a.yaml", folder)) }) // the files tell what failed
	}
	wg.Wait()
	require.NoError(t, commit(f))
	require.Equal(t, want, files(t, dir))
	require.NoDirExists(t, filepath.Join(dir, newName))
	_, err = os.Stat(filepath.Join(dir, foldersName))
	require.NoError(t, err)
}
