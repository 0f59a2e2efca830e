package tree

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"syscall"
)

// newName is the folder below a fleet's root where new folders are made before they are renamed into place. It is there
// while a run makes new folders.
const newName = reserved + "new"

// errTaken is what place returns when the folder that it was to make is there by now.
var errTaken = errors.New("the folder is there already")

// place makes a folder that does not exist yet: its files and its ledger are written elsewhere, and one rename puts them into
// place. Until then nothing is at its name, so there is nothing that an intent would have to tell apart, and no temporary file
// has to be removed again, which is what costs most on ext4.
func (f *Fleet) place(name string, t Tree) (*plan, error) {
	tmp, err := f.reserve()
	if err != nil {
		return nil, err
	}
	p := &plan{write: t.Paths(), after: ledger{files: t.sums()}}
	if err := f.make(tmp, name, t, p.after); err != nil {
		return nil, errors.Join(err, f.at.removeAll(tmp))
	}
	if err := f.at.makeParents(name, map[string]bool{}); err != nil {
		return nil, errors.Join(err, f.at.removeAll(tmp))
	}
	if err := f.at.disk.Rename(tmp, name); err != nil {
		if isTaken(err) {
			err = errTaken
		}
		return nil, errors.Join(f.at.step("make", name, err), f.at.removeAll(tmp))
	}
	return p, nil
}

// isTaken tells the errors of renaming a folder to where another run, or a person, has put something a moment ago. An empty
// folder there is simply replaced.
func isTaken(err error) bool {
	return errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.ENOTDIR)
}

// make writes a whole folder at tmp. Errors tell of it by its name. A file gets its own name when it is whole, so that whoever
// reads every folder below the root, or what a kill left there, takes no half of a manifest for one.
func (f *Fleet) make(tmp, name string, t Tree, l ledger) error {
	if err := f.at.disk.Mkdir(tmp); err != nil {
		return f.at.step("make", tmp, err)
	}
	root, err := f.at.root.OpenRoot(tmp)
	if err != nil {
		return f.at.step("open", tmp, err)
	}
	defer root.Close()
	at := folder{dir: filepath.Join(f.at.dir, filepath.FromSlash(name)), root: root, disk: f.diskOf(root)}
	names := t.Paths()
	for i, name := range names {
		if err := at.disk.Write(reserved+strconv.Itoa(i), t.files[name]); err != nil {
			return at.step("write", name, err)
		}
	}
	made := map[string]bool{}
	for i, name := range names {
		if err := at.makeParents(name, made); err != nil {
			return err
		}
		if err := at.rename(reserved+strconv.Itoa(i), name); err != nil {
			return err
		}
	}
	return at.step("write", ledgerName, at.disk.Write(ledgerName, l.encode()))
}

// reserve names a folder of this run that nothing is in.
func (f *Fleet) reserve() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.placed == 0 {
		if err := f.at.disk.Mkdir(newName); err != nil {
			return "", f.at.step("make", newName, err)
		}
	}
	f.placed++
	return path.Join(newName, strconv.Itoa(f.placed)), nil
}

// clearNew removes what this run, or one that was killed, has left where new folders are made.
func (f *Fleet) clearNew() error {
	f.placed = 0
	return f.at.removeAll(newName)
}

// removeAll removes a folder of ours, if it is there, with all that is in it. It follows no link.
func (f folder) removeAll(dir string) error {
	st, err := scanner{root: f.root}.lstat(dir)
	switch {
	case err != nil:
		return err
	case st == absent:
		return nil
	case st != folderThere:
		return f.step("remove", dir, errors.New("not a folder, and onggi keeps this name for itself; move it away"))
	}
	d, err := f.root.Open(dir)
	if err != nil {
		return f.step("read", dir, err)
	}
	entries, err := d.ReadDir(-1)
	d.Close()
	if err != nil {
		return f.step("read", dir, err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			err = f.removeAll(name)
		} else {
			err = f.step("remove", name, f.disk.Remove(name))
		}
		if err != nil {
			return err
		}
	}
	return f.step("remove", dir, f.disk.Remove(dir))
}
