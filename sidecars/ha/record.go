package ha

import (
	"cmp"
	"fmt"
	"slices"
)

// LSN is a position in the write-ahead log, in bytes.
type LSN uint64

// String writes it as PostgreSQL does.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l)) }

// Position is a point of a history: a timeline and an LSN on it.
type Position struct {
	Timeline uint32 `json:"timeline,omitempty"`
	LSN      LSN    `json:"lsn,omitempty"`
}

// Compare orders positions: a later timeline is further, whatever its LSN.
func (p Position) Compare(q Position) int {
	switch {
	case p.Timeline != q.Timeline:
		return cmp.Compare(p.Timeline, q.Timeline)
	default:
		return cmp.Compare(p.LSN, q.LSN)
	}
}

// Member is one volume that may lead. ID belongs to the volume, so a pod that comes back on its volume is the same member, and an
// empty volume is another one, whatever the pod is called.
type Member struct {
	ID   string `json:"id"`
	Name string `json:"name"` // the pod's, which is the application_name of its replication
	Addr string `json:"addr"` // host:port of its agent
	Host string `json:"host"` // host of its postgres
	// Plain tells that its postgres speaks no TLS.
	Plain bool `json:"plain,omitempty"`
}

// Holder is who may write. Instance names the one supervisor process that may run a primary.
type Holder struct {
	ID       string `json:"id,omitempty"`
	Instance string `json:"instance,omitempty"`
}

// Mode is what an acknowledged commit is worth.
type Mode string

const (
	// Async: a commit is acknowledged by the primary alone.
	Async Mode = "async"
	// Required: by the primary and W standbys, or it waits.
	Required Mode = "required"
	// Preferred: as Required, but a primary without standbys publishes that only it may lead, and goes on.
	Preferred Mode = "preferred"
)

// Quorum is a published synchronous replication: every acknowledged commit is on W of the members Of. None (W 0) means that only the
// holder has every commit, and nobody else may lead.
type Quorum struct {
	W  int      `json:"w"`
	Of []string `json:"of,omitempty"` // member ids, sorted
}

// R is how many of Of must be heard before one may lead, so that every acknowledged commit is among what was heard.
func (q Quorum) R() int { return len(q.Of) - q.W + 1 }

// Equal compares two.
func (q Quorum) Equal(p Quorum) bool { return q.W == p.W && slices.Equal(q.Of, p.Of) }

func (q Quorum) has(id string) bool { return slices.Contains(q.Of, id) }

// Release is a record given back by its holder after its last process was gone.
type Release struct {
	By string `json:"by"`
	// To is who should take it; empty where anyone may.
	To string `json:"to,omitempty"`
	// At is where the log ended. It is known only of a clean stop: zero means that votes must tell.
	At Position `json:"at,omitzero"`
}

// Switch is the end of a timeline.
type Switch struct {
	Term uint64   `json:"term"`
	At   Position `json:"at"`
}

// Record is the one shared object of a cluster. It is changed only by compare-and-swap on Version.
type Record struct {
	Version string `json:"-"` // of the API server; empty: there is none
	Stamp   string `json:"stamp,omitempty"`
	// Term grows with every holder. A shell takes it from leaseTransitions, which people can see.
	Term   uint64 `json:"term"`
	Holder Holder `json:"holder,omitzero"`
	// Window is the L that the holder counts with, in milliseconds; a taker waits by the larger of it and its own.
	Window   int64    `json:"windowMillis,omitempty"`
	Members  []Member `json:"members,omitempty"`
	Mode     Mode     `json:"mode,omitempty"`
	Sync     Quorum   `json:"sync,omitzero"`
	At       Position `json:"at,omitzero"` // of the holder when it last wrote
	SystemID uint64   `json:"systemID,string,omitempty"`
	Release  *Release `json:"release,omitempty"`
	History  []Switch `json:"history,omitempty"` // the newest last
	Paused   bool     `json:"paused,omitempty"`
	// Force is the member that a person wants to lead, whatever is lost by it. A holder that lives takes it out; nobody grants while it stands.
	Force string `json:"force,omitempty"`
	// Outside: a standby cluster, whose holder follows a server elsewhere.
	Outside bool `json:"outside,omitempty"`
}

// Exists tells a record from none.
func (r *Record) Exists() bool { return r.Version != "" }

// Member finds a member by its id.
func (r *Record) Member(id string) (Member, bool) {
	for _, m := range r.Members {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

// put makes a member one of the record's, in the order of ids, in the place of what the record had of it.
func (r *Record) put(m Member) {
	r.drop(m.ID)
	at := 0
	for at < len(r.Members) && r.Members[at].ID < m.ID {
		at++
	}
	r.Members = append(r.Members, m)
	copy(r.Members[at+1:], r.Members[at:])
	r.Members[at] = m
}

// drop takes a member off the record.
func (r *Record) drop(id string) {
	kept := r.Members[:0]
	for _, m := range r.Members {
		if m.ID != id {
			kept = append(kept, m)
		}
	}
	r.Members = kept
}

// clone copies what a change would otherwise share.
func (r Record) clone() Record {
	r.Members = slices.Clone(r.Members)
	r.Sync.Of = slices.Clone(r.Sync.Of)
	r.History = slices.Clone(r.History)
	return r
}

// MayLead tells whether a member can be elected at all under the record: it says nothing of what must be waited for or proven.
func (r *Record) MayLead(id string) bool {
	if r.Holder.ID == id || r.Release != nil && r.Release.By == id {
		return true
	}
	if _, ok := r.Member(id); !ok {
		return false
	}
	return r.Mode == Async || r.Sync.has(id)
}
