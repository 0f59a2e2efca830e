package spec

import "github.com/onggi-db/onggi/render/manifest"

// extrasIn are the manifests beside the document that belong to an environment in the namespace: all but those in the
// namespace of another of its environments. A SealedSecret is bound to the namespace it was sealed for.
func (d *Document) extrasIn(namespace string) []manifest.Object {
	elsewhere := map[string]bool{d.Namespace: true}
	if d.Project != nil {
		for _, e := range d.Project.Environments {
			if _, has := d.patch(e.Name); has && e.Namespace != "" {
				elsewhere[e.Namespace] = true
			}
		}
	}
	delete(elsewhere, namespace)
	var out []manifest.Object
	for _, o := range d.Extras {
		if !elsewhere[o.Ref().Namespace] {
			out = append(out, o)
		}
	}
	return out
}
