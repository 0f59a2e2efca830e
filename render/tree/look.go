package tree

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Look works out what Sync would do to one folder, and writes nothing. A folder that is right already needs no Sync; Commit
// keeps it as if there had been one. What is in the way is no error yet: Ready tells it for all folders at once. Look may be
// called from several goroutines at once.
func (f *Fleet) Look(name string, t Tree) (res Result, right bool, err error) {
	if err := checkFolder(name); err != nil {
		return Result{}, false, fmt.Errorf("look at folder %q: %w", name, err)
	}
	o := f.o
	o.DryRun = true
	p, err := f.syncFolder(name, t, o)
	f.mu.Lock()
	defer f.mu.Unlock()
	if other, twice := f.seen[fold(name)]; twice {
		return Result{}, false, fmt.Errorf("look at folder %q: %q was named already in this run", name, other.name)
	}
	var inTheWay *ConflictError
	if errors.As(err, &inTheWay) {
		f.block(name, inTheWay)
		err = nil
		p = &plan{write: t.Paths()}
	}
	if err != nil {
		f.failed = true
		return Result{}, false, err
	}
	f.seen[fold(name)] = visit{name, p.idle()}
	return p.result(), p.idle(), nil
}

// Ready ends the looking. It looks at the folders that Commit would remove too, and returns everything that is in the way, in
// whatever folder, as one [*ConflictError]: nothing was written then, and Commit refuses to remove anything, or in a dry run tells what it would.
// Otherwise it lists the new folders, all at one stroke.
func (f *Fleet) Ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.o
	o.DryRun = true
	for _, name := range f.gone() {
		_, err := f.syncFolder(name, Tree{}, o)
		var inTheWay *ConflictError
		if errors.As(err, &inTheWay) {
			f.block(name, inTheWay)
		} else if err != nil {
			return err
		}
	}
	if len(f.blocked) > 0 {
		f.failed = !f.o.DryRun
		slices.SortFunc(f.blocked, func(a, b Conflict) int { return strings.Compare(a.Path, b.Path) })
		return &ConflictError{Dir: f.at.dir, Conflicts: slices.Compact(f.blocked)}
	}
	if f.o.DryRun {
		return nil
	}
	var fresh []string
	for _, v := range f.seen {
		if !f.listed[v.name] {
			fresh = append(fresh, v.name)
		}
	}
	slices.Sort(fresh)
	return f.list(fresh...)
}

// block notes what is in the way in a folder, by its path below the root.
func (f *Fleet) block(name string, in *ConflictError) {
	for _, c := range in.Conflicts {
		if in.Dir != f.at.dir {
			c.Path = path.Join(name, c.Path)
		}
		f.blocked = append(f.blocked, c)
	}
}

// gone are the listed folders that this run has not named, sorted.
func (f *Fleet) gone() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.listed)) {
		if _, kept := f.seen[fold(name)]; !kept {
			names = append(names, name)
		}
	}
	return names
}
