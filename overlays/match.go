package overlays

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// item is one object through all variants of a set. Variant 0 is Base, variant 1+i is Envs[i].
type item struct {
	ref  manifest.Ref // as Base has it, or would: its namespace is the set's where a variant's is the environment's
	part manifest.Part
	in   []int  // by variant, its place among the variant's objects; absent where the variant has none
	file string // its name wherever the object, or a patch of it, is written
}

const absent = -1

// first is the first variant that has the item.
func (it item) first() int {
	return slices.IndexFunc(it.in, func(place int) bool { return place != absent })
}

func (it item) isIn(v int) bool {
	return it.in[v] != absent
}

// at returns the object under the name and namespace of ref.
func at(o manifest.Object, ref manifest.Ref) manifest.Object {
	if o.Ref() == ref {
		return o
	}
	o = o.Clone()
	meta := o.Body()["metadata"].(manifest.Map)
	meta["name"] = ref.Name
	if ref.Namespace != "" { // a Namespace is in none
		meta["namespace"] = ref.Namespace
	}
	return o
}

// variants are the objects of Base and of each environment.
func variants(set variant.Set) [][]manifest.Object {
	all := [][]manifest.Object{set.Base}
	for _, env := range set.Envs {
		all = append(all, env.Objects)
	}
	return all
}

// match pairs the objects of all variants and puts them in the order in which they are applied.
func match(set variant.Set) ([]item, error) {
	inBase := make(map[manifest.Ref]bool, len(set.Base))
	for _, o := range set.Base {
		inBase[o.Ref()] = true
	}
	byRef := map[manifest.Ref]*item{}
	for v, objs := range variants(set) {
		refs := refsOf(objs)
		if v > 0 {
			toBase(refs, set.Namespace, set.Envs[v-1].Namespace, inBase)
		}
		for place, ref := range refs {
			it := byRef[ref]
			if it == nil {
				it = &item{ref: ref, part: objs[place].Part, in: slices.Repeat([]int{absent}, 1+len(set.Envs))}
				byRef[ref] = it
			}
			if it.isIn(v) {
				return nil, fmt.Errorf("%s stands twice in %s", objs[place].Ref(), folder(set, v))
			}
			it.in[v] = place
		}
	}
	return inOrder(byRef, variants(set)), nil
}

// toBase turns the refs of an environment into the ones of Base. An environment with a namespace of its own takes along
// what is in the set's namespace, and that Namespace itself; it leaves alone what lives elsewhere.
func toBase(refs []manifest.Ref, setNamespace, envNamespace string, inBase map[manifest.Ref]bool) {
	if envNamespace == setNamespace || envNamespace == "" || setNamespace == "" {
		return
	}
	taken := make(map[manifest.Ref]bool, len(refs))
	for _, ref := range refs {
		taken[ref] = true
	}
	for i, ref := range refs {
		home := ref
		switch {
		case ref.Namespace == envNamespace:
			home.Namespace = setNamespace
		case ref.APIVersion == "v1" && ref.Kind == "Namespace" && ref.Name == envNamespace:
			home.Name = setNamespace
		default:
			continue
		}
		stays := inBase[ref] && !inBase[home]
		if !stays && !taken[home] {
			refs[i] = home
		}
	}
}

// inOrder sorts items as their objects are applied and names their files.
func inOrder(byRef map[manifest.Ref]*item, objs [][]manifest.Object) []item {
	var all []manifest.Object
	for ref, it := range byRef {
		v := it.first()
		all = append(all, at(objs[v][it.in[v]], ref))
	}
	// Sort leaves two versions of one kind as they come, which here is the order of a map.
	slices.SortFunc(all, func(a, b manifest.Object) int { return cmp.Compare(a.Ref().APIVersion, b.Ref().APIVersion) })
	manifest.Sort(all)
	files := manifest.FileNames(all)
	items := make([]item, len(all))
	for i, o := range all {
		items[i] = *byRef[o.Ref()]
		items[i].file = files[i]
	}
	return items
}

func refsOf(objs []manifest.Object) []manifest.Ref {
	refs := make([]manifest.Ref, len(objs))
	for i, o := range objs {
		refs[i] = o.Ref()
	}
	return refs
}
