package charts

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// column is one item of a list, followed through the variants.
type column struct {
	at []int  // its index in each variant, -1 where the variant lacks it
	id string // a word for it: what tells it from the others, "" if only its index does
}

// onlyItem is the id of the item of a list that never has a second one.
const onlyItem = "\x00only"

// list compares lists item by item where the items can be told apart. Where not, the whole list is a value; and where no
// value can carry it, a choice.
func (b *build) list(at place, cs cells) node {
	if !cs.every(isFlat) || b.flatAlike(at, cs) {
		if columns, ok := b.align(cs); ok {
			return collapse(b.sequence(at, cs, columns), cs.first())
		}
	}
	return b.leaf(at, cs)
}

// flatAlike reports whether lists of scalars differ at most in how they name the namespace.
func (b *build) flatAlike(at place, cs cells) bool {
	if cs.agree() {
		return true
	}
	columns, ok := byIndex(cs)
	if !ok {
		return false
	}
	for i, col := range columns {
		items := cs.column(col)
		if _, scoped := b.scope(at.item(i, onlyItem), items); !scoped && !items.agree() {
			return false
		}
	}
	return true
}

// plainID is the id without the words that all names of the set begin with.
func (b *build) plainID(id string) string {
	if id == onlyItem {
		return id
	}
	plain := replaceWord(replaceWord(id, nsToken, ""), b.set.Name, "")
	plain = strings.TrimPrefix(strings.Trim(plain, ". -"), b.set.Name+"-")
	if plain == "" {
		return strings.ReplaceAll(id, nsToken, "")
	}
	return plain
}

func (b *build) sequence(at place, cs cells, columns []column) *sequence {
	s := &sequence{items: make([]item, 0, len(columns))}
	for i, col := range columns {
		items := cs.column(col)
		below := at.item(i, b.plainID(col.id))
		it := item{node: b.node(below, items)}
		if !items.everywhere(cs) {
			it.when, it.node = b.optionalItem(below, cs, items, it.node)
		}
		s.items = append(s.items, it)
	}
	return s
}

// optionalItem is optional for an item, which has no key to be left out with.
func (b *build) optionalItem(at place, parent, cs cells, n node) (cond, node) {
	if p := b.partOf(at, parent, cs); p != nil {
		return cond{terms: []*value{p.on}}, n
	}
	v := &value{
		want: at.names("enabled"), form: formBool, opinions: cs.vector().opinions(parent.vector()),
		doc: "Render " + lowerFirst(at.describe()),
	}
	b.switches = append(b.switches, v)
	b.guarded = append(b.guarded, guarded{on: v, node: n})
	return cond{terms: []*value{v}}, n
}

func (cs cells) column(col column) cells {
	out := make(cells, len(cs))
	for i, c := range cs {
		if j := col.at[i]; c.has && j >= 0 {
			out[i] = cell{true, c.value.([]any)[j], c.fields.below(j)}
		}
	}
	return out
}

// align finds the columns of lists whose items can be told apart: by a key that names them, by their index where all
// lists are as long, or by being equal where one list has all that the others have.
func (b *build) align(cs cells) ([]column, bool) {
	byPosition, asLong := byIndex(cs)
	ids := []func(any) string{byKey("name"), byTemplate, byAlert, byKey("record"), byKey("key"), byKey("secretName")}
	for _, id := range ids {
		if columns, ok := b.byID(cs, id); ok && (!asLong || slices.ContainsFunc(columns, cs.share)) {
			return only(columns), true
		}
	}
	if asLong {
		return only(byPosition), true
	}
	columns, ok := byContent(cs)
	return only(columns), ok
}

// share reports whether all lists have the item.
func (cs cells) share(col column) bool { return cs.column(col).everywhere(cs) }

func only(columns []column) []column {
	if len(columns) == 1 {
		columns[0].id = onlyItem
	}
	return columns
}

func byKey(key string) func(any) string {
	return func(item any) string {
		m, _ := item.(manifest.Map)
		s, _ := m[key].(string)
		return s
	}
}

// byTemplate tells apart what a controller makes services of.
func byTemplate(item any) string {
	m, _ := item.(manifest.Map)
	template, _ := m["serviceTemplate"].(manifest.Map)
	return byKey("name")(template["metadata"])
}

// byAlert tells the rules of an alert group apart: the same alert may be there once for each severity.
func byAlert(item any) string {
	id := byKey("alert")(item)
	if m, _ := item.(manifest.Map); id != "" {
		id += " " + byKey("severity")(m["labels"])
	}
	return id
}

// byIndex pairs lists of the same length.
func byIndex(cs cells) ([]column, bool) {
	size := len(cs.first().([]any))
	if !cs.every(func(v any) bool { return len(v.([]any)) == size }) {
		return nil, false
	}
	columns := make([]column, size)
	for i := range columns {
		columns[i].at = make([]int, len(cs))
		for j := range cs {
			columns[i].at[j] = i
		}
	}
	return columns, true
}

// byID pairs items that have the same id, in an order that all lists agree with. There is none where an item has no id,
// where two have the same, or where the lists have them in different orders.
func (b *build) byID(cs cells, id func(any) string) ([]column, bool) {
	var order []string
	where := map[string]column{}
	for i, c := range cs {
		if !c.has {
			continue
		}
		at := 0 // where in order the last item was
		for j, it := range c.value.([]any) {
			word := replaceWord(id(it), b.variants[i].namespace, nsToken)
			if word == "" {
				return nil, false
			}
			col, known := where[word]
			if !known {
				col = column{at: slices.Repeat([]int{-1}, len(cs)), id: word}
				where[word] = col
				order = slices.Insert(order, at, word)
			}
			if col.at[i] >= 0 {
				return nil, false
			}
			col.at[i] = j
			next := slices.Index(order, word)
			if next < at {
				return nil, false
			}
			at = next + 1
		}
	}
	columns := make([]column, len(order))
	for i, word := range order {
		columns[i] = where[word]
	}
	return columns, true
}

// byContent pairs items that are equal, where one list has, in order, all that any other has.
func byContent(cs cells) ([]column, bool) {
	var longest []any
	for _, c := range cs {
		if list, _ := c.value.([]any); c.has && len(list) > len(longest) {
			longest = list
		}
	}
	columns := make([]column, len(longest))
	for i := range columns {
		columns[i].at = slices.Repeat([]int{-1}, len(cs))
	}
	for i, c := range cs {
		if !c.has {
			continue
		}
		next := 0
		for j, it := range c.value.([]any) {
			for next < len(longest) && !same(longest[next], it) {
				next++
			}
			if next == len(longest) {
				return nil, false
			}
			columns[next].at[i] = j
			next++
		}
	}
	return columns, true
}
