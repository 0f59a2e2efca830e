package watch

import (
	"path/filepath"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/render/spec"
)

// belongs notes which project a database has, and which of its Components patch nothing of it.
func (e *entry) belongs(c *candidate) {
	e.project, e.idle = "", c.idle
	if c.doc.Project != nil {
		e.project = filepath.FromSlash(c.doc.Project.File)
	}
}

// problems are all that is wrong now.
func (w *Watcher) problems() spec.Problems {
	all := w.known.allProblems()
	if len(w.disk.troubles) > 0 {
		return all // what cannot be read may be what a Component is for
	}
	return append(all, w.idle(all)...).Sort()
}

// idle are the Components that patch nothing of any database of their project, where render would tell. It is a problem of the
// project and holds no database up: without the Component each is rendered to the same.
func (w *Watcher) idle(others spec.Problems) spec.Problems {
	verdicts := make(map[string]*project.Verdict)
	for _, e := range w.known.entries {
		if f := w.disk.folders[filepath.Dir(e.project)]; e.project == "" || f == nil || !f.walked {
			continue
		}
		if verdicts[e.project] == nil {
			verdicts[e.project] = &project.Verdict{}
		}
		verdicts[e.project].Saw(e.File, e.Name, e.idle)
	}
	var problems spec.Problems
	for name, verdict := range verdicts {
		f := w.disk.file(name)
		if len(verdict.Idle) == 0 || f == nil {
			continue
		}
		set, _ := spec.Load([]spec.Source{f.source()})
		for _, p := range set.Projects {
			problems = append(problems, verdict.Problems(p, others)...)
		}
	}
	return problems
}
