package watch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/source"
)

// dirt is what is to be looked at in a folder.
type dirt struct {
	names map[string]bool // to be read whatever the system says of their time
	deep  bool            // the folder may be another one, and so may those below it
}

// sighting is what a look found.
type sighting struct {
	disk    *disk
	dirt    map[string]*dirt
	files   map[string]*file   // other than they were, by name
	gone    map[string]bool    // files
	folders map[string]*folder // those that were looked at
	lost    map[string]bool    // folders
	trouble map[string]error   // nil for what is readable again
	doubts  []string
	err     error // the watch cannot go on
}

// look finds out what is different now. Folders that are new are watched from before they are read.
func (d *disk) look(what map[string]*dirt) *sighting {
	s := &sighting{disk: d, dirt: what, files: make(map[string]*file), gone: make(map[string]bool),
		folders: make(map[string]*folder), lost: make(map[string]bool), trouble: make(map[string]error)}
	for _, name := range slices.Sorted(maps.Keys(what)) {
		if d.folders[name] == nil || s.folders[name] != nil || s.lost[name] {
			continue // it went meanwhile, or was seen on the way
		}
		s.folder(name, what[name].deep)
	}
	slices.Sort(s.doubts)
	s.doubts = slices.Compact(s.doubts)
	return s
}

// folder looks at one folder, and at those in it that are new or may be others.
func (s *sighting) folder(name string, deep bool) {
	known := s.disk.folders[name]
	if known == nil {
		known = newFolder(name)
		known.walked = true
	}
	now := newFolder(name)
	now.walked, now.root, now.singles = known.walked, known.root, known.singles
	s.folders[name] = now
	s.trouble[name] = nil
	if s.watch(known, deep); s.err != nil {
		return
	}
	if known.walked && !s.entries(known, now, deep) {
		return
	}
	for _, base := range known.singles {
		s.single(known, now, base)
	}
	for base := range known.files {
		if now.files[base] == nil {
			s.gone[filepath.Join(name, base)] = true
			s.doubt(filepath.Join(name, base))
		}
	}
	for base := range known.below {
		if !now.below[base] {
			s.lose(filepath.Join(name, base))
		}
	}
}

// watch has the system tell of the folder, if it does not already.
func (s *sighting) watch(f *folder, deep bool) {
	eyes, at := s.disk.eyes, sight{folder: f.name}
	if _, watched := eyes.real[at]; eyes.blind || watched && !deep {
		return
	}
	err := eyes.open(f.name, at)
	if err == nil && f.root {
		err = s.disk.openAbove(f.name)
	}
	var limit limitError
	switch {
	case errors.As(err, &limit):
		s.err = err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		s.trouble[f.name] = fmt.Errorf("watch %s: %w", f.name, source.Cause(err))
	}
}

// openAbove watches the folders above the arguments that stand in a folder or are it, since an argument itself can go and come
// back. Of a link's neighbours any may be on the way to what it means, and the folder of what it means is watched too.
func (d *disk) openAbove(home string) error {
	for _, r := range d.roots {
		if d.home(r) != home {
			continue
		}
		above := sight{folder: home, root: true, only: filepath.Base(r.name)}
		if link, err := os.Lstat(r.name); err == nil && link.Mode()&fs.ModeSymlink != 0 {
			above.only = ""
			if target, err := filepath.EvalSymlinks(r.name); err == nil {
				if err := d.eyes.open(filepath.Dir(target), sight{folder: home, root: true, only: filepath.Base(target)}); err != nil {
					return err
				}
			}
		}
		if err := d.eyes.open(filepath.Dir(r.name), above); err != nil {
			return err
		}
	}
	return nil
}

// entries looks at what a folder holds. It is false when the folder cannot be read, and then what was known of it stays.
func (s *sighting) entries(known, now *folder, deep bool) bool {
	name := known.name
	if !known.root && source.IsOutput(name) {
		return true // nothing in it is to be read any more
	}
	list, err := os.ReadDir(name) // an argument may be a link; below it none is followed
	switch {
	case errors.Is(err, fs.ErrNotExist) && !known.root:
		return true
	case err != nil:
		// An argument that is gone is what render would refuse: it comes back, or the watch is ended.
		s.fail(name, fmt.Errorf("read %s: %w", name, source.Cause(err)))
		now.files, now.below = known.files, known.below
		return false
	}
	for _, entry := range list {
		at := filepath.Join(name, entry.Name())
		switch {
		case entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && !source.IsOutput(at):
			now.below[entry.Name()] = true
			touched := s.touched(name, entry.Name())
			if s.disk.folders[at] == nil || deep || touched {
				s.folder(at, deep || touched)
			}
		case entry.Type().IsRegular() && source.IsSpec(entry.Name()):
			if info, err := entry.Info(); err == nil { // it went meanwhile otherwise, which an event will say
				s.file(known, now, entry.Name(), info)
			}
		}
	}
	return s.err == nil
}

func (s *sighting) touched(folder, base string) bool {
	d := s.dirt[folder]
	return d != nil && d.names[base]
}

// single looks at a file that is an argument, or the project beside one. Links are followed.
func (s *sighting) single(known, now *folder, base string) {
	if now.files[base] != nil {
		return
	}
	name := filepath.Join(known.name, base)
	s.trouble[name] = nil
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("it is not a file")
	case err == nil:
		s.file(known, now, base, info)
		return
	case errors.Is(err, fs.ErrNotExist) && !s.disk.argument(name):
		return // there need not be a project
	}
	s.fail(name, fmt.Errorf("read %s: %w", name, source.Cause(err)))
	if was := known.files[base]; was != nil {
		now.files[base] = was
	}
}

func (d *disk) argument(name string) bool {
	return slices.ContainsFunc(d.roots, func(r root) bool { return r.name == name })
}

// file reads a file unless it is plainly the one that is known.
func (s *sighting) file(known, now *folder, base string, info fs.FileInfo) {
	name, was := filepath.Join(known.name, base), known.files[base]
	s.trouble[name] = nil
	named := s.touched(known.name, base) || slices.Contains(known.singles, base)
	if was != nil && !named && same(was.stamp, info) && s.disk.troubles[name] == nil {
		now.files[base] = was
		return
	}
	data, err := source.ReadFile(name)
	if err != nil {
		if was != nil {
			now.files[base] = was
		}
		s.fail(name, err)
		return
	}
	is := &file{name: name, stamp: info, data: data}
	now.files[base] = is
	if was != nil && bytes.Equal(was.data, data) {
		is.data, is.holds = was.data, was.holds
		return
	}
	is.sort(was)
	s.files[name] = is
	after, err := os.Stat(name)
	if err != nil || !same(info, after) || len(bytes.TrimSpace(data)) == 0 || beingWritten(name) {
		s.doubt(name)
	}
}

// fail notes what cannot be read. It may be readable again in a moment.
func (s *sighting) fail(name string, err error) {
	s.trouble[name] = err
	if s.disk.troubles[name] == nil {
		s.doubt(name)
	}
}

func (s *sighting) doubt(name string) { s.doubts = append(s.doubts, name) }

// lose takes a folder out with all below it.
func (s *sighting) lose(name string) {
	f := s.disk.folders[name]
	if f == nil || s.lost[name] {
		return
	}
	s.lost[name] = true
	for base := range f.files {
		s.gone[filepath.Join(name, base)] = true
		s.doubt(filepath.Join(name, base))
	}
	for base := range f.below {
		s.lose(filepath.Join(name, base))
	}
}
