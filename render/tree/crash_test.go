package tree

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// quick is for runs that no power cut threatens.
var quick = Options{NoFlush: true}

var errDisk = errors.New("no space left on device")

// fault stops a run at its n-th change. A kill also stops every later one, the tidying up included.
type fault struct {
	at   int // counted from 1; 0 never
	kill bool
	done int
	hit  string
}

func (f *fault) strike(what string) bool {
	f.done++
	if f.done == f.at {
		f.hit = what
	}
	return f.done == f.at || f.kill && f.at > 0 && f.done > f.at
}

// faultyDisk does half of a write before it fails.
type faultyDisk struct {
	disk
	fault *fault
}

func (d faultyDisk) Mkdir(name string) error {
	if d.fault.strike("mkdir " + name) {
		return errDisk
	}
	return d.disk.Mkdir(name)
}

func (d faultyDisk) Write(name string, data []byte) error {
	if d.fault.strike("write " + name) {
		if d.fault.hit == "write "+name {
			_ = d.disk.Write(name, data[:len(data)/2])
		}
		return errDisk
	}
	return d.disk.Write(name, data)
}

func (d faultyDisk) Append(name string, data []byte) error {
	if d.fault.strike("append " + name) {
		if d.fault.hit == "append "+name {
			_ = d.disk.Append(name, data[:len(data)/2])
		}
		return errDisk
	}
	return d.disk.Append(name, data)
}

func (d faultyDisk) Rename(from, to string) error {
	if d.fault.strike("rename " + to) {
		return errDisk
	}
	return d.disk.Rename(from, to)
}

func (d faultyDisk) Remove(name string) error {
	if d.fault.strike("remove " + name) {
		return errDisk
	}
	return d.disk.Remove(name)
}

// syncWith is Sync with a fault in its disk.
func syncWith(t *testing.T, dir string, tr Tree, f *fault) error {
	t.Helper()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	_, err = folder{dir: dir, root: root, disk: faultyDisk{rootDisk{root: root}, f}}.sync(tr, quick)
	return err
}

// The two trees differ in every way there is: added, changed, removed, kept, a file for a folder and a folder for a file.
func beforeAndAfter(t *testing.T) (before, after Tree) {
	return tree(t, "same", "0", "changed", "1", "gone/deep/x", "2", "swap", "3", "swop/y", "4"),
		tree(t, "same", "0", "changed", "1b", "new/z", "5", "swap/x", "6", "swop", "7")
}

// steps counts the changes that a run makes.
func steps(t *testing.T) int {
	before, after := beforeAndAfter(t)
	dir := t.TempDir()
	_, err := Sync(dir, before, quick)
	require.NoError(t, err)
	f := &fault{}
	require.NoError(t, syncWith(t, dir, after, f))
	require.Greater(t, f.done, 15)
	return f.done
}

func TestAKillAtAnyMomentIsHarmless(t *testing.T) {
	t.Parallel()
	before, after := beforeAndAfter(t)
	next := map[string]Tree{
		"the same run again": after,
		"a return":           before,
		"another tree":       tree(t, "changed", "1c", "new", "8", "gone/deep/x/y", "9"),
		"nothing":            {},
	}
	foreign := map[string]string{"mine": "a", "gone/mine": "b"}
	for n := 1; n <= steps(t); n++ {
		for name, tr := range next {
			dir := t.TempDir()
			_, err := Sync(dir, before, quick)
			require.NoError(t, err)
			for path, data := range foreign {
				put(t, dir, path, data)
			}
			f := &fault{at: n, kill: true}
			if err := syncWith(t, dir, after, f); err == nil {
				continue // other people's files save it the removal of a folder or two
			}
			at := fmt.Sprintf("killed at step %d, %q, then %s", n, f.hit, name)

			requireOldOrNew(t, dir, before, after, at)
			_, err = Sync(dir, tr, quick)
			if conflictWithForeign(tr, foreign) {
				require.Error(t, err, at)
				continue
			}
			require.NoError(t, err, at)
			requireFolder(t, dir, tr, foreign, at)
			changes, err := Check(dir, tr)
			require.NoError(t, err)
			require.Empty(t, changes, at)
		}
	}
}

// Two kills in a row: the second run starts from what the first left.
func TestTwoKillsAreHarmless(t *testing.T) {
	t.Parallel()
	before, after := beforeAndAfter(t)
	last := tree(t, "changed", "1c", "swap", "9", "swop/y", "4b")
	for n := 1; n <= steps(t); n++ {
		for m := 1; m <= 30; m += 3 {
			dir := t.TempDir()
			_, err := Sync(dir, before, quick)
			require.NoError(t, err)
			first, second := &fault{at: n, kill: true}, &fault{at: m, kill: true}
			require.ErrorIs(t, syncWith(t, dir, after, first), errDisk)
			if err := syncWith(t, dir, last, second); err != nil {
				require.ErrorIs(t, err, errDisk)
			}
			at := fmt.Sprintf("killed at %q, then at %q", first.hit, second.hit)
			_, err = Sync(dir, before, quick)
			require.NoError(t, err, at)
			requireFolder(t, dir, before, nil, at)
		}
	}
}

func TestAFirstRunMayBeKilledToo(t *testing.T) {
	t.Parallel()
	want := tree(t, "a/b", "1", "c", "2")
	for n := 1; ; n++ {
		dir := t.TempDir()
		f := &fault{at: n, kill: true}
		err := syncWith(t, dir, want, f)
		if err == nil {
			require.Greater(t, n, 8)
			return
		}
		for _, tr := range []Tree{want, tree(t, "a", "3"), {}} {
			_, err = Sync(dir, tr, quick)
			require.NoError(t, err, "killed at %q", f.hit)
			requireFolder(t, dir, tr, nil, f.hit)
		}
	}
}

func TestAFailureNamesTheFileAndLosesNothing(t *testing.T) {
	t.Parallel()
	before, after := beforeAndAfter(t)
	for n := 1; n <= steps(t); n++ {
		dir := t.TempDir()
		_, err := Sync(dir, before, quick)
		require.NoError(t, err)
		untouched := everything(t, dir)

		f := &fault{at: n}
		err = syncWith(t, dir, after, f)
		require.ErrorIs(t, err, errDisk)
		require.ErrorContains(t, err, dir+"/", "step %q", f.hit)
		if n <= 8 { // the staging folder, five files, two ledgers
			require.Equal(t, untouched, everything(t, dir), "step %q comes before the first rename", f.hit)
		}
		requireOldOrNew(t, dir, before, after, f.hit)
		_, err = Sync(dir, after, quick)
		require.NoError(t, err, f.hit)
		requireFolder(t, dir, after, nil, f.hit)
	}
}

// requireOldOrNew: whatever stands at a path is whole, and one of the two versions.
func requireOldOrNew(t *testing.T, dir string, before, after Tree, at string) {
	t.Helper()
	all := everything(t, dir)
	for _, tr := range []Tree{before, after} {
		for name := range tr.All() {
			data, there := all[name]
			if !there {
				continue
			}
			old, _ := before.Get(name)
			next, _ := after.Get(name)
			require.Contains(t, []string{string(old), string(next)}, data, "%s: %s", at, name)
		}
	}
}

// requireFolder: the tree, the foreign files, our ledger and nothing else.
func requireFolder(t *testing.T, dir string, tr Tree, foreign map[string]string, at string) {
	t.Helper()
	want := contents(tr)
	for name, data := range foreign {
		want[name] = data
	}
	require.Equal(t, want, files(t, dir), at)
}

// conflictWithForeign is the plain form of the rule that the scanner follows.
func conflictWithForeign(tr Tree, foreign map[string]string) bool {
	for theirs := range foreign {
		for name := range tr.All() {
			if name == theirs || isBelow(name, theirs) || isBelow(theirs, name) {
				return true
			}
		}
	}
	return false
}

func isBelow(name, dir string) bool { return len(name) > len(dir) && name[:len(dir)+1] == dir+"/" }
