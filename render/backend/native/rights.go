package native

import (
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
)

// Right is what the Role lets the agents do: verbs on one resource, where Named only on the cluster's own Lease or StatefulSet.
type Right struct {
	Group, Resource string
	Verbs           []string
	Named           bool
}

// Rights are those of sidecars/kube without the optional one on nodes, which takes a ClusterRole; a test compares them. Create
// cannot be bound to a name, since there is none yet when it is asked, and an eviction not without one line for each pod.
func Rights() []Right {
	const coordination = "coordination.k8s.io"
	return []Right{
		{Group: coordination, Resource: "leases", Verbs: []string{"get", "list", "watch", "update"}, Named: true},
		{Group: coordination, Resource: "leases", Verbs: []string{"create"}},
		{Resource: "pods", Verbs: []string{"get", "list", "watch", "patch"}},
		{Resource: "pods/eviction", Verbs: []string{"create"}},
		{Group: "apps", Resource: "statefulsets", Verbs: []string{"list", "watch"}, Named: true},
		{Resource: "events", Verbs: []string{"create"}},
	}
}

const rbac = "rbac.authorization.k8s.io"

// rights are the identity of the pods and what it may do in its namespace.
func (b builder) rights() []manifest.Object {
	account := b.object(manifest.PartCluster, "v1", "ServiceAccount", b.Name, manifest.Of("automountServiceAccountToken", false))
	fields.Put(account.Fields().Below("metadata"), "annotations", fields.TextMap(b.ServiceAccount))
	var rules []any
	for _, r := range Rights() {
		rule := manifest.Of("apiGroups", []any{r.Group}, "resources", []any{r.Resource}, "verbs", fields.Texts(r.Verbs))
		if r.Named {
			rule.Set("resourceNames", []any{b.owned(r.Resource)})
		}
		rules = append(rules, rule)
	}
	return []manifest.Object{
		account,
		b.object(manifest.PartCluster, rbac+"/v1", "Role", b.Name, manifest.Of("rules", rules)),
		b.object(manifest.PartCluster, rbac+"/v1", "RoleBinding", b.Name, manifest.Of(
			"roleRef", manifest.Of("apiGroup", rbac, "kind", "Role", "name", b.Name),
			"subjects", []any{manifest.Of("kind", "ServiceAccount", "name", b.Name, "namespace", b.Namespace)},
		)),
	}
}

// owned is the name of the one object of a resource that is the cluster's.
func (b builder) owned(resource string) string {
	if resource == "leases" {
		return b.lease()
	}
	return b.Name
}

// lease is the record of who may write. The agents make it; were it rendered, GitOps would put an old one back.
func (b builder) lease() string { return b.Name + "-primary" }
