package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/backend"
	"github.com/onggi-db/onggi/render/backend/cloudnativepg"
	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/externalsecrets"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// Bundle is one database in one environment, rendered.
type Bundle struct {
	Plan *plan.Plan
	// Objects in the order they are applied in.
	Objects []manifest.Object
}

// Compile renders a cluster. The bundle is usable only when there are no problems.
func Compile(c *spec.Cluster) (Bundle, spec.Problems) {
	bundle, problems := compile(c)
	if c.Env != "" {
		for i := range problems { // the line may be one of the base, which is right by itself
			problems[i].Why = strings.TrimPrefix(problems[i].Why+"; in environment "+c.Env, "; ")
		}
	}
	return bundle, problems
}

func compile(c *spec.Cluster) (Bundle, spec.Problems) {
	p, problems := plan.Resolve(c)
	problems = append(problems, backend.Check(c, p.Operator)...)
	if !backend.Name(p.Backend).Builds() {
		return Bundle{Plan: p}, problems
	}
	var build func(*plan.Plan) []manifest.Object
	switch backend.Name(p.Backend) {
	case backend.CloudNativePG:
		problems = append(problems, cloudnativepg.Check(c, p)...)
		build = cloudnativepg.Build
	case backend.Native:
		problems = append(problems, native.Check(c, p)...)
		build = native.Build
	}
	if len(problems) > 0 {
		return Bundle{Plan: p}, problems
	}
	objs := slices.Concat(build(p), externalsecrets.Build(p), extras(c))
	refs := manifest.Sort(objs)
	problems = append(problems, override(c, objs, refs)...)
	problems = append(problems, duplicates(c, objs, refs)...)
	return Bundle{Plan: p, Objects: objs}, problems
}

// extras are copies: the same ones may belong to other clusters, too.
func extras(c *spec.Cluster) []manifest.Object {
	var objs []manifest.Object
	for _, o := range c.Extras {
		objs = append(objs, o.Clone())
	}
	return objs
}

// override applies the spec's own merge patches, last of all.
func override(c *spec.Cluster, objs []manifest.Object, refs []manifest.Ref) spec.Problems {
	var problems spec.Problems
	for i, o := range c.Spec.Overrides {
		path := fmt.Sprintf("spec.overrides[%d]", i)
		hit := false
		for j, ref := range refs {
			if ref.Kind != o.Kind || ref.Name != o.Name {
				continue
			}
			hit = true
			objs[j].Patch(o.Patch)
			if now := objs[j].Ref(); now != ref {
				problems = append(problems, c.Problem("ONG3010", path+".patch", "an override must not change what object it patches",
					fmt.Sprintf("%s would become %s", ref, now), "leave apiVersion, kind, metadata.name and metadata.namespace out of the patch"))
			}
		}
		if !hit {
			problems = append(problems, c.Problem("ONG3011", path, fmt.Sprintf("no object is called %s %s", o.Kind, o.Name),
				"an override that hits nothing would be forgotten silently", "name one of "+names(refs)))
		}
	}
	return problems
}

func names(refs []manifest.Ref) string {
	list := make([]string, len(refs))
	for i, r := range refs {
		list[i] = r.Kind + " " + r.Name
	}
	return strings.Join(list, ", ")
}

// duplicates finds two objects with one identity: the API server would keep only the later one. The objects are sorted.
func duplicates(c *spec.Cluster, objs []manifest.Object, refs []manifest.Ref) spec.Problems {
	var problems spec.Problems
	var last manifest.Ref
	for i, r := range refs {
		if i > 0 && r.Kind == last.Kind && r.Group() == last.Group() && r.Namespace == last.Namespace && r.Name == last.Name {
			problems = append(problems, c.Problem("ONG3012", "metadata.name", fmt.Sprintf("%s is made twice", r), origins(objs[i-1], objs[i]), "rename one of the two"))
		}
		last = r
	}
	return problems
}

// origins says where two objects come from.
func origins(a, b manifest.Object) string {
	switch {
	case a.Origin != "" && b.Origin != "":
		return a.Origin + " and " + b.Origin
	case a.Origin != "" || b.Origin != "":
		return "by this spec and at " + a.Origin + b.Origin
	}
	return "two parts of this spec make it"
}
