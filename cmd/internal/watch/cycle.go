package watch

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/spec"
)

// batch is how many units are loaded and rendered at once: what they are made into is in memory only meanwhile.
const batch = 64

// cycle is one round: from what changed to files on disk.
type cycle struct {
	w        *Watcher
	ctx      context.Context
	first    bool // nothing is known yet to compare with
	force    bool // the folder is empty again
	old      *olds
	moved    []Move
	failures []error
	counts   counts
}

type counts struct{ written, removed, unchanged int }

// cycle renders what changes reach, and tells if it made a difference.
func (w *Watcher) cycle(ctx context.Context, changes []change, begun time.Time) {
	if len(changes)+len(w.last.Failures)+len(w.disk.troubles) == 0 && w.serial > 0 {
		return
	}
	c := &cycle{w: w, ctx: ctx, old: &olds{}, first: w.serial == 0}
	w.known.forget(changes, c.first)
	if !c.begin() {
		w.conclude(c, begun) // once it can be begun again, everything is rendered
		return
	}
	units := w.disk.affected(changes)
	if c.force && !c.first {
		units = w.disk.units(func(string) bool { return true })
	} else if len(w.last.Failures) > 0 {
		units = merge(units, w.disk.units(w.known.retried))
	}
	for part := range slices.Chunk(units, batch) {
		c.render(part)
	}
	// What waited for a name may have it now; each round gives at least one away, or is the last.
	for before := 0; len(w.known.waiting) != before; {
		before = len(w.known.waiting)
		c.render(w.disk.units(func(name string) bool { return w.known.waiting[name] }))
	}
	if ctx.Err() != nil {
		return // stopped halfway: what is written is whole, and the next watch goes on from there
	}
	c.leave()
	w.conclude(c, begun)
	if len(units) > batch {
		// What a large cycle needed is many times what is kept, and the next one may be days away.
		c.moved, c.old = nil, nil
		debug.FreeOSMemory()
	}
}

// begin makes ready to write.
func (c *cycle) begin() bool {
	if c.w.out == nil {
		return true
	}
	if c.first {
		c.force = true // Run has begun already
		return true
	}
	var err error
	if c.force, err = c.w.out.begin(); err != nil {
		c.failures = append(c.failures, err)
	}
	return err == nil
}

// units are those with a file that is wanted.
func (d *disk) units(wanted func(name string) bool) []unit {
	var out []unit
	for _, dir := range slices.Sorted(maps.Keys(d.folders)) {
		for _, u := range d.folders[dir].units() {
			if slices.ContainsFunc(u.files, wanted) {
				out = append(out, u)
			}
		}
	}
	return out
}

func merge(units, more []unit) []unit {
	for _, u := range more {
		if !slices.ContainsFunc(units, func(o unit) bool { return o.key() == u.key() }) {
			units = append(units, u)
		}
	}
	return units
}

// retried reports whether something failed in a file, other than by the spec.
func (k *known) retried(name string) bool {
	for _, e := range k.byFile[name] {
		if e.failure != nil {
			return true
		}
	}
	return false
}

// render loads units, and renders and writes what changed in them.
func (c *cycle) render(units []unit) {
	w := c.w
	l := &loader{disk: w.disk, standing: w.known.standing, rendered: w.known.fingerprint, envs: w.o.environments}
	if c.force {
		l.rendered = func(Database) (digest, bool) { return digest{}, false }
	}
	all := make([]*loaded, len(units))
	source.InParallel(c.ctx, len(units), func(i int) error {
		all[i] = l.load(units[i])
		return nil
	})
	var jobs []*job
	for _, l := range all {
		if l != nil { // stopped before it was loaded
			jobs = append(jobs, c.enter(l)...)
		}
	}
	source.InParallel(c.ctx, len(jobs), func(i int) error {
		jobs[i].publish(c)
		return nil
	})
	for _, j := range jobs {
		c.apply(j)
	}
}

// enter takes in what a unit holds, and returns the databases that are to be written.
func (c *cycle) enter(l *loaded) []*job {
	k := &c.w.known
	c.note(l)
	var jobs []*job
	found, right := make(map[string]bool), make(map[string]bool)
	for _, name := range l.files {
		right[name] = !l.bad[name] && !l.held
		delete(k.waiting, name)
	}
	for _, doc := range l.docs {
		right[doc.file()] = right[doc.file()] && doc.good()
	}
	for _, doc := range l.docs {
		db := databaseOf(doc.doc)
		db.Envs = c.w.o.environments(doc.doc)
		e := k.enter(db)
		if e == nil {
			c.wait(l, doc, k.entries[db.ID].Database)
			continue
		}
		found[db.ID] = true
		e.problems, e.failure = doc.problems, doc.failure
		if !right[doc.file()] {
			e.Good = false
			continue
		}
		if owner := k.claim(e, c.w.o.occupies(db)); owner != nil {
			e.Good = false
			c.wait(l, doc, owner.Database)
			continue
		}
		if !doc.same {
			e.belongs(doc)
			jobs = append(jobs, &job{entry: e, candidate: doc})
		}
	}
	c.missing(l, found, right)
	return jobs
}

// note keeps the problems of loading, and what each file that loads stands for while it does not.
func (c *cycle) note(l *loaded) {
	k := &c.w.known
	if k.problems[l.folder] == nil || l.key() == l.folder {
		k.problems[l.folder] = make(map[string]spec.Problems)
	}
	delete(k.problems[l.folder], l.folder) // of when the whole folder was one
	delete(k.problems[l.folder], l.key())
	if len(l.problems) > 0 {
		k.problems[l.folder][l.key()] = l.problems
	}
	for _, f := range c.w.disk.members(l.unit) {
		if !f.clusters && !l.bad[f.name] {
			k.standing[f.name] = f.data
		}
	}
}

// missing finds the databases that are in none of their files any more. Of a file with something wrong nothing is: the
// database may be what is wrong.
func (c *cycle) missing(l *loaded, found, right map[string]bool) {
	k := &c.w.known
	for _, name := range l.files {
		if right[name] {
			k.standing[name] = c.w.disk.file(name).data
		}
		for id, e := range k.byFile[name] {
			switch {
			case found[id]:
			case right[name]:
				e.absent = true
			default:
				e.Good = false
			}
		}
	}
}

// wait says that another database has the name already, and has it tried again when that is gone.
func (c *cycle) wait(l *loaded, doc *candidate, owner Database) {
	k := &c.w.known
	k.waiting[doc.file()] = true
	if owner.Namespace == doc.doc.Namespace {
		first, second := c.w.disk.file(filepath.FromSlash(owner.File)), c.w.disk.file(doc.file())
		_, problems := spec.Load([]spec.Source{first.source(), second.source()})
		for _, p := range problems {
			if p.File == doc.doc.File {
				k.problems[l.folder][l.key()] = append(k.problems[l.folder][l.key()], p)
			}
		}
		return
	}
	k.problems[l.folder][l.key()] = append(k.problems[l.folder][l.key()], project.Taken(doc.doc, owner.File))
}

// occupies is what only one database may have: a folder below Dir, or else an identity.
func (o Options) occupies(db Database) string {
	if o.Dir != "" {
		return db.Name
	}
	return db.Namespace + "/" + db.Name
}

// environments are those of a document that are rendered, sorted; "" is the spec alone.
func (o Options) environments(doc *spec.Document) []string {
	envs := []string{""}
	switch {
	case len(o.Envs) > 0:
		envs = slices.Clone(o.Envs)
	case o.AllEnvs || o.Bases:
		if all := doc.Environments(); len(all) > 0 || o.Dir != "" {
			envs = all
		}
	}
	if o.Bases {
		envs = append(envs, "")
	}
	slices.Sort(envs)
	return slices.Compact(envs)
}

// leave removes what was written for databases that are gone.
func (c *cycle) leave() {
	k := &c.w.known
	entries := k.sorted()
	if len(entries) > 0 && !slices.ContainsFunc(entries, func(e *entry) bool { return !e.absent }) {
		// As render does, which would refuse: a folder that was emptied by mistake must not take everything along.
		c.failures = append(c.failures, fmt.Errorf("there is no %s any more: what was rendered is kept", spec.KindCluster))
		for _, e := range entries {
			e.Good = false
		}
		return
	}
	for _, e := range entries {
		if !e.absent {
			continue
		}
		k.remove(e)
		if e.in != nil {
			c.moved = append(c.moved, Move{Database: e.rendered, Change: removed})
		}
		for _, dir := range e.outputs {
			k.leaving[dir] = true
		}
	}
	if c.w.out != nil && c.w.out.fleet != nil {
		c.tidy()
	}
}

// tidy removes the folders whose database is gone for sure. While a file cannot be read at all, it may be the one that has the
// database now. When all is well, whatever earlier runs have left goes too, as with render.
func (c *cycle) tidy() {
	k := &c.w.known
	fleet := c.w.out.fleet
	kept, names := make(map[string]bool), make(map[string]bool)
	well := len(k.entries) > 0 && len(c.failures)+len(c.w.disk.troubles)+len(c.w.problems()) == 0
	for _, e := range k.entries {
		names[e.Name] = names[e.Name] || !e.Good
		well = well && e.Good
		for _, dir := range e.outputs {
			kept[dir] = true
		}
	}
	if !well && (k.strangers() || len(c.w.disk.troubles) > 0) {
		return
	}
	for _, dir := range fleet.Folders() {
		if kept[dir] || names[path.Base(dir)] || !well && !k.leaving[dir] {
			continue
		}
		result, err := fleet.Remove(dir)
		if err != nil {
			c.failures = append(c.failures, err)
			continue
		}
		delete(k.leaving, dir)
		c.counts.removed += len(result.Removed)
	}
	if err := fleet.Settle(); err != nil {
		c.failures = append(c.failures, err)
	}
}

// compare orders databases by folder, name and namespace.
func (db Database) compare(other Database) int {
	return slices.Compare([]string{db.Folder, db.Name, db.Namespace}, []string{other.Folder, other.Name, other.Namespace})
}

// conclude makes the state, and tells it if anything is other than it was.
func (w *Watcher) conclude(c *cycle, begun time.Time) {
	s := State{Took: time.Since(begun), Problems: w.problems(), Failures: w.failures(c),
		Written: c.counts.written, Removed: c.counts.removed, Unchanged: c.counts.unchanged}
	for _, e := range w.known.sorted() {
		s.Databases = append(s.Databases, e.Database)
	}
	s.Moved = limited(c.moved)
	if !c.first && len(s.Moved)+s.Written+s.Removed == 0 && s.sameTrouble(w.last) {
		return
	}
	w.serial++
	s.Serial = w.serial
	w.last = s
	w.last.Moved = nil
	if w.o.OnState != nil {
		w.o.OnState(s)
	}
}

// failures are what could not be read or written, in the order of paths and databases.
func (w *Watcher) failures(c *cycle) []error {
	var out []error
	for _, name := range slices.Sorted(maps.Keys(w.disk.troubles)) {
		out = append(out, w.disk.troubles[name])
	}
	for _, e := range w.known.sorted() {
		if e.failure != nil {
			out = append(out, e.failure)
		}
	}
	return append(out, c.failures...)
}

// sameTrouble reports whether there is nothing new to tell beside what moved.
func (s State) sameTrouble(was State) bool {
	return slices.EqualFunc(s.Failures, was.Failures, func(a, b error) bool { return a.Error() == b.Error() }) &&
		slices.EqualFunc(s.Problems, was.Problems, func(a, b spec.Problem) bool {
			return a.Pos == b.Pos && strings.EqualFold(a.Message, b.Message) && a.Code == b.Code
		}) &&
		slices.EqualFunc(s.Databases, was.Databases, func(a, b Database) bool {
			return a.ID == b.ID && a.File == b.File && a.Good == b.Good && slices.Equal(a.Envs, b.Envs)
		})
}
