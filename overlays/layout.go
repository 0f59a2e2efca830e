package overlays

import (
	"path"
	"regexp"
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

const (
	baseDir     = "base"
	coreDir     = "core"
	overlaysDir = "overlays"
)

// folder is where a variant's kustomization stands.
func folder(set variant.Set, v int) string {
	if v == 0 {
		return baseDir
	}
	return path.Join(overlaysDir, set.Envs[v-1].Name)
}

// home is where an item is written.
type home int

const (
	inCommon home = iota // one file, which every variant starts from
	inPart               // one file, in the Component of its part
	inEach               // a file in each variant that has it
)

// layout decides what stands where.
//
// Without optional parts it is what everyone expects: base holds the objects, and each overlay starts from base. When an
// environment lacks a part that Base has (no backup in dev), base cannot be its start, as Kustomize can delete objects but
// not leave a Component out again. Then the objects that all share move to core, and base becomes core plus Components, as
// every overlay is.
type layout struct {
	set     variant.Set
	items   []item
	homes   []home // by item
	shipped []string
	split   bool // whether there is a core
}

// partName is what a folder may be called.
var partName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// arrange lays the items out. Items in apart cannot be patched from one variant to another, and get a file in each.
func arrange(set variant.Set, items []item, shipped []string, apart map[manifest.Ref]bool) layout {
	l := layout{set: set, items: items, homes: make([]home, len(items)), shipped: shipped, split: len(shipped) > 0}
	presence := partPresence(items)
	for i, it := range items {
		inAll := presence[it.part]
		switch {
		case apart[it.ref]:
			l.homes[i] = inEach
		case slices.Contains(inAll, false) && isPart(it.part) && slices.Equal(inAll, it.presence()):
			l.homes[i] = inPart
		case it.isIn(0):
			l.homes[i] = inCommon
		default:
			l.homes[i] = inEach
		}
		l.split = l.split || l.homes[i] != inCommon && it.isIn(0)
	}
	return l
}

// isPart tells whether a part can have a Component, beside the shipped ones.
func isPart(p manifest.Part) bool {
	return partName.MatchString(string(p)) && !slices.Contains(componentNames(), string(p))
}

func (it item) presence() []bool {
	in := make([]bool, len(it.in))
	for v := range it.in {
		in[v] = it.isIn(v)
	}
	return in
}

// partPresence tells which variants have objects of a part.
func partPresence(items []item) map[manifest.Part][]bool {
	presence := map[manifest.Part][]bool{}
	for _, it := range items {
		if presence[it.part] == nil {
			presence[it.part] = make([]bool, len(it.in))
		}
		for v := range it.in {
			presence[it.part][v] = presence[it.part][v] || it.isIn(v)
		}
	}
	return presence
}

// commonDir holds what every variant starts from.
func (l layout) commonDir() string {
	if l.split {
		return coreDir
	}
	return baseDir
}

// parts are the Components of optional parts that a variant has, sorted.
func (l layout) parts(v int) []string {
	var parts []string
	for i, it := range l.items {
		if l.homes[i] == inPart && it.isIn(v) && !slices.Contains(parts, string(it.part)) {
			parts = append(parts, string(it.part))
		}
	}
	slices.Sort(parts)
	return parts
}

// startsFromBase tells whether an overlay can build upon base: it has every optional part that base has. Shipped
// Components come last, over everything that a variant adds, so with them each variant lists them by itself.
func (l layout) startsFromBase(v int) bool {
	switch {
	case v == 0:
		return false
	case !l.split:
		return true
	case len(l.shipped) > 0:
		return false
	}
	for i, it := range l.items {
		if it.isIn(0) && (l.homes[i] == inEach || l.homes[i] == inPart && !it.isIn(v)) {
			return false
		}
	}
	return true
}

// addedParts are the Components that a variant lists: those that its start does not bring.
func (l layout) addedParts(v int) []string {
	parts := l.parts(v)
	if l.startsFromBase(v) {
		brought := l.parts(0)
		parts = slices.DeleteFunc(parts, func(p string) bool { return slices.Contains(brought, p) })
	}
	return parts
}

// inherits tells whether a variant's resources and Components bring item i, whether or not the variant wants it.
func (l layout) inherits(v, i int) bool {
	switch l.homes[i] {
	case inCommon:
		return true
	case inPart:
		return l.items[i].isIn(v)
	default:
		return false
	}
}
