package manifest

import (
	"strings"
	"unicode/utf8"
)

// Canonical returns a deep copy of v in the types of [Object]: nil, bool, int64, float64, string, []any and Map. An
// integer of any type, and a float64 that is an integer within int64, become int64; typed lists and maps become []any
// and Map, and so does *Fields; a nil list or map becomes an empty one; each byte that is not UTF-8 becomes U+FFFD, as in encoding/json. It
// panics on a type that [AppendYAML] does not take.
func Canonical(v any) any {
	switch v := v.(type) {
	case Map:
		return canonicalMap(v)
	case *Fields:
		return v.Map()
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
	fields, body := o.either()
	if fields != nil {
		return o.With(fields.Map())
	}
	return o.With(Clone(body))
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
