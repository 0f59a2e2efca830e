package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
)

// Fleet writes one folder after another below a root: see the package comment. Sync may be called from several goroutines at
// once.
type Fleet struct {
	at     folder                // the root
	diskOf func(r *os.Root) disk // makes the changes to a folder below it
	o      Options
	unlock func()

	mu     sync.Mutex
	listed map[string]bool   // folders of the list on disk
	seen   map[string]string // folders of this run, by their case-folded path
	failed bool              // a Sync failed
	torn   error             // an append to the list failed, perhaps halfway
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
		seen:   map[string]string{},
	}
	if !o.DryRun {
		if f.unlock, err = lock(r); err != nil {
			r.Close()
			return nil, err
		}
	}
	if err := f.readList(); err != nil {
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
	return f.syncFolder(name, t)
}

// claim notes that the folder is of this run, and lists it before it is written.
func (f *Fleet) claim(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.torn != nil {
		return f.torn
	}
	if other, twice := f.seen[fold(name)]; twice {
		return fmt.Errorf("write folder %q: %q was written already in this run", name, other)
	}
	f.seen[fold(name)] = name
	if f.listed[name] || f.o.DryRun {
		return nil
	}
	line := name + "\n"
	if len(f.listed) == 0 {
		line = foldersHead + line
	}
	if err := f.at.disk.Append(foldersName, []byte(line)); err != nil {
		f.torn = f.at.step("write", foldersName, err)
		return f.torn
	}
	f.listed[name] = true
	return nil
}

// syncFolder stays below the root: a link on the way to the folder is in the way, wherever it points.
func (f *Fleet) syncFolder(name string, t Tree) (*plan, error) {
	if name == "." {
		return f.at.sync(t, f.o)
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
	case st == absent && (f.o.DryRun || t.Len() == 0):
		return at.sync(t, f.o)
	case st == absent:
		if err := f.at.makeParents(name+"/x", map[string]bool{}); err != nil {
			return nil, err
		}
	}
	if at.root, err = f.at.root.OpenRoot(name); err != nil {
		return nil, fmt.Errorf("open %s: %w", at.dir, cause(err))
	}
	defer at.root.Close()
	at.disk = f.diskOf(at.root)
	return at.sync(t, f.o)
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
	for _, name := range slices.Sorted(maps.Keys(f.listed)) {
		if _, kept := f.seen[fold(name)]; kept {
			continue
		}
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
		errs = append(errs, f.writeList())
	}
	return res, errors.Join(errs...)
}

// drop removes our files from a folder, and the folder when nothing else is in it.
func (f *Fleet) drop(name string) ([]string, error) {
	p, err := f.syncFolder(name, Tree{})
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
	f.unlock()
	return f.at.root.Close()
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
