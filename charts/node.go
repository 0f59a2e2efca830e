package charts

import (
	"github.com/onggi-db/onggi/render/manifest"
)

// node is one place of an object as the template has it: what all variants agree on, and what each has of its own. It is
// one of *literal, *scoped, *text, *leaf, *choice, *mapping and *sequence.
type node interface{}

// literal stands in the template as it is: all variants that have the place agree.
type literal struct {
	value any
	// fragile text cannot stand where a template action trims the blanks before it, or where Helm edits its own output.
	fragile bool
}

// scoped is text that names the release's namespace: nsToken stands where it is named.
type scoped struct{ text string }

// leaf is read from the values.
type leaf struct {
	value *value
	form  form
}

// choice has one literal for each group of variants, where no value could carry the difference: another type, a null,
// an integer beyond a float's precision.
type choice struct {
	value        *value
	alternatives []alternative
}

type alternative struct {
	name  string // in the values
	value any
}

// mapping has entries in key order.
type mapping struct{ entries []entry }

type entry struct {
	key  string
	when cond
	node node
	// splice puts the node's own entries here, below no key.
	splice bool
}

// sequence has items in their order in every variant.
type sequence struct{ items []item }

type item struct {
	when cond
	node node
}

// cond says when a place is rendered: always, when all terms are true, or, for a place that is also the value, when the
// value is not empty.
type cond struct {
	terms []*value
	// with binds the only term to the template's dot.
	with bool
	// any is true when one of the terms is enough.
	any bool
}

func (c cond) always() bool { return len(c.terms) == 0 }

// form is how a value becomes YAML.
type form int

const (
	formString form = iota // quoted
	formInt                // never in exponent notation, as Helm reads numbers as floats
	formBool               // as it is
	formJSON               // a float, or a value of more than one type
	formBlock              // a list or a mapping
)

// cell is one variant's view of one place.
type cell struct {
	has    bool
	value  any
	fields *fields // the knobs below this place, nil where there are none
}

// cells has one cell for each variant: the first for Base, then one for each environment.
type cells []cell

// first is the value of the first variant that has the place.
func (cs cells) first() any {
	for _, c := range cs {
		if c.has {
			return c.value
		}
	}
	return nil
}

// every reports whether f holds for every variant that has the place.
func (cs cells) every(f func(any) bool) bool {
	for _, c := range cs {
		if c.has && !f(c.value) {
			return false
		}
	}
	return true
}

// agree reports whether all variants that have the place have the same there.
func (cs cells) agree() bool {
	first := cs.first()
	return cs.every(func(v any) bool { return same(first, v) })
}

// everywhere reports whether all variants that have the parent have the place.
func (cs cells) everywhere(parent cells) bool {
	for i, c := range cs {
		if parent[i].has && !c.has {
			return false
		}
	}
	return true
}

// child is the view of the place below key.
func (cs cells) child(key string) cells {
	out := make(cells, len(cs))
	for i, c := range cs {
		if !c.has {
			continue
		}
		if v, ok := c.value.(manifest.Map)[key]; ok {
			out[i] = cell{true, v, c.fields.below(key)}
		}
	}
	return out
}

// same reports whether two values are equal, numbers by value.
func same(a, b any) bool { return manifest.EqualValue(a, b) }

func isMap(v any) bool  { _, ok := v.(manifest.Map); return ok }
func isList(v any) bool { _, ok := v.([]any); return ok }

// isScalar reports a string, number or boolean: what values can carry. A null is none.
func isScalar(v any) bool { return v != nil && !isMap(v) && !isList(v) }
