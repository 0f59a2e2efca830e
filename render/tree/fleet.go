package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Fleet writes one folder after another below a root: see the package comment. Sync may be called from several goroutines at
// once.
type Fleet struct {
	at     folder                // the root
	diskOf func(r *os.Root) disk // makes the changes to a folder below it
	o      Options
	unlock func()

	mu      sync.Mutex
	listed  map[string]bool  // folders of the list on disk
	seen    map[string]visit // folders of this run, by their case-folded path
	blocked []Conflict       // what Look found in the way, by the path below the root
	failed  bool             // a Sync failed
	placed  int              // new folders that were made
	torn    error            // an append to the list failed, perhaps halfway
}

// visit is one folder's part in this run.
type visit struct {
	name string
	done bool // right already, or written
}

// Open takes the root for this run and reads which folders it has. Close the fleet in any case.
func Open(root string, o Options) (*Fleet, error) {
	f, err := open(root, o, func(r *os.Root) disk { return rootDisk{r, !o.NoFlush} })
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", root, err)
	}
	return f, nil
}

func open(root string, o Options, diskOf func(*os.Root) disk) (*Fleet, error) {
	r, err := openFolder(root, !o.DryRun)
	if err != nil {
		return nil, err
	}
	f := &Fleet{
		at:     folder{dir: root, root: r, disk: diskOf(r), locked: true},
		diskOf: diskOf,
		o:      o,
		unlock: func() {},
		seen:   map[string]visit{},
	}
	if !o.DryRun {
		if f.unlock, err = lock(r); err != nil {
			r.Close()
			return nil, err
		}
	}
	err = f.readList()
	if err == nil && !o.DryRun {
		err = f.clearNew()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Sync makes one folder equal to a tree, as the package's Sync does; "." is the root itself. A folder is written once a run.
// Paths of the result are relative to the folder.
func (f *Fleet) Sync(name string, t Tree) (Result, error) {
	p, err := f.sync(name, t)
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.failed = true
		return Result{}, err
	}
	return p.result(), nil
}

func (f *Fleet) sync(name string, t Tree) (*plan, error) {
	if err := checkFolder(name); err != nil {
		return nil, fmt.Errorf("write folder %q: %w", name, err)
	}
	if err := f.claim(name); err != nil {
		return nil, err
	}
	return f.syncFolder(name, t, f.o)
}

// claim notes that the folder is of this run, and lists it before it is written.
func (f *Fleet) claim(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.torn != nil {
		return f.torn
	}
	if other, seen := f.seen[fold(name)]; seen && other.name != name {
		return fmt.Errorf("write folder %q: %q was named already in this run", name, other.name)
	} else if other.done {
		return fmt.Errorf("write folder %q: it was written already in this run", name)
	}
	f.seen[fold(name)] = visit{name, true}
	if f.o.DryRun {
		return nil
	}
	return f.list(name)
}

// list appends folders to the list on disk, those that it does not have yet.
func (f *Fleet) list(names ...string) error {
	var lines strings.Builder
	if len(f.listed) == 0 {
		lines.WriteString(foldersHead)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return f.listed[name] })
	if len(names) == 0 {
		return nil
	}
	for _, name := range names {
		lines.WriteString(name + "\n")
	}
	if err := f.at.disk.Append(foldersName, []byte(lines.String())); err != nil {
		f.torn = f.at.step("write", foldersName, err)
		return f.torn
	}
	for _, name := range names {
		f.listed[name] = true
	}
	return nil
}

// syncFolder stays below the root: a link on the way to the folder is in the way, wherever it points.
func (f *Fleet) syncFolder(name string, t Tree, o Options) (*plan, error) {
	if name == "." {
		return f.at.sync(t, o)
	}
	at := folder{dir: filepath.Join(f.at.dir, filepath.FromSlash(name))}
	s := scanner{root: f.at.root, dirs: map[string]state{}}
	st, err := s.lookFolder(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("write %s: %w", at.dir, err)
	case st == blocked:
		in := Conflict{s.blocker(name + "/x"), NeedsFolder}
		return nil, &ConflictError{Dir: f.at.dir, Conflicts: []Conflict{in}}
	case st == absent && o.DryRun:
		return &plan{write: t.Paths()}, nil
	case st == absent && t.Len() == 0:
		return &plan{}, nil
	case st == absent:
		p, err := f.place(name, t)
		if errors.Is(err, errTaken) {
			return f.syncFolder(name, t, o)
		}
		return p, err
	}
	if at.root, err = f.at.root.OpenRoot(name); err != nil {
		return nil, fmt.Errorf("open %s: %w", at.dir, cause(err))
	}
	defer at.root.Close()
	at.disk = f.diskOf(at.root)
	return at.sync(t, o)
}

// Commit removes what earlier runs wrote to folders that this run did not write, and sorts the list of folders. After a Sync
// that failed it refuses: a cluster whose spec does not render has not gone away. Paths of the result are relative to the root.
func (f *Fleet) Commit() (Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed {
		return Result{}, fmt.Errorf("write %s: nothing was removed, since not every folder could be written", f.at.dir)
	}
	var res Result
	var errs []error
	for _, name := range f.gone() {
		removed, err := f.drop(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		res.Removed = append(res.Removed, removed...)
		delete(f.listed, name)
	}
	slices.Sort(res.Removed)
	if !f.o.DryRun {
		errs = append(errs, f.writeList(), f.clearNew())
	}
	return res, errors.Join(errs...)
}

// drop removes our files from a folder, and the folder when nothing else is in it.
func (f *Fleet) drop(name string) ([]string, error) {
	p, err := f.syncFolder(name, Tree{}, f.o)
	if err != nil {
		return nil, err
	}
	removed := make([]string, len(p.remove))
	for i, file := range p.remove {
		removed[i] = path.Join(name, file)
	}
	if name == "." || f.o.DryRun {
		return removed, nil
	}
	return removed, f.at.prune([]string{name + "/x"})
}

// Close gives the root up. Without a Commit before it nothing is removed.
func (f *Fleet) Close() error {
	if f.at.root == nil {
		return nil
	}
	var err error
	if !f.o.DryRun && f.placed > 0 {
		err = f.clearNew()
	}
	f.unlock()
	return errors.Join(err, f.at.root.Close())
}

// readList reads the folders of earlier runs, and mends a list that a power cut tore, since lines will be appended.
func (f *Fleet) readList() error {
	f.listed = map[string]bool{}
	if f.at.root == nil {
		return nil
	}
	data, err := f.at.root.ReadFile(foldersName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", foldersName, cause(err))
	}
	var torn bool
	if f.listed, torn, err = parseFolders(data); err != nil {
		return fmt.Errorf("read %s: %w; restore it from version control, or remove it and keep track of old folders yourself", foldersName, err)
	}
	if (torn || len(f.listed) == 0) && !f.o.DryRun {
		return f.writeList()
	}
	return nil
}

// writeList makes the list on disk that of listed. No folder, no list.
func (f *Fleet) writeList() error {
	old, err := f.at.root.ReadFile(foldersName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.at.step("read", foldersName, err)
	}
	exists := err == nil
	if len(f.listed) == 0 {
		if !exists {
			return nil
		}
		return f.at.step("remove", foldersName, f.at.disk.Remove(foldersName))
	}
	data := encodeFolders(f.listed)
	if exists && bytes.Equal(old, data) {
		return nil
	}
	if err := f.at.clearStaging(); err != nil {
		return err
	}
	if err := f.at.disk.Mkdir(stagingName); err != nil {
		return f.at.step("make", stagingName, err)
	}
	if err := f.at.disk.Write(staged("folders"), data); err != nil {
		return errors.Join(f.at.step("write", foldersName, err), f.at.clearStaging())
	}
	return errors.Join(f.at.rename(staged("folders"), foldersName), f.at.clearStaging())
}
