package charts

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/onggi-db/onggi/render/manifest"
)

// value is one entry of values.yaml.
type value struct {
	want   [][]string // where it would like to stand, best first
	path   []string   // where it stands: set by [names]
	doc    string
	schema manifest.Map // nil: what the variants have says it
	form   form
	knob   *knob // nil for a value that no spec field is
	// opinions has one for each variant: what the variant needs the value to be, if it needs it at all.
	opinions []opinion
	// emptyable means that the empty value leaves the place out.
	emptyable bool
	// removable means that templates do without the value, as they do without an emptyable one.
	removable bool
}

type opinion struct {
	has   bool
	value any
}

// constant is the opinions of variants that all need the same.
func constant(variants int, v any) []opinion {
	out := make([]opinion, variants)
	for i := range out {
		out[i] = opinion{true, v}
	}
	return out
}

// standard is what values.yaml says: what Base needs, or, where Base does not care, what the first environment that
// cares needs, so that switching the part on has a sensible start.
func (v *value) standard() any {
	for _, o := range v.opinions {
		if o.has {
			return o.value
		}
	}
	return v.empty()
}

// in is what the value has to be for a variant, and whether that differs from values.yaml.
func (v *value) in(variant int) (want any, differs bool) {
	o := v.opinions[variant]
	return o.value, o.has && !same(o.value, v.standard())
}

// empty is the value that a template's `with` leaves out.
func (v *value) empty() any {
	for _, o := range v.opinions {
		switch o.value.(type) {
		case string:
			return ""
		case int64, float64:
			return int64(0)
		case bool:
			return false
		case []any:
			return []any{}
		case manifest.Map:
			return manifest.Map{}
		}
	}
	return ""
}

// truthy is what a template's `if` and `with` take for true.
func truthy(v any) bool {
	switch v := v.(type) {
	case string:
		return v != ""
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case manifest.Map:
		return len(v) > 0
	default:
		return false
	}
}

// formOf is how values of these opinions become YAML; ok is false where values cannot carry them.
func formOf(opinions []opinion) (f form, ok bool) {
	var forms []form
	for _, o := range opinions {
		if o.has {
			if !exact(o.value) {
				return formBlock, false
			}
			forms = append(forms, scalarForm(o.value))
		}
	}
	slices.Sort(forms)
	switch forms = slices.Compact(forms); {
	case len(forms) == 0:
		return formString, false
	case len(forms) == 1:
		f = forms[0]
	case slices.Contains(forms, formBlock):
		return formBlock, false
	default:
		f = formJSON
	}
	if f != formBlock && f != formJSON {
		return f, true
	}
	return f, !slices.ContainsFunc(opinions, func(o opinion) bool { return o.has && !tame(o.value, false) })
}

func scalarForm(v any) form {
	switch v.(type) {
	case string:
		return formString
	case int64:
		return formInt
	case bool:
		return formBool
	case []any, manifest.Map:
		return formBlock
	}
	return formJSON
}

// precise is how far integers survive as the floats that Helm reads numbers as.
const precise = 1 << 53

// exact reports whether a scalar comes out of Helm as it went in. A null does not, and neither does text with noValue.
func exact(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return !strings.Contains(v, noValue)
	case int64:
		return -precise <= v && v <= precise
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return true
}

// tame reports whether toYaml and toJson write v so that it reads back as v, in whatever place. They leave characters
// as they are that YAML does not allow, and keys without quotes that mean something. Helm takes nulls out of mappings,
// but does not look into lists.
func tame(v any, inList bool) bool {
	switch v := v.(type) {
	case nil:
		return inList
	case string:
		return exact(v) && !strings.HasSuffix(v, "\n\n") && (v == "" || strings.Trim(v, " \n") != "") &&
			!strings.ContainsFunc(v, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !tame(item, true) })
	case manifest.Map:
		for k, item := range v {
			if !tame(k, false) || !tame(item, inList) || k == "<<" || strings.Contains(k, "\n") {
				return false
			}
		}
		return true
	}
	return exact(v)
}

// overlay is what, merged over from as Helm merges values, gives want: a null takes a key away.
func overlay(from, want any) any {
	old, ok := from.(manifest.Map)
	wanted, isMap := want.(manifest.Map)
	if !ok || !isMap {
		return want
	}
	out := manifest.Map{}
	for k := range old {
		if _, ok := wanted[k]; !ok {
			out[k] = nil
		}
	}
	for k, v := range wanted {
		if before, ok := old[k]; !ok {
			out[k] = v
		} else if !same(before, v) {
			out[k] = overlay(before, v)
		}
	}
	return out
}

// tree nests values below their paths: branches hold branches, the leaves are *value.
type tree map[string]any

func treeOf(values []*value) tree {
	root := tree{}
	for _, v := range values {
		at := root
		for _, seg := range v.path[:len(v.path)-1] {
			next, ok := at[seg].(tree)
			if !ok {
				next = tree{}
				at[seg] = next
			}
			at = next
		}
		at[v.path[len(v.path)-1]] = v
	}
	return root
}

// byPath orders values as values.yaml has them.
func byPath(a, b *value) int { return slices.Compare(a.path, b.path) }

// expr is the template expression that reads the value.
func (v *value) expr() string {
	for _, seg := range v.path {
		if !identifier(seg) {
			return "(index .Values " + strings.Join(quoteAll(v.path), " ") + ")"
		}
	}
	return ".Values." + strings.Join(v.path, ".")
}

func (v *value) name() string { return strings.Join(v.path, ".") }

func quoteAll(ss []string) []string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = goQuote(s)
	}
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
