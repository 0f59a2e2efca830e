// Package project renders a document with what its project asks for besides: Kustomize Components and the annotations that Argo
// CD needs.
package project

import (
	"errors"
	"fmt"
	"slices"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// Finish applies what the project asks for besides: its Kustomize Components, and Argo CD's annotations. The idle ones are
// the Components that found nothing to patch here.
func Finish(doc *spec.Document, objs []manifest.Object) (done []manifest.Object, idle []string, err error) {
	if doc.Project == nil {
		return objs, nil, nil
	}
	if components := doc.Project.Components; len(components) > 0 {
		objs, err = overlays.Apply(objs, components...)
		var none *overlays.IdleError
		if errors.As(err, &none) {
			idle = none.Components
		} else if err != nil {
			return nil, nil, spec.Problems{doc.Project.Problem("ONG3020", "components", err.Error(), "", "onggi components lists those that are shipped")}
		}
	}
	if doc.Project.ArgoCD != nil {
		objs = argocd.Annotate(objs)
	}
	manifest.Sort(objs)
	return objs, idle, nil
}

// Transformer is [Finish] for packages that render a document several times over.
func Transformer(doc *spec.Document) func([]manifest.Object) ([]manifest.Object, error) {
	return func(objs []manifest.Object) ([]manifest.Object, error) {
		objs, _, err := Finish(doc, objs)
		return objs, err
	}
}

// Compile renders a document in one environment, with what the project asks for. That a Component finds nothing to patch is no
// problem of one database: a [Judge] sees the others.
func Compile(doc *spec.Document, env string) (render.Bundle, *spec.Cluster, error) {
	bundle, cluster, _, err := compile(doc, env)
	return bundle, cluster, err
}

func compile(doc *spec.Document, env string) (render.Bundle, *spec.Cluster, []string, error) {
	cluster, problems := doc.Resolve(env)
	if len(problems) > 0 {
		return render.Bundle{}, nil, nil, problems
	}
	bundle, problems := render.Compile(cluster)
	if len(problems) > 0 {
		return render.Bundle{}, nil, nil, problems.Sort()
	}
	objs, idle, err := Finish(doc, bundle.Objects)
	bundle.Objects = objs
	return bundle, cluster, idle, err
}

// Work is what is done with a document in one environment.
type Work func(env string, bundle render.Bundle, cluster *spec.Cluster) error

// Each compiles a document in environments and hands each to work. It tells the problems of all of them, and stops at what is
// none. The idle ones are the Components that patch nothing in any of these.
func Each(doc *spec.Document, envs []string, work Work) (idle []string, err error) {
	if doc.Project != nil {
		idle = doc.Project.Components
	}
	var problems spec.Problems
	for _, env := range envs {
		bundle, cluster, here, err := compile(doc, env)
		if err == nil {
			idle = both(idle, here)
			err = work(env, bundle, cluster)
		}
		if err := cli.Gather(&problems, err); err != nil {
			return nil, err
		}
	}
	return idle, problems.Err()
}

// Idle are those of the Components that patch nothing of a document in any of its environments. In the envs they are known to.
func Idle(doc *spec.Document, components, envs []string) []string {
	for _, env := range append([]string{""}, doc.Environments()...) {
		if len(components) == 0 {
			return nil
		}
		if slices.Contains(envs, env) {
			continue
		}
		_, _, here, err := compile(doc, env)
		if err != nil {
			return nil // nobody knows what is in that environment; it is reported when it is rendered
		}
		components = both(components, here)
	}
	return components
}

// both are the names that are in two lists, in the order of the first.
func both(a, b []string) []string {
	var out []string
	for _, name := range a {
		if slices.Contains(b, name) {
			out = append(out, name)
		}
	}
	return out
}

// Taken is the problem of a database whose folder another one has.
func Taken(doc *spec.Document, other string) spec.Problem {
	return doc.Problem("ONG3013", "metadata.name", fmt.Sprintf("the folder %s is taken by %s", doc.Name, other),
		"each database has a folder of its name", "rename one of them, or render them into two folders")
}
