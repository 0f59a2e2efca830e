package manifest

import (
	"fmt"
	"strconv"
	"strings"
)

// Get follows a path of mapping keys (string) and list indexes (int). found is false when it leads nowhere.
func Get(v any, path ...any) (value any, found bool) {
	for _, step := range path {
		switch at := v.(type) {
		case Map:
			key, ok := step.(string)
			if !ok {
				return nil, false
			}
			if v, ok = at[key]; !ok {
				return nil, false
			}
		case []any:
			i, ok := step.(int)
			if !ok || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// Set replaces the value at a path and returns v, changed in place; a missing mapping on the way is made, a missing list
// item is not: then found is false and nothing changes.
func Set(v any, value any, path ...any) (result any, found bool) {
	if len(path) == 0 {
		return value, true
	}
	switch step := path[0].(type) {
	case string:
		if v == nil {
			v = Map{}
		}
		at, ok := v.(Map)
		if !ok {
			return v, false
		}
		inner, ok := Set(at[step], value, path[1:]...)
		if ok {
			at[step] = inner
		}
		return at, ok
	case int:
		at, ok := v.([]any)
		if !ok || step < 0 || step >= len(at) {
			return v, false
		}
		inner, ok := Set(at[step], value, path[1:]...)
		if ok {
			at[step] = inner
		}
		return at, ok
	}
	return v, false
}

// FormatPath writes a path as people do: spec.plugins[0].name; a key that is more than letters, digits, - and _ is quoted:
// metadata.labels["a.b/c"].
func FormatPath(path []any) string {
	var b strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			switch {
			case !plainKey(step):
				b.WriteString("[" + strconv.Quote(step) + "]")
			case b.Len() > 0:
				b.WriteString("." + step)
			default:
				b.WriteString(step)
			}
		}
	}
	return b.String()
}

func plainKey(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '$' {
			return false
		}
	}
	return s != ""
}

// ParsePath reads what [FormatPath] writes.
func ParsePath(s string) ([]any, error) {
	var path []any
	for rest := s; rest != ""; {
		if rest[0] != '[' {
			if len(path) > 0 {
				if rest[0] != '.' {
					return nil, fmt.Errorf("%q: want a dot before %q", s, rest)
				}
				rest = rest[1:]
			}
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if !plainKey(rest[:end]) {
				return nil, fmt.Errorf("%q: %q is not a key", s, rest[:end])
			}
			path, rest = append(path, rest[:end]), rest[end:]
			continue
		}
		step, after, err := bracket(rest)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		path, rest = append(path, step), after
	}
	return path, nil
}

func bracket(s string) (step any, rest string, err error) {
	if quoted, err := strconv.QuotedPrefix(s[1:]); err == nil {
		key, err := strconv.Unquote(quoted)
		rest, closed := strings.CutPrefix(s[1+len(quoted):], "]")
		if err != nil || !closed {
			return nil, "", fmt.Errorf("want ] after %s", quoted)
		}
		return key, rest, nil
	}
	number, rest, closed := strings.Cut(s[1:], "]")
	i, err := strconv.Atoi(number)
	if err != nil || !closed || i < 0 {
		return nil, "", fmt.Errorf("%q is not an index", number)
	}
	return i, rest, nil
}
