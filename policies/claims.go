package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// sharedClaims finds StatefulSets of several pods that all mount one claim which only one node, or one pod, can have. Only claims that are in the
// input are known.
func sharedClaims(w *world) []Finding {
	var out []Finding
	for _, set := range w.kinds["StatefulSet.apps"] {
		if n, _ := manifest.Get(set.Body(), "spec", "replicas"); n == nil || n == int64(0) || n == int64(1) {
			continue // nil is one
		}
		for i, v := range items(set.Body(), "spec", "template", "spec", "volumes") {
			name := text(v, "persistentVolumeClaim", "claimName")
			claim := w.find("PersistentVolumeClaim.", set.ref.Namespace, name)
			if name == "" || claim == nil {
				continue
			}
			var modes []string
			for _, m := range items(claim.Body(), "spec", "accessModes") {
				if mode, ok := m.(string); ok {
					modes = append(modes, mode)
				}
			}
			if !slices.Contains(modes, "ReadWriteMany") {
				out = append(out, set.finding(at("spec", "template", "spec", "volumes", i, "persistentVolumeClaim"),
					fmt.Sprintf("all pods mount %s, which is %s", name, strings.Join(modes, " and "))))
			}
		}
	}
	return out
}
