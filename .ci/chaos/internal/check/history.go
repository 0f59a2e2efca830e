// Package check judges what clients saw. A History holds every operation with the time it was called and the time it was answered,
// on one monotonic clock; all else is computed from it: the outage, lost writes, two writable primaries, acknowledgements on an old
// timeline, and whether registers behaved as if there were one copy.
package check

import (
	"cmp"
	"slices"
	"time"
)

// Outcome is what a client knows of an operation.
type Outcome int

// Unknown is an outcome of its own: the write may be there or not, now or later.
const (
	Unknown Outcome = iota
	Acked
	Failed // surely not done
)

// Path is how a client came to the database.
type Path int

// Of these, LocalOpen writes with synchronous_commit=local: it tells whether a member is writable, not whether a write lasts.
const (
	RouteNew   Path = iota // through the rw address, a connection for each write
	RouteOpen              // through the rw address, one session as long as it lasts
	DirectOpen             // from inside the member's pod, one session
	DirectNew              // from inside the member's pod, a connection for each write
	LocalOpen              // as DirectOpen, without waiting for standbys
)

// Durable reports whether an acknowledgement on this path promises that the write lasts.
func (p Path) Durable() bool { return p != LocalOpen }

// Add is the attempt to put one number into the set.
type Add struct {
	ID       int64
	Path     Path
	Member   string // the pod that was written to; for a route, the one it led to
	Call     time.Duration
	Return   time.Duration
	Outcome  Outcome
	Timeline uint32 // of an acknowledged write
	ReadOnly bool   // it failed because the member was a standby
}

// Claim is one look at GET /primary of all members.
type Claim struct {
	At      time.Duration
	Members []string // that answered 200
}

// History is what one run recorded.
type History struct {
	Adds      []Add
	Registers []Register
	Claims    []Claim
	Length    time.Duration
}

// Outage is the longest time without an acknowledgement through the rw address, from after the moment from on; a gap that began before
// it counts wholly.
func Outage(h History, from time.Duration) time.Duration {
	var acks []time.Duration
	for _, a := range h.Adds {
		if a.Path == RouteNew && a.Outcome == Acked {
			acks = append(acks, a.Return)
		}
	}
	slices.Sort(acks)
	var longest, last time.Duration
	for _, at := range append(acks, h.Length) {
		if at >= from {
			longest = max(longest, at-last)
		}
		last = at
	}
	return longest
}

// Refused is the number of writes through the rw address that were not acknowledged.
func Refused(h History) (n int) {
	for _, a := range h.Adds {
		if (a.Path == RouteNew || a.Path == RouteOpen) && a.Outcome != Acked {
			n++
		}
	}
	return n
}

// Misled is the number of writes through the rw address that came to a standby.
func Misled(h History) (n int) {
	for _, a := range h.Adds {
		if (a.Path == RouteNew || a.Path == RouteOpen) && a.ReadOnly {
			n++
		}
	}
	return n
}

// Lost are the acknowledged writes that the final set does not have.
func Lost(h History, final map[int64]bool) []Add {
	var lost []Add
	for _, a := range h.Adds {
		if a.Outcome == Acked && a.Path.Durable() && !final[a.ID] {
			lost = append(lost, a)
		}
	}
	return lost
}

// reign is the time from the first to the last write that a member committed on one timeline.
type reign struct {
	member      string
	timeline    uint32
	first, last time.Duration
}

func reigns(h History) []reign {
	type key struct {
		member   string
		timeline uint32
	}
	found := map[key]reign{}
	for _, a := range h.Adds {
		if a.Outcome != Acked || a.Path == RouteNew || a.Path == RouteOpen {
			continue
		}
		k := key{a.Member, a.Timeline}
		r, ok := found[k]
		if !ok {
			r = reign{a.Member, a.Timeline, a.Return, a.Return}
		}
		r.first, r.last = min(r.first, a.Return), max(r.last, a.Return)
		found[k] = r
	}
	all := make([]reign, 0, len(found))
	for _, r := range found {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b reign) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.member, b.member)) })
	return all
}

// DualWritable is the time in which two members committed writes of the clients inside their pods, the worst pair of members counted.
// One commit of one member between two of another is such a time, of at least a millisecond.
func DualWritable(h History) time.Duration {
	var worst time.Duration
	all := reigns(h)
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.member == b.member {
				continue
			}
			// b began later. Both were writable from then until one of them ended, if a had not ended before.
			if a.last < b.first {
				continue
			}
			worst = max(worst, min(a.last, b.last)-b.first, time.Millisecond)
		}
	}
	return worst
}

// StaleAcks is the time from the first acknowledgement on a newer timeline to the last, of a write that should last, on an older one, and the
// number of those acknowledgements.
func StaleAcks(h History) (time.Duration, int) {
	first := map[uint32]time.Duration{}
	for _, a := range h.Adds {
		if a.Outcome != Acked || !a.Path.Durable() {
			continue
		}
		if at, ok := first[a.Timeline]; !ok || a.Return < at {
			first[a.Timeline] = a.Return
		}
	}
	var worst time.Duration
	n := 0
	for _, a := range h.Adds {
		if a.Outcome != Acked || !a.Path.Durable() {
			continue
		}
		var stale time.Duration
		for timeline, at := range first {
			if timeline > a.Timeline && a.Return > at {
				stale = max(stale, a.Return-at)
			}
		}
		if stale > 0 {
			n++
			worst = max(worst, stale)
		}
	}
	return worst, n
}

// DualClaims is the time in which two members answered that they are primary. One look asks members one after the other, so a pair counts
// from one look to the next if both say so in both.
func DualClaims(h History) time.Duration {
	var total time.Duration
	for i := 1; i < len(h.Claims); i++ {
		common := 0
		for _, m := range h.Claims[i].Members {
			if slices.Contains(h.Claims[i-1].Members, m) {
				common++
			}
		}
		if common > 1 {
			total += h.Claims[i].At - h.Claims[i-1].At
		}
	}
	return total
}
