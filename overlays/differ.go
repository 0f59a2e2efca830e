package overlays

import "github.com/onggi-db/onggi/render/manifest"

// differences lists where what Kustomize built is not what was wanted.
func differences(want, built []manifest.Object) []manifest.Difference {
	settled := make([]manifest.Object, len(want))
	for i, o := range want {
		settled[i] = settle(o)
	}
	return manifest.Diff(settled, built)
}

// settle returns the object without empty annotations: Kustomize drops them from whatever it reads, and an API server does
// not keep them either.
func settle(o manifest.Object) manifest.Object {
	meta, _ := o.Body()["metadata"].(manifest.Map)
	if annotations, isMap := meta["annotations"].(manifest.Map); !isMap || len(annotations) > 0 {
		return o
	}
	o = o.Clone()
	delete(o.Body()["metadata"].(manifest.Map), "annotations")
	return o
}
