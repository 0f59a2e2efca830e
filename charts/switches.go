package charts

import "slices"

// guarded is a switch and what it renders.
type guarded struct {
	on   *value
	key  string // of the entry it renders, "" for an object or an item
	node node
}

// nameSwitches offers a switch the place in the values where the knobs stand that nothing else reads: what renders the
// WAL volume is storage.wal.enabled, beside storage.wal.size.
func (b *build) nameSwitches() {
	total := uses{}
	for _, o := range b.objects {
		total.count(o.body)
	}
	for _, g := range b.guarded {
		within := uses{}
		within.count(g.node)
		prefix := within.only(total)
		if len(prefix) == 0 || len(prefix) == 1 && prefix[0] != camel(g.key) {
			continue // a word such as storage or replication is about more than this
		}
		word := g.on.want[0][len(g.on.want[0])-1]
		g.on.want = slices.Insert(g.on.want, 0, with(prefix, word))
	}
}

// uses counts how often each knob is read.
type uses map[*value]int

func (u uses) count(n node) {
	switch n := n.(type) {
	case *leaf:
		if n.value.knob != nil {
			u[n.value]++
		}
	case *mapping:
		for _, e := range n.entries {
			u.count(e.node)
		}
	case *sequence:
		for _, it := range n.items {
			u.count(it.node)
		}
	}
}

// only is the longest path that all knobs stand below that are read here and nowhere else.
func (u uses) only(total uses) []string {
	var prefix []string
	for v, n := range u {
		if n < total[v] {
			continue
		}
		branch := v.knob.path[:len(v.knob.path)-1]
		if prefix == nil {
			prefix = branch
			continue
		}
		same := 0
		for same < min(len(prefix), len(branch)) && prefix[same] == branch[same] {
			same++
		}
		prefix = prefix[:same:same]
	}
	return prefix
}
