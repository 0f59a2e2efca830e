package tree

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// plan is what has to happen to a folder for it to equal a tree, and what stands in the way.
type plan struct {
	write     []string // sorted, like all names here
	replaces  map[string]bool
	remove    []string
	unchanged []string
	stale     []string // listed, and not in the tree; on disk or not
	hollow    []string // folders where the tree has a file: empty once remove is done; deepest first
	conflicts []Conflict

	before   ledger
	observed map[string]digest // listed files that have bytes we wrote
	after    ledger
	leftover bool // a ledger of no files, or what a run that was killed left behind
}

func (p *plan) result() Result {
	return Result{Written: p.write, Removed: p.remove, Unchanged: p.unchanged}
}

// idle reports that the folder is right as it is, its ledger included.
func (p *plan) idle() bool {
	return len(p.write) == 0 && len(p.remove) == 0 && !p.leftover && p.before.equal(p.after)
}

// intent is the ledger that holds while files are renamed: what is there now, and what comes in its place.
func (p *plan) intent() ledger {
	l := ledger{files: maps.Clone(p.before.files), pending: maps.Clone(p.before.pending)}
	maps.Copy(l.files, p.observed)
	for _, name := range p.write {
		l.pending[name] = p.after.files[name]
	}
	return l
}

// state is what stands at a path of the folder.
type state int

const (
	absent state = iota
	regular
	folderThere
	linkThere  // a symbolic link at the path itself
	otherThere // a device, a socket, a pipe
	blocked    // something above the path is not a folder
)

// scanner looks at a folder without changing it. A nil root is a folder that does not exist.
type scanner struct {
	root *os.Root
	dirs map[string]state
}

// scan compares the folder with the tree, whose files have these sums.
func scan(root *os.Root, t Tree, sums map[string]digest, force bool) (*plan, error) {
	s := scanner{root: root, dirs: map[string]state{}}
	before, leftover, err := s.ledger()
	if err != nil {
		return nil, err
	}
	p := &plan{
		before:   before,
		after:    ledger{files: sums},
		observed: map[string]digest{},
		replaces: map[string]bool{},
		leftover: leftover,
	}
	for _, name := range before.names() {
		if _, kept := t.files[name]; kept {
			continue
		}
		p.stale = append(p.stale, name)
		if err := s.scanStale(p, name, force); err != nil {
			return nil, err
		}
	}
	for _, name := range t.Paths() {
		if err := s.scanWanted(p, name, t.files[name], force); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(p.conflicts, func(a, b Conflict) int { return strings.Compare(a.Path, b.Path) })
	return p, nil
}

// scanStale decides about a listed file that the tree no longer has. What someone put in its place is theirs: it stays, and
// leaves the ledger.
func (s scanner) scanStale(p *plan, name string, force bool) error {
	st, sum, err := s.look(name, known{})
	if err != nil || st != regular {
		return err
	}
	switch {
	case p.before.owns(name, sum):
		p.observed[name] = sum
		p.remove = append(p.remove, name)
	case force:
		p.remove = append(p.remove, name)
	default:
		p.conflict(name, Edited)
	}
	return nil
}

// scanWanted decides about a file of the tree.
func (s scanner) scanWanted(p *plan, name string, data []byte, force bool) error {
	st, sum, err := s.look(name, known{data, p.after.files[name]})
	if err != nil {
		return err
	}
	listed := p.before.lists(name)
	switch {
	case st == absent:
		p.write = append(p.write, name)
	case st == regular && listed && sum == p.after.files[name]:
		p.observed[name] = sum
		p.unchanged = append(p.unchanged, name)
	case st == regular && p.before.owns(name, sum):
		p.observed[name] = sum
		p.replace(name)
	case st == regular || st == linkThere:
		switch {
		case !listed:
			p.conflict(name, Foreign)
		case force:
			p.replace(name)
		default:
			p.conflict(name, Edited)
		}
	case st == folderThere:
		hollow, clears, err := s.clears(p, name)
		if err != nil {
			return err
		}
		if !clears {
			p.conflict(name, NeedsFile)
			return nil
		}
		p.hollow = append(p.hollow, hollow...)
		p.write = append(p.write, name)
	case st == blocked:
		blocker := s.blocker(name)
		if _, found := slices.BinarySearch(p.remove, blocker); found {
			p.write = append(p.write, name)
			return nil
		}
		p.conflict(blocker, NeedsFolder)
	default:
		p.conflict(name, Foreign)
	}
	return nil
}

func (p *plan) replace(name string) {
	p.write = append(p.write, name)
	p.replaces[name] = true
}

// conflict notes the first thing that is wrong with a path.
func (p *plan) conflict(name string, r Reason) {
	if !slices.ContainsFunc(p.conflicts, func(c Conflict) bool { return c.Path == name }) {
		p.conflicts = append(p.conflicts, Conflict{name, r})
	}
}

// known are bytes whose sum is known: to compare a file with them is ten times as fast as to make its sum.
type known struct {
	data []byte
	sum  digest
}

// look says what is at a path, and the SHA-256 of a regular file, which may be the known one. No link is followed.
func (s scanner) look(name string, k known) (state, digest, error) {
	if dir := path.Dir(name); dir != "." {
		st, err := s.lookFolder(dir)
		if err != nil || st != folderThere {
			return st, digest{}, err
		}
	}
	st, err := s.lstat(name)
	if err != nil || st != regular {
		return st, digest{}, err
	}
	data, err := s.root.ReadFile(name)
	if err != nil {
		return absent, digest{}, fmt.Errorf("read %s: %w", name, cause(err))
	}
	if k.data != nil && bytes.Equal(data, k.data) {
		return regular, k.sum, nil
	}
	return regular, sha256.Sum256(data), nil
}

// lookFolder is folderThere when every element of dir is a folder, absent when one is missing, blocked otherwise.
func (s scanner) lookFolder(dir string) (state, error) {
	if st, known := s.dirs[dir]; known {
		return st, nil
	}
	st := folderThere
	var err error
	if above := path.Dir(dir); above != "." {
		st, err = s.lookFolder(above)
	}
	if err == nil && st == folderThere {
		st, err = s.lstat(dir)
	}
	if err != nil {
		return absent, err
	}
	if st != folderThere && st != absent {
		st = blocked
	}
	s.dirs[dir] = st
	return st, nil
}

func (s scanner) lstat(name string) (state, error) {
	if s.root == nil {
		return absent, nil
	}
	info, err := s.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absent, nil
	case err != nil:
		return absent, fmt.Errorf("look at %s: %w", name, cause(err))
	case info.Mode().IsRegular():
		return regular, nil
	case info.IsDir():
		return folderThere, nil
	case info.Mode()&fs.ModeSymlink != 0:
		return linkThere, nil
	}
	return otherThere, nil
}

// blocker is the topmost thing above name that is not a folder.
func (s scanner) blocker(name string) string {
	top := name
	for dir := range parents(name) {
		if s.dirs[dir] == blocked {
			top = dir
		}
	}
	return top
}

// clears reports whether a folder holds no file once the plan's are removed, and lists it and the folders in it.
func (s scanner) clears(p *plan, dir string) (hollow []string, ok bool, err error) {
	d, err := s.root.Open(dir)
	if err != nil {
		return nil, false, fmt.Errorf("read folder %s: %w", dir, cause(err))
	}
	entries, err := d.ReadDir(-1)
	d.Close()
	if err != nil {
		return nil, false, fmt.Errorf("read folder %s: %w", dir, cause(err))
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			below, ok, err := s.clears(p, name)
			if err != nil || !ok {
				return nil, false, err
			}
			hollow = append(hollow, below...)
			continue
		}
		if _, found := slices.BinarySearch(p.remove, name); !found {
			return nil, false, nil
		}
	}
	return append(hollow, dir), true, nil
}

// ledger reads the folder's ledger, and tells whether an earlier run left something to tidy up.
func (s scanner) ledger() (ledger, bool, error) {
	none := ledger{files: map[string]digest{}, pending: map[string]digest{}}
	staged, err := s.lstat(stagingName)
	if err != nil {
		return none, false, err
	}
	st, err := s.lstat(ledgerName)
	switch {
	case err != nil:
		return none, false, err
	case st == absent:
		return none, staged != absent, nil
	case st != regular:
		return none, false, fmt.Errorf("read %s: not a regular file", ledgerName)
	}
	data, err := s.root.ReadFile(ledgerName)
	if err != nil {
		return none, false, fmt.Errorf("read %s: %w", ledgerName, cause(err))
	}
	l, err := parseLedger(data)
	if err != nil {
		return none, false, fmt.Errorf("read %s: %w; restore it from version control, or move this folder away and run again", ledgerName, err)
	}
	return l, staged != absent || len(l.files)+len(l.pending) == 0, nil
}

// cause drops the path that the os package puts into its errors: ours names the whole path.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return linkErr.Err
	}
	return err
}
