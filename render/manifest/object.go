package manifest

import (
	"cmp"
	"slices"
	"strings"
)

// Map is a YAML mapping. Builders write one literally; the real CRD schemas, which every golden is checked against,
// are its type checker.
type Map = map[string]any

// Ref names one object in one API server.
type Ref struct{ APIVersion, Kind, Namespace, Name string }

// Group is the API group: "" for the core group.
func (r Ref) Group() string {
	group, _, found := strings.Cut(r.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// String is the short form people write in an issue: Kind/namespace/name, without the namespace where there is none.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + "/" + r.Name
	}
	return r.Kind + "/" + r.Namespace + "/" + r.Name
}

// Part is the concern an object serves. Emitters switch whole parts on and off: a values key in a chart, a Component in
// Kustomize.
type Part string

// The parts, in the order a reader expects them.
const (
	PartSecrets    Part = "secrets"
	PartCluster    Part = "cluster"
	PartDatabases  Part = "databases"
	PartBackup     Part = "backup"
	PartExpose     Part = "expose"
	PartPooler     Part = "pooler"
	PartTLS        Part = "tls"
	PartNetwork    Part = "network"
	PartMonitoring Part = "monitoring"
	PartExtra      Part = "extra" // manifests beside the spec, taken in as they are
)

// Object is one Kubernetes object. Body holds only nil, bool, int64, float64, string, []any and Map: see [Canonical].
type Object struct {
	Body Map
	Part Part
	// Origin is the file:line of an object that was taken in from beside the spec; "" for one that a builder made.
	Origin string
}

// Ref reads the object's identity out of its body.
func (o Object) Ref() Ref {
	meta, _ := o.Body["metadata"].(Map)
	return Ref{
		APIVersion: str(o.Body["apiVersion"]),
		Kind:       str(o.Body["kind"]),
		Namespace:  str(meta["namespace"]),
		Name:       str(meta["name"]),
	}
}

// Sort puts objects in the order they are applied in: what others need comes first, then by kind, namespace and name. It returns
// their identities in that order.
func Sort(objs []Object) []Ref {
	type key struct {
		ref   Ref
		group string
		rank  int
		at    int // in objs
	}
	keys := make([]key, len(objs))
	order := make([]*key, len(objs)) // pointers move faster than keys
	for i, o := range objs {
		ref := o.Ref()
		keys[i] = key{ref, ref.Group(), rank(ref), i}
		order[i] = &keys[i]
	}
	slices.SortFunc(order, func(a, b *key) int {
		switch {
		case a.rank != b.rank:
			return a.rank - b.rank
		case a.ref.Kind != b.ref.Kind:
			return strings.Compare(a.ref.Kind, b.ref.Kind)
		}
		return cmp.Or(
			strings.Compare(a.group, b.group),
			strings.Compare(a.ref.Namespace, b.ref.Namespace),
			strings.Compare(a.ref.Name, b.ref.Name),
			a.at-b.at, // what is equal stays in its order
		)
	})
	sorted := make([]Object, len(objs))
	refs := make([]Ref, len(objs))
	for i, k := range order {
		sorted[i], refs[i] = objs[k.at], k.ref
	}
	copy(objs, sorted)
	return refs
}

// rank groups kinds by what has to exist before what. It is also the base of Argo CD's sync waves.
func rank(r Ref) int {
	switch r.Kind {
	case "Namespace":
		return 0
	case "AppProject":
		return 1
	case "Secret", "SealedSecret", "ExternalSecret", "ServiceAccount", "Issuer", "Certificate", "ConfigMap":
		return 2
	case "ObjectStore", "ImageCatalog", "Role", "RoleBinding":
		return 3
	case "Cluster":
		return 4
	case "ScheduledBackup", "PodMonitor", "PrometheusRule":
		return 6
	}
	return 5
}

func str(v any) string {
	s, _ := v.(string)
	return s
}
