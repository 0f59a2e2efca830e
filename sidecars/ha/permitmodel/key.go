package permitmodel

import (
	"bytes"
	"slices"
)

// key is a state as bytes, the same for all states that differ in the names of members or the order of slots only.
type key [76]byte

// permutation says which new number each member gets; nobody stays nobody.
type permutation [Members + 1]uint8

var permutations = [...]permutation{
	{0, 1, 2, 3}, {0, 2, 1, 3}, {1, 0, 2, 3}, {1, 2, 0, 3}, {2, 0, 1, 3}, {2, 1, 0, 3},
}

func (p *permutation) set(s set) set {
	return s&1<<p[0] | s>>1&1<<p[1] | s>>2&1<<p[2]
}

// canonical is the least of the keys under all permutations that keep the members' signatures in order.
func (m *model) canonical(s *State) key {
	if m.p.AdoptByPodName {
		return encode(s, &permutations[0])
	}
	var signs [Members]uint32
	for i := range signs {
		signs[i] = s.signature(i)
	}
	var least key
	found := false
	for i := range permutations {
		p := &permutations[i]
		var at [Members]uint32
		for j := range Members {
			at[p[j]] = signs[j]
		}
		if at[0] > at[1] || at[1] > at[2] {
			continue
		}
		if k := encode(s, p); !found || bytes.Compare(k[:], least[:]) < 0 {
			least, found = k, true
		}
	}
	return least
}

// signature is a number of what member i is, whatever the others are called.
func (s *State) signature(i int) uint32 {
	n := &s.nodes[i]
	h := uint32(2166136261)
	for _, b := range [...]uint8{n.alive, n.believes, flags(n), uint8(n.required.size()), n.api, n.promise, n.floor, n.boot, n.wait,
		n.grants[0] + n.grants[1] + n.grants[2]} {
		h = (h ^ uint32(b)) * 16777619
	}
	if int(s.rec.holder) == i {
		h ^= 1
	}
	return h
}

func flags(n *node) uint8 {
	return bit(n.named, 0) | bit(n.fenced, 1) | bit(n.voted, 2) | bit(n.current, 3) | bit(n.absent, 4) | bit(n.forgot, 5)
}

func bit(b bool, at int) uint8 {
	if b {
		return 1 << at
	}
	return 0
}

func encode(s *State, p *permutation) key {
	var k key
	r := &s.rec
	k[0] = bit(r.exists, 0) | bit(r.instance, 1) | bit(r.released, 2) | p[r.holder]<<4
	k[1] = r.term | r.w<<4
	k[2] = uint8(p.set(r.members) | p.set(r.n)<<4)
	l := &s.left
	k[3], k[4], k[5] = l.sidecars|l.supervisors<<4, l.deletes|l.edits<<4, l.changes|l.phases<<4
	for i := range s.nodes {
		n := &s.nodes[i]
		b := k[6+16*int(p[i]):]
		b[0], b[1] = n.alive|n.believes<<4, flags(n)
		b[2] = uint8(p.set(n.required) | p.set(n.pending)<<4)
		b[3] = uint8(p.set(n.n) | p.set(n.pendingN)<<4)
		b[4], b[5], b[6] = n.w|n.pendingW<<4, n.api|n.floor<<4, n.promise|n.promiseTerm<<4
		b[7], b[8] = n.boot|n.wait<<4, uint8(p.set(n.members))|n.term<<4
		for j, g := range n.grants {
			b[9+p[j]] = g
		}
	}
	var beats [slots][3]byte
	for i, b := range s.beats {
		if b.phase != 0 {
			beats[i] = [3]byte{b.phase | p[b.from]<<4, p[b.to] | b.term<<4, b.age}
		}
	}
	slices.SortFunc(beats[:], func(a, b [3]byte) int { return bytes.Compare(a[:], b[:]) })
	var writes [slots][5]byte
	for i, w := range s.writes {
		if w.phase != 0 {
			writes[i] = [5]byte{w.phase | uint8(w.kind)<<4, p[w.from] | bit(w.base, 4) | bit(w.instance, 5) | bit(w.asked, 6),
				uint8(p.set(w.members) | p.set(w.n)<<4), w.w | w.term<<4, w.age}
		}
	}
	slices.SortFunc(writes[:], func(a, b [5]byte) int { return bytes.Compare(a[:], b[:]) })
	for i := range beats {
		copy(k[54+3*i:], beats[i][:])
		copy(k[60+5*i:], writes[i][:])
	}
	return k
}
