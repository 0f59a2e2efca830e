// Package check judges what clients saw. A History holds every operation with the time it was called and the time it was answered,
// on one monotonic clock; all else is computed from it: the outage, lost writes, two writable primaries, acknowledgements on an old
// timeline, and whether registers behaved as if there were one copy.
package check

import (
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

// Moves is how often the primary changed: each time it does, a timeline begins. One on which nothing was acknowledged counts if any after it was.
func Moves(h History) int {
	var first, last uint32
	for _, a := range h.Adds {
		if a.Outcome != Acked {
			continue
		}
		if first == 0 || a.Timeline < first {
			first = a.Timeline
		}
		last = max(last, a.Timeline)
	}
	return int(last - first)
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

// bridge is how far apart two commits of a member on one timeline may be for it to count as writable between them. Clients in the
// pods try every 20 ms.
const bridge = 200 * time.Millisecond

// span is a time in which a member was writable, from one commit to another with none far apart between them.
type span struct {
	member      string
	timeline    uint32
	first, last time.Duration
}

func spans(h History) []span {
	type key struct {
		member   string
		timeline uint32
	}
	commits := map[key][]time.Duration{}
	for _, a := range h.Adds {
		// Through the rw address nobody knows for sure which member it was.
		if a.Outcome == Acked && a.Path != RouteNew && a.Path != RouteOpen {
			k := key{a.Member, a.Timeline}
			commits[k] = append(commits[k], a.Return)
		}
	}
	var all []span
	for k, times := range commits {
		slices.Sort(times)
		s := span{k.member, k.timeline, times[0], times[0]}
		for _, at := range times[1:] {
			if at-s.last > bridge {
				all = append(all, s)
				s.first = at
			}
			s.last = at
		}
		all = append(all, s)
	}
	return all
}

// DualWritable is the time in which two members committed writes of the clients inside their pods, summed up over the spans of the worst pair of
// members. A single commit of one while another was writable is such a time, of a millisecond; so is one on an old timeline after any on a newer one.
func DualWritable(h History) time.Duration {
	type pair [2]string
	dual := map[pair]time.Duration{}
	all := spans(h)
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.member == b.member {
				continue
			}
			overlap := min(a.last, b.last) - max(a.first, b.first)
			late := (a.timeline < b.timeline && a.last > b.first) || (b.timeline < a.timeline && b.last > a.first)
			if overlap < 0 && !late {
				continue
			}
			p := pair{min(a.member, b.member), max(a.member, b.member)}
			dual[p] += max(overlap, time.Millisecond)
		}
	}
	var worst time.Duration
	for _, d := range dual {
		worst = max(worst, d)
	}
	return worst
}

// StaleAcks are acknowledgements, of writes that should last, on an old timeline after one on a newer: the time in which they came, at least a
// millisecond, and their number. A time without any, such as a freeze, does not count.
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
	var stale []time.Duration
	for _, a := range h.Adds {
		if a.Outcome != Acked || !a.Path.Durable() {
			continue
		}
		for timeline, at := range first {
			if timeline > a.Timeline && a.Return > at {
				stale = append(stale, a.Return)
				break
			}
		}
	}
	if len(stale) == 0 {
		return 0, 0
	}
	slices.Sort(stale)
	var total time.Duration
	for i, at := range stale[1:] {
		if gap := at - stale[i]; gap <= bridge {
			total += gap
		}
	}
	return max(total, time.Millisecond), len(stale)
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
