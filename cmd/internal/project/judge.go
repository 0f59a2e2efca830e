package project

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/onggi-db/onggi/render/spec"
)

// Judge finds the Components of projects that patch nothing: in no environment of any of the project's databases. A Component
// is for the databases that have what it patches, so only a run that reads all of them can tell.
//
// It is shown a run's documents one by one, from any goroutine, and keeps one [Verdict] per project. The zero value judges
// nothing.
type Judge struct {
	// Whole says whether the run reads every database of a project; without it none is judged.
	Whole func(*spec.ProjectFile) bool

	mu    sync.Mutex
	cases map[string]*pending // by the project's file
}

// pending is a project of which not all databases have been seen.
type pending struct {
	Verdict
	project *spec.ProjectFile // nil once no Component is idle: a fleet may have as many projects as databases
}

// Each is the function [Each] that judges the Components besides. A document is shown once.
func (j *Judge) Each(doc *spec.Document, envs []string, work Work) error {
	idle, err := Each(doc, envs, work)
	if err != nil || doc.Project == nil || len(doc.Project.Components) == 0 || j.Whole == nil || !j.Whole(doc.Project) {
		return err
	}
	j.saw(doc, Idle(doc, j.left(doc.Project, idle), envs))
	return nil
}

// left are the Components that no other database has had a use for yet: of the others nobody has to look into further
// environments.
func (j *Judge) left(p *spec.ProjectFile, idle []string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if known := j.cases[p.File]; known != nil {
		return both(idle, known.Idle)
	}
	return idle
}

func (j *Judge) saw(doc *spec.Document, idle []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	known := j.cases[doc.Project.File]
	if known == nil {
		known = &pending{project: doc.Project}
		if j.cases == nil {
			j.cases = make(map[string]*pending)
		}
		j.cases[doc.Project.File] = known
	}
	known.Saw(doc.File, doc.Name, idle)
	if len(known.Idle) == 0 {
		known.project = nil
	}
}

// Add adds what is idle to the problems of a run that is over.
func (j *Judge) Add(problems spec.Problems) spec.Problems {
	j.mu.Lock()
	defer j.mu.Unlock()
	others := problems
	for _, known := range j.cases {
		if known.project != nil {
			problems = append(problems, known.Problems(known.project, others)...)
		}
	}
	return problems
}

// Verdict is what is known of the Components of one project.
type Verdict struct {
	// Idle are those that have patched nothing so far.
	Idle []string

	databases int
	only      string // what the problem is of, while there is one database
}

// Saw takes in which Components patch nothing of one more database, in none of its environments.
func (v *Verdict) Saw(file, name string, idle []string) {
	v.databases++
	switch {
	case v.databases > 1:
		v.Idle, v.only = both(v.Idle, idle), ""
	case len(idle) > 0:
		v.Idle, v.only = idle, fmt.Sprintf("%s: nothing of %s", file, name)
	}
}

// Problems is what to tell the user of the project. It is nothing while there is any other problem below the project's folder:
// what cannot be rendered may be what the Component is for.
func (v *Verdict) Problems(p *spec.ProjectFile, others spec.Problems) spec.Problems {
	if len(v.Idle) == 0 || slices.ContainsFunc(others, func(o spec.Problem) bool { return within(o.File, p.Dir) }) {
		return nil
	}
	of := v.only
	if of == "" {
		of = fmt.Sprintf("nothing of the project's %d databases", v.databases)
	}
	return spec.Problems{p.Problem("ONG3020", "components", fmt.Sprintf("%s is patched by %s", of, strings.Join(v.Idle, ", ")),
		"a Component that changes nothing was meant to change something", "take it out, or see in onggi components what it is for")}
}

// within reports whether a file is in a folder or below it, by their names.
func within(file, dir string) bool {
	rel, err := filepath.Rel(filepath.FromSlash(dir), filepath.FromSlash(file))
	return err == nil && filepath.IsLocal(rel)
}
