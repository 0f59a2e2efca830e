package watch

import (
	"cmp"
	"slices"
	"sync"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

const removed = manifest.Removed

// job is a database that renders and is to be written.
type job struct {
	*candidate
	entry *entry

	outputs []string
	counts  counts
	moves   []Move
}

// publish writes a database and finds out what moved. Several run at once, each with an entry of its own, which it only reads.
func (j *job) publish(c *cycle) {
	j.write(c)
	if !j.good() || c.first {
		return
	}
	if c.w.out != nil && j.entry.in != nil && j.counts.written+j.counts.removed == 0 {
		return // the same objects are the same files
	}
	j.compare(c)
}

func (j *job) write(c *cycle) {
	if c.w.out == nil {
		return
	}
	outputs, err := c.w.o.Emit(j.doc)
	j.note(err)
	if err != nil {
		return
	}
	for _, out := range outputs {
		result, err := c.w.out.fleet.Sync(out.Dir, out.Tree)
		if err != nil {
			j.note(err)
			continue
		}
		j.outputs = append(j.outputs, out.Dir)
		j.counts.written += len(result.Written)
		j.counts.removed += len(result.Removed)
		j.counts.unchanged += len(result.Unchanged)
	}
}

// compare renders the database as it last was good and lists what is different, for each environment of then and now.
func (j *job) compare(c *cycle) {
	was := c.old.of(j.entry)
	db := databaseOf(j.doc)
	db.Envs, db.Good = c.w.o.environments(j.doc), true
	envs := slices.Clone(db.Envs)
	if was != nil {
		envs = append(envs, j.entry.rendered.Envs...)
	}
	slices.Sort(envs)
	for _, env := range slices.Compact(envs) {
		move := Move{Database: db, Env: env}
		var before []manifest.Object
		switch {
		case was == nil || !slices.Contains(j.entry.rendered.Envs, env):
			move.Change = manifest.Added
		default:
			bundle, _, err := project.Compile(was, env)
			if err != nil {
				continue // it was good before: then this program is not the same
			}
			before = bundle.Objects
		}
		if !slices.Contains(db.Envs, env) {
			move.Change = manifest.Removed
		}
		move.Differences = manifest.Diff(before, j.bundles[env])
		move.Count = len(move.Differences)
		if move.Count > 0 {
			j.moves = append(j.moves, move.light())
		}
	}
}

// perMove and perCycle limit how many differences are kept: a change of a project moves thousands.
const (
	perMove  = 100
	perCycle = 2000
)

// light drops what nobody reads: the bodies of whole objects, and what is beyond the limit.
func (m Move) light() Move {
	m.Differences = slices.Clone(m.Differences[:min(len(m.Differences), perMove)])
	for i, d := range m.Differences {
		if len(d.Path) == 0 {
			m.Differences[i].Was, m.Differences[i].Is = nil, nil
		}
	}
	return m
}

// limited sorts moves and keeps the first differences of all.
func limited(moves []Move) []Move {
	slices.SortStableFunc(moves, func(a, b Move) int {
		return cmp.Or(a.Database.compare(b.Database), cmp.Compare(a.Env, b.Env))
	})
	left := perCycle
	for i := range moves {
		keep := min(left, len(moves[i].Differences))
		moves[i].Differences = moves[i].Differences[:keep:keep]
		left -= keep
	}
	return moves
}

// olds loads what databases last were good as, once for all that were loaded together.
type olds struct {
	mu     sync.Mutex
	loaded map[*inputs]func() []*spec.Document
}

func (o *olds) of(e *entry) *spec.Document {
	if e.in == nil {
		return nil
	}
	o.mu.Lock()
	load := o.loaded[e.in]
	if load == nil {
		in := e.in
		load = sync.OnceValue(func() []*spec.Document {
			_, docs, _ := source.Load(in.sources)
			return docs
		})
		if o.loaded == nil {
			o.loaded = make(map[*inputs]func() []*spec.Document)
		}
		o.loaded[e.in] = load
	}
	o.mu.Unlock()
	return pick(load(), e.rendered)
}

// apply takes in what became of a job.
func (c *cycle) apply(j *job) {
	k := &c.w.known
	k.mu.Lock()
	defer k.mu.Unlock()
	e := j.entry
	c.counts.written += j.counts.written
	c.counts.removed += j.counts.removed
	c.counts.unchanged += j.counts.unchanged
	e.problems = j.problems
	if e.Good = j.good(); !e.Good {
		e.failure = j.failure
		e.outputs = union(e.outputs, j.outputs)
		return
	}
	for _, dir := range e.outputs {
		if !slices.Contains(j.outputs, dir) {
			k.leaving[dir] = true
		}
	}
	for _, dir := range j.outputs {
		delete(k.leaving, dir)
	}
	e.failure, e.print, e.in, e.rendered, e.outputs = nil, j.print, j.in, e.Database, j.outputs
	c.moved = append(c.moved, j.moves...)
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
