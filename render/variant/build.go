package variant

import (
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// Options of [Build].
type Options struct {
	// Transform is applied to the objects of every variant, for instance Kustomize Components; nil leaves them alone.
	Transform func([]manifest.Object) ([]manifest.Object, error)
	// Only are the environments to render; empty means all that the document has.
	Only []string
	// Knobs asks for the spec fields that outputs copy. Finding them renders the database a few hundred times.
	Knobs bool
}

// Build renders a database without any environment and in each one.
func Build(doc *spec.Document, o Options) (Set, error) {
	var set Set
	var problems spec.Problems
	var traced []tracing
	envs := doc.Environments()
	if len(o.Only) > 0 {
		envs = slices.Sorted(slices.Values(o.Only))
	}
	for _, env := range append([]string{""}, envs...) {
		cluster, found := doc.Resolve(env)
		problems = append(problems, found...)
		if len(found) > 0 {
			continue
		}
		bundle, found := render.Compile(cluster)
		problems = append(problems, found...)
		if len(found) > 0 {
			continue
		}
		objs, err := transform(o, bundle.Objects)
		if err != nil {
			return Set{}, err
		}
		explicit := *cluster
		explicit.Spec.Image = bundle.Plan.Image // the pinned image is a knob too
		traced = append(traced, tracing{env, &explicit, objs, func(objs []manifest.Object) ([]manifest.Object, error) { return transform(o, objs) }})
		if env == "" {
			p := bundle.Plan
			set.Name, set.Namespace, set.Base = p.Name, p.Namespace, objs
			set.Engine, set.Version, set.Backend = p.Engine, p.Version.String(), p.Backend
			continue
		}
		set.Envs = append(set.Envs, Env{Name: env, Namespace: cluster.Namespace, Objects: objs})
	}
	if len(problems) > 0 {
		return Set{}, problems.Sort()
	}
	set.Requires = requires(set)
	if o.Knobs {
		set.Knobs = knobs(traced)
	}
	return set, nil
}

func transform(o Options, objs []manifest.Object) ([]manifest.Object, error) {
	if o.Transform == nil {
		return objs, nil
	}
	return o.Transform(objs)
}

// requires lists the CRDs behind the objects. Every kind in use has its plural by adding an s.
func requires(set Set) []string {
	found := make(map[string]bool)
	add := func(objs []manifest.Object) {
		for _, o := range objs {
			ref := o.Ref()
			if group := ref.Group(); strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") {
				found[strings.ToLower(ref.Kind)+"s."+group] = true
			}
		}
	}
	add(set.Base)
	for _, e := range set.Envs {
		add(e.Objects)
	}
	return slices.Sorted(maps.Keys(found))
}
