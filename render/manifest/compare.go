package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Difference is one place where two sets of objects differ: a field, or, with an empty Path, a whole object.
type Difference struct {
	Ref  Ref
	Path []any
	// Was and Is are the values on the two sides. Gone says that the second side has no such place, New that the first has not.
	Was, Is   any
	Gone, New bool
}

// String is one line, e.g. "Cluster/databases/shop spec.instances: 3 != 1".
func (d Difference) String() string {
	where := d.Ref.String()
	if len(d.Path) > 0 {
		where += " " + FormatPath(d.Path)
	}
	switch {
	case d.Gone && len(d.Path) == 0:
		return where + ": only in the first"
	case d.New && len(d.Path) == 0:
		return where + ": only in the second"
	case d.Gone:
		return fmt.Sprintf("%s: %s != nothing", where, shown(d.Was))
	case d.New:
		return fmt.Sprintf("%s: nothing != %s", where, shown(d.Is))
	}
	return fmt.Sprintf("%s: %s != %s", where, shown(d.Was), shown(d.Is))
}

// shown is a value on one line, cut where it gets long.
func shown(v any) string {
	s := []rune(string(EncodeJSON(v)))
	if len(s) > 80 {
		return string(s[:77]) + "..."
	}
	return string(s)
}

// identity is what makes two objects the same object; the version within the group does not.
type identity struct{ group, kind, namespace, name string }

func identityOf(o Object) identity {
	r := o.Ref()
	return identity{r.Group(), r.Kind, r.Namespace, r.Name}
}

// Diff compares two sets of objects, whatever their order, and lists the places that differ in the order of objects and
// keys. A mapping is compared key by key; a list item by item when both have as many, as a whole otherwise.
func Diff(a, b []Object) []Difference {
	first, second := index(a), index(b)
	keys := slices.Collect(maps.Keys(first))
	for k := range second {
		if _, both := first[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y identity) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.group, y.group), cmp.Compare(x.namespace, y.namespace), cmp.Compare(x.name, y.name))
	})
	var out []Difference
	for _, k := range keys {
		x, inFirst := first[k]
		y, inSecond := second[k]
		switch {
		case !inSecond:
			out = append(out, Difference{Ref: x.Ref(), Was: x.Body, Gone: true})
		case !inFirst:
			out = append(out, Difference{Ref: y.Ref(), Is: y.Body, New: true})
		default:
			d := differ{ref: x.Ref()}
			d.mapping(x.Body, y.Body)
			out = append(out, d.found...)
		}
	}
	return out
}

func index(objs []Object) map[identity]Object {
	out := make(map[identity]Object, len(objs))
	for _, o := range objs {
		out[identityOf(o)] = o
	}
	return out
}

// Equal reports whether two sets hold the same objects, whatever their order.
func Equal(a, b []Object) bool { return len(a) == len(b) && len(Diff(a, b)) == 0 }

type differ struct {
	ref   Ref
	path  []any
	found []Difference
}

func (d *differ) add(x Difference) {
	x.Ref, x.Path = d.ref, slices.Clone(d.path)
	d.found = append(d.found, x)
}

func (d *differ) mapping(a, b Map) {
	keys := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		d.path = append(d.path, k)
		x, inFirst := a[k]
		y, inSecond := b[k]
		switch {
		case !inSecond:
			d.add(Difference{Was: x, Gone: true})
		case !inFirst:
			d.add(Difference{Is: y, New: true})
		default:
			d.value(x, y)
		}
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *differ) value(a, b any) {
	switch x := a.(type) {
	case Map:
		if y, ok := b.(Map); ok {
			d.mapping(x, y)
			return
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			for i := range x {
				d.path = append(d.path, i)
				d.value(x[i], y[i])
				d.path = d.path[:len(d.path)-1]
			}
			return
		}
	default:
		if scalarEqual(a, b) {
			return
		}
	}
	d.add(Difference{Was: a, Is: b})
}

// scalarEqual compares numbers by value: 1 and 1.0 are the same.
func scalarEqual(a, b any) bool {
	switch b.(type) {
	case Map, []any:
		return false
	}
	if a == b {
		return true
	}
	x, isNumber := float(a)
	y, bothNumbers := float(b)
	return isNumber && bothNumbers && x == y
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
