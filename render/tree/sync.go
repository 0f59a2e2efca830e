package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// stagingName is the folder that files are written to before they are renamed into place. It is on the same file system as
// they are, and one look tells whether a run was killed.
const stagingName = reserved + "staging"

// Options of a run. The zero value is the careful one.
type Options struct {
	// Force gives up the edits that people made to listed files. Foreign files stay safe.
	Force bool
	// DryRun works everything out and writes nothing.
	DryRun bool
	// NoFlush leaves it to the system when bytes reach the disk. A kill is as harmless as before. A power cut may leave an
	// empty ledger behind, and then the folder has to be moved away by hand. Without it each file costs one fsync.
	NoFlush bool
}

// Result names the files of a run, each list sorted, with slash-separated paths relative to the folder.
type Result struct {
	Written   []string // made or replaced
	Removed   []string
	Unchanged []string // right as they were, and not touched
}

// Change is one difference between a folder and a tree.
type Change struct {
	Path string
	Op   Op
}

// Op is what Sync would do to a file.
type Op string

// The three changes.
const (
	Add    Op = "add"
	Modify Op = "modify"
	Remove Op = "remove"
)

// Sync makes dir equal to the tree, foreign files apart. It makes dir if need be. When files are in the way it writes nothing
// and the error is a [*ConflictError]; when another run is writing dir, [ErrBusy]. Any other error names the file: before the
// first rename the folder is as it was, after it the next run goes on from there.
func Sync(dir string, t Tree, o Options) (Result, error) {
	root, err := openFolder(dir, !o.DryRun && t.Len() > 0)
	if err != nil {
		return Result{}, fmt.Errorf("write %s: %w", dir, err)
	}
	if root != nil {
		defer root.Close()
	}
	f := folder{dir: dir, root: root, disk: rootDisk{root, !o.NoFlush}}
	p, err := f.sync(t, o)
	if err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// Check returns what Sync would change in dir, sorted by path: nothing when dir is what would be written. An edited file is a
// [Modify]. A foreign file in the way is a [*ConflictError], as in Sync.
func Check(dir string, t Tree) ([]Change, error) {
	root, err := openFolder(dir, false)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", dir, err)
	}
	if root != nil {
		defer root.Close()
	}
	p, err := folder{dir: dir, root: root}.sync(t, Options{DryRun: true, Force: true})
	if err != nil {
		return nil, err
	}
	return p.changes(), nil
}

func (p *plan) changes() []Change {
	var all []Change
	for _, name := range p.write {
		op := Add
		if p.replaces[name] {
			op = Modify
		}
		all = append(all, Change{name, op})
	}
	for _, name := range p.remove {
		all = append(all, Change{name, Remove})
	}
	slices.SortFunc(all, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// openFolder opens dir, or returns nil when it does not exist and need not be made.
func openFolder(dir string, create bool) (*os.Root, error) {
	if create {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, cause(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) && !create {
		return nil, nil
	}
	if err != nil {
		return nil, cause(err)
	}
	return root, nil
}

// folder is one folder with a ledger.
type folder struct {
	dir    string   // for messages
	root   *os.Root // nil when the folder does not exist, and then only looked at
	disk   disk
	locked bool // by the caller, for longer than one run
}

func (f folder) sync(t Tree, o Options) (*plan, error) {
	if f.root != nil && !f.locked && !o.DryRun {
		unlock, err := lock(f.root)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", f.dir, err)
		}
		defer unlock()
	}
	p, err := scan(f.root, t, t.sums(), o.Force)
	switch {
	case err != nil:
		return nil, fmt.Errorf("write %s: %w", f.dir, err)
	case len(p.conflicts) > 0:
		return nil, &ConflictError{Dir: f.dir, Conflicts: p.conflicts}
	case o.DryRun || p.idle():
		return p, nil
	}
	return p, f.apply(t, p)
}

// apply carries a plan out. Up to the rename of the intent nothing but the staging folder changes. From there to the rename
// of the last ledger, the ledger says that old and new bytes are both ours, so a run that stops in between can be repeated.
func (f folder) apply(t Tree, p *plan) (err error) {
	defer func() {
		err = errors.Join(err, f.clearStaging())
	}()
	if err := f.stage(t, p); err != nil {
		return err
	}
	if err := f.rename(staged("intent"), ledgerName); err != nil {
		return err
	}
	first, rest := p.removals()
	if err := f.remove(append(first, p.hollow...)); err != nil {
		return err
	}
	made := map[string]bool{}
	for i, name := range p.write {
		if err := f.makeParents(name, made); err != nil {
			return err
		}
		if err := f.rename(staged(strconv.Itoa(i)), name); err != nil {
			return err
		}
	}
	if err := f.remove(rest); err != nil {
		return err
	}
	if err := f.prune(p.stale); err != nil {
		return err
	}
	if t.Len() == 0 {
		return f.step("remove", ledgerName, f.disk.Remove(ledgerName))
	}
	return f.rename(staged("ledger"), ledgerName)
}

// stage writes everything that will be renamed. A full disk stops the run here.
func (f folder) stage(t Tree, p *plan) error {
	if err := f.clearStaging(); err != nil {
		return err
	}
	if err := f.disk.Mkdir(stagingName); err != nil {
		return f.step("make", stagingName, err)
	}
	for i, name := range p.write {
		if err := f.disk.Write(staged(strconv.Itoa(i)), t.files[name]); err != nil {
			return f.step("write", name, err)
		}
	}
	if err := f.disk.Write(staged("intent"), p.intent().encode()); err != nil {
		return f.step("write", ledgerName, err)
	}
	return f.step("write", ledgerName, f.disk.Write(staged("ledger"), p.after.encode()))
}

func staged(name string) string { return stagingName + "/" + name }

func (f folder) clearStaging() error { return f.removeAll(stagingName) }

// removals splits what goes into that which stands where the tree wants something else, and the rest, which goes last so that
// a run that stops halfway has lost nothing.
func (p *plan) removals() (first, rest []string) {
	wanted := map[string]bool{}
	for _, name := range p.write {
		wanted[name] = true
		for dir := range parents(name) {
			wanted[dir] = true
		}
	}
	for _, name := range p.remove {
		inTheWay := wanted[name]
		for dir := range parents(name) {
			if _, isFile := p.after.files[dir]; isFile {
				inTheWay = true
			}
		}
		if inTheWay {
			first = append(first, name)
		} else {
			rest = append(rest, name)
		}
	}
	return first, rest
}

func (f folder) remove(names []string) error {
	for _, name := range names {
		if err := f.disk.Remove(name); err != nil {
			return f.step("remove", name, err)
		}
	}
	return nil
}

// prune removes the folders above stale files that are empty now. One that is gone already, by a run that stopped there, does
// not hide the ones above it.
func (f folder) prune(stale []string) error {
	done := map[string]bool{}
	for _, name := range stale {
		for dir := range parents(name) {
			if done[dir] {
				continue
			}
			st, err := f.lookInside(dir)
			if err != nil {
				return err
			}
			if st == occupied {
				break
			}
			if st == empty {
				if err := f.disk.Remove(dir); err != nil {
					return f.step("remove", dir, err)
				}
			}
			done[dir] = true
		}
	}
	return nil
}

type inside int

const (
	gone     inside = iota
	empty           // a folder with nothing in it
	occupied        // a folder with something in it, or no folder at all
)

// lookInside looks afresh: a folder may have become empty a moment ago. A link is not a folder.
func (f folder) lookInside(dir string) (inside, error) {
	s := scanner{root: f.root, dirs: map[string]state{}}
	st, err := s.lookFolder(dir)
	switch {
	case err != nil:
		return occupied, err
	case st == absent:
		return gone, nil
	case st != folderThere:
		return occupied, nil
	}
	d, err := f.root.Open(dir)
	if err != nil {
		return occupied, f.step("read", dir, err)
	}
	defer d.Close()
	if names, _ := d.Readdirnames(1); len(names) > 0 {
		return occupied, nil
	}
	return empty, nil
}

func (f folder) makeParents(name string, made map[string]bool) error {
	dir := path.Dir(name)
	if dir == "." || made[dir] {
		return nil
	}
	if err := f.makeParents(dir, made); err != nil {
		return err
	}
	if err := f.disk.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return f.step("make", dir, err)
	}
	made[dir] = true
	return nil
}

func (f folder) rename(from, to string) error {
	return f.step("write", to, f.disk.Rename(from, to))
}

// step names what was being done to which file.
func (f folder) step(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, filepath.Join(f.dir, filepath.FromSlash(name)), cause(err))
}
