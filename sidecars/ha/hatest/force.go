package hatest

import (
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// excuse is for who held the record when a person had another lead, and could not be told so: that such a machine is off is the person's word.
type excuse struct {
	node *node
	term uint64
}

// excused tells such a machine. One that did not run is excused only if, when it does again, its way to the API server is cut.
func (n *node) excused() bool {
	c := &n.w.check
	if c.excused != (excuse{n, n.pg.term}) {
		return false
	}
	c.cut = c.cut || n.troubled // until the next question, which everybody is to see anew
	return c.cut
}

// accepted tells whether a person waits for this member to lead, whatever is lost by it.
func (n *node) accepted() bool {
	return slices.ContainsFunc(n.car.requests, func(r ha.Request) bool { return r.Verb == ha.Failover && r.Loss && (r.To == "" || r.To == n.name) })
}

// force looks at a record that is taken because a person said so: what the taker lacks may be lost, by this election and by no other.
func (c *check) force(w *World, by *node, was, rec *ha.Record) {
	if rec.Force != "" && rec.Force != was.Force {
		for _, n := range w.nodes {
			n.askedAt, n.troubled = 0, false
		}
	}
	if was.Holder.ID == rec.Holder.ID || rec.Holder.ID == "" || !by.accepted() {
		return
	}
	w.stats.Forced++
	lost := false
	for _, b := range c.branches {
		if end, _ := by.vol.data.of(b); b.kept > end {
			b.kept, c.planned, lost = end, false, true
		}
	}
	c.lose(by.vol.data)
	if lost {
		w.stats.Accepted++
	}
	h := w.holder(was, by)
	if h == nil {
		return
	}
	c.passed = excuse{h, h.pg.term}
	if h.untold(was) {
		c.excused, c.cut = c.passed, h.troubled
		w.stats.Excused++
	}
}

// lose forgets the newest commit where who leads from now on has not got it: that is told, and no later move could keep it.
func (c *check) lose(at point) {
	if c.last.on == nil || at.has(c.last) {
		return
	}
	end, ok := at.of(c.last.on)
	if c.last.lsn = end; !ok {
		c.last = point{}
	}
}

// holder is who may still write: the one that has a permit, whatever a person wrote onto the record, or else the one that was on it.
func (w *World) holder(was *ha.Record, by *node) *node {
	for _, n := range w.nodes {
		if n != by && n.sup.up && n.left() > 0 {
			return n
		}
	}
	return w.byID(was.Holder.ID)
}

// untold tells that nothing could have ended the permit of a holder: its way to the API server was cut, or it did not run, and enough of those that grant to it did
// not see for as long as a grant lasts that they must not.
func (n *node) untold(was *ha.Record) bool {
	if n.askedAt != 0 || !n.troubled && !n.frozen && n.car.up && !n.car.stopped {
		return false
	}
	refuse := 0
	for _, other := range n.w.nodes {
		_, member := was.Member(other.vol.id)
		if was.Mode != ha.Async {
			member = slices.Contains(was.Sync.Of, other.vol.id)
		}
		if other != n && member && other.askedAt != 0 && n.w.now-other.askedAt > int64(n.cfg.Timing.Waits()) {
			refuse++
		}
	}
	if was.Mode == ha.Async {
		return refuse == 0
	}
	return was.Sync.W == 0 || len(was.Sync.Of)-refuse >= was.Sync.W
}

// looked notes what a sidecar sees of a record that asks whether its holder lives.
func (n *node) looked() {
	if n.w.api.exists && n.w.api.rec.Force != "" && n.askedAt == 0 {
		n.askedAt = n.w.now
	}
}

// impatience is how long after something went wrong people lose it, at most.
const impatience = 45 * time.Second

// asyncLost tells that the only volume with what the last holder wrote is gone, and that it was acknowledged by that one alone: the others do not lead by
// themselves, however long they wait, for nobody knows what they lack.
func (w *World) asyncLost() bool {
	rec := &w.api.rec
	last := rec.Holder.ID
	if rec.Release != nil && rec.Release.At == (ha.Position{}) {
		last = rec.Release.By
	}
	if !w.api.exists || rec.Mode != ha.Async || last == "" {
		return false
	}
	n := w.byID(last)
	return n == nil || !n.vol.exists || n.vol.broken || n.vol.logLost
}

// unknowable tells that some who would have to be heard are gone for good, with the place that they had in a larger cluster: who holds the record, or, where
// the record was deleted, any of the members that the others remember.
func (w *World) unknowable() bool {
	rec := &w.api.rec
	if w.api.exists && (rec.Holder.ID != "" || rec.Release != nil) {
		n := w.byID(rec.Holder.ID)
		return n != nil && n.displaced()
	}
	for _, n := range w.nodes {
		for _, m := range n.vol.durable.Last.Members {
			if other := w.byID(m.ID); !n.displaced() && other != nil && other.displaced() {
				return true
			}
		}
	}
	return false
}

// displaced tells a node that has no pod, since there is no place for it.
func (n *node) displaced() bool { return n.i >= n.cfg.Instances && !n.pod.exists && !n.pod.running }

// rescue is the person who has the standby lead that has the most.
func (w *World) rescue() {
	var best *node
	for _, n := range w.nodes {
		if n.accepted() {
			return
		}
		if n.pg.recovery && n.pg.ready && (best == nil || n.vol.data.position().Compare(best.vol.data.position()) > 0) {
			best = n
		}
	}
	if best != nil {
		w.request(best, ha.Request{Verb: ha.Failover, To: best.name, Loss: true})
	}
}
