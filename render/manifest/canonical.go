package manifest

import (
	"strings"
	"unicode/utf8"
)

// Canonical returns a deep copy of v in the types of [Object]: nil, bool, int64, float64, string, []any and Map. An
// integer of any type, and a float64 that is an integer within int64, become int64; typed lists and maps become []any
// and Map; a nil list or map becomes an empty one; each byte that is not UTF-8 becomes U+FFFD, as in encoding/json. It
// panics on a type that [AppendYAML] does not take.
func Canonical(v any) any {
	switch v := v.(type) {
	case kept:
		return Canonical(v.value)
	case Map:
		return canonicalMap(v)
	case map[string]string:
		return canonicalMap(v)
	case []any:
		return canonicalList(v)
	case []string:
		return canonicalList(v)
	case []Map:
		return canonicalList(v)
	default:
		return canonicalScalar(v)
	}
}

// Clone returns a deep copy of m, in canonical types.
func Clone(m Map) Map {
	return canonicalMap(m)
}

// Clone returns an object that shares nothing with o.
func (o Object) Clone() Object {
	o.Body = Clone(o.Body)
	return o
}

func canonicalMap[T any](m map[string]T) Map {
	out := make(Map, len(m))
	for k, v := range m {
		out[validString(k)] = Canonical(v)
	}
	return out
}

func canonicalList[T any](items []T) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = Canonical(item)
	}
	return out
}

func canonicalScalar(v any) any {
	switch t := v.(type) {
	case nil, bool, int64:
		return v
	case string:
		if utf8.ValidString(t) {
			return v
		}
		return validString(t)
	case int:
		return int64(t)
	case int32:
		return int64(t)
	case float64:
		if n, ok := integral(t); ok {
			return n
		}
		return v
	default:
		panic(unsupported(v))
	}
}

func validString(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // a byte that is not UTF-8 ranges as U+FFFD
		b.WriteRune(r)
	}
	return b.String()
}

// kept is a value that [Prune] leaves alone.
type kept struct{ value any }

// Keep marks a value that [Prune] must not drop or look into: an empty mapping that says something (emptyDir,
// podSelector), an empty string that does (storageClassName), or what a user wrote. The mark is gone from what Prune and
// [Canonical] return; encoders see through it.
func Keep(v any) any {
	return kept{v}
}

// Prune returns a canonical copy of m without what says nothing, so that a builder can write every optional field
// plainly and prune once at the end.
//
//   - A field goes when its value is nil, "", or a mapping or list that is empty or becomes so. False and 0 stay.
//   - A list loses its nil items and no others: "" and {} are what core API groups and allow-all rules look like.
//     Mappings in lists are pruned inside.
//   - The entries of map[string]string and []string are data (labels, parameters): all stay.
//   - What [Keep] marks stays as it is.
func Prune(m Map) Map {
	out := make(Map, len(m))
	for k, v := range m {
		if v, said := prune(v); said {
			out[validString(k)] = v
		}
	}
	return out
}

// prune returns the value and whether, as a field, it says something.
func prune(v any) (pruned any, said bool) {
	switch v := v.(type) {
	case kept:
		return Canonical(v.value), true
	case nil:
		return nil, false
	case Map:
		out := Prune(v)
		return out, len(out) > 0
	case []any:
		return pruneList(v)
	case []Map:
		return pruneList(v)
	case map[string]string:
		return canonicalMap(v), len(v) > 0
	case []string:
		return canonicalList(v), len(v) > 0
	default:
		return canonicalScalar(v), v != ""
	}
}

func pruneList[T any](items []T) (pruned any, said bool) {
	out := make([]any, 0, len(items))
	for _, item := range items {
		if any(item) == nil {
			continue
		}
		pruned, _ := prune(item)
		out = append(out, pruned)
	}
	return out, len(out) > 0
}
