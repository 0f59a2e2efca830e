package tree

import (
	"errors"
	"maps"
	"slices"
)

// Again begins another run under the lock of the one before, for a program that stays and writes again and again: each folder
// may be written once more. Whoever does not end its runs with Commit calls Settle instead.
func (f *Fleet) Again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.seen)
	f.blocked, f.failed = nil, false
}

// Folders are those that hold, or held, what this or an earlier run wrote, sorted.
func (f *Fleet) Folders() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.listed))
}

// Remove removes what was written to one folder, as Commit does for each that a run did not write. Unlike Commit it asks
// nothing of the run: the caller knows that this folder's cluster is gone. Paths of the result are relative to the root.
func (f *Fleet) Remove(name string) (Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.listed[name] {
		return Result{}, nil
	}
	removed, err := f.drop(name)
	if err != nil {
		return Result{}, err
	}
	delete(f.listed, name)
	return Result{Removed: removed}, nil
}

// Settle ends a run that did not write everything: the list of folders is sorted and has no removed ones, and nothing else is
// touched.
func (f *Fleet) Settle() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.o.DryRun {
		return nil
	}
	return errors.Join(f.writeList(), f.clearNew())
}
