package charts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// object is one object of the chart, in every variant that has it.
type object struct {
	id    identity
	ref   manifest.Ref // in the first variant that has it
	part  manifest.Part
	root  []string // its own place in the values
	cells cells
	when  cond
	body  *mapping
}

// identity is what makes two variants' objects the same one. Scope is empty unless a variant has two objects that only
// their namespaces tell apart.
type identity struct{ group, kind, name, scope string }

// releaseScope is the scope of an object in the variant's own namespace.
const releaseScope = "{release}"

func (a identity) compare(b identity) int {
	return cmp.Or(
		cmp.Compare(a.kind, b.kind), cmp.Compare(a.group, b.group), cmp.Compare(a.name, b.name), cmp.Compare(a.scope, b.scope),
	)
}

func (o *object) String() string { return o.ref.Kind + " " + o.ref.Name }

// rendering is one variant of the set: Base, or an environment.
type rendering struct {
	name      string // "base", or the environment's
	namespace string
	objects   []manifest.Object // canonical
}

// renderings are Base and the environments, in this order, as copies that the set does not share.
func renderings(set variant.Set) []rendering {
	out := []rendering{{"base", set.Namespace, canonical(set.Base)}}
	for _, env := range set.Envs {
		out = append(out, rendering{env.Name, env.Namespace, canonical(env.Objects)})
	}
	return out
}

func canonical(objs []manifest.Object) []manifest.Object {
	out := make([]manifest.Object, len(objs))
	for i, o := range objs {
		out[i] = o.Clone()
	}
	return out
}

// union pairs the variants' objects, sorted by identity.
func union(variants []rendering, setName string) ([]*object, error) {
	ambiguous := ambiguities(variants)
	found := map[identity]*object{}
	for i, v := range variants {
		for _, o := range v.objects {
			ref := o.Ref()
			id := identify(ref, v.namespace, ambiguous)
			obj := found[id]
			if obj == nil {
				obj = &object{id: id, ref: ref, part: o.Part, cells: make(cells, len(variants))}
				found[id] = obj
			}
			if obj.cells[i].has {
				return nil, fmt.Errorf("pair objects: %s has %s twice", v.name, ref)
			}
			obj.cells[i] = cell{has: true, value: o.Body()}
		}
	}
	objs := slices.SortedFunc(maps.Values(found), func(a, b *object) int { return a.id.compare(b.id) })
	nameRoots(objs, setName)
	return objs, nil
}

// ambiguities are the identities that name more than one object of one variant.
func ambiguities(variants []rendering) map[identity]bool {
	out := map[identity]bool{}
	for _, v := range variants {
		seen := map[identity]bool{}
		for _, o := range v.objects {
			id := identify(o.Ref(), v.namespace, nil)
			out[id] = out[id] || seen[id]
			seen[id] = true
		}
	}
	return out
}

func identify(ref manifest.Ref, namespace string, ambiguous map[identity]bool) identity {
	id := identity{group: ref.Group(), kind: ref.Kind, name: ref.Name}
	if ambiguous[id] {
		id.scope = ref.Namespace
		if ref.Namespace == namespace {
			id.scope = releaseScope
		}
	}
	return id
}

// nameRoots gives each object its place in the values: its kind, and, where the chart has several of the kind, its name
// without the database's.
func nameRoots(objs []*object, setName string) {
	kinds := map[string]int{}
	for _, o := range objs {
		kinds[o.ref.Kind]++
	}
	for _, o := range objs {
		o.root = []string{camel(o.ref.Kind)}
		if kinds[o.ref.Kind] > 1 {
			name := strings.TrimPrefix(strings.TrimPrefix(o.ref.Name, setName), "-")
			if name == "" {
				name = o.ref.Name
			}
			o.root = with(o.root, camel(name))
		}
	}
}

// vector says which variants have something.
type vector []bool

func (cs cells) vector() vector {
	out := make(vector, len(cs))
	for i, c := range cs {
		out[i] = c.has
	}
	return out
}

func (v vector) all() bool               { return !slices.Contains(v, false) }
func (v vector) equal(other vector) bool { return slices.Equal(v, other) }

// opinions of a switch: on in v, off elsewhere, and no matter where the parent is absent.
func (v vector) opinions(parent vector) []opinion {
	out := make([]opinion, len(v))
	for i := range v {
		out[i] = opinion{has: parent[i], value: v[i]}
	}
	return out
}
