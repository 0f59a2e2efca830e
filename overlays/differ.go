package overlays

import (
	"reflect"

	"github.com/onggi-db/onggi/render/manifest"
)

// differences lists where what Kustomize built is not what was wanted, in the order of the objects. Numbers count as equal
// only when they are exactly so.
func differences(want, built []manifest.Object) []manifest.Difference {
	settled := make([]manifest.Object, len(want))
	for i, o := range want {
		settled[i] = settle(o)
	}
	if found := manifest.Diff(settled, built); len(found) > 0 {
		return found
	}
	// Diff compares numbers as floats, in which large integers run together.
	byRef := make(map[manifest.Ref]manifest.Map, len(built))
	for _, o := range built {
		byRef[o.Ref()] = o.Body
	}
	var found []manifest.Difference
	for _, o := range settled {
		if is := byRef[o.Ref()]; !reflect.DeepEqual(o.Body, is) {
			found = append(found, manifest.Difference{Ref: o.Ref(), Was: o.Body, Is: is})
		}
	}
	return found
}

// settle returns the object in canonical types and without empty annotations: Kustomize drops them from whatever it reads,
// and an API server does not keep them either.
func settle(o manifest.Object) manifest.Object {
	o = o.Clone()
	meta, _ := o.Body["metadata"].(manifest.Map)
	if annotations, isMap := meta["annotations"].(manifest.Map); isMap && len(annotations) == 0 {
		delete(meta, "annotations")
	}
	return o
}
