package charts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// part is a concern of the database that only some variants have as a whole: one value switches it.
type part struct {
	name manifest.Part
	has  vector // the variants that have any object of it
	// names has its objects' names, and for each the words of their kinds.
	names map[string][]string
	on    *value // nil where every variant has the part, or no object stands for all of it
}

// guardObjects decides what switches each object that only some variants have. Objects that are there whenever their
// part is share the part's switch; others have one of their own, below it.
func (b *build) guardObjects() {
	b.parts = b.findParts()
	for _, o := range b.objects {
		has := o.cells.vector()
		if has.all() {
			continue
		}
		p := b.parts[slices.IndexFunc(b.parts, func(p *part) bool { return p.name == o.part })]
		parent := make(vector, len(has))
		for i := range parent {
			parent[i] = p.on == nil || p.has[i]
		}
		if p.on != nil {
			o.when.terms = append(o.when.terms, p.on)
		}
		if other := b.partBeside(o, has); other != nil && !has.equal(parent) {
			o.when.terms = append(o.when.terms, other.on)
		} else if !has.equal(parent) {
			own := &value{
				want: [][]string{with(o.root, "enabled")}, doc: fmt.Sprintf("Render %s.", o), form: formBool,
				opinions: has.opinions(parent),
			}
			b.switches = append(b.switches, own)
			o.when.terms = append(o.when.terms, own)
		}
	}
	for _, p := range b.parts {
		if p.on != nil {
			p.on.doc = fmt.Sprintf("Render %s: %s.", p.name, b.membersOf(p))
		}
	}
}

func (b *build) findParts() []*part {
	var parts []*part
	for _, o := range b.objects {
		at := slices.IndexFunc(parts, func(p *part) bool { return p.name == o.part })
		if at < 0 {
			at = len(parts)
			parts = append(parts, &part{name: o.part, has: make(vector, len(b.variants)), names: map[string][]string{}})
		}
		p := parts[at]
		for i, c := range o.cells {
			p.has[i] = p.has[i] || c.has
		}
		p.names[o.ref.Name] = append(p.names[o.ref.Name], words(o.ref.Kind)...)
	}
	slices.SortFunc(parts, func(x, y *part) int { return strings.Compare(string(x.name), string(y.name)) })
	for _, p := range parts {
		whole := slices.ContainsFunc(b.objects, func(o *object) bool {
			return o.part == p.name && o.cells.vector().equal(p.has)
		})
		if whole && !p.has.all() {
			word := camel(string(p.name))
			p.on = &value{
				want: [][]string{{word, "enabled"}}, form: formBool,
				opinions: p.has.opinions(everywhere(len(p.has))),
			}
		}
	}
	return parts
}

// partBeside is another part that an object comes and goes with, and has in its name: the alerts of the backups.
func (b *build) partBeside(o *object, has vector) *part {
	at := slices.IndexFunc(b.parts, func(p *part) bool {
		return p.on != nil && p.name != o.part && p.has.equal(has) &&
			slices.Contains(words(camel(o.ref.Name)), string(p.name))
	})
	if at < 0 {
		return nil
	}
	return b.parts[at]
}

// membersOf names the objects that the part's switch renders.
func (b *build) membersOf(p *part) string {
	var members []string
	for _, o := range b.objects {
		if n := len(o.when.terms); n > 0 && o.when.terms[n-1] == p.on {
			members = append(members, o.String())
		}
	}
	return strings.Join(members, ", ")
}

func everywhere(variants int) vector {
	out := make(vector, variants)
	for i := range out {
		out[i] = true
	}
	return out
}

// optional decides what leaves out a place that only some variants have, and may make the node read that value.
func (b *build) optional(at place, parent, cs cells, n node) (cond, node) {
	if p := b.partOf(at, parent, cs); p != nil {
		return cond{terms: []*value{p.on}}, n
	}
	if v := b.emptyable(at, parent, cs, n); v != nil {
		return cond{terms: []*value{v}, with: true}, &leaf{v, v.form}
	}
	word := "enabled"
	if cs.every(isScalar) {
		word = "set"
	}
	v := &value{
		want: at.names(word), form: formBool, opinions: cs.vector().opinions(parent.vector()),
		doc: "Render " + lowerFirst(at.describe()),
	}
	b.switches = append(b.switches, v)
	key, _ := at.path[len(at.path)-1].(string)
	b.guarded = append(b.guarded, guarded{v, key, n})
	return cond{terms: []*value{v}}, n
}

// partOf is the part whose switch a place of another object follows: it is there exactly when the part is, and says that
// it belongs to it. Coming and going together is not enough, as with few environments much does by chance.
func (b *build) partOf(at place, parent, cs cells) *part {
	for _, p := range b.parts {
		if p.on == nil || p.name == at.object.part {
			continue
		}
		follows := true
		for i := range cs {
			follows = follows && (!parent[i].has || cs[i].has == p.has[i])
		}
		if follows && (p.namedBy(at) || b.mentions(p, cs.first(), "")) {
			return p
		}
	}
	return nil
}

// namedBy reports whether a key or an item's name on the way has the part's name among its words: spec.backup, the
// group shop.backup.
func (p *part) namedBy(at place) bool {
	return slices.ContainsFunc(at.full[len(at.object.root):], func(word string) bool {
		return slices.Contains(words(word), string(p.name))
	})
}

// mentions reports whether v refers to one of the part's objects: below v is its name. The database's own name is
// everywhere, so it counts only below a key that says the kind, as barmanObjectName does for an ObjectStore.
func (b *build) mentions(p *part, v any, key string) bool {
	switch v := v.(type) {
	case string:
		kinds, named := p.names[v]
		return named && (v != b.set.Name || slices.ContainsFunc(words(key), func(w string) bool {
			return slices.Contains(kinds, w)
		}))
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return b.mentions(p, item, key) })
	case manifest.Map:
		for k, item := range v {
			if b.mentions(p, item, k) {
				return true
			}
		}
	}
	return false
}

// emptyable makes a place's own value its switch, where an empty value can mean that the place is left out: no variant
// that has the place has it empty, and none that lacks it has something to say.
func (b *build) emptyable(at place, parent, cs cells, n node) *value {
	if !cs.every(truthy) || cs.every(isMap) || !cs.every(isShort) {
		return nil
	}
	if l, ok := n.(*literal); ok && (!isList(l.value) || cs.every(isFlat)) {
		n = b.leaf(at, cs)
	}
	l, ok := n.(*leaf)
	if !ok {
		return nil
	}
	v := l.value
	if !v.leaveOut(parent, cs) {
		return nil
	}
	return v
}

// leaveOut makes the value empty where the place is absent. It fails for a knob that has a value there all the same.
func (v *value) leaveOut(parent, cs cells) bool {
	for i, o := range v.opinions {
		if parent[i].has && !cs[i].has && o.has && truthy(o.value) {
			return false
		}
	}
	empty := v.empty()
	for i := range v.opinions {
		if parent[i].has && !cs[i].has {
			v.opinions[i] = opinion{true, empty}
		}
	}
	v.emptyable = true
	return true
}

// isShort reports what is not text of several lines: that would be out of place in values.yaml.
func isShort(v any) bool {
	s, ok := v.(string)
	return !ok || !strings.Contains(s, "\n")
}

// isFlat reports a list of scalars.
func isFlat(v any) bool {
	list, ok := v.([]any)
	return ok && !slices.ContainsFunc(list, func(item any) bool { return !isScalar(item) })
}
