package watch

import (
	"cmp"
	"crypto/sha256"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// unit is what has to be loaded together: one file of clusters, or a whole folder where the files share manifests, since
// whose they are is decided among all of its clusters.
type unit struct {
	folder string
	files  []string // of clusters, sorted
	shared []string // what the files share, sorted; a shared folder need not have clusters
}

// key names the unit among those of its folder.
func (u unit) key() string {
	if len(u.shared) > 0 || len(u.files) != 1 {
		return u.folder
	}
	return u.files[0]
}

// affected lists the units that changes reach, sorted: a file's own, its folder's when it shares something with others, and
// with a project all below it.
func (d *disk) affected(changes []change) []unit {
	folders, files := make(map[string]bool), make(map[string]bool)
	for _, c := range changes {
		name := c.name()
		dir := filepath.Dir(name)
		for _, f := range [...]*file{c.was, c.is} {
			switch {
			case f == nil:
			case f.project:
				for other := range d.folders {
					if below(other, dir) {
						folders[other] = true
					}
				}
			case f.shared:
				folders[dir] = true
			default:
				files[name] = true
			}
		}
	}
	var units []unit
	for dir, f := range d.folders {
		for _, u := range f.units() {
			if folders[dir] || slices.ContainsFunc(u.files, func(name string) bool { return files[name] }) {
				units = append(units, u)
			}
		}
	}
	slices.SortFunc(units, func(a, b unit) int {
		return cmp.Or(strings.Compare(a.folder, b.folder), strings.Compare(a.key(), b.key()))
	})
	return units
}

// below reports whether a folder is another one or lies in it, by their names.
func below(dir, above string) bool {
	for ; ; dir = filepath.Dir(dir) {
		if dir == above {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

// units parts a folder.
func (f *folder) units() []unit {
	all := unit{folder: f.name}
	for base, is := range f.files {
		name := filepath.Join(f.name, base)
		if is.clusters {
			all.files = append(all.files, name)
		}
		if is.shared {
			all.shared = append(all.shared, name)
		}
	}
	slices.Sort(all.files)
	slices.Sort(all.shared)
	if len(all.shared) > 0 {
		return []unit{all}
	}
	units := make([]unit, len(all.files))
	for i, name := range all.files {
		units[i] = unit{folder: f.name, files: []string{name}}
	}
	return units
}

// members are the files to load, in the order render has: the projects above, what is shared, the clusters.
func (d *disk) members(u unit) []*file {
	var out []*file
	for dir := u.folder; ; dir = filepath.Dir(dir) {
		if f := d.folders[dir]; f != nil {
			out = append(out, f.holding...)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, name := range slices.Concat(u.shared, u.files) {
		if f := d.file(name); !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// inputs is what a document was loaded from. It never changes, and documents of one load share it.
type inputs struct{ sources []spec.Source }

// find loads the document again.
func (in *inputs) find(db Database) *spec.Document {
	_, docs, _ := source.Load(in.sources)
	return pick(docs, db)
}

func pick(docs []*spec.Document, db Database) *spec.Document {
	for _, doc := range docs {
		if doc.Name == db.Name && doc.Namespace == db.Namespace && doc.File == db.File {
			return doc
		}
	}
	return nil
}

type digest [sha256.Size]byte

// fingerprint is that of all a document is made of: two documents with one fingerprint render to the same.
func fingerprint(doc *spec.Document, sources []spec.Source) digest {
	h := sha256.New()
	add := func(data []byte) {
		sum := sha256.Sum256(data)
		h.Write(sum[:])
	}
	for _, src := range sources {
		if src.Name == doc.File || doc.Project != nil && src.Name == doc.Project.File {
			add([]byte(src.Name))
			add(src.Data)
		}
	}
	for _, extra := range doc.Extras {
		add([]byte(extra.Origin))
		add(manifest.EncodeJSON(extra.Body()))
	}
	return digest(h.Sum(nil))
}

func databaseOf(doc *spec.Document) Database {
	db := Database{Folder: path.Dir(doc.File), File: doc.File, Name: doc.Name, Namespace: doc.Namespace}
	db.ID = db.Namespace + "/" + db.Name
	return db
}
