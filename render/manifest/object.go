package manifest

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Map is a YAML mapping. The real CRD schemas, which every golden is checked against, are its type checker, and that of [Fields].
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

// Object is one Kubernetes object. A copy of one has the same content: what changes in the body of one changes in the other.
type Object struct {
	Part Part
	// Origin is the file:line of an object that was taken in from beside the spec; "" for one that a builder made.
	Origin string

	content *content
}

// content is what an object says: fields as they were built, until somebody asks for the body, and the body from then on.
type content struct {
	sync.Mutex
	fields *Fields
	body   Map
}

// New is an object with a body, which it keeps.
func New(body Map) Object { return Object{}.With(body) }

// With is the object with another body.
func (o Object) With(body Map) Object {
	o.content = &content{body: body}
	return o
}

// Made is the object with the fields of a builder, who writes no more to them once the body was asked for.
func (o Object) Made(fields *Fields) Object {
	o.content = &content{fields: fields}
	return o
}

// Fields are those the object was made of; nil once its body was asked for.
func (o Object) Fields() *Fields {
	fields, _ := o.either()
	return fields
}

// Body is the object as a mapping, to look around in and to change. Where a builder or [Decode] made the object, it holds only nil,
// bool, int64, float64, string, []any and Map: see [Canonical].
func (o Object) Body() Map {
	c := o.content
	if c == nil {
		return nil
	}
	c.Lock()
	defer c.Unlock()
	if c.fields != nil {
		c.body, c.fields = c.fields.Map(), nil
	}
	return c.body
}

// either is the form that the object is in: one of the two is nil.
func (o Object) either() (*Fields, Map) {
	c := o.content
	if c == nil {
		return nil, nil
	}
	c.Lock()
	defer c.Unlock()
	return c.fields, c.body
}

// Ref reads the object's identity out of its body.
func (o Object) Ref() Ref {
	fields, body := o.either()
	if fields == nil {
		meta, _ := body["metadata"].(Map)
		return Ref{str(body["apiVersion"]), str(body["kind"]), str(meta["namespace"]), str(meta["name"])}
	}
	meta := fields.Below("metadata")
	return Ref{str(fields.Get("apiVersion")), str(fields.Get("kind")), str(meta.Get("namespace")), str(meta.Get("name"))}
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
