package manifest

import (
	"fmt"
	"strconv"
	"strings"
)

// Text is the string at a path, "" where there is none.
func Text(obj any, path ...any) string {
	v, _ := Get(obj, path...)
	return str(v)
}

// Get returns what stands at a path in obj: an [Object], a Map or a list. Path elements are strings for mapping keys and
// ints for list indexes. It reports false where the path leads nowhere, and true for a null that is there.
func Get(obj any, path ...any) (any, bool) {
	if o, is := obj.(Object); is {
		obj = o.Body()
	}
	for _, step := range path {
		var ok bool
		if obj, ok = child(obj, step); !ok {
			return nil, false
		}
	}
	return obj, true
}

// child is one step down, into canonical collections and those of builders.
func child(v, step any) (any, bool) {
	switch step := step.(type) {
	case string:
		switch m := v.(type) {
		case Map:
			c, ok := m[step]
			return c, ok
		case *Fields:
			if i := m.find(step); i >= 0 {
				return m.list[i].value, true
			}
			return nil, false
		case map[string]string:
			c, ok := m[step]
			return c, ok
		}
	case int:
		switch list := v.(type) {
		case []any:
			return at(list, step)
		case []string:
			return at(list, step)
		case []Map:
			return at(list, step)
		}
	}
	return nil, false
}

func at[T any](list []T, i int) (any, bool) {
	if i < 0 || i >= len(list) {
		return nil, false
	}
	return list[i], true
}

// Set changes m in place so that Get(m, path...) is value. It makes the mappings that are missing on the way; an index
// one past the end of a list appends to it, and index 0 below a missing field begins a list. It fails, and changes
// nothing, where the path runs into something that is no such collection. Null counts as missing.
func Set(m Map, value any, path ...any) error {
	if len(path) == 0 {
		return fmt.Errorf("set the object itself: a path is needed")
	}
	_, err := set(m, value, path, 0)
	return err
}

// set returns the collection v with path[depth:] set. Only once the rest of the path has been walked is anything changed.
func set(v, value any, path []any, depth int) (any, error) {
	if depth == len(path) {
		return value, nil
	}
	switch step := path[depth].(type) {
	case string:
		if v == nil {
			v = Map{}
		}
		m, ok := v.(Map)
		if !ok {
			break
		}
		c, err := set(m[step], value, path, depth+1)
		if err != nil {
			return nil, err
		}
		m[step] = c
		return m, nil
	case int:
		list, ok := v.([]any)
		if v != nil && !ok || step < 0 || step > len(list) {
			break
		}
		var old any
		if step < len(list) {
			old = list[step]
		}
		c, err := set(old, value, path, depth+1)
		if err != nil {
			return nil, err
		}
		if step == len(list) {
			return append(list, c), nil
		}
		list[step] = c
		return list, nil
	}
	return nil, fmt.Errorf("set %s: %s is %s", FormatPath(path), describe(path, depth), excerpt(v, 40))
}

func describe(path []any, depth int) string {
	if depth == 0 {
		return "the object"
	}
	return FormatPath(path[:depth])
}

// FormatPath writes a path as people do: spec.postgresql.parameters["a.b"], spec.plugins[0].name. A key that is not made
// of letters, digits, "_", "-" and "$" is quoted as in Go. The empty path is "". [ParsePath] reads it back.
func FormatPath(path []any) string {
	var b []byte
	for _, step := range path {
		switch step := step.(type) {
		case int:
			b = append(b, '[')
			b = strconv.AppendInt(b, int64(step), 10)
			b = append(b, ']')
		case string:
			if !bareKey(step) {
				b = append(b, '[')
				b = strconv.AppendQuote(b, step)
				b = append(b, ']')
				continue
			}
			if len(b) > 0 {
				b = append(b, '.')
			}
			b = append(b, step...)
		default: // no path of ours, but a message needs no second failure
			b = fmt.Appendf(b, "[%v]", step)
		}
	}
	return string(b)
}

// ParsePath reads what [FormatPath] writes.
func ParsePath(s string) ([]any, error) {
	var path []any
	for rest := s; rest != ""; {
		step, after, err := cutStep(rest, len(path) == 0)
		if err != nil {
			return nil, fmt.Errorf("parse path %q: at character %d: %w", s, len(s)-len(rest)+1, err)
		}
		path, rest = append(path, step), after
	}
	return path, nil
}

// cutStep splits the first step off s, which is not empty.
func cutStep(s string, first bool) (step any, rest string, err error) {
	switch {
	case strings.HasPrefix(s, `["`):
		quoted, err := strconv.QuotedPrefix(s[1:])
		if err != nil || !strings.HasPrefix(s[1+len(quoted):], "]") {
			return nil, "", fmt.Errorf(`a quoted key has to end in "]`)
		}
		key, err := strconv.Unquote(quoted)
		return key, s[len(quoted)+2:], err
	case s[0] == '[':
		digits, rest, found := strings.Cut(s[1:], "]")
		i, err := strconv.Atoi(digits)
		if !found || err != nil || strconv.Itoa(i) != digits {
			return nil, "", fmt.Errorf("brackets have to hold an index or a quoted key")
		}
		return i, rest, nil
	case !first:
		if s[0] != '.' {
			return nil, "", fmt.Errorf("a key has to follow a dot")
		}
		s = s[1:]
	}
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	if !bareKey(s[:end]) {
		return nil, "", fmt.Errorf("%q has to be in quotes and brackets", s[:end])
	}
	return s[:end], s[end:], nil
}

func bareKey(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '_' && c != '-' && c != '$' {
				return false
			}
		}
	}
	return s != ""
}
