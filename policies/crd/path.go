package crd

import (
	"strconv"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"

	"github.com/onggi-db/onggi/render/manifest"
)

// parsePath turns the API server's text form of a field path into keys and indices. The text is ambiguous, because it does
// not quote a key that holds a dot (spec.annotations.a.b/c), so it is read along the object: the longest key that the mapping
// has wins, and what the object does not have is split at its dots.
func parsePath(body manifest.Map, text string) []any {
	var path []any
	var at any = body
	for rest := text; rest != "" && rest != "<nil>"; {
		if rest[0] == '.' {
			rest = rest[1:]
			continue
		}
		if key, tail, ok := cutIndex(rest); ok {
			path, at = append(path, key), child(at, key)
			rest = tail
			continue
		}
		key := longestKey(at, rest)
		path, at = append(path, key), child(at, key)
		rest = rest[len(key):]
	}
	return path
}

// cutIndex reads "[3]", "[key]" or "["key"]" off the front of a path.
func cutIndex(text string) (key any, rest string, ok bool) {
	if text[0] != '[' {
		return nil, "", false
	}
	inner, rest, ok := strings.Cut(text[1:], "]")
	if !ok {
		return nil, "", false
	}
	if i, err := strconv.Atoi(inner); err == nil {
		return i, rest, true
	}
	return strings.Trim(inner, `"`), rest, true
}

func longestKey(at any, text string) string {
	best := ""
	if m, ok := at.(manifest.Map); ok {
		for key := range m {
			if len(key) > len(best) && strings.HasPrefix(text, key) && (len(text) == len(key) || strings.ContainsRune(".[", rune(text[len(key)]))) {
				best = key
			}
		}
	}
	if best != "" {
		return best
	}
	if i := strings.IndexAny(text[1:], ".["); i >= 0 {
		return text[:i+1]
	}
	return text
}

func child(at, key any) any {
	v, _ := manifest.Get(at, key)
	return v
}

// suggest names the field of the schema that an unknown one was probably meant to be, as ", did you mean …?", or "".
func (c *compiled) suggest(path []any) string {
	s := c.structural
	for _, key := range path[:max(len(path)-1, 0)] {
		if s == nil {
			return ""
		}
		switch key := key.(type) {
		case int:
			s = s.Items
		case string:
			s = property(s, key)
		}
	}
	name, ok := last(path).(string)
	if s == nil || !ok {
		return ""
	}
	best, distance := "", len(name)/3+1
	for candidate := range s.Properties {
		d := editDistance(strings.ToLower(name), strings.ToLower(candidate))
		if d < distance || d == distance && best != "" && candidate < best {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return `, did you mean "` + best + `"?`
}

func property(s *schema.Structural, name string) *schema.Structural {
	if p, ok := s.Properties[name]; ok {
		return &p
	}
	if s.AdditionalProperties != nil {
		return s.AdditionalProperties.Structural
	}
	return nil
}

func last(path []any) any {
	if len(path) == 0 {
		return nil
	}
	return path[len(path)-1]
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
