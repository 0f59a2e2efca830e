package hatest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Violation is an invariant that did not hold.
type Violation struct {
	Seed      uint64
	At        time.Duration
	Invariant string
	What      string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s at %.3fs of seed %d: %s", v.Invariant, v.At.Seconds(), v.Seed, v.What)
}

const (
	// staleAfterThaw is how long a machine that stood still may go on writing, until its supervisor looks at the time.
	staleAfterThaw = 200 * time.Millisecond
	checkEvery     = time.Second
	healthyWithin  = 120 * time.Second
)

// check is the memory of the invariants.
type check struct {
	violation *Violation
	maxTerm   uint64
	ackTerm   uint64
	ackNode   int
	mode      ha.Mode
	modes     map[uint64]ha.Mode // the last of each term
	branches  []*branch
	last      point // the newest acknowledged commit
	// planned: the record was given back with the end of the log, and nobody has promoted since. After a while, that end counts as lost
	// with who has it.
	planned bool
	given   int64
	excused excuse
	cut     bool   // its way to the API server was, when it ran
	passed  excuse // who held the record when a person had another lead
	own     bool   // what was a standby cluster is one of its own
	// labels: since when more than one pod bears the label
	labels    int64
	held      [maxNodes]int64 // when it was last put off the record
	shutSince int64           // since when no client can write; 0: one can
	wasOpen   bool
	healthy   bool // once
	healAt    int64
	unwell    string
	minute    int // requests at its beginning
	quiet     int64
}

func (w *World) fail(invariant, format string, args ...any) {
	if w.check.violation != nil {
		return
	}
	w.check.violation = &Violation{Seed: w.opt.Seed, At: w.Now(), Invariant: invariant, What: fmt.Sprintf(format, args...)}
	w.ended = true
	if w.tracing(1) {
		w.tracef("VIOLATION %s: %s", invariant, w.check.violation.What)
	}
}

// opened: the server of n takes writes from now on.
func (n *node) opened() {
	if n.pg.unclean && !n.pg.gated && n.w.check.mode != ha.Async && n.writable() {
		// What it had written without telling anybody is seen by readers from now on.
		if !n.excused() {
			n.w.check.keep(n.vol.data)
		}
		n.pg.unclean = false
	}
	n.checkSingle()
	n.w.availability()
	n.pollPostgres()
	n.nudge()
}

// closed: it takes none any more.
func (n *node) closed() { n.w.availability() }

// checkSingle is I1: nobody else takes writes.
func (n *node) checkSingle() {
	if !n.writable() {
		return
	}
	for _, other := range n.w.nodes {
		if other == n || !other.writable() {
			continue
		}
		if n.w.now-other.thawed < int64(staleAfterThaw) || n.w.now-n.thawed < int64(staleAfterThaw) || n.w.now-other.manual < int64(time.Second) ||
			n.w.now-n.manual < int64(time.Second) && n.manual > 0 || n.excused() || other.excused() {
			continue
		}
		n.w.fail("I1", "%s (term %d) and %s (term %d) take writes", n.name, n.pg.term, other.name, other.pg.term)
	}
}

// checkPermits is I9: no two supervisors have a permit.
func (n *node) checkPermits() {
	for _, other := range n.w.nodes {
		if other != n && other.sup.up && other.left() > 0 && !n.excused() && !other.excused() {
			n.w.fail("I9", "%s has a permit for %v, %s for %v", n.name, n.left(), other.name, other.left())
		}
	}
}

// acked: a client was told that everything up to lsn is committed.
func (n *node) acked(lsn ha.LSN) {
	w, c := n.w, &n.w.check
	if n.excused() {
		return
	}
	stale := w.now-n.thawed < int64(staleAfterThaw) || w.now-n.manual < int64(time.Second)
	if n.pg.term < c.ackTerm && n.i != c.ackNode {
		if !stale {
			w.fail("I1", "%s acknowledges in term %d what %s did in term %d before", n.name, n.pg.term, w.nodes[c.ackNode].name, c.ackTerm)
		}
		// What it acknowledges is worth what its own term's mode says, whatever the cluster was changed to since.
		// An instant of a machine that stood still while a person had another lead is lost by that person's word, as is what it had alone.
		if c.modes[n.pg.term] != ha.Async && c.passed != (excuse{n, n.pg.term}) {
			w.fail("I2", "%s acknowledges after its term %d was over", n.name, n.pg.term)
		}
		w.stats.StaleAcks++
		return
	}
	if n.pg.term > c.ackTerm {
		c.ackTerm, c.ackNode = n.pg.term, n.i
	}
	w.stats.Acks++
	b := n.vol.data.on
	if b.acked == 0 {
		c.branches = append(c.branches, b)
	}
	b.acked = max(b.acked, lsn)
	c.last = point{b, lsn}
	if c.mode != ha.Async {
		b.kept = max(b.kept, lsn)
		n.checkQuorum(lsn)
	}
}

// keep makes everything up to p something that must not be lost.
func (c *check) keep(p point) {
	if p.on.acked == 0 {
		c.branches = append(c.branches, p.on)
		p.on.acked = 1
	}
	p.on.kept = max(p.on.kept, p.lsn)
}

// checkQuorum is I17, for one commit: whoever is elected by what is published will have heard of it.
func (n *node) checkQuorum(lsn ha.LSN) {
	rec := &n.w.api.rec
	if !n.w.api.exists || rec.Holder.ID != n.vol.id || rec.Mode == ha.Async || rec.Sync.W == 0 {
		return
	}
	without := 0
	for _, other := range n.w.nodes {
		if other != n && slices.Contains(rec.Sync.Of, other.vol.id) && !other.vol.data.has(point{n.vol.data.on, lsn}) {
			without++
		}
	}
	if without >= rec.Sync.R() {
		n.w.fail("I17", "%s acknowledged what %d of the standbys do not have, and any %d of %v elect; in force is %v, standbys %+v", n.name, without, rec.Sync.R(),
			rec.Sync.Of, n.pg.sync, n.pg.senders[:len(n.w.nodes)])
	}
}

// promoted is I2, I3, I4 and I5 of an election: what n begins its timeline from holds what it must.
//
// A machine that stood still in the middle of its promotion may end it within the moment before its supervisor looks at the time, when another
// holds the record long since. That elects nobody; what it would acknowledge then is looked at by acked.
func (c *check) promoted(n *node, from point) {
	if n.w.now-n.thawed < int64(staleAfterThaw) && n.w.api.rec.Holder.ID != n.vol.id && n.w.api.rec.Term > n.pg.term {
		return
	}
	c.complete(n, from)
	on := n.vol.data.on
	for _, b := range c.branches {
		if b.tli == on.tli && b != on && b.acked > 1 {
			n.w.fail("I4", "%s begins timeline %d, which %s had begun before", n.name, on.tli, n.w.nodes[b.node].name)
		}
	}
}

// resumed is the same of a server that goes on where it ended. One that a person vouched for being off, when another was to lead, and that could not be
// told, goes on in the term that is over: that elects nobody either.
func (c *check) resumed(n *node) {
	if !n.excused() {
		c.complete(n, n.vol.data)
	}
}

func (c *check) complete(n *node, at point) {
	for _, b := range c.branches {
		if b.kept > 0 && !at.has(point{b, b.kept}) {
			n.w.fail("I2", "%s leads from %v, but %s acknowledged up to %v on timeline %d", n.name, at.position(), n.w.nodes[b.node].name, b.kept, b.tli)
		}
	}
	if c.planned && n.w.now-c.given < int64(10*time.Second) && c.last.on != nil && !at.has(c.last) {
		n.w.fail("I3", "%s leads from %v after a planned move, which lacks %v", n.name, at.position(), c.last.position())
	}
	c.planned = false
	if c.last.on != nil && !at.has(c.last) {
		n.w.stats.Lossy++
		c.lose(at)
	}
}

// applied looks at a change of the record by an agent.
func (c *check) applied(w *World, by *node, was, rec *ha.Record, existed bool) {
	if rec.Mode == ha.Async && c.mode != ha.Async {
		for _, b := range c.branches {
			b.kept = 0
		}
	}
	c.mode = rec.Mode
	if c.modes == nil {
		c.modes = make(map[uint64]ha.Mode)
	}
	c.modes[rec.Term] = rec.Mode
	c.own = c.own || existed && was.Outside && !rec.Outside
	changed := !existed || was.Holder.ID != rec.Holder.ID
	if n := w.byID(was.Holder.ID); n != nil && existed {
		c.held[n.i] = w.now
	}
	switch {
	case rec.Holder.ID == "":
		c.given = w.now
		c.planned = rec.Release != nil && rec.Release.At != (ha.Position{})
	case (changed || rec.Term != was.Term) && rec.Term <= c.maxTerm:
		w.fail("I4", "%s takes the record in term %d, after term %d", by.name, rec.Term, c.maxTerm)
	case rec.Term < c.maxTerm:
		w.fail("I4", "%s writes term %d, after term %d", by.name, rec.Term, c.maxTerm)
	}
	if existed && was.SystemID != 0 && rec.SystemID != was.SystemID {
		w.fail("I16", "%s changes the system identifier", by.name)
	}
	if changed && rec.Holder.ID != "" && rec.Term > 1 {
		w.stats.Terms++
		if w.opt.Ignorable && c.healthy {
			w.fail("I14", "%s takes the record, for faults that must be ignored", by.name)
		}
	}
	c.force(w, by, was, rec)
	if changed {
		c.planned = c.planned && was.Release != nil || rec.Holder.ID == "" && c.planned
	}
	c.maxTerm = max(c.maxTerm, rec.Term)
	c.published(w, by)
}

// published is I17 at the moment of a publication: what was acknowledged before is on whoever may be elected by it from now on.
func (c *check) published(w *World, by *node) {
	rec := &w.api.rec
	if rec.Holder.ID != by.vol.id || rec.Mode == ha.Async || rec.Sync.W == 0 || c.last.on == nil || c.last.on.kept == 0 {
		return
	}
	without := 0
	for _, other := range w.nodes {
		if other != by && slices.Contains(rec.Sync.Of, other.vol.id) && !other.vol.data.has(c.last) {
			without++
		}
	}
	if without >= rec.Sync.R() {
		w.fail("I17", "%s publishes %d of %v, but %d of them lack %v, which was acknowledged", by.name, rec.Sync.W, rec.Sync.Of, without, c.last.position())
	}
}

// initialised is I16: there is one cluster, and nobody makes another.
func (c *check) initialised(n *node) {
	for _, other := range n.w.nodes {
		if other.vol.exists {
			n.w.fail("I16", "%s makes a new cluster, where %s has data", n.name, other.name)
		}
	}
}

// labelled is I8 for one pod: it leads, or led a moment ago.
func (c *check) labelled(n *node, role string) {
	late := n.w.now-c.held[n.i] < int64(10*time.Second) // the request was under way
	if role == "primary" && n.w.api.exists && n.w.api.rec.Holder.ID != n.vol.id && n.w.api.rec.Holder.ID != "" && !n.writable() && !late {
		n.w.fail("I8", "%s is labelled primary, and %s leads", n.name, n.w.nameOf(n.w.api.rec.Holder.ID))
	}
}

// availability keeps account of the time in which no client can write.
func (w *World) availability() {
	c, open := &w.check, false
	for _, n := range w.nodes {
		open = open || n.open()
	}
	switch {
	case open && c.shutSince != 0:
		w.outage(time.Duration(w.now - c.shutSince))
		c.shutSince = 0
	case !open && c.shutSince == 0 && c.wasOpen:
		c.shutSince = w.now
		if w.opt.Ignorable && c.healthy {
			w.fail("I14", "no client can write, for faults that must be ignored")
		}
	}
	c.wasOpen = c.wasOpen || open
}

// sick is what keeps the cluster from being as it should; empty where nothing does.
func (w *World) sick() string {
	rec := &w.api.rec
	if !w.api.exists || rec.Holder.ID == "" {
		return "nobody holds the record: " + w.whys()
	}
	lead := w.byID(rec.Holder.ID)
	if rec.Outside && w.opt.Outside {
		return w.sickStandbys(lead)
	}
	few := lead.few()
	if lead == nil || !lead.open() && (few == 0 || !lead.writable()) {
		return "the holder takes no writes: " + w.whys()
	}
	want := 0
	for _, n := range w.nodes {
		if n.i >= n.cfg.Instances || !n.pod.exists {
			continue
		}
		want++
		if _, ok := rec.Member(n.vol.id); !ok {
			return n.name + " is no member: " + w.whys()
		}
		if n != lead && (!n.pg.streaming || n.pg.from != lead.i) {
			return n.name + " does not stream: " + w.whys()
		}
	}
	if rec.Paused {
		return ""
	}
	if len(rec.Members) != want && few == 0 {
		return fmt.Sprintf("%d members are on the record, %d there, %d of %v synchronous", len(rec.Members), want, rec.Sync.W, rec.Sync.Of)
	}
	if rec.Mode != lead.cfg.Mode {
		return "the mode is " + string(rec.Mode)
	}
	if w := min(lead.cfg.W, want-1); rec.Mode != ha.Async && want > lead.cfg.W && (rec.Sync.W != w || lead.pg.sync.W != w || len(rec.Sync.Of) != want-1) {
		return fmt.Sprintf("%d of %d are synchronous, in force %d", rec.Sync.W, len(rec.Sync.Of), lead.pg.sync.W)
	}
	return ""
}

func (w *World) whys() string {
	var all []string
	for _, n := range w.nodes {
		all = append(all, fmt.Sprintf("%s %v %q", n.name, n.sup.phase, n.car.state.Why()))
	}
	return strings.Join(all, ", ")
}
