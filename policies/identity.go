package policies

import (
	"fmt"

	"github.com/onggi-db/onggi/render/manifest"
)

func plainSecrets(w *world) []Finding {
	var out []Finding
	for _, e := range w.kinds["Secret."] {
		for _, field := range []string{"data", "stringData"} {
			if m := mapping(e.Body(), field); len(m) > 0 {
				out = append(out, e.finding(at(field), fmt.Sprintf("%s can be read by whoever reads the manifests", list(keys(m)))))
			}
		}
	}
	return out
}

func duplicates(w *world) []Finding {
	var out []Finding
	first := map[manifest.Ref]*entry{}
	for _, e := range w.entries {
		old, ok := first[e.ref]
		if !ok {
			first[e.ref] = e
			continue
		}
		message := "is here twice"
		if old.Origin != "" {
			message += ", first at " + old.Origin
		}
		out = append(out, e.finding(at("metadata", "name"), message))
	}
	return out
}
