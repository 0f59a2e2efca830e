package charts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// build makes the nodes of all objects and gathers the values they read.
type build struct {
	set      variant.Set
	variants []rendering
	objects  []*object
	parts    []*part
	knobs    []*value // those that something reads
	leaves   []*value // what differs, in the order met
	switches []*value // what is only in some variants, in the order met
	guarded  []guarded
	labels   []any // the keys of labels that objects have
	builtin  builtin
}

// builtin are the values every chart has.
type builtin struct{ keep, commonLabels, testEnabled, testImage *value }

func (b *build) all() []*value {
	out := []*value{b.builtin.keep, b.builtin.commonLabels, b.builtin.testEnabled, b.builtin.testImage}
	for _, p := range b.parts {
		if p.on != nil {
			out = append(out, p.on)
		}
	}
	return slices.Concat(b.knobs, out, b.leaves, b.switches)
}

// compile builds the set's nodes. A knob that turns out to be loose is left out, and the work is done again without it.
func compile(set variant.Set) (*build, error) {
	variants := renderings(set)
	offered := usableKnobs(set)
	for {
		b := &build{set: set, variants: variants}
		objs, err := union(variants, set.Name)
		if err != nil {
			return nil, err
		}
		b.objects = objs
		knobs := attach(set, objs, offered)
		b.run()
		tight := slices.DeleteFunc(slices.Clone(knobs), (*knob).loose)
		if len(tight) == len(knobs) {
			b.name()
			return b, nil
		}
		offered = offered[:0:0]
		for _, k := range tight {
			offered = append(offered, k.Knob)
		}
	}
}

func (b *build) run() {
	b.builtin = builtins(b.set, len(b.variants))
	b.guardObjects()
	for _, o := range b.objects {
		o.body = b.root(o)
	}
	for _, o := range b.objects {
		if n := len(o.when.terms); n > 0 && slices.Contains(b.switches, o.when.terms[n-1]) {
			b.guarded = append(b.guarded, guarded{on: o.when.terms[n-1], node: o.body})
		}
	}
	b.nameSwitches()
}

// name gives every value its path: knobs are named after the spec, so they choose first.
func (b *build) name() {
	slices.SortFunc(b.knobs, func(x, y *value) int { return slices.Compare(x.want[0], y.want[0]) })
	n := newNames()
	for _, v := range b.all() {
		n.give(v)
	}
}

// node compares one place of all variants.
func (b *build) node(at place, cs cells) node {
	if v := b.bind(cs); v != nil {
		return &leaf{v, v.form}
	}
	switch {
	case cs.every(isMap):
		return collapse(b.mapping(at, cs), cs.first())
	case cs.every(isList):
		return b.list(at, cs)
	}
	if text, ok := b.scope(at, cs); ok {
		return &scoped{text}
	}
	if cs.agree() {
		return &literal{cs.first(), fragile(cs.first())}
	}
	if t := b.text(at, cs); t != nil {
		return t
	}
	return b.leaf(at, cs)
}

// mapping compares key by key.
func (b *build) mapping(at place, cs cells) *mapping {
	keys := b.scopedKeys(cs)
	m := &mapping{entries: make([]entry, 0, len(keys))}
	for _, k := range keys {
		m.entries = append(m.entries, b.entry(at.key(k), k, cs, b.below(cs, k)))
	}
	return m
}

func (b *build) entry(at place, k string, parent, cs cells) entry {
	e := entry{key: k, node: b.node(at, cs)}
	if !cs.everywhere(parent) {
		e.when, e.node = b.optional(at, parent, cs, e.node)
	}
	return e
}

// collapse is a literal where all of a collection is: it is then written in one piece.
func collapse(n node, value any) node {
	switch n := n.(type) {
	case *mapping:
		for _, e := range n.entries {
			if !e.plain() {
				return n
			}
		}
	case *sequence:
		for _, it := range n.items {
			if l, ok := it.node.(*literal); !ok || l.fragile || !it.when.always() {
				return n
			}
		}
	}
	return &literal{value: value}
}

func (e entry) plain() bool {
	l, ok := e.node.(*literal)
	return ok && !l.fragile && e.when.always() && !e.splice && !fragile(e.key) && !strings.Contains(e.key, nsToken)
}

// leaf makes a value of what differs, or a choice where no value can carry it.
func (b *build) leaf(at place, cs cells) node {
	opinions := cs.opinions()
	f, ok := formOf(opinions)
	if !ok || f == formBlock && !cs.every(isList) {
		return b.choice(at, cs)
	}
	v := &value{want: at.names(), doc: at.describe(), opinions: opinions, form: f}
	b.leaves = append(b.leaves, v)
	return &leaf{v, v.form}
}

// opinions need what the variants have.
func (cs cells) opinions() []opinion {
	out := make([]opinion, len(cs))
	for i, c := range cs {
		out[i] = opinion{c.has, c.value}
	}
	return out
}

// choice makes a value that names which of several literals stands here.
func (b *build) choice(at place, cs cells) node {
	c := &choice{}
	opinions := make([]opinion, len(cs))
	var names []string
	for i, x := range cs {
		if !x.has {
			continue
		}
		j := slices.IndexFunc(c.alternatives, func(a alternative) bool { return same(a.value, x.value) })
		if j < 0 {
			j = len(c.alternatives)
			names = append(names, b.versionName(i, names))
			c.alternatives = append(c.alternatives, alternative{names[j], x.value})
		}
		opinions[i] = opinion{true, names[j]}
	}
	c.value = b.version(at, names, opinions)
	return c
}

// version makes a value that says which variant's version of a place is rendered.
func (b *build) version(at place, names []string, opinions []opinion) *value {
	enum := make([]any, len(names))
	for i, name := range names {
		enum[i] = name
	}
	v := &value{
		want: at.names(), form: formString, opinions: opinions,
		doc:    "Whose " + strings.TrimPrefix(at.describe(), "The "),
		schema: manifest.Map{"type": "string", "enum": enum},
	}
	b.leaves = append(b.leaves, v)
	return v
}

// versionName is the name of the first variant that has a version; an environment may be called base too.
func (b *build) versionName(variant int, taken []string) string {
	name := b.variants[variant].name
	for slices.Contains(taken, name) {
		name += "-env"
	}
	return name
}

// describe says where a value ends up.
func (p place) describe() string {
	path := strings.ReplaceAll(manifest.FormatPath(p.path), nsToken, "<namespace>")
	return fmt.Sprintf("The `%s` of %s.", path, p.object)
}
