// Package project renders a document with what its project asks for besides: Kustomize Components and the annotations that Argo
// CD needs.
package project

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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

// Compile renders a document in one environment, with what the project asks for. A Component that finds nothing to patch in
// any environment is a problem: it was meant to do something.
func Compile(doc *spec.Document, env string) (render.Bundle, *spec.Cluster, error) {
	bundle, cluster, idle, err := CompileOnly(doc, env)
	if err != nil || len(idle) == 0 {
		return bundle, cluster, err
	}
	for _, other := range append([]string{""}, doc.Environments()...) {
		_, _, too, err := CompileOnly(doc, other)
		if err != nil {
			return bundle, cluster, nil // it is reported when that environment is rendered
		}
		idle = slices.DeleteFunc(slices.Clone(idle), func(name string) bool { return !slices.Contains(too, name) })
	}
	if len(idle) == 0 {
		return bundle, cluster, nil
	}
	return bundle, cluster, spec.Problems{doc.Project.Problem("ONG3020", "components",
		fmt.Sprintf("%s: nothing of %s is patched by %s", doc.File, doc.Name, strings.Join(idle, ", ")),
		"a Component that changes nothing was meant to change something", "take it out, or see in onggi components what it is for")}
}

// CompileOnly is [Compile] that returns the idle Components in place of a problem.
func CompileOnly(doc *spec.Document, env string) (render.Bundle, *spec.Cluster, []string, error) {
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

// Taken is the problem of a database whose folder another one has.
func Taken(doc *spec.Document, other string) spec.Problem {
	return doc.Problem("ONG3013", "metadata.name", fmt.Sprintf("the folder %s is taken by %s", doc.Name, other),
		"each database has a folder of its name", "rename one of them, or render them into two folders")
}
