package tree

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
)

// Tree is a set of files. The zero value is empty and ready to use. A copy shares the files of the original.
type Tree struct {
	files map[string][]byte
	// spelled has every file and every folder above one by its case-folded path.
	spelled map[string]entry
}

type entry struct {
	path   string
	folder bool
}

// Add puts a file into the tree. The path is relative and slash-separated. Add refuses a path that could not be checked out
// on every system: one that leaves the tree, that is not in its shortest form, that Windows cannot hold, that differs from
// another only in case, or that is both a file and a folder. It also refuses the names that this package keeps for itself.
//
// Add keeps data; the caller must not change it.
func (t *Tree) Add(name string, data []byte) error {
	if err := checkPath(name); err != nil {
		return fmt.Errorf("add %q: %w", name, err)
	}
	if err := t.clash(name); err != nil {
		return fmt.Errorf("add %q: %w", name, err)
	}
	if t.files == nil {
		t.files = map[string][]byte{}
		t.spelled = map[string]entry{}
	}
	t.files[name] = data
	t.spelled[fold(name)] = entry{path: name}
	for dir := range parents(name) {
		t.spelled[fold(dir)] = entry{path: dir, folder: true}
	}
	return nil
}

// clash compares name and the folders above it with what the tree has.
func (t *Tree) clash(name string) error {
	if old, ok := t.spelled[fold(name)]; ok {
		switch {
		case old.folder:
			return fmt.Errorf("the tree has a folder of that name")
		case old.path == name:
			return fmt.Errorf("the tree has that file already")
		}
		return fmt.Errorf("differs only in case from %q, which is the same file on macOS and Windows", old.path)
	}
	for dir := range parents(name) {
		old, ok := t.spelled[fold(dir)]
		switch {
		case !ok:
		case !old.folder:
			return fmt.Errorf("%q is a file of the tree, so it cannot be a folder", old.path)
		case old.path != dir:
			return fmt.Errorf("folder %q differs only in case from %q, which is the same folder on macOS and Windows", dir, old.path)
		}
	}
	return nil
}

// Len is the number of files.
func (t Tree) Len() int { return len(t.files) }

// Get returns a file's bytes, and whether the tree has it.
func (t Tree) Get(name string) ([]byte, bool) {
	data, ok := t.files[name]
	return data, ok
}

// Paths are the paths of all files, sorted.
func (t Tree) Paths() []string { return slices.Sorted(maps.Keys(t.files)) }

// All yields every file, sorted by path.
func (t Tree) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, name := range t.Paths() {
			if !yield(name, t.files[name]) {
				return
			}
		}
	}
}

func (t Tree) sums() map[string]digest {
	sums := make(map[string]digest, len(t.files))
	for name, data := range t.files {
		sums[name] = sha256.Sum256(data)
	}
	return sums
}

// parents yields the folders above name, the nearest first, without the root.
func parents(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if !yield(dir) {
				return
			}
		}
	}
}
