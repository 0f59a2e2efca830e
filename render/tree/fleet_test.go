package tree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fleet writes folder → content of its one file, and commits.
func fleet(t *testing.T, dir string, o Options, folders map[string]string) (Result, error) {
	t.Helper()
	f, err := Open(dir, o)
	require.NoError(t, err)
	defer f.Close()
	for name, data := range folders {
		if _, err := f.Sync(name, tree(t, "x/a.yaml", data)); err != nil {
			return Result{}, err
		}
	}
	return f.Commit()
}

func TestFleetRemovesWhatHasNoClusterAnyMore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	res, err := fleet(t, dir, quick, map[string]string{"eu/shop": "1", "eu/crm": "2", "us/shop": "3", ".": "4"})
	require.NoError(t, err)
	require.Equal(t, Result{}, res)
	require.Equal(t, map[string]string{
		"eu/shop/x/a.yaml": "1", "eu/crm/x/a.yaml": "2", "us/shop/x/a.yaml": "3", "x/a.yaml": "4",
	}, files(t, dir))

	put(t, dir, "eu/crm/notes", "mine")
	_, err = Sync(filepath.Join(dir, "other"), tree(t, "a", "mine"), quick)
	require.NoError(t, err)
	res, err = fleet(t, dir, quick, map[string]string{"eu/shop": "1"})
	require.NoError(t, err)
	require.Equal(t, []string{"eu/crm/x/a.yaml", "us/shop/x/a.yaml", "x/a.yaml"}, res.Removed)
	require.Equal(t, map[string]string{"eu/shop/x/a.yaml": "1", "eu/crm/notes": "mine", "other/a": "mine"}, files(t, dir),
		"a folder that another run wrote is foreign, ledger and all")

	res, err = fleet(t, dir, quick, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"eu/shop/x/a.yaml"}, res.Removed)
	require.NoFileExists(t, filepath.Join(dir, foldersName))
	require.NoDirExists(t, filepath.Join(dir, "eu/shop"))
}

func TestFleetDryRun(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(filepath.Join(dir, "absent"), Options{DryRun: true})
	require.NoError(t, err)
	res, err := f.Sync("a", tree(t, "x", "1"))
	require.NoError(t, err)
	require.Equal(t, Result{Written: []string{"x"}}, res)
	_, err = f.Commit()
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Empty(t, everything(t, dir))

	_, err = fleet(t, dir, quick, map[string]string{"a": "1", "b": "2"})
	require.NoError(t, err)
	before := everything(t, dir)
	res, err = fleet(t, dir, Options{DryRun: true}, map[string]string{"a": "3", "c": "4"})
	require.NoError(t, err)
	require.Equal(t, Result{Removed: []string{"b/x/a.yaml"}}, res)
	require.Equal(t, before, everything(t, dir))
}

func TestFleetRefuses(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "taken", "a file")
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "link")))
	one := tree(t, "a", "1")
	tests := []struct{ name, folder, message string }{
		{"a way out", "../x", `write folder "../x": the path has the element ".."`},
		{"a folder twice", "Done", `write folder "Done": "done" was named already in this run`},
		{"a file in the way", "taken/x", "write " + dir + ": nothing was written, since 1 file is in the way:\n  " + dir + "/taken: not a folder, and files have to go below it; move it away"},
		{"a link in the way", "link", "write " + dir + ": nothing was written, since 1 file is in the way:\n  " + dir + "/link: not a folder, and files have to go below it; move it away"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Open(dir, quick)
			require.NoError(t, err)
			defer f.Close()
			_, err = f.Sync("done", one)
			require.NoError(t, err)
			_, err = f.Sync(tt.folder, one)
			require.EqualError(t, err, tt.message)
			_, err = f.Commit()
			require.EqualError(t, err, "write "+dir+": nothing was removed, since not every folder could be written")
		})
	}
}

func TestFleetRemovesNothingWithoutACommit(t *testing.T) {
	dir := t.TempDir()
	_, err := fleet(t, dir, quick, map[string]string{"a": "1", "b": "2"})
	require.NoError(t, err)
	f, err := Open(dir, quick)
	require.NoError(t, err)
	_, err = f.Sync("c", tree(t, "x/a.yaml", "3"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, map[string]string{"a/x/a.yaml": "1", "b/x/a.yaml": "2", "c/x/a.yaml": "3"}, files(t, dir))

	_, err = fleet(t, dir, quick, map[string]string{"a": "1"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a/x/a.yaml": "1"}, files(t, dir), "c was listed although its run did not end")
}

func TestFleetKeepsEditsInGoneFolders(t *testing.T) {
	dir := t.TempDir()
	_, err := fleet(t, dir, quick, map[string]string{"a": "1", "b": "2", "c": "3"})
	require.NoError(t, err)
	put(t, dir, "b/x/a.yaml", "edited")

	var conflicts *ConflictError
	_, err = fleet(t, dir, quick, map[string]string{"a": "1"})
	require.ErrorAs(t, err, &conflicts)
	require.Equal(t, map[string]string{"a/x/a.yaml": "1", "b/x/a.yaml": "edited"}, files(t, dir))

	_, err = fleet(t, dir, Options{Force: true}, map[string]string{"a": "1"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a/x/a.yaml": "1"}, files(t, dir))
}

func TestFleetSurvivesAKill(t *testing.T) {
	t.Parallel()
	steps := []func(f *Fleet) error{
		func(f *Fleet) error { _, err := f.Sync("a", tree(t, "x", "1b")); return err },
		func(f *Fleet) error { _, err := f.Sync("new/c", tree(t, "x", "3")); return err },
		func(f *Fleet) error { _, err := f.Commit(); return err },
	}
	for n := 1; ; n++ {
		dir := t.TempDir()
		_, err := fleet(t, dir, quick, map[string]string{"a": "1", "gone/b": "2"})
		require.NoError(t, err)

		hit := &fault{at: n, kill: true}
		f, err := open(dir, quick, func(r *os.Root) disk { return faultyDisk{rootDisk{root: r}, hit} })
		require.NoError(t, err)
		for _, step := range steps {
			if err = step(f); err != nil {
				require.ErrorIs(t, err, errDisk)
				break
			}
		}
		_ = f.Close() // the process is dead: it tidies nothing up
		if err == nil {
			require.Greater(t, n, 20)
			return
		}

		_, err = fleet(t, dir, quick, map[string]string{"a": "9"})
		require.NoError(t, err, "killed at %q", hit.hit)
		require.Equal(t, map[string]string{"a/x/a.yaml": "9"}, files(t, dir), "killed at %q", hit.hit)
		require.NoDirExists(t, filepath.Join(dir, "new"))
	}
}

func TestFleetMendsATornList(t *testing.T) {
	dir := t.TempDir()
	_, err := fleet(t, dir, quick, map[string]string{"a": "1"})
	require.NoError(t, err)
	put(t, dir, foldersName, foldersHead+"a\ntea")
	put(t, dir, "tea/x", "mine")
	_, err = fleet(t, dir, quick, map[string]string{"team": "2"})
	require.NoError(t, err)
	require.Equal(t, foldersHead+"team\n", everything(t, dir)[foldersName])
	require.Equal(t, map[string]string{"tea/x": "mine", "team/x/a.yaml": "2"}, files(t, dir))
}

func TestFleetFromManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(dir, quick)
	require.NoError(t, err)
	want := map[string]string{}
	var wg sync.WaitGroup
	errs := make([]error, 60)
	for i := range errs {
		name := fmt.Sprintf("region-%d/cluster-%d", i%7, i)
		want[name+"/a.yaml"] = name
		one := tree(t, "a.yaml", name)
		wg.Go(func() { _, errs[i] = f.Sync(name, one) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	_, err = f.Commit()
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, want, files(t, dir))
}

// Memory follows the largest tree and the folders' names, not the number of files written.
func TestFleetMemoryDoesNotGrowWithFiles(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(dir, quick)
	require.NoError(t, err)
	defer f.Close()
	data := make([]byte, 256<<10)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var first uint64
	for i := range 100 {
		var one Tree
		require.NoError(t, one.Add("big.yaml", append(data, byte(i))))
		_, err := f.Sync(fmt.Sprintf("cluster-%d", i), one)
		require.NoError(t, err)
		if i == 4 {
			first = heap()
		}
	}
	require.Less(t, heap(), first+2<<20, "95 folders of 256 KiB were written since")
}
