package charts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// knob is a spec field that outputs copy, with where they do.
type knob struct {
	variant.Knob
	path     []string
	opinions []opinion
	places   []*fields // all of Knob.Fields that at least one variant has with the knob's value
	value    *value    // set once the first place is bound
	bound    map[*fields]bool
	live     vector // the variants where a field copies the knob
}

// fields is a tree of output fields, to walk beside an object: the knobs of a place, and what is below it by mapping key
// or list index. A nil tree has no knobs anywhere.
type fields struct {
	knobs []*knob
	sub   map[any]*fields
}

func (f *fields) below(step any) *fields {
	if f == nil {
		return nil
	}
	return f.sub[step]
}

// usableKnobs are those whose values a chart can carry and whose paths do not claim each other's place.
func usableKnobs(set variant.Set) []variant.Knob {
	var out []variant.Knob
	for _, k := range set.Knobs {
		if _, ok := formOf(knobOpinions(set, k)); ok {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b variant.Knob) int { return strings.Compare(a.Path, b.Path) })
	for i := 0; i < len(out); {
		if at := slices.IndexFunc(out, func(k variant.Knob) bool { return loses(k, out[i]) }); at >= 0 {
			out = slices.Delete(out, at, at+1)
			i = 0
			continue
		}
		i++
	}
	return out
}

// loses reports whether k has to go because rival's path begins k's, or k's begins rival's. A knob that covers all fields
// of the narrower one stays, and the narrower one is set through it; otherwise the narrower one stays.
func loses(k, rival variant.Knob) bool {
	switch {
	case strings.HasPrefix(k.Path, rival.Path+"."):
		return covers(rival, k)
	case strings.HasPrefix(rival.Path, k.Path+"."):
		return !covers(k, rival)
	}
	return false
}

func covers(wide, narrow variant.Knob) bool {
	return !slices.ContainsFunc(narrow.Fields, func(n variant.Field) bool {
		return !slices.ContainsFunc(wide.Fields, func(w variant.Field) bool {
			return w.Ref == n.Ref && len(w.Path) <= len(n.Path) && slices.Equal(w.Path, n.Path[:len(w.Path)])
		})
	})
}

// knobOpinions is what each variant has for the knob: Base first.
func knobOpinions(set variant.Set, k variant.Knob) []opinion {
	out := []opinion{{k.Value != nil, manifest.Canonical(k.Value)}}
	for _, env := range set.Envs {
		v := k.Envs[env.Name]
		out = append(out, opinion{v != nil, manifest.Canonical(v)})
	}
	return out
}

// attach hangs the knobs' fields beside the objects that have them.
func attach(set variant.Set, objs []*object, from []variant.Knob) []*knob {
	knobs := make([]*knob, 0, len(from))
	for _, k := range from {
		kn := &knob{
			Knob: k, path: strings.Split(k.Path, "."), opinions: knobOpinions(set, k),
			bound: map[*fields]bool{}, live: make(vector, 1+len(set.Envs)),
		}
		knobs = append(knobs, kn)
		for _, f := range k.Fields {
			for _, o := range objs {
				if o.is(f.Ref, set.Namespace) {
					kn.at(o, f.Path)
				}
			}
		}
		for i, live := range kn.live {
			kn.opinions[i].has = live // where nothing reads the knob, any value will do
		}
	}
	return knobs
}

// is reports whether a field's reference, which has Base's namespace, means the object.
func (o *object) is(ref manifest.Ref, namespace string) bool {
	id := identity{group: ref.Group(), kind: ref.Kind, name: ref.Name}
	if o.id.scope != "" {
		id.scope = ref.Namespace
		if ref.Namespace == namespace {
			id.scope = releaseScope
		}
	}
	return o.id == id
}

// at notes that the object's field copies the knob, in the variants where it does.
func (k *knob) at(o *object, path []any) {
	copies := false
	for i, c := range o.cells {
		v, ok := manifest.Get(c.value, path...)
		if ok && k.opinions[i].has && same(v, k.opinions[i].value) {
			k.live[i], copies = true, true
		}
	}
	if !copies {
		return
	}
	root := firstFields(o.cells)
	for i := range o.cells {
		o.cells[i].fields = root
	}
	at := root
	for _, step := range path {
		next := at.sub[step]
		if next == nil {
			next = &fields{sub: map[any]*fields{}}
			at.sub[step] = next
		}
		at = next
	}
	if !slices.Contains(at.knobs, k) {
		at.knobs = append(at.knobs, k)
		k.places = append(k.places, at)
	}
}

func firstFields(cs cells) *fields {
	for _, c := range cs {
		if c.fields != nil {
			return c.fields
		}
	}
	return &fields{sub: map[any]*fields{}}
}

// bind returns the value of the knob that these cells copy, nil where they copy none: in every variant that has the
// place, the place is one of the knob's fields and has the knob's value.
func (b *build) bind(cs cells) *value {
	for _, c := range cs {
		if !c.has {
			continue
		}
		if c.fields == nil {
			return nil
		}
		for _, k := range c.fields.knobs {
			if k.copied(cs) {
				return b.turn(k, cs)
			}
		}
		return nil
	}
	return nil
}

func (k *knob) copied(cs cells) bool {
	for i, c := range cs {
		if !c.has {
			continue
		}
		if c.fields == nil || !slices.Contains(c.fields.knobs, k) {
			return false
		}
		if o := k.opinions[i]; !o.has || !same(o.value, c.value) {
			return false
		}
	}
	return true
}

// turn notes that the knob turns these cells.
func (b *build) turn(k *knob, cs cells) *value {
	for _, c := range cs {
		if c.has {
			k.bound[c.fields] = true
		}
	}
	if k.value == nil {
		f, _ := formOf(k.opinions)
		k.value = &value{
			want: [][]string{k.path}, doc: cmp.Or(k.Doc, "The spec's `"+k.Path+"`."), schema: k.Schema, form: f, knob: k,
			opinions: slices.Clone(k.opinions),
		}
		b.knobs = append(b.knobs, k.value)
	}
	return k.value
}

// loose reports whether some output field that copies the knob could not be bound to it. Such a knob would set half of
// what it says, so the chart does without it.
func (k *knob) loose() bool {
	return slices.ContainsFunc(k.places, func(f *fields) bool { return !k.bound[f] })
}
