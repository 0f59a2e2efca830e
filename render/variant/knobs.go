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
	finish  provenance.Finish
}

// knobs finds the spec fields whose value stands unchanged in outputs and shapes nothing else: changing one must move
// exactly the fields that copy it, in every variant.
func knobs(variants []tracing) []Knob {
	t := tracer{variants: variants, found: make(map[string]*Knob), spoiled: make(map[string]bool), copied: make(map[variantKnob][]Field), also: make(map[string][]string)}
	for _, v := range variants {
		leaves := provenance.Leaves(v.cluster.Spec)
		t.spoilNamesakes(leaves)
		for _, leaf := range leaves {
			if wanted(leaf) && !t.spoiled[leaf.Name] {
				t.trace(v, leaf)
			}
		}
	}
	var out []Knob
	for _, name := range slices.Sorted(maps.Keys(t.found)) {
		k := t.found[name]
		if t.spoiled[name] || len(k.Fields) == 0 || !t.holds(*k) {
			continue
		}
		if also := t.also[name]; len(also) > 0 {
			k.Doc += " Changed in the spec, it can move these too, which a chart cannot: " + strings.Join(also, ", ") + "."
		}
		out = append(out, *k)
	}
	return out
}

type tracer struct {
	variants []tracing
	found    map[string]*Knob
	spoiled  map[string]bool
	copied   map[variantKnob][]Field // what moves with the knob in one variant
	also     map[string][]string     // what else a knob moves, in any variant
}

// variantKnob is a knob in one variant.
type variantKnob struct{ env, name string }

// spoilNamesakes gives up on names that two leaves of one variant share, as those below roles called a-b and aB do: a chart
// would turn both at once.
func (t *tracer) spoilNamesakes(leaves []provenance.Leaf) {
	paths := make(map[string]bool, len(leaves))
	for _, leaf := range leaves {
		if paths[leaf.Name] {
			t.spoiled[leaf.Name] = true
		}
		paths[leaf.Name] = true
	}
}

// wanted leaves out names, which are identities, and choices that decide what is rendered at all.
func wanted(l provenance.Leaf) bool {
	switch l.Path {
	case "engine", "backend", "version", "operatorVersion":
		return false
	}
	last := l.Path[strings.LastIndex(l.Path, ".")+1:]
	return l.Name != "" && last != "name" && !strings.HasPrefix(l.Path, "secrets.") && !strings.HasPrefix(l.Path, "labels.")
}

// trace asks what changing the leaf moves in one variant, and adds the answer to its knob.
func (t *tracer) trace(v tracing, leaf provenance.Leaf) {
	schema := manifest.Clone(spec.SchemaAt("spec." + leaf.Path))
	fields, also, ok := v.copies(leaf, schema)
	if !ok {
		t.spoiled[leaf.Name] = true
		return
	}
	k := t.found[leaf.Name]
	if k == nil {
		k = &Knob{Path: leaf.Name, Value: leaf.Value, Envs: make(map[string]any), Schema: schema}
		if field, known := spec.FieldDoc("spec." + leaf.Path); known {
			k.Doc = field.Doc
			notEmpty(schema)
		}
		t.found[leaf.Name] = k
	}
	if v.env == "" {
		k.Value = leaf.Value
	} else {
		k.Envs[v.env] = leaf.Value
	}
	k.Fields = merge(k.Fields, fields, t.variants[0])
	t.copied[variantKnob{v.env, leaf.Name}] = fields
	for _, place := range also {
		if !slices.Contains(t.also[leaf.Name], place) {
			t.also[leaf.Name] = append(t.also[leaf.Name], place)
		}
	}
}

// copies lists the fields that carry the leaf's value. ok is false when changing it can move anything else. Of an enum only
// the values that are copied stay in the schema.
func (v tracing) copies(leaf provenance.Leaf, schema manifest.Map) (fields []Field, also []string, ok bool) {
	choices, isEnum := schema["enum"].([]any)
	if !isEnum {
		fields, beside, ok := v.moved(leaf, provenance.Other(leaf.Value))
		if lower := provenance.Lower(leaf.Value); !ok && lower != nil {
			fields, beside, ok = v.moved(leaf, lower) // a request at its limit may only become less
		}
		if len(beside) > 0 && leaf.Path == "instances" {
			return fields, besides(beside), ok // a chart without it would be no use; its comment says what is missing
		}
		return fields, nil, ok && len(beside) == 0 && !v.followsRhythm(leaf)
	}
	kept := []any{leaf.Value}
	for _, choice := range choices {
		if choice == leaf.Value {
			continue
		}
		moved, beside, ok := v.moved(leaf, choice)
		if ok && len(beside) == 0 && len(moved) > 0 && (fields == nil || sameFields(fields, moved)) {
			fields, kept = moved, append(kept, choice)
		}
	}
	schema["enum"] = kept
	return fields, nil, len(kept) > 1
}

// rhythms are crons whose runs are further and less far apart.
var rhythms = [...]string{"*/5 * * * *", "17 * * * *", "17 3 * * *", "17 3 * * 3", "17 3 9 * *"}

// followsRhythm reports whether the leaf is a cron, and how far apart its runs are shapes something: an alert on backups that are
// too old. Another minute, which is what is tried first, moves none of that.
func (v tracing) followsRhythm(leaf provenance.Leaf) bool {
	text, _ := leaf.Value.(string)
	if _, err := spec.ParseCron(text); err != nil {
		return false
	}
	for _, other := range rhythms {
		if _, beside, ok := v.moved(leaf, other); ok && len(beside) > 0 {
			return true
		}
	}
	return false
}

// notEmpty makes a schema refuse empty text: in a spec that is a field left out, and fields of the output would be left out with it.
func notEmpty(schema manifest.Map) {
	if schema["type"] == "string" && schema["enum"] == nil && schema["pattern"] == nil && schema["minLength"] == nil {
		schema["minLength"] = int64(1)
	}
}

func sameFields(a, b []Field) bool {
	return slices.EqualFunc(a, b, func(x, y Field) bool { return x.Ref == y.Ref && slices.Equal(x.Path, y.Path) })
}

// moved renders the leaf with another value and parts what differs into copies of the value and the rest.
func (v tracing) moved(leaf provenance.Leaf, other any) (fields []Field, beside []manifest.Difference, ok bool) {
	differences, ok := provenance.Moved(v.cluster, leaf, other, v.finish, v.objs)
	for _, d := range differences {
		if d.Was == leaf.Value && d.Is == other {
			fields = append(fields, Field{Ref: d.Ref, Path: d.Path})
		} else {
			beside = append(beside, d)
		}
	}
	return fields, beside, ok
}

func besides(moved []manifest.Difference) []string {
	places := make([]string, len(moved))
	for i, d := range moved {
		places[i] = strings.TrimSpace(d.Ref.Kind + " " + d.Ref.Name + " " + manifest.FormatPath(d.Path))
	}
	return places
}

// merge adds fields that are not known yet, with the namespaces of the base.
func merge(known, more []Field, base tracing) []Field {
	for _, f := range more {
		for _, o := range base.objs {
			if r := o.Ref(); sameName(r, f.Ref) {
				f.Ref = r
			}
		}
		if !slices.ContainsFunc(known, func(k Field) bool { return samePlace(k, f) }) {
			known = append(known, f)
		}
	}
	return known
}

func samePlace(a, b Field) bool { return sameName(a.Ref, b.Ref) && slices.Equal(a.Path, b.Path) }

func sameName(a, b manifest.Ref) bool {
	return a.Kind == b.Kind && a.Name == b.Name && a.Group() == b.Group()
}

// holds reports whether every field of the knob copies it in every variant that has the field. One that only looks alike
// there, a default or the same place in a list that holds another item, would be turned with it.
func (t *tracer) holds(k Knob) bool {
	for _, v := range t.variants {
		want, has := k.Envs[v.env]
		if v.env == "" {
			want, has = k.Value, true
		}
		copied := t.copied[variantKnob{v.env, k.Path}]
		for _, f := range k.Fields {
			got, found := field(v.objs, f)
			if found && (!has || got != want || !slices.ContainsFunc(copied, func(c Field) bool { return samePlace(c, f) })) {
				return false
			}
		}
	}
	return true
}

func field(objs []manifest.Object, f Field) (any, bool) {
	for _, o := range objs {
		if sameName(o.Ref(), f.Ref) {
			return manifest.Get(o.Body(), f.Path...)
		}
	}
	return nil, false
}
