package policies

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// world is an input, indexed for the rules that look at several objects. Rules see namespaces filled in.
type world struct {
	Input
	entries []*entry
	kinds   map[string][]*entry // by "Kind.group", in the input's order
	secrets map[key]made
	configs map[key]made
	wanted  []need
	drills  []drilled
}

// key names an object among those of its kind.
type key struct{ namespace, name string }

// entry is one object and its identity with the namespace filled in.
type entry struct {
	manifest.Object
	ref manifest.Ref
}

func newWorld(in Input) *world {
	w := &world{Input: in, kinds: map[string][]*entry{}}
	for _, o := range in.Objects {
		if hasNull(o.Body()) {
			body, _ := withoutNulls(o.Body()).(manifest.Map)
			o = o.With(body)
		}
		e := &entry{Object: o, ref: o.Ref()}
		if !clusterScoped(e.ref) {
			e.ref.Namespace = cmp.Or(e.ref.Namespace, in.Namespace)
		}
		w.entries = append(w.entries, e)
		id := e.ref.Kind + "." + e.ref.Group()
		w.kinds[id] = append(w.kinds[id], e)
	}
	w.drills = w.findDrills()
	w.secrets, w.configs, w.wanted = w.madeSecrets(), w.madeConfigMaps(), w.needs()
	return w
}

// hasNull says whether there is a null anywhere in v.
func hasNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case manifest.Map:
		for _, child := range v {
			if hasNull(child) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasNull)
	}
	return false
}

// withoutNulls copies v without the fields that are null: to an API server they were never written.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case manifest.Map:
		out := make(manifest.Map, len(v))
		for k, child := range v {
			if child != nil {
				out[k] = withoutNulls(child)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, child := range v {
			out[i] = withoutNulls(child)
		}
		return out
	}
	return v
}

// The kinds that rules ask for, as "Kind.group".
const (
	kindCluster         = "Cluster.postgresql.cnpg.io"
	kindPooler          = "Pooler.postgresql.cnpg.io"
	kindBackup          = "Backup.postgresql.cnpg.io"
	kindScheduledBackup = "ScheduledBackup.postgresql.cnpg.io"
	kindImageCatalog    = "ImageCatalog.postgresql.cnpg.io"
	kindObjectStore     = "ObjectStore.barmancloud.cnpg.io"
	kindService         = "Service."
)

// barmanPlugin is the name that the Barman Cloud plugin registers under.
const barmanPlugin = "barman-cloud.cloudnative-pg.io"

func clusterScoped(r manifest.Ref) bool {
	switch r.Kind {
	case "Namespace", "ClusterRole", "ClusterRoleBinding", "ClusterImageCatalog", "ClusterIssuer", "StorageClass", "PriorityClass",
		"CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "VolumeSnapshotClass", "PersistentVolume":
		return true
	}
	return false
}

// find returns the object of a kind by name, or nil.
func (w *world) find(kind, namespace, name string) *entry {
	for _, e := range w.kinds[kind] {
		if e.ref.Namespace == namespace && e.ref.Name == name {
			return e
		}
	}
	return nil
}

func (e *entry) key(name string) key { return key{e.ref.Namespace, name} }

// finding is about a field of e; the rule's own texts are filled in later.
func (e *entry) finding(path []any, message string) Finding {
	return Finding{Ref: e.Ref(), Path: path, Message: message, Origin: e.Origin}
}

// at makes a path of its steps.
func at(steps ...any) []any { return steps }

// join puts more steps after a path, which stays as it is.
func join(path []any, steps ...any) []any { return append(slices.Clip(path), steps...) }

// text reads a string; "" when there is none.
func text(v any, path ...any) string {
	found, _ := manifest.Get(v, path...)
	s, _ := found.(string)
	return s
}

// boolean reads a boolean; absent is what it is when nobody wrote it.
func boolean(v any, absent bool, path ...any) bool {
	found, _ := manifest.Get(v, path...)
	b, ok := found.(bool)
	if !ok {
		return absent
	}
	return b
}

// items reads a list; nil when there is none.
func items(v any, path ...any) []any {
	found, _ := manifest.Get(v, path...)
	list, _ := found.([]any)
	return list
}

// mapping reads a mapping; nil when there is none.
func mapping(v any, path ...any) manifest.Map {
	found, _ := manifest.Get(v, path...)
	m, _ := found.(manifest.Map)
	return m
}

// has says whether a field is there and not null.
func has(v any, path ...any) bool {
	found, _ := manifest.Get(v, path...)
	return found != nil
}

// each calls fn for every value at a pattern: field names with dots between them, * for every item of a list. The path is
// fn's to keep.
func each(v any, pattern string, fn func(path []any, value any)) {
	walk(v, pattern, make([]any, 0, 8), fn)
}

func walk(v any, pattern string, path []any, fn func([]any, any)) {
	if pattern == "" {
		fn(slices.Clone(path), v)
		return
	}
	step, rest, _ := strings.Cut(pattern, ".")
	switch v := v.(type) {
	case manifest.Map:
		if child, ok := v[step]; ok && step != "*" {
			walk(child, rest, append(path, step), fn)
		}
	case []any:
		if step == "*" {
			for i, child := range v {
				walk(child, rest, append(path, i), fn)
			}
		}
	}
}
