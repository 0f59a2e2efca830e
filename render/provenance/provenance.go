// Package provenance finds out where the fields of rendered objects come from by asking the renderer: change one field of
// the spec, render again, and see what moved. The answer is exact, and it cannot go stale.
package provenance

import (
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// Finish is what happens to objects after they are rendered, for instance Kustomize Components.
type Finish func([]manifest.Object) ([]manifest.Object, error)

// With returns the cluster with one leaf of its spec set to another value of the same type.
func With(c *spec.Cluster, leaf Leaf, value any) *spec.Cluster {
	changed := *c
	changed.Spec = leaf.with(c.Spec, value)
	return &changed
}

// Moved renders the cluster with one leaf of its spec set to another value and returns what differs from before. ok is
// false when the changed spec does not compile: then nothing can be said.
func Moved(c *spec.Cluster, leaf Leaf, value any, finish Finish, before []manifest.Object) (moved []manifest.Difference, ok bool) {
	bundle, problems := render.Compile(With(c, leaf, value))
	if len(problems) > 0 {
		return nil, false
	}
	after, err := finish(bundle.Objects)
	if err != nil {
		return nil, false
	}
	return manifest.Diff(before, after), true
}
