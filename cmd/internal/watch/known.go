package watch

import (
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/onggi-db/onggi/render/spec"
)

// known is what the watch knows of the databases: enough to render any of them as it last was good, and no objects.
type known struct {
	mu      sync.Mutex // guards entries, for whoever renders while a cycle runs
	entries map[string]*entry

	byFile   map[string]map[string]*entry        // file, as the system has it → ID
	owners   map[string]*entry                   // what only one may have → who has it
	standing map[string][]byte                   // what a file counts as while it is bad: what it last was when it was good; a new one, nothing
	problems map[string]map[string]spec.Problems // of loading: folder → unit
	waiting  map[string]bool                     // files with a database whose name another has
	leaving  map[string]bool                     // folders below Dir whose database is gone
}

// entry is one database.
type entry struct {
	Database
	absent   bool // its file no longer has it
	problems spec.Problems
	failure  error
	project  string   // the file of its project, as the system has it; "" without one
	idle     []string // the project's Components that patch nothing of it

	// What it last was good as: with what it was loaded, and how it was called then.
	print    digest
	in       *inputs // nil when it never was good
	rendered Database
	outputs  []string // folders below Dir
	key      string
}

func newKnown() known {
	return known{
		entries: make(map[string]*entry), byFile: make(map[string]map[string]*entry), owners: make(map[string]*entry),
		standing: make(map[string][]byte), problems: make(map[string]map[string]spec.Problems),
		waiting: make(map[string]bool), leaving: make(map[string]bool),
	}
}

// good finds what a database last was good as.
func (k *known) good(id string) (*inputs, Database, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.entries[id]
	if e == nil || e.in == nil {
		return nil, Database{}, false
	}
	return e.in, e.rendered, true
}

// fingerprint is that of a database that is rendered as it stands.
func (k *known) fingerprint(db Database) (digest, bool) {
	e := k.entries[db.ID]
	if e == nil || !e.Good || e.File != db.File {
		return digest{}, false
	}
	return e.print, true
}

// enter finds or makes the entry of a database. It is nil when another file has that very database.
func (k *known) enter(db Database) *entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.entries[db.ID]
	switch {
	case e == nil:
		e = &entry{Database: db}
		k.entries[db.ID] = e
	case e.File != db.File && !e.absent:
		return nil
	default:
		delete(k.byFile[filepath.FromSlash(e.File)], e.ID)
		good := e.Good
		e.Database = db
		e.Good = good
	}
	e.absent = false
	name := filepath.FromSlash(db.File)
	if k.byFile[name] == nil {
		k.byFile[name] = make(map[string]*entry)
	}
	k.byFile[name][db.ID] = e
	return e
}

// claim takes what only one database may have. It returns who has it already.
func (k *known) claim(e *entry, key string) (owner *entry) {
	if owner := k.owners[key]; owner != nil && owner != e && !owner.absent {
		return owner
	}
	k.release(e)
	e.key = key
	k.owners[key] = e
	return nil
}

func (k *known) release(e *entry) {
	if k.owners[e.key] == e {
		delete(k.owners, e.key)
	}
}

// forget takes in which files are gone, and which are new and so have nothing that they stand for yet. What is there from the
// beginning has been something before, and nobody knows what.
func (k *known) forget(changes []change, first bool) {
	for _, c := range changes {
		name := c.name()
		switch {
		case c.is == nil:
			for _, e := range k.byFile[name] {
				e.absent = true
			}
			delete(k.standing, name)
			delete(k.waiting, name)
			delete(k.problems[filepath.Dir(name)], name)
		case c.was == nil && !first:
			k.standing[name] = nil
		}
	}
}

// remove takes an entry out.
func (k *known) remove(e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, e.ID)
	delete(k.byFile[filepath.FromSlash(e.File)], e.ID)
	k.release(e)
}

// sorted are the entries by folder, name and namespace.
func (k *known) sorted() []*entry {
	return slices.SortedFunc(maps.Values(k.entries), func(a, b *entry) int { return a.Database.compare(b.Database) })
}

// allProblems are those of every unit and database.
func (k *known) allProblems() spec.Problems {
	var all spec.Problems
	for _, units := range k.problems {
		for _, problems := range units {
			all = append(all, problems...)
		}
	}
	for _, e := range k.entries {
		all = append(all, e.problems...)
	}
	return all.Sort()
}

// strangers reports whether there is a file with problems of which no database is known: it may be any, one that seems to be
// gone among them.
func (k *known) strangers() bool {
	for _, units := range k.problems {
		for _, problems := range units {
			for _, p := range problems {
				if len(k.byFile[filepath.FromSlash(p.File)]) == 0 {
					return true
				}
			}
		}
	}
	return false
}
