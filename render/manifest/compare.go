package manifest

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Change is what happened to a field or an object.
type Change int

// The changes from a first to a second list of objects.
const (
	Changed Change = iota
	Added          // only in the second
	Removed        // only in the first
)

// Difference is one field, or with an empty Path one whole object, that is not the same in two lists of objects.
type Difference struct {
	Ref     Ref
	Path    []any // string for a mapping key, int for a list index
	Change  Change
	Was, Is any // in the first and the second list; nil where it is not there
}

// String is one line: "Cluster/databases/shop spec.instances: 3 != 1". Values are JSON; of long ones it shows where they
// part.
func (d Difference) String() string {
	where := d.Ref.String()
	if len(d.Path) > 0 {
		where += " " + FormatPath(d.Path)
	}
	was, is := contrast(d.Was, d.Is)
	switch {
	case d.Change == Added && len(d.Path) == 0:
		return where + ": only in the second"
	case d.Change == Removed && len(d.Path) == 0:
		return where + ": only in the first"
	case d.Change == Added:
		was = "nothing"
	case d.Change == Removed:
		is = "nothing"
	}
	return where + ": " + was + " != " + is
}

// Diff compares two lists of objects whatever their order, pairing those of one group, kind, namespace and name; of
// several with the same, the first with the first. Mappings go key by key and lists of one length item by item; lists of
// two lengths differ as a whole. Numbers compare by value (1 is 1.0), and null is not the same as absent. Differences
// come sorted by kind, group, namespace, name and path. The values in them are those of a and b, not copies.
func Diff(a, b []Object) []Difference {
	return slices.Collect(differences(a, b))
}

// Equal reports whether Diff finds nothing.
func Equal(a, b []Object) bool {
	for range differences(a, b) {
		return false
	}
	return true
}

// EqualValue reports whether two values are the same by the rules of [Diff]: their canonical forms are.
func EqualValue(a, b any) bool {
	return walk(nil, a, b, func(Difference) bool { return false })
}

// identity is a Ref without the version: another version is a change of the object, not another object.
type identity struct {
	group, kind, namespace, name string
	nth                          int
}

func (i identity) compare(j identity) int {
	return cmp.Or(
		cmp.Compare(i.kind, j.kind), cmp.Compare(i.group, j.group), cmp.Compare(i.namespace, j.namespace),
		cmp.Compare(i.name, j.name), cmp.Compare(i.nth, j.nth),
	)
}

func index(objs []Object) map[identity]Object {
	out := make(map[identity]Object, len(objs))
	for _, o := range objs {
		r := o.Ref()
		id := identity{r.Group(), r.Kind, r.Namespace, r.Name, 0}
		for _, taken := out[id]; taken; _, taken = out[id] {
			id.nth++
		}
		out[id] = o
	}
	return out
}

func differences(a, b []Object) iter.Seq[Difference] {
	return func(yield func(Difference) bool) {
		was, is := index(a), index(b)
		ids := make([]identity, 0, len(was))
		for id := range was {
			ids = append(ids, id)
		}
		for id := range is {
			if _, both := was[id]; !both {
				ids = append(ids, id)
			}
		}
		slices.SortFunc(ids, identity.compare)
		for _, id := range ids {
			if !compareObjects(was, is, id, yield) {
				return
			}
		}
	}
}

func compareObjects(was, is map[identity]Object, id identity, yield func(Difference) bool) bool {
	x, inA := was[id]
	y, inB := is[id]
	switch {
	case !inB:
		return yield(Difference{Ref: x.Ref(), Change: Removed, Was: x.Body()})
	case !inA:
		return yield(Difference{Ref: y.Ref(), Change: Added, Is: y.Body()})
	}
	return walk(nil, x.Body(), y.Body(), func(d Difference) bool {
		d.Ref = x.Ref()
		return yield(d)
	})
}

// walk yields the differences below path until yield says no, and then returns false.
func walk(path []any, a, b any, yield func(Difference) bool) bool {
	a, b = collection(a), collection(b)
	switch x := a.(type) {
	case Map:
		if y, ok := b.(Map); ok {
			return walkMaps(path, x, y, yield)
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			return walkLists(path, x, y, yield)
		}
	default:
		if sameScalar(a, b) {
			return true
		}
	}
	return yield(Difference{Path: slices.Clone(path), Was: a, Is: b})
}

func walkMaps(path []any, a, b Map, yield func(Difference) bool) bool {
	for _, k := range unionOfKeys(a, b) {
		x, inA := a[k]
		y, inB := b[k]
		below, more := append(path, k), true
		switch {
		case !inB:
			more = yield(Difference{Path: slices.Clone(below), Change: Removed, Was: x})
		case !inA:
			more = yield(Difference{Path: slices.Clone(below), Change: Added, Is: y})
		default:
			more = walk(below, x, y, yield)
		}
		if !more {
			return false
		}
	}
	return true
}

func walkLists(path []any, a, b []any, yield func(Difference) bool) bool {
	for i := range a {
		if !walk(append(path, i), a[i], b[i], yield) {
			return false
		}
	}
	return true
}

func unionOfKeys(a, b Map) []string {
	keys := make([]string, 0, len(a))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// collection gives the collections that builders write the canonical types, and leaves canonical values as they are.
func collection(v any) any {
	switch v := v.(type) {
	case *Fields, []string, []Map, map[string]string:
		return Canonical(v)
	}
	return v
}

func sameScalar(a, b any) bool {
	if a == b {
		return true
	}
	switch b.(type) {
	case Map, []any:
		return false
	}
	x, y := canonicalScalar(a), canonicalScalar(b)
	if x == y {
		return true
	}
	f, isFloat := x.(float64)
	g, areFloats := y.(float64)
	return isFloat && areFloats && math.IsNaN(f) && math.IsNaN(g)
}

// contrast writes two values as JSON, cut to the place where they part.
func contrast(a, b any) (was, is string) {
	const before, width = 20, 80
	was, is = string(EncodeJSON(a)), string(EncodeJSON(b))
	if len(was) <= width && len(is) <= width {
		return was, is
	}
	common := 0
	for common < min(len(was), len(is)) && was[common] == is[common] {
		common++
	}
	from := max(0, common-before)
	return window(was, from, width), window(is, from, width)
}

func excerpt(v any, width int) string {
	return window(string(EncodeJSON(v)), 0, width)
}

// window is s[from:], at most width bytes of it, with an ellipsis for what is cut off and no character cut in two.
func window(s string, from, width int) string {
	for from > 0 && from < len(s) && !utf8.RuneStart(s[from]) {
		from--
	}
	to := min(len(s), from+width)
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	b.WriteString(s[from:to])
	if to < len(s) {
		fmt.Fprintf(&b, "… (%d more bytes)", len(s)-to)
	}
	return b.String()
}
