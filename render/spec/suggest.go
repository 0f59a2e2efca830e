package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/spec/node"
)

// typeName names what a node is, for a message.
func typeName(n *node.Node) string {
	switch {
	case n.Kind == node.Mapping:
		return "a mapping"
	case n.Kind == node.Sequence:
		return "a list"
	case n.Quoted():
		return "a string"
	}
	return [...]string{node.String: "a string", node.Int: "a number", node.Float: "a number", node.Bool: "a boolean", node.Null: "null"}[n.Type]
}

func wrongType(n *node.Node, want *shape, example string) violation {
	v := violation{code: codeType, message: fmt.Sprintf("this is %s, but %s is needed here", typeName(n), want.class)}
	switch {
	case want.class == list && n.Kind == node.Scalar && want.elem.class == object && want.elem.short == nil:
		v.fix = fmt.Sprintf("write a list such as [{%s: %s}]", want.elem.fields[0].name, n.Value)
	case want.class == list && n.Kind == node.Scalar:
		v.fix = "write [" + n.Value + "]"
	case want.class == list && n.Kind == node.Mapping && want.elem.class == object:
		v.fix = "put \"- \" before the first field of each entry"
	case example != "":
		v.fix = "write it like " + example
	default:
		v.fix = "write " + want.class.String()
	}
	return v
}

// exampleOf is a mapping of the required fields of an object, or of its first one.
func exampleOf(s *shape) string {
	var parts []string
	for _, f := range s.fields {
		if f.rules.required {
			parts = append(parts, exampleLine(f))
		}
	}
	if len(parts) == 0 && len(s.fields) > 0 {
		parts = []string{exampleLine(s.fields[0])}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// exampleLine is a field with a value that it takes.
func exampleLine(f *field) string {
	value := f.rules.example
	switch {
	case value != "":
	case f.rules.fallback != "":
		value = f.rules.fallback
	case len(f.rules.enum) > 0:
		value = f.rules.enum[0]
	default:
		value = [...]string{object: "{…}", dict: "{…}", list: "[…]", text: "…", integer: "1", boolean: "true", open: "{…}"}[f.shape.class]
		if f.shape.class == object {
			value = exampleOf(f.shape)
		}
	}
	return f.name + ": " + value
}

func names(fields []*field, last string) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.name
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " " + last + " " + parts[len(parts)-1]
}

// unknownField says what a field that does not exist was probably meant to be, and which field of the same object that is.
func unknownField(s *shape, parent, name string) (v violation, meant string) {
	v = violation{code: codeUnknown, message: fmt.Sprintf("there is no field %s here", name), why: "a field that nobody reads would be dropped without a word"}
	if parent == "" {
		v.message = fmt.Sprintf("there is no field %s at the top", name)
	}
	own := make([]string, len(s.fields))
	for i, f := range s.fields {
		own[i] = f.name
	}
	if ours := synonyms[name]; s.named(ours) != nil {
		v.code, v.fix = codeForeign, "that is called "+ours
		return v, ours
	}
	if word, ok := foreignWord(s, parent, name); ok {
		v.code, v.fix = codeForeign, word
		return v, ""
	}
	if best := nearest(name, own); best != "" {
		v.fix = "did you mean " + best + "?"
		return v, best
	}
	if places := elsewhere(name); len(places) > 0 {
		v.code = codeMisplaced
		v.message = fmt.Sprintf("%s does not belong here", name)
		v.fix = "that field lives at " + strings.Join(places, " or ")
		return v, ""
	}
	if v.fix = "fields here are " + strings.Join(own, ", "); len(own) > 16 {
		v.fix = "delete it; onggi explain " + parent + " lists the fields"
	}
	return v, ""
}

// elsewhere lists the paths of the fields with that name, the shortest first and at most three.
func elsewhere(name string) []string {
	var found []string
	walkShape(shapes().spec, "spec", map[*shape]bool{}, func(path string, f *field) {
		if f.name == name {
			found = append(found, path)
		}
	})
	slices.SortStableFunc(found, func(a, b string) int { return strings.Count(a, ".") - strings.Count(b, ".") })
	return found[:min(len(found), 3)]
}

// walkShape visits every field below an object, depth first. Entries of lists are written name[].
func walkShape(s *shape, path string, above map[*shape]bool, visit func(path string, f *field)) {
	if above[s] {
		return
	}
	above[s] = true
	for _, f := range s.fields {
		at := path + "." + f.name
		visit(at, f)
		inner := f.shape
		for inner.class == list {
			inner, at = inner.elem, at+"[]"
		}
		if inner.class == object {
			walkShape(inner, at, above, visit)
		}
	}
	delete(above, s)
}

// nearest is the candidate that s is most likely a slip of, or "". Upper and lower case, dashes and underscores count
// for nothing; else a third of the letters may be wrong.
func nearest(s string, candidates []string) string {
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(s))
	}
	best, bestDistance := "", 1+max(1, len(s)/3)
	if len(s) < 3 {
		bestDistance = 1
	}
	for _, c := range candidates {
		if d := distance(plain(s), plain(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// words are what other tools call values of ours.
var words = map[string]string{
	"cnpg": "cloudnative-pg", "cloudnativepg": "cloudnative-pg", "pgo": "crunchy", "postgresql": "postgres", "pg": "postgres", "mariadb": "mysql",
	"master": "primary", "rw": "primary", "readwrite": "primary", "ro": "replica", "standby": "replica", "slave": "replica", "r": "any",
	"pgbouncer": "pooler", "manual": "supervised", "automatic": "unsupervised", "hard": "required", "soft": "preferred", "keep": "retain", "drop": "delete",
	"manifest": "manifests", "yaml": "manifests", "warn": "warning", "lb": "LoadBalancer", "barmanObjectStore": "in-tree", "volumeSnapshot": "snapshot",
}

// nearestWord is the value that s is most likely meant to be, or "".
func nearestWord(s string, enum []string) string {
	if ours := words[s]; slices.Contains(enum, ours) {
		return ours
	}
	if best := nearest(s, enum); best != "" {
		return best
	}
	for _, e := range enum {
		if len(e) > 2 && strings.HasPrefix(strings.ToLower(s), strings.ToLower(e)) {
			return e
		}
	}
	return ""
}

// distance is the Damerau-Levenshtein distance (optimal string alignment): letters added, dropped, changed, or two
// neighbours swapped.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > 64 || len(t) > 64 {
		return 64
	}
	rows := [3][]int{make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(s); i++ {
		before, last, row := rows[(i-1)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(t); j++ {
			change := last[j-1]
			if s[i-1] != t[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[(len(s)+1)%3][len(t)]
}
