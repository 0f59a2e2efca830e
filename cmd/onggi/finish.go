package main

import (
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// finish applies what the project asks for besides: its Kustomize Components, and Argo CD's annotations.
func finish(doc *spec.Document, objs []manifest.Object) ([]manifest.Object, error) {
	if doc.Project == nil {
		return objs, nil
	}
	if components := doc.Project.Components; len(components) > 0 {
		var err error
		if objs, err = overlays.Apply(objs, components...); err != nil {
			return nil, spec.Problems{doc.Project.Problem("ONG3020", "components", err.Error(), "", "name components that fit, see onggi components")}
		}
	}
	if doc.Project.ArgoCD != nil {
		objs = argocd.Annotate(objs)
	}
	manifest.Sort(objs)
	return objs, nil
}

// compile renders a document in one environment, with what the project asks for.
func compile(doc *spec.Document, env string) (render.Bundle, *spec.Cluster, error) {
	cluster, problems := doc.Resolve(env)
	if len(problems) > 0 {
		return render.Bundle{}, nil, problems
	}
	bundle, problems := render.Compile(cluster)
	if len(problems) > 0 {
		return render.Bundle{}, nil, problems.Sort()
	}
	objs, err := finish(doc, bundle.Objects)
	bundle.Objects = objs
	return bundle, cluster, err
}
