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
	Late     bool   // nobody refused it: the client waited no longer
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
	Stalls    []Stall
	Length    time.Duration
}

// Stall is a time in which the recorder itself was not run, as on a busy machine: an answer that it noted at its end, or soon after, may have been
// there from its beginning on.
type Stall struct{ From, To time.Duration }

// backlog is how long after a stall answers may be noted that came in it.
const backlog = 100 * time.Millisecond

// came is the earliest moment at which the answer to an addition may have been there.
func (h History) came(a Add) time.Duration {
	at := a.Return
	for _, s := range h.Stalls {
		if s.From < a.Return && a.Return <= s.To+backlog {
			at = min(at, max(a.Call, s.From))
		}
	}
	return at
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

// Late is the number of writes through the rw address that nobody refused and that were not answered in time.
func Late(h History) (n int) {
	for _, a := range h.Adds {
		if (a.Path == RouteNew || a.Path == RouteOpen) && a.Outcome != Acked && a.Late {
			n++
		}
	}
	return n
}

// Away is the longest time in which no member said that it is primary, from one look at which one did to the next, after the moment from on.
func Away(h History, from time.Duration) time.Duration {
	var longest, last time.Duration
	for _, c := range h.Claims {
		if len(c.Members) == 0 {
			continue
		}
		if c.At >= from {
			longest = max(longest, c.At-last)
		}
		last = c.At
	}
	if h.Length >= from {
		longest = max(longest, h.Length-last)
	}
	return longest
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

// spans begin when a commit was noted and end when one may have come, so that no stall of ours makes two of them overlap.
func spans(h History) []span {
	type key struct {
		member   string
		timeline uint32
	}
	commits := map[key][]Add{}
	for _, a := range h.Adds {
		// Through the rw address nobody knows for sure which member it was.
		if a.Outcome == Acked && a.Path != RouteNew && a.Path != RouteOpen {
			k := key{a.Member, a.Timeline}
			commits[k] = append(commits[k], a)
		}
	}
	var all []span
	for k, adds := range commits {
		slices.SortFunc(adds, func(a, b Add) int { return cmp.Compare(a.Return, b.Return) })
		s := span{k.member, k.timeline, adds[0].Return, h.came(adds[0])}
		for i, a := range adds[1:] {
			if a.Return-adds[i].Return > bridge {
				all = append(all, s)
				s.first, s.last = a.Return, 0
			}
			s.last = max(s.last, h.came(a))
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
			if timeline > a.Timeline && h.came(a) > at {
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
