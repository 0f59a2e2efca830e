package variant

import (
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/provenance"
	"github.com/onggi-db/onggi/render/spec"
)

// tracing is one variant with what it was rendered from.
type tracing struct {
	env     string
	cluster *spec.Cluster
	objs    []manifest.Object
}

// knobs finds the spec fields whose value stands unchanged in outputs and nowhere else shapes them: changing one must move
// exactly the fields that copy it, in every variant.
func knobs(variants []tracing, o Options) []Knob {
	found := make(map[string]*Knob)
	spoiled := make(map[string]bool)
	for _, v := range variants {
		for _, leaf := range provenance.Leaves(v.cluster.Spec) {
			if !wanted(leaf) || spoiled[leaf.Name] {
				continue
			}
			fields, ok := copies(v, leaf, o)
			if !ok {
				spoiled[leaf.Name] = true
				continue
			}
			k := found[leaf.Name]
			if k == nil {
				k = &Knob{Path: leaf.Name, Value: leaf.Value, Envs: make(map[string]any)}
				if doc, known := spec.FieldDoc("spec." + leaf.Field); known {
					k.Doc = doc.Doc
				}
				k.Schema = spec.SchemaAt("spec." + leaf.Field)
				found[leaf.Name] = k
			}
			if v.env == "" {
				k.Value = leaf.Value
			} else {
				k.Envs[v.env] = leaf.Value
			}
			k.Fields = merge(k.Fields, fields, variants[0])
		}
	}
	var out []Knob
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if k := found[name]; !spoiled[name] && len(k.Fields) > 0 && holds(*k, variants) {
			out = append(out, *k)
		}
	}
	return out
}

// wanted leaves out names, which are identities, and choices among variants of the output.
func wanted(l provenance.Leaf) bool {
	if l.Name == "" || l.Path == "engine" || l.Path == "backend" || l.Path == "version" || l.Path == "operatorVersion" {
		return false
	}
	last := l.Path[strings.LastIndex(l.Path, ".")+1:]
	return last != "name" && !strings.HasPrefix(l.Path, "secrets.") && !strings.HasPrefix(l.Path, "labels.")
}

// copies lists the fields that carry the leaf's value. ok is false when changing it moves anything else.
func copies(v tracing, leaf provenance.Leaf, o Options) (fields []Field, ok bool) {
	other := provenance.Other(leaf.Value)
	moved, ok := provenance.Moved(v.cluster, leaf, other, func(objs []manifest.Object) ([]manifest.Object, error) { return transform(o, objs) }, v.objs)
	if !ok {
		return nil, false
	}
	for _, d := range moved {
		if d.Was != leaf.Value || d.Is != other {
			return nil, false
		}
		fields = append(fields, Field{Ref: d.Ref, Path: d.Path})
	}
	return fields, true
}

// merge adds fields that are not known yet, with the namespaces of the base.
func merge(known, more []Field, base tracing) []Field {
	for _, f := range more {
		for _, o := range base.objs {
			if r := o.Ref(); r.Kind == f.Ref.Kind && r.Name == f.Ref.Name && r.Group() == f.Ref.Group() {
				f.Ref = r
			}
		}
		if !slices.ContainsFunc(known, func(k Field) bool { return k.Ref == f.Ref && slices.Equal(k.Path, f.Path) }) {
			known = append(known, f)
		}
	}
	return known
}

// holds reports whether every field of the knob has the knob's value in every variant that has the field: a default that
// only looks alike in one variant would break another.
func holds(k Knob, variants []tracing) bool {
	for _, v := range variants {
		want, has := k.Envs[v.env]
		if v.env == "" {
			want, has = k.Value, true
		}
		for _, f := range k.Fields {
			got, found := field(v.objs, f)
			if found && (!has || got != want) {
				return false
			}
		}
	}
	return true
}

func field(objs []manifest.Object, f Field) (any, bool) {
	for _, o := range objs {
		if r := o.Ref(); r.Kind == f.Ref.Kind && r.Name == f.Ref.Name && r.Group() == f.Ref.Group() {
			return manifest.Get(o.Body, f.Path...)
		}
	}
	return nil, false
}
