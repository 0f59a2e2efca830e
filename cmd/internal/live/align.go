package live

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// row is one line of YAML in several environments.
type row struct {
	// Text is one line that all have, or one for each environment; null where it has none.
	Text []*string `json:"t"`
	// Differs is true where they are not the same.
	Differs bool `json:"d,omitempty"`
	// Moved is true where the last edit moved it.
	Moved bool `json:"m,omitempty"`
}

// align writes one object of several environments as YAML, line beside line: fields by their names, the items of lists by
// their names where they have some and by their places otherwise. in says which environments have the object; moved which
// paths the last edit moved, around which have such a path below them. Reading down one column gives the YAML of that environment.
func align(values []any, in []bool, moved, around func(path string) bool) []row {
	a := aligner{envs: len(values), moved: moved, around: around}
	a.body(values, in, nil, "", moved(""))
	return a.rows
}

type aligner struct {
	envs          int
	moved, around func(string) bool
	rows          []row
}

// body writes the fields of mappings. Those that an environment lacks stay empty there.
func (a *aligner) body(values []any, in []bool, path []any, indent string, isMoved bool) {
	var keys []string
	for i, v := range values {
		if m, ok := v.(manifest.Map); ok && in[i] {
			for k := range m {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		below, has := make([]any, a.envs), make([]bool, a.envs)
		for i, v := range values {
			if m, ok := v.(manifest.Map); ok && in[i] {
				below[i], has[i] = m[k]
			}
		}
		a.field(k, below, has, append(slices.Clip(path), k), indent, isMoved)
	}
}

func (a *aligner) field(key string, values []any, in []bool, path []any, indent string, isMoved bool) {
	isMoved = isMoved || a.moved(manifest.FormatPath(path))
	write := func(v any) string { return string(manifest.AppendYAML(nil, manifest.Map{key: v})) }
	switch {
	case !a.allAre(values, in, isMap) && !a.allAre(values, in, isList), a.calm(values, in, path):
		a.lines(values, in, indent, isMoved, write)
	default:
		// The line of the key alone is what stands above any value with lines of its own.
		head, _, _ := strings.Cut(write(manifest.Map{"x": nil}), "\n")
		a.line(repeat(head, in), indent, isMoved)
		if a.allAre(values, in, isMap) {
			a.body(values, in, path, indent+"  ", isMoved)
			return
		}
		a.items(values, in, path, indent, isMoved)
	}
}

// calm reports whether all environments have the same and nothing in it moved: then it is written as it is.
func (a *aligner) calm(values []any, in []bool, path []any) bool {
	for i, v := range values {
		if !in[i] || !manifest.EqualValue(v, values[0]) {
			return false
		}
	}
	return !a.around(manifest.FormatPath(path))
}

// items writes lists, a dash in the column of the key.
func (a *aligner) items(values []any, in []bool, path []any, indent string, isMoved bool) {
	if !a.sameLength(values, in) { // then the difference is told of the list as a whole
		isMoved = isMoved || a.moved(manifest.FormatPath(path))
	}
	for _, tuple := range pair(values, in) {
		below, has, at := make([]any, a.envs), make([]bool, a.envs), -1
		for i, index := range tuple {
			if index >= 0 {
				below[i], has[i], at = values[i].([]any)[index], true, index
			}
		}
		itemPath := append(slices.Clip(path), at)
		itemMoved := isMoved || a.moved(manifest.FormatPath(itemPath))
		if !a.allAre(below, has, isMap) {
			a.lines(below, has, indent, itemMoved, func(v any) string { return string(manifest.AppendYAML(nil, []any{v})) })
			continue
		}
		from := len(a.rows)
		a.body(below, has, itemPath, indent+"  ", itemMoved)
		a.dash(from, len(indent))
	}
}

// dash turns the indent of an item's first line, in each environment, into its dash.
func (a *aligner) dash(from, column int) {
	done := make([]bool, a.envs)
	for r := from; r < len(a.rows) && slices.Contains(done, false); r++ {
		texts := a.rows[r].Text
		if len(texts) == 1 {
			if !slices.Contains(done, true) {
				texts[0] = dashed(texts[0], column)
				return
			}
			texts = slices.Repeat(texts, a.envs) // some began above: from here on they differ by the dash
			a.rows[r].Text = texts
		}
		for i, t := range texts {
			if t != nil && !done[i] {
				texts[i], done[i] = dashed(t, column), true
			}
		}
	}
}

func dashed(t *string, column int) *string {
	s := (*t)[:column] + "- " + (*t)[column+2:]
	return &s
}

// lines writes values as they are, each environment's own lines, beside one another.
func (a *aligner) lines(values []any, in []bool, indent string, isMoved bool, write func(any) string) {
	texts, most, first := make([][]string, a.envs), 0, -1
	for i, v := range values {
		switch {
		case !in[i]:
			continue
		case first >= 0 && manifest.EqualValue(v, values[first]):
			texts[i] = texts[first]
		default:
			texts[i], first = strings.Split(strings.TrimSuffix(write(v), "\n"), "\n"), i
		}
		most = max(most, len(texts[i]))
	}
	for n := range most {
		line := make([]*string, a.envs)
		for i := range texts {
			if n < len(texts[i]) {
				line[i] = &texts[i][n]
			}
		}
		a.line(line, indent, isMoved)
	}
}

// line adds a row, folded into one text where all have the same.
func (a *aligner) line(texts []*string, indent string, isMoved bool) {
	same := true
	out := make([]*string, len(texts))
	for i, t := range texts {
		if t != nil {
			s := indent + *t
			if *t == "" {
				s = ""
			}
			out[i] = &s
		}
		same = same && t != nil && texts[0] != nil && *t == *texts[0]
	}
	if same {
		out = out[:1]
	}
	a.rows = append(a.rows, row{Text: out, Differs: !same, Moved: isMoved})
}

func repeat(s string, in []bool) []*string {
	out := make([]*string, len(in))
	for i := range in {
		if in[i] {
			out[i] = &s
		}
	}
	return out
}

func (a *aligner) allAre(values []any, in []bool, is func(any) bool) bool {
	for i, v := range values {
		if in[i] && !is(v) {
			return false
		}
	}
	return true
}

func (a *aligner) sameLength(values []any, in []bool) bool {
	length := -1
	for i, v := range values {
		if in[i] {
			if n := len(v.([]any)); length >= 0 && n != length {
				return false
			} else {
				length = n
			}
		}
	}
	return true
}

func isMap(v any) bool {
	m, ok := v.(manifest.Map)
	return ok && len(m) > 0
}

func isList(v any) bool {
	l, ok := v.([]any)
	return ok && len(l) > 0
}

// pair says which items of several lists stand beside one another, by their indexes, -1 for none: those of one name where all
// items have names of their own, those of one place otherwise.
func pair(values []any, in []bool) [][]int {
	names := make([]map[string]int, len(values))
	var order []string
	most := 0
	for i, v := range values {
		if !in[i] {
			continue
		}
		items := v.([]any)
		most = max(most, len(items))
		names[i] = map[string]int{}
		next := 0 // where a name that only this list has goes: behind the one before it
		for j, item := range items {
			name := identity(item)
			if _, twice := names[i][name]; twice || name == "" {
				return places(values, in, most)
			}
			names[i][name] = j
			if k := slices.Index(order, name); k >= 0 {
				next = k + 1
				continue
			}
			order = slices.Insert(order, next, name)
			next++
		}
	}
	if len(order) == total(values, in) && many(in) {
		return places(values, in, most) // they have no name in common: names that carry the environment's
	}
	var out [][]int
	last := slices.Repeat([]int{-1}, len(values))
	for _, name := range order {
		tuple := slices.Repeat([]int{-1}, len(values))
		for i := range values {
			if j, ok := names[i][name]; ok {
				if j < last[i] { // in another order there: pairing would lie about it
					return places(values, in, most)
				}
				tuple[i], last[i] = j, j
			}
		}
		out = append(out, tuple)
	}
	return out
}

// total counts the items of all lists.
func total(values []any, in []bool) int {
	n := 0
	for i, v := range values {
		if in[i] {
			n += len(v.([]any))
		}
	}
	return n
}

func many(in []bool) bool {
	n := 0
	for _, has := range in {
		if has {
			n++
		}
	}
	return n > 1
}

// places pairs by index; most is at least the length of the lists seen so far.
func places(values []any, in []bool, most int) [][]int {
	for i, v := range values {
		if in[i] {
			most = max(most, len(v.([]any)))
		}
	}
	out := make([][]int, most)
	for at := range out {
		out[at] = slices.Repeat([]int{-1}, len(values))
		for i, v := range values {
			if in[i] && at < len(v.([]any)) {
				out[at][i] = at
			}
		}
	}
	return out
}

// identity is the name of a list's item; "" when it has none.
func identity(item any) string {
	switch v := item.(type) {
	case string:
		return "=" + v
	case manifest.Map:
		for _, field := range []string{"name", "alert", "key"} {
			if s, ok := v[field].(string); ok {
				return field + "=" + s
			}
		}
	}
	return ""
}
