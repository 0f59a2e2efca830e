package provenance

import (
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
		moved, ok := Moved(c, leaf, Other(leaf.Value), finish, before)
		if !ok {
			continue
		}
		for _, d := range moved {
			if place := place(d.Ref, d.Path); !s.has(place) {
				s.leaves[place] = leaf
			}
		}
	}
	return s
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
