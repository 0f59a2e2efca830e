package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// applicationsDir is where the Applications are written, beside the databases.
const applicationsDir = "argocd"

// variants renders a document in the environments that were asked for.
func (o renderOptions) variants(doc *spec.Document, knobs bool) (variant.Set, error) {
	return variant.Build(doc, variant.Options{Transform: project.Transformer(doc), Knobs: knobs, Only: o.envs})
}

// compileApplications makes what Argo CD reads, for all databases together and before anything is written: whether two of
// them collide can only be told from all.
func compileApplications(ctx context.Context, in *source.Input, o renderOptions) (output, error) {
	var mu sync.Mutex
	var project *spec.ProjectFile
	input := argocd.Input{Env: o.env(), Files: make(map[string]string)}
	err := in.Batches(ctx, func(docs []*spec.Document) error {
		for _, err := range source.InParallel(ctx, len(docs), func(i int) error {
			doc := docs[i]
			if doc.Project == nil || doc.Project.ArgoCD == nil {
				return cli.Exit(cli.Invalid, "%s: --format argocd needs an argocd: section in %s, with the repository that Argo CD reads", doc.File, source.ProjectFile)
			}
			set, err := o.variants(doc, false)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if project == nil {
				project = doc.Project
			}
			if project.File != doc.Project.File {
				return cli.Exit(cli.Invalid, "%s and %s are two projects: their Applications are written by two runs, into two folders",
					min(project.File, doc.Project.File), max(project.File, doc.Project.File))
			}
			input.Project, input.Source = doc.Project.Project, doc.Project.ArgoCD.Source
			input.Databases = append(input.Databases, set)
			if below, err := filepath.Rel(doc.Project.Dir, doc.File); err == nil {
				input.Files[doc.Name] = filepath.ToSlash(below)
			}
			return nil
		}) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return output{}, err
	}
	slices.SortFunc(input.Databases, func(a, b variant.Set) int { return strings.Compare(a.Name, b.Name) })
	files, err := argocd.Emit(input)
	if err != nil {
		return output{}, cli.Fail(cli.Invalid, err)
	}
	return folderOf(applicationsDir, files)
}

// sameFolder finds databases that would be written to one folder, for being called alike in two namespaces. It notes the file
// of each database in folders: of a fleet only names may be kept, and a name that is a piece of its file would keep the file.
func sameFolder(folders map[string]string, docs []*spec.Document) spec.Problems {
	var problems spec.Problems
	for _, doc := range docs {
		first, taken := folders[doc.Name]
		if !taken && doc.Name != applicationsDir {
			folders[strings.Clone(doc.Name)] = doc.File
			continue
		}
		other := "the Applications of Argo CD"
		if taken {
			other = first
		}
		problems = append(problems, project.Taken(doc, other))
	}
	return problems
}
