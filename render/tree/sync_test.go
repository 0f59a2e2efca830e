package tree

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSyncWritesAndReports(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "out")

	res, err := Sync(dir, tree(t, "a.yaml", "1", "base/b.yaml", "2"), Options{})
	require.NoError(t, err)
	require.Equal(t, Result{Written: []string{"a.yaml", "base/b.yaml"}}, res)

	res, err = Sync(dir, tree(t, "a.yaml", "1", "base/b.yaml", "3", "c.yaml", "4"), Options{})
	require.NoError(t, err)
	require.Equal(t, Result{Written: []string{"base/b.yaml", "c.yaml"}, Unchanged: []string{"a.yaml"}}, res)

	res, err = Sync(dir, tree(t, "c.yaml", "4"), Options{})
	require.NoError(t, err)
	require.Equal(t, Result{Removed: []string{"a.yaml", "base/b.yaml"}, Unchanged: []string{"c.yaml"}}, res)
	require.Equal(t, map[string]string{"c.yaml": "4"}, files(t, dir), "base/ was left empty, so it has to go")

	res, err = Sync(dir, Tree{}, Options{})
	require.NoError(t, err)
	require.Equal(t, Result{Removed: []string{"c.yaml"}}, res)
	require.Empty(t, everything(t, dir), "no file of ours, no ledger")
}

func TestSyncOfNothingMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	res, err := Sync(dir, Tree{}, Options{})
	require.NoError(t, err)
	require.Equal(t, Result{}, res)
	require.NoDirExists(t, dir)
}

func TestSyncLeavesWhatIsRightAlone(t *testing.T) {
	dir := t.TempDir()
	same, old := tree(t, "a/same", "1", "b", "2"), time.Now().Add(-time.Hour).Truncate(time.Second)
	_, err := Sync(dir, same, Options{})
	require.NoError(t, err)
	age(t, dir, old)

	_, err = Sync(dir, same, Options{})
	require.NoError(t, err)
	for _, name := range []string{".", "a", "a/same", "b", ledgerName} {
		require.Equal(t, old, modified(t, dir, name), "%s was touched by a run with nothing to do", name)
	}

	_, err = Sync(dir, tree(t, "a/same", "1", "b", "3"), Options{})
	require.NoError(t, err)
	require.Equal(t, old, modified(t, dir, "a/same"))
	require.NotEqual(t, old, modified(t, dir, "b"))
}

func TestSyncRefusesForeignFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.yaml", "mine")
	put(t, dir, "base/c.yaml/notes", "mine")
	put(t, dir, "charts", "mine")
	before := everything(t, dir)

	want := tree(t, "a.yaml", "1", "b.yaml", "2", "base/c.yaml", "3", "charts/d.yaml", "4", "charts/e.yaml", "5")
	for _, o := range []Options{{}, {Force: true}, {DryRun: true}} {
		_, err := Sync(dir, want, o)
		var conflicts *ConflictError
		require.ErrorAs(t, err, &conflicts)
		require.Equal(t, []Conflict{{"a.yaml", Foreign}, {"base/c.yaml", NeedsFile}, {"charts", NeedsFolder}}, conflicts.Conflicts)
		require.Equal(t, before, everything(t, dir), "nothing may be written, not even what is in nobody's way")
	}
	_, err := Sync(dir, want, Options{})
	require.EqualError(t, err, strings.ReplaceAll(`write DIR: nothing was written, since 3 files are in the way:
  DIR/a.yaml: onggi did not write it; move it away
  DIR/base/c.yaml: a folder with other things in it, where a file has to go; move it away
  DIR/charts: not a folder, and files have to go below it; move it away`, "DIR", dir))
}

// Even the same bytes are not ours: a later run would remove them.
func TestSyncDoesNotAdopt(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.yaml", "1")
	_, err := Sync(dir, tree(t, "a.yaml", "1"), Options{})
	var conflicts *ConflictError
	require.ErrorAs(t, err, &conflicts)
}

func TestSyncKeepsForeignNeighbours(t *testing.T) {
	dir := t.TempDir()
	_, err := Sync(dir, tree(t, "base/a.yaml", "1"), Options{})
	require.NoError(t, err)
	put(t, dir, "base/README", "mine")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))

	_, err = Sync(dir, Tree{}, Options{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"base/": "", "base/README": "mine", "empty/": ""}, everything(t, dir))
}

func TestSyncKeepsEdits(t *testing.T) {
	edits := []struct {
		name string
		make func(t *testing.T, dir string)
	}{
		{"a changed file", func(t *testing.T, dir string) { put(t, dir, "a.yaml", "edited") }},
		{"a link in its place", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "a.yaml")))
			require.NoError(t, os.Symlink("b.yaml", filepath.Join(dir, "a.yaml")))
		}},
	}
	for _, edit := range edits {
		t.Run(edit.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := Sync(dir, tree(t, "a.yaml", "1", "b.yaml", "2"), Options{})
			require.NoError(t, err)
			edit.make(t, dir)
			before := everything(t, dir)

			next := tree(t, "a.yaml", "1", "b.yaml", "3")
			_, err = Sync(dir, next, Options{})
			var conflicts *ConflictError
			require.ErrorAs(t, err, &conflicts)
			require.Equal(t, []Conflict{{"a.yaml", Edited}}, conflicts.Conflicts)
			require.Equal(t, before, everything(t, dir))

			changes, err := Check(dir, next)
			require.NoError(t, err)
			require.Equal(t, []Change{{"a.yaml", Modify}, {"b.yaml", Modify}}, changes)

			_, err = Sync(dir, next, Options{Force: true})
			require.NoError(t, err)
			require.Equal(t, map[string]string{"a.yaml": "1", "b.yaml": "3"}, files(t, dir))
		})
	}
}

func TestSyncKeepsEditsOfWhatItWouldRemove(t *testing.T) {
	dir := t.TempDir()
	_, err := Sync(dir, tree(t, "a", "1", "b", "2"), Options{})
	require.NoError(t, err)
	put(t, dir, "a", "edited")

	_, err = Sync(dir, tree(t, "b", "2"), Options{})
	require.ErrorContains(t, err, "edited since onggi wrote it")
	_, err = Sync(dir, tree(t, "b", "2"), Options{Force: true})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"b": "2"}, files(t, dir))
}

// A merge may bring the next files without the ledger that belongs to them.
func TestSyncAcceptsListedFilesThatAreRightAlready(t *testing.T) {
	dir := t.TempDir()
	_, err := Sync(dir, tree(t, "a", "1"), Options{})
	require.NoError(t, err)
	put(t, dir, "a", "2")
	res, err := Sync(dir, tree(t, "a", "2"), Options{})
	require.NoError(t, err)
	require.Equal(t, Result{Unchanged: []string{"a"}}, res)
	_, err = Sync(dir, tree(t, "a", "3"), Options{})
	require.NoError(t, err, "the ledger must have learnt the new bytes")
}

func TestSyncSwapsFilesAndFolders(t *testing.T) {
	file, below := tree(t, "a", "1", "z", "0"), tree(t, "a/b/c", "2", "a/d", "3", "z", "0")
	dir := t.TempDir()
	for _, tr := range []Tree{file, below, file, below} {
		_, err := Sync(dir, tr, Options{})
		require.NoError(t, err)
		require.Equal(t, contents(tr), files(t, dir))
	}
}

// An empty folder holds nobody's work, and version control does not keep it.
func TestSyncPutsAFileWhereAnEmptyFolderIs(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a", "b", "c"), 0o755))
	_, err := Sync(dir, tree(t, "a", "1"), Options{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "1"}, files(t, dir))
}

func TestSyncFollowsNoLinks(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, "a.yaml", "theirs")

	t.Run("to write through", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, "base")))
		require.NoError(t, os.Symlink(filepath.Join(outside, "a.yaml"), filepath.Join(dir, "b.yaml")))
		_, err := Sync(dir, tree(t, "base/a.yaml", "1", "b.yaml", "2"), Options{Force: true})
		var conflicts *ConflictError
		require.ErrorAs(t, err, &conflicts)
		require.Equal(t, []Conflict{{"b.yaml", Foreign}, {"base", NeedsFolder}}, conflicts.Conflicts)
	})
	t.Run("to remove through", func(t *testing.T) {
		dir := t.TempDir()
		_, err := Sync(dir, tree(t, "base/a.yaml", "theirs"), Options{})
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "base")))
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, "base")))
		_, err = Sync(dir, Tree{}, Options{Force: true})
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(dir, "base", "a.yaml"))
	})
	require.Equal(t, map[string]string{"a.yaml": "theirs"}, everything(t, outside))
}

func TestCheckWritesNothing(t *testing.T) {
	dir := t.TempDir()
	changes, err := Check(filepath.Join(dir, "absent"), tree(t, "a", "1"))
	require.NoError(t, err)
	require.Equal(t, []Change{{"a", Add}}, changes)
	require.NoDirExists(t, filepath.Join(dir, "absent"))

	_, err = Sync(dir, tree(t, "a", "1", "b", "2", "d", "4"), Options{})
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, "d")))
	before := everything(t, dir)
	changes, err = Check(dir, tree(t, "b", "3", "c", "4", "d", "4"))
	require.NoError(t, err)
	require.Equal(t, []Change{{"a", Remove}, {"b", Modify}, {"c", Add}, {"d", Add}}, changes)
	require.Equal(t, before, everything(t, dir))

	res, err := Sync(dir, tree(t, "b", "3", "c", "4", "d", "4"), Options{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, Result{Written: []string{"b", "c", "d"}, Removed: []string{"a"}}, res)
	require.Equal(t, before, everything(t, dir))

	changes, err = Check(dir, tree(t, "a", "1", "b", "2"))
	require.NoError(t, err)
	require.Empty(t, changes)
}

func TestSyncRefusesADamagedLedger(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ledgerName, "<<<<<<< HEAD\n")
	_, err := Sync(dir, tree(t, "a", "1"), Options{Force: true})
	require.EqualError(t, err, "write "+dir+": read .onggi-files: line 1: not the first line of a ledger that this version of onggi knows; "+
		"restore it from version control, or move this folder away and run again")
}

func TestTheLedgerIsWhatSha256sumChecks(t *testing.T) {
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("sha256sum is not installed")
	}
	dir := t.TempDir()
	_, err = Sync(dir, tree(t, "a b/c", "1", "옹기", "2"), Options{})
	require.NoError(t, err)
	cmd := exec.Command(tool, "--strict", "-c", ledgerName)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "a b/c: OK\n옹기: OK\n", string(out))
}

func TestSyncOnAFile(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "out", "a file")
	_, err := Sync(filepath.Join(dir, "out"), tree(t, "a", "1"), Options{})
	require.EqualError(t, err, "write "+dir+"/out: not a directory")
}

func put(t testing.TB, dir, name, data string) {
	t.Helper()
	at := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
	require.NoError(t, os.WriteFile(at, []byte(data), 0o644))
}

// everything is what is below dir: files by content, folders with a slash, links with where they lead.
func everything(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil || at == dir {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case d.IsDir():
			all[name+"/"] = ""
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(at)
			all[name] = "-> " + to
			return err
		default:
			data, err := os.ReadFile(at)
			all[name] = string(data)
			return err
		}
		return nil
	}))
	return all
}

// files are the files below dir without our records; an empty folder shows too, since there must be none.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := everything(t, dir)
	for name := range all {
		inside := false
		for other := range all {
			inside = inside || strings.HasSuffix(name, "/") && other != name && strings.HasPrefix(other, name)
		}
		if inside || filepath.Base(name) == ledgerName || name == foldersName {
			delete(all, name)
		}
	}
	return all
}

func contents(tr Tree) map[string]string {
	all := map[string]string{}
	for name, data := range tr.All() {
		all[name] = string(data)
	}
	return all
}

// age gives everything below dir, and dir, one modification time.
func age(t testing.TB, dir string, to time.Time) {
	t.Helper()
	for name := range everything(t, dir) {
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), to, to))
	}
	require.NoError(t, os.Chtimes(dir, to, to))
}

func modified(t testing.TB, dir, name string) time.Time {
	t.Helper()
	info, err := os.Lstat(filepath.Join(dir, name))
	require.NoError(t, err)
	return info.ModTime()
}
