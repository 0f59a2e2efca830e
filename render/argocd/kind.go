package argocd

import (
	"cmp"
	"maps"
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
)

// groupKind is a kind without its version, as Argo CD's lists have it.
type groupKind struct{ group, kind string }

func kindOf(o manifest.Object) groupKind {
	ref := o.Ref()
	return groupKind{ref.Group(), ref.Kind}
}

// kindsOf lists the kinds among objs, each once, sorted.
func kindsOf(objs []manifest.Object) []groupKind {
	set := map[groupKind]bool{}
	for _, o := range objs {
		set[kindOf(o)] = true
	}
	return slices.SortedFunc(maps.Keys(set), compareKinds)
}

func compareKinds(a, b groupKind) int {
	return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.kind, b.kind))
}

// builtin reports whether Kubernetes serves the kind itself. Every other kind may be missing when its operator is.
func (k groupKind) builtin() bool {
	switch k.group {
	case "", "apps", "autoscaling", "batch", "policy",
		"admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "certificates.k8s.io",
		"coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "networking.k8s.io", "node.k8s.io",
		"rbac.authorization.k8s.io", "scheduling.k8s.io", "storage.k8s.io":
		return true
	}
	return false
}

// clusterScoped reports kinds that live in no namespace, of those that manifests beside a spec can be.
func (k groupKind) clusterScoped() bool {
	switch k.kind {
	case "Namespace", "PersistentVolume":
		return k.group == ""
	case "ClusterRole", "ClusterRoleBinding":
		return k.group == "rbac.authorization.k8s.io"
	case "StorageClass", "CSIDriver", "VolumeAttributesClass":
		return k.group == "storage.k8s.io"
	case "VolumeSnapshotClass", "VolumeSnapshotContent":
		return k.group == "snapshot.storage.k8s.io"
	case "CustomResourceDefinition":
		return k.group == "apiextensions.k8s.io"
	case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
		return k.group == "admissionregistration.k8s.io"
	case "PriorityClass":
		return k.group == "scheduling.k8s.io"
	case "ClusterImageCatalog":
		return k.group == "postgresql.cnpg.io"
	case "ClusterIssuer":
		return k.group == "cert-manager.io"
	case "ClusterSecretStore", "ClusterExternalSecret":
		return k.group == "external-secrets.io"
	}
	return false
}
