package watch

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/spec"
)

// disk is what the watched paths hold, as it was last believed. It reads what render reads: files and folders with all below
// them, without links, hidden files and what onggi, Helm or Kustomize wrote.
//
// A look finds out what is different from that without believing it yet; accept believes it.
type disk struct {
	roots   []root
	eyes    *eyes
	folders map[string]*folder
	// troubles are what could not be read, by path.
	troubles map[string]error
}

// root is one argument.
type root struct {
	name   string
	folder bool
}

// folder is one folder with files to read.
type folder struct {
	name string
	// walked says that every spec in it is read and the folders below it are too. Otherwise only singles are.
	walked  bool
	root    bool
	singles []string // base names of files that are arguments, and the project beside them
	files   map[string]*file
	holding []*file         // those with a Project, by name
	below   map[string]bool // base names of the folders in it
}

// file is one file. It never changes; a new look makes a new one.
type file struct {
	name  string
	stamp fs.FileInfo
	data  []byte
	holds
}

// holds is what a file may have in it for others.
type holds struct {
	clusters bool // databases, or had some
	project  bool // a Project, which holds for all below its folder
	shared   bool // manifests of the folder, a Project, or what nobody knows
}

func newDisk(paths []string, e *eyes) (*disk, error) {
	d := &disk{eyes: e, folders: make(map[string]*folder), troubles: make(map[string]error)}
	for _, name := range paths {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, source.Cause(err))
		}
		r := root{filepath.Clean(name), info.IsDir()}
		d.roots = append(d.roots, r)
		dir := r.name
		if !r.folder {
			dir = filepath.Dir(r.name)
		}
		f := d.folders[dir]
		if f == nil {
			f = newFolder(dir)
			d.folders[dir] = f
		}
		f.root = true
		f.walked = f.walked || r.folder
		if !r.folder {
			f.singles = append(f.singles, filepath.Base(r.name), source.ProjectFile)
		}
	}
	return d, nil
}

func newFolder(name string) *folder {
	return &folder{name: name, files: make(map[string]*file), below: make(map[string]bool)}
}

// everything is the dirt of a first look, and of one after events were lost.
func (d *disk) everything() map[string]*dirt {
	all := make(map[string]*dirt)
	for _, r := range d.roots {
		all[d.home(r)] = &dirt{names: make(map[string]bool), deep: true}
	}
	return all
}

func (d *disk) home(r root) string {
	if r.folder {
		return r.name
	}
	return filepath.Dir(r.name)
}

// concerns reports whether something may be different for what a hint says. Editors write all kinds of files beside a spec.
func (d *disk) concerns(h hint) bool {
	f := d.folders[h.folder]
	switch {
	case h.deep || h.name == "" || f == nil:
		return true
	case slices.Contains(f.singles, h.name):
		return true
	case !f.walked || strings.HasPrefix(h.name, "."):
		return false
	case source.IsSpec(h.name) || f.below[h.name]:
		return true
	}
	info, err := os.Lstat(filepath.Join(h.folder, h.name))
	return err == nil && info.IsDir()
}

// plain is how a file begins or goes on that has one DatabaseCluster and nothing else, as nearly all do.
var plain = regexp.MustCompile(`(?m)^kind: DatabaseCluster$`)

// sort finds out what the file holds, without parsing it where one look tells. Once it held clusters it counts as such a file:
// a typing error in the kind, or a file emptied by mistake, does not make it a manifest that belongs to its neighbours. The
// same goes for what else it held, while it does not load.
func (f *file) sort(was *file) {
	named := filepath.Base(f.name) == source.ProjectFile
	if !named && plain.Match(f.data) && !bytes.Contains(f.data, []byte("\n---")) {
		f.clusters = true
		return
	}
	set, problems := spec.Load([]spec.Source{f.source()})
	f.project = named || len(set.Projects) > 0
	f.clusters = len(set.Clusters) > 0 || !named && bytes.Contains(f.data, []byte(spec.KindCluster))
	if was != nil {
		f.clusters = f.clusters || was.clusters
		f.project = f.project || was.project && len(problems) > 0
	}
	if named {
		f.shared = f.clusters || len(set.Extras) > 0
	} else {
		f.shared = !f.clusters || len(set.Extras)+len(set.Projects) > 0
	}
	f.shared = f.shared || was != nil && was.shared && len(problems) > 0
}

func (f *file) source() spec.Source {
	return spec.Source{Name: filepath.ToSlash(f.name), Data: f.data}
}

// same reports whether a file was left alone, as far as the system knows.
func same(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

// change is a file that is not as it was: new, other, or gone. Was or is may be nil.
type change struct{ was, is *file }

// accept believes a sighting and returns what changed, sorted by name.
func (d *disk) accept(s *sighting) []change {
	var changes []change
	for name := range s.gone {
		changes = append(changes, change{was: d.file(name)})
	}
	for name, is := range s.files {
		changes = append(changes, change{was: d.file(name), is: is})
	}
	for name := range s.lost {
		d.eyes.shut(sight{folder: name})
		delete(d.folders, name)
		delete(d.troubles, name)
	}
	for name, f := range s.folders {
		for _, base := range slices.Sorted(maps.Keys(f.files)) {
			if f.files[base].project {
				f.holding = append(f.holding, f.files[base])
			}
		}
		d.folders[name] = f
	}
	for name, err := range s.trouble {
		if d.troubles[name] = err; err == nil {
			delete(d.troubles, name)
		}
	}
	for name := range s.gone {
		delete(d.troubles, name)
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.name(), b.name()) })
	return changes
}

func (c change) name() string {
	if c.is != nil {
		return c.is.name
	}
	return c.was.name
}

// file is what is known of a file, or nil.
func (d *disk) file(name string) *file {
	if f := d.folders[filepath.Dir(name)]; f != nil {
		return f.files[filepath.Base(name)]
	}
	return nil
}
