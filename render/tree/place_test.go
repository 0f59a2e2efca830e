package tree

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// faultyFleet runs the steps with a fault in the disk, and gives the fleet up as a killed process does.
func faultyFleet(t *testing.T, dir string, hit *fault, steps ...func(f *Fleet) error) error {
	t.Helper()
	f, err := open(dir, quick, func(r *os.Root) disk { return faultyDisk{rootDisk{root: r}, hit} })
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err = step(f); err != nil {
			break
		}
	}
	return errors.Join(err, f.Close())
}

func syncs(name string, tr Tree) func(f *Fleet) error {
	return func(f *Fleet) error { _, err := f.Sync(name, tr); return err }
}

func looks(name string, tr Tree) func(f *Fleet) error {
	return func(f *Fleet) error { _, _, err := f.Look(name, tr); return err }
}

func ready(f *Fleet) error { return f.Ready() }

func commit(f *Fleet) error { _, err := f.Commit(); return err }

// newFleet writes two folders that are not there yet, one of them below a folder that is not there either.
func newFleet(t *testing.T) (steps []func(f *Fleet) error, folders map[string]Tree) {
	shop := tree(t, "a.yaml", "shop a", "deep/er/b.yaml", "shop b", "deep/c.yaml", "shop c")
	crm := tree(t, "a.yaml", "crm a", "d.yaml", "crm d")
	return []func(f *Fleet) error{
		looks("shop", shop), looks("eu/crm", crm), ready, syncs("shop", shop), syncs("eu/crm", crm), commit,
	}, map[string]Tree{"shop": shop, "eu/crm": crm}
}

// requireWhole: a folder is either not there at all or all there, and no file that has its name is half of one.
func requireWhole(t *testing.T, dir string, folders map[string]Tree, at string) {
	t.Helper()
	for name, tr := range folders {
		if _, err := os.Lstat(filepath.Join(dir, name)); errors.Is(err, os.ErrNotExist) {
			continue
		}
		changes, err := Check(filepath.Join(dir, name), tr)
		require.NoError(t, err, at)
		require.Empty(t, changes, at)
	}
	for name, data := range everything(t, dir) {
		if strings.HasSuffix(name, ".yaml") {
			require.Regexp(t, "^(shop|crm) [a-d]$|^mine$", data, "%s: %s", at, name)
		}
	}
}

func TestAKillLeavesNoHalfOfANewFolder(t *testing.T) {
	t.Parallel()
	steps, folders := newFleet(t)
	for n := 1; ; n++ {
		dir := t.TempDir()
		put(t, dir, "mine.yaml", "mine")
		hit := &fault{at: n, kill: true}
		err := faultyFleet(t, dir, hit, steps...)
		if err == nil {
			require.Greater(t, n, 22, "the list, two folders with what is in them, the place where they are made")
			return
		}
		require.ErrorIs(t, err, errDisk)
		at := "killed at " + hit.hit
		requireWhole(t, dir, folders, at)

		// What the next run brings may be the same, less, or other files in the same folder.
		next := []map[string]Tree{folders, {"shop": tree(t, "deep", "shop a")}, {}}[n%3]
		var again []func(f *Fleet) error
		want := map[string]string{"mine.yaml": "mine"}
		for name, tr := range next {
			again = append(again, syncs(name, tr))
			for file, data := range tr.All() {
				want[name+"/"+file] = string(data)
			}
		}
		require.NoError(t, faultyFleet(t, dir, &fault{}, append(again, commit)...), at)
		require.Equal(t, want, files(t, dir), at)
	}
}

func TestAFailureLeavesNothingOfANewFolder(t *testing.T) {
	t.Parallel()
	steps, folders := newFleet(t)
	for n := 1; ; n++ {
		dir := t.TempDir()
		hit := &fault{at: n}
		err := faultyFleet(t, dir, hit, steps...)
		if err == nil {
			return
		}
		require.ErrorIs(t, err, errDisk)
		require.ErrorContains(t, err, dir+"/", "step %q", hit.hit)
		requireWhole(t, dir, folders, hit.hit)
		if hit.hit != "remove "+newName {
			require.NoDirExists(t, filepath.Join(dir, newName), "failed at %q", hit.hit)
		}
		require.NoError(t, faultyFleet(t, dir, &fault{}, steps[3:]...), hit.hit)
		require.NoDirExists(t, filepath.Join(dir, newName), "failed at %q", hit.hit)
		requireWhole(t, dir, folders, hit.hit)
	}
}

// A new folder costs its files and nothing that is removed again, which is what makes a fleet fast on ext4.
func TestANewFolderRemovesNothing(t *testing.T) {
	dir := t.TempDir()
	var done []string
	f, err := open(dir, quick, func(r *os.Root) disk { return recorder{rootDisk{root: r}, &done} })
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Ready())
	_, err = f.Sync("eu/shop", tree(t, "a", "1", "b/c", "2"))
	require.NoError(t, err)
	require.Equal(t, []string{
		"append .onggi-folders",
		"mkdir .onggi-new", "mkdir .onggi-new/1", "write .onggi-0", "write .onggi-1", "rename a", "mkdir b", "rename b/c", "write .onggi-files",
		"mkdir eu", "rename eu/shop",
	}, done)
}

// recorder notes what is done to a disk.
type recorder struct {
	disk
	done *[]string
}

func (r recorder) note(verb, name string) { *r.done = append(*r.done, verb+" "+name) }

func (r recorder) Mkdir(name string) error { r.note("mkdir", name); return r.disk.Mkdir(name) }

func (r recorder) Write(name string, data []byte) error {
	r.note("write", name)
	return r.disk.Write(name, data)
}

func (r recorder) Append(name string, data []byte) error {
	r.note("append", name)
	return r.disk.Append(name, data)
}

func (r recorder) Rename(from, to string) error { r.note("rename", to); return r.disk.Rename(from, to) }

func (r recorder) Remove(name string) error { r.note("remove", name); return r.disk.Remove(name) }

// meanwhile does something just before a folder is renamed into place, as a person or another run may.
type meanwhile struct {
	disk
	do func()
}

func (d meanwhile) Rename(from, to string) error {
	if strings.HasPrefix(from, newName) {
		d.do()
	}
	return d.disk.Rename(from, to)
}

func TestAFolderThatAppearsMeanwhile(t *testing.T) {
	tests := []struct {
		name  string
		do    func(t *testing.T, dir string)
		want  map[string]string
		error string
	}{
		{"an empty folder", func(t *testing.T, dir string) { require.NoError(t, os.Mkdir(filepath.Join(dir, "eu/shop"), 0o755)) },
			map[string]string{"eu/shop/a": "1"}, ""},
		{"a neighbour", func(t *testing.T, dir string) { put(t, dir, "eu/shop/README", "mine") },
			map[string]string{"eu/shop/a": "1", "eu/shop/README": "mine"}, ""},
		{"a foreign file", func(t *testing.T, dir string) { put(t, dir, "eu/shop/a", "mine") },
			map[string]string{"eu/shop/a": "mine"}, "eu/shop/a: onggi did not write it"},
		{"a file in its place", func(t *testing.T, dir string) { put(t, dir, "eu/shop", "mine") },
			map[string]string{"eu/shop": "mine"}, "eu/shop: not a folder"},
		{"the same from another run", func(t *testing.T, dir string) {
			_, err := Sync(filepath.Join(dir, "eu/shop"), tree(t, "a", "1"), quick)
			require.NoError(t, err)
		}, map[string]string{"eu/shop/a": "1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			f, err := open(dir, quick, func(r *os.Root) disk {
				return meanwhile{rootDisk{root: r}, func() { tt.do(t, dir) }}
			})
			require.NoError(t, err)
			_, err = f.Sync("eu/shop", tree(t, "a", "1"))
			if tt.error == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.error)
			}
			require.NoError(t, f.Close())
			require.Equal(t, tt.want, files(t, dir))
		})
	}
}

// What a kill left is removed, and what its links lead to is not.
func TestALeftoverIsRemovedAndNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	put(t, outside, "a", "theirs")
	put(t, dir, newName+"/1/.onggi-0", "half")
	put(t, dir, newName+"/2/deep/a.yaml", "whole")
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, newName, "link")))
	before := everything(t, dir)

	f, err := Open(dir, Options{DryRun: true})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, before, everything(t, dir), "a check writes nothing")

	f, err = Open(dir, quick)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Empty(t, everything(t, dir))
	require.FileExists(t, filepath.Join(outside, "a"))

	// Nor is a link that stands in the place of the whole.
	put(t, dir, "eu/mine", "mine")
	require.NoError(t, os.Symlink("eu", filepath.Join(dir, newName)))
	_, err = Open(dir, quick)
	require.EqualError(t, err, "open "+dir+": remove "+dir+"/.onggi-new: not a folder, and onggi keeps this name for itself; move it away")
	require.FileExists(t, filepath.Join(dir, "eu/mine"))
}
