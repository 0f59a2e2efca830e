package provenance

import (
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// Sources knows which field of a spec each output field comes from. It is made by changing every scalar of the spec once,
// and renders as often.
type Sources struct {
	leaves map[string]Leaf // by place
}

// Trace changes every leaf of the cluster's spec in turn and notes what moves.
func Trace(c *spec.Cluster, finish Finish, before []manifest.Object) Sources {
	s := Sources{leaves: make(map[string]Leaf)}
	for _, leaf := range Leaves(c.Spec) {
		for _, other := range others(leaf) {
			moved, ok := Moved(c, leaf, other, finish, before)
			if !ok {
				continue
			}
			for _, d := range moved {
				if place := place(d.Ref, d.Path); !s.has(place) {
					s.leaves[place] = leaf
				}
			}
		}
	}
	return s
}

// others are values to try in place of the leaf's: all others of an enum, or neighbours. Some may not compile.
func others(leaf Leaf) []any {
	if choices, ok := spec.SchemaAt("spec." + leaf.Path)["enum"].([]any); ok {
		return slices.DeleteFunc(slices.Clone(choices), func(v any) bool { return v == leaf.Value })
	}
	if n, ok := leaf.Value.(int64); ok {
		return []any{n + 1, n - 1}
	}
	return []any{Other(leaf.Value)}
}

func (s Sources) has(place string) bool {
	_, ok := s.leaves[place]
	return ok
}

// Of finds the leaf that an output field comes from, or else one that a field below or above it comes from.
func (s Sources) Of(ref manifest.Ref, path []any) (Leaf, bool) {
	for n := len(path); n >= 0; n-- {
		if leaf, ok := s.leaves[place(ref, path[:n])]; ok {
			return leaf, true
		}
	}
	return Leaf{}, false
}

func place(ref manifest.Ref, path []any) string {
	return ref.String() + " " + manifest.FormatPath(path)
}
