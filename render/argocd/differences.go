package argocd

import (
	"github.com/onggi-db/onggi/render/manifest"
)

// written is one field that someone writes at run time.
type written struct {
	path []string
	jq   string
}

// runtimeFields are what people's tools and operators write into an object after it was delivered, by kind.
//
// The hibernation annotation is not among them: the spec has a field for it, and Git must be able to wake a cluster up.
func runtimeFields(group, kind string) []written {
	switch group + "/" + kind {
	case "postgresql.cnpg.io/Cluster":
		return []written{
			// kubectl cnpg fencing
			{[]string{"metadata", "annotations", "cnpg.io/fencedInstances"}, `.metadata.annotations["cnpg.io/fencedInstances"]`},
			// kubectl cnpg reload, and Argo CD's own action
			{[]string{"metadata", "annotations", "cnpg.io/reloadedAt"}, `.metadata.annotations["cnpg.io/reloadedAt"]`},
			// kubectl cnpg restart, and Argo CD's own action
			{[]string{"metadata", "annotations", "kubectl.kubernetes.io/restartedAt"}, `.metadata.annotations["kubectl.kubernetes.io/restartedAt"]`},
			// kubectl cnpg maintenance
			{[]string{"spec", "nodeMaintenanceWindow"}, ".spec.nodeMaintenanceWindow"},
		}
	}
	return nil
}

// ignoreDifferences lists the run-time fields of the kinds among objs. A field that any of the objects sets is compared:
// what Git says about it counts.
func ignoreDifferences(objs []manifest.Object) []any {
	var out []any
	for _, k := range kindsOf(objs) {
		var expressions []any
		for _, f := range runtimeFields(k.group, k.kind) {
			if !anySets(objs, k, f.path) {
				expressions = append(expressions, f.jq)
			}
		}
		if len(expressions) > 0 {
			out = append(out, manifest.Map{"group": k.group, "kind": k.kind, "jqPathExpressions": expressions})
		}
	}
	return out
}

func anySets(objs []manifest.Object, k groupKind, path []string) bool {
	for _, o := range objs {
		if kindOf(o) == k && has(o.Body(), path) {
			return true
		}
	}
	return false
}

func has(m manifest.Map, path []string) bool {
	v, ok := m[path[0]]
	if !ok || len(path) == 1 {
		return ok
	}
	child, ok := v.(manifest.Map)
	return ok && has(child, path[1:])
}
