package watch

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// loaded is a unit, loaded.
type loaded struct {
	unit
	problems spec.Problems // of loading; those of a document are in its candidate
	// bad are the files that count as they last were. Their documents are not rendered.
	bad map[string]bool
	// held says that one of them never was good, so that nobody knows what the others are beside it.
	held bool
	docs []*candidate
}

// candidate is a document that was loaded.
type candidate struct {
	doc   *spec.Document
	in    *inputs
	print digest
	// same says that nothing it is made of has changed since it was rendered.
	same     bool
	problems spec.Problems
	failure  error
	bundles  map[string][]manifest.Object // by environment; nil when it is the same
	idle     []string                     // the Components that patch nothing of it; nil when it is the same
}

func (c *candidate) good() bool { return len(c.problems) == 0 && c.failure == nil }

// file is the name of the document's file, as the system has it.
func (c *candidate) file() string { return filepath.FromSlash(c.doc.File) }

// loader loads units. It only reads what the watch knows, so that many may be loaded at once.
type loader struct {
	disk     *disk
	standing map[string][]byte             // see known
	rendered func(Database) (digest, bool) // the fingerprint of a database that is good
	envs     func(*spec.Document) []string
}

// load loads a unit and renders what changed in it. A bad file counts as it last was good, so that what its neighbours are
// given does not change with it: a manifest would move from the cluster with a typing error to the next one.
func (l *loader) load(u unit) *loaded {
	members := l.disk.members(u)
	out := &loaded{unit: u, bad: make(map[string]bool)}
	sources := sourcesOf(members)
	set, docs, problems := source.Load(sources)
	problems = l.meant(u, set, problems)
	out.problems = problems
	for standIns := map[string]bool{}; ; {
		again := out.blame(members, problems)
		if !again {
			again = out.compile(l, docs, &inputs{sources}, standIns)
		}
		if !again {
			return out
		}
		for name := range out.bad {
			standIns[name] = true
		}
		if sources, out.held = l.standIns(members, standIns); out.held {
			out.name(docs)
			return out
		}
		_, docs, problems = source.Load(sources)
	}
}

func sourcesOf(members []*file) []spec.Source {
	sources := make([]spec.Source, len(members))
	for i, f := range members {
		sources[i] = f.source()
	}
	return sources
}

// meant drops the problem of there being no document at all when there never was one: render reads such files too and does
// not mind them. A file that held databases was emptied by mistake.
func (l *loader) meant(u unit, set *spec.Set, problems spec.Problems) spec.Problems {
	if len(set.Clusters)+len(set.Extras)+len(set.Projects) > 0 || len(problems) != 1 || problems[0].Line != 0 {
		return problems
	}
	for _, name := range u.files {
		if len(l.standing[name]) > 0 {
			return problems
		}
	}
	return nil
}

// blame notes which files do not load, and reports whether a project or a manifest is newly among them: then nothing that was
// loaded beside it is what it should be.
func (out *loaded) blame(members []*file, problems spec.Problems) (again bool) {
	for _, f := range members {
		name := filepath.ToSlash(f.name)
		if out.bad[f.name] || !slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.File == name }) {
			continue
		}
		out.bad[f.name] = true
		again = again || f.project || !f.clusters
	}
	return again
}

// compile renders the documents of one load. It reports whether there are bad ones among them that share something with the
// others, which are then to be loaded again without.
func (out *loaded) compile(l *loader, docs []*spec.Document, in *inputs, standIns map[string]bool) (again bool) {
	out.docs = slices.DeleteFunc(out.docs, func(c *candidate) bool { return !standIns[c.file()] })
	for _, doc := range docs {
		c := &candidate{doc: doc, in: in}
		if standIns[c.file()] || !slices.Contains(out.files, c.file()) {
			continue
		}
		c.print = fingerprint(doc, in.sources)
		if print, good := l.rendered(databaseOf(doc)); good && print == c.print {
			c.same = true
		} else {
			c.compile(l.envs(doc))
		}
		out.docs = append(out.docs, c)
		if !c.good() && len(out.shared) > 0 {
			out.bad[c.file()] = true
		}
	}
	return len(out.shared) > 0 && len(out.bad) > len(standIns)
}

// name notes which databases there are, if they could not even be tried.
func (out *loaded) name(docs []*spec.Document) {
	if len(out.docs) > 0 {
		return
	}
	for _, doc := range docs {
		if c := (&candidate{doc: doc}); slices.Contains(out.files, c.file()) {
			out.docs = append(out.docs, c)
		}
	}
}

// standIns are the sources with every bad file as it last was good; held when one of them never was.
func (l *loader) standIns(members []*file, bad map[string]bool) (sources []spec.Source, held bool) {
	for _, f := range members {
		src := f.source()
		if bad[f.name] {
			was, known := l.standing[f.name]
			if !known {
				return nil, true
			}
			src.Data = was
		}
		sources = append(sources, src)
	}
	return sources, false
}

// compile renders the document in every environment that is asked for.
func (c *candidate) compile(envs []string) {
	c.bundles = make(map[string][]manifest.Object, len(envs))
	idle, err := project.Each(c.doc, envs, func(env string, bundle render.Bundle, _ *spec.Cluster) error {
		c.bundles[env] = bundle.Objects
		return nil
	})
	c.note(err)
	c.problems = c.problems.Sort()
	if c.good() {
		c.idle = project.Idle(c.doc, idle, envs)
	}
}

// note keeps what is wrong: problems of the spec, or else why it could not be done.
func (c *candidate) note(err error) {
	var found spec.Problems
	if errors.As(err, &found) {
		c.problems = append(c.problems, found...)
	} else if err != nil {
		c.failure = cmp.Or(c.failure, err)
	}
}
