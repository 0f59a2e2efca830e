package ha

import (
	"slices"
	"time"
)

// Times of a rolling change.
const (
	evictAgain = 10 * time.Second // an eviction that was refused, by a disruption budget say, is asked for again
	settled    = 5 * time.Second  // what members say of themselves is of the same moment
	// Kubelets bring a changed file to their pods when they next look: a minute or two after each other.
	agreement = 3 * time.Minute
	// A server that does not start is tried again by the second: one that was heard to fail this long, and just now, will not.
	failsFor, failedLately = 20 * time.Second, 15 * time.Second
	// A record that nobody has written for this long has no holder that would see to pods.
	orphaned = time.Minute
)

// roll carries out changes that end postgres, one member at a time: the standbys first, then the primary by a planned move.
func (d *step) roll() {
	l := &d.lead
	if l.Restart != "" {
		p := d.peerNamed(l.Restart)
		if p == nil || !p.Report.Pending && p.Report.Streaming || d.now.since(l.RestartAt) > time.Minute {
			l.Restart = ""
		}
		return
	}
	d.agree()
	if d.rec.Paused || l.Move.Stage != NoMove {
		l.Awaited = ""
		return
	}
	d.await(d.replace())
	if len(d.o.Pod.Outdated) > 0 && (l.Awaited == "" || d.now.since(l.AwaitedAt) < agreement) {
		return // a new pod has restarted, too
	}
	d.restart()
}

// await notes for which pod a rolling change waits, and since when; empty: for none. What is being copied takes what it takes.
func (d *step) await(pod string) {
	l := &d.lead
	p := d.heardIn(pod)
	if pod != l.Awaited || pod != "" && p != nil && p.Report.Copying {
		l.AwaitedAt = d.now
	}
	l.Awaited = pod
}

// Awaits tells for which pod the rolling change that this member leads has to wait, and since when; empty for none.
func (s *State) Awaits() (pod string, since Instant) { return s.lead.Awaited, s.lead.AwaitedAt }

// agree notes since when all who are heard of run by the same file as the primary: until then more of them may turn out to need a restart.
func (d *step) agree() {
	l := &d.lead
	if !d.o.Postgres.PendingRestart {
		l.PendingAt = Instant{}
	} else if l.PendingAt.IsZero() {
		l.PendingAt = d.now
	}
	same := true
	for i := range d.peers {
		p := &d.peers[i]
		if d.isMember(p.Member.ID) && d.now.since(p.Heard) < d.c.Timing.Window && p.Report.Config != d.c.Revision {
			same = false
		}
	}
	if !same {
		l.AgreedAt = Instant{}
	} else if l.AgreedAt.IsZero() {
		l.AgreedAt = d.now
	}
}

// restart restarts what waits for one: the replicas one after the other, then the primary by a planned move, or in its place where it
// is alone.
func (d *step) restart() {
	l := &d.lead
	for i := range d.peers {
		p := &d.peers[i]
		if d.isMember(p.Member.ID) && p.Report.Pending && p.Report.Streaming && d.now.since(p.Heard) < d.c.Timing.Window {
			l.Restart, l.RestartAt = p.Member.Name, d.now
			l.BeatAt = Instant{}
			return
		}
	}
	if l.PendingAt.IsZero() || d.now.since(l.Opened) < settled {
		return
	}
	agreed := !l.AgreedAt.IsZero() && d.now.since(l.AgreedAt) >= settled && d.now.since(l.PendingAt) >= settled
	if !agreed && d.now.since(l.PendingAt) < agreement {
		return
	}
	d.moveFor("parameters that need a restart")
}

// moveFor moves the primary to a standby, or restarts it where it is alone. Where updates are supervised, a person does.
func (d *step) moveFor(why string) {
	if d.c.Supervised {
		d.why = why + ": waits for a person to move the primary"
		return
	}
	if to := d.target(false); to != nil {
		d.begunMove(why, to)
		return
	}
	if len(d.rec.Members) == 1 {
		d.restartHere(why)
	}
}

// replace has the pods of an old revision made again, and tells which pod that has to wait for. A new one that does not come up is waited for, and
// whatever else happens meanwhile, no other is taken. Old ones in which nothing works go first, for nothing is lost with them, and they may be what
// the new revision mends; then the standbys, each once all others stream; last our own, when one of the new has taken over.
func (d *step) replace() (awaits string) {
	if d.lead.Opened.IsZero() || d.now.since(d.lead.Opened) < 2*d.c.Timing.Window {
		return d.lead.Awaited // not all have been heard of yet
	}
	old := d.o.Pod.Outdated
	if pod := d.comesUp(); pod != "" || len(old) == 0 {
		return pod
	}
	for _, name := range old {
		if name != d.o.Self.Name && d.broken(name) {
			return d.evict(name, "nothing works in it")
		}
	}
	next := ""
	for i := range d.peers {
		p := &d.peers[i]
		switch {
		case !d.isMember(p.Member.ID):
		case !d.streamed(p):
			return p.Member.Name
		case slices.Contains(old, p.Member.Name) && (next == "" || lower(p.Member.Name, next)):
			next = p.Member.Name
		}
	}
	switch {
	case next != "":
		return d.evict(next, "a newer revision of its pod")
	case !slices.Contains(old, d.o.Self.Name):
	case len(d.rec.Members) == 1 && !d.c.Supervised:
		return d.evict(d.o.Self.Name, "a newer revision of its pod, and it is alone")
	case d.target(false) == nil && !d.c.Supervised:
		return d.o.Self.Name // nobody could take over from it
	default:
		d.moveFor("a newer revision of its pod")
	}
	return ""
}

// lower orders pods of one StatefulSet by their ordinals. Its controller looks at its pods in that order, and where an old one cannot be made to fit
// (its claims cannot be changed), those behind it are not made again before it is.
func lower(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// comesUp is a pod of the newest revision that does not stream yet, or one that was evicted and is not made again yet; empty for none. Where none
// is of an old revision any more, only the last that was evicted counts. A pod that was deleted by hand may be made again while what was there before
// it counts as streaming yet: so it says itself that it is of the newest.
func (d *step) comesUp() string {
	l, old, newest := &d.lead, d.o.Pod.Outdated, d.o.Pod.Newest
	for _, name := range newest {
		p := d.peerNamed(name)
		switch {
		case name == d.o.Self.Name, len(old) == 0 && name != l.Evicted, p != nil && p.Report.Leaving:
		case p == nil || !p.Report.Updated || !d.streamed(p) || name == l.Evicted && d.stays(p):
			return name
		case name == l.Evicted:
			l.Evicted = "" // it is back
		}
	}
	if l.Evicted == "" || l.Evicted == d.o.Self.Name || slices.Contains(old, l.Evicted) || slices.Contains(newest, l.Evicted) || len(old)+len(newest) >= d.c.Instances {
		return ""
	}
	return l.Evicted
}

// stays tells that what was evicted last is what is heard of yet: it may not have heard of the newest revision before it ended, and be seen streaming a
// while. Later it is one that never ended, since the eviction was refused, and that is of the newest revision again.
func (d *step) stays(p *peer) bool {
	return p.Report.Instance == d.lead.EvictedOf && d.now.since(d.lead.EvictedAt) < 2*d.c.Timing.Window
}

// mends has pods of an old revision made again where nobody leads who would: those of which nothing has been heard for a minute, as nobody has of the
// holder. They may be what it takes to elect one.
func (d *step) mends() {
	seen := &d.o.Record
	if len(d.o.Pod.Outdated) == 0 || d.rec.Paused || d.now.since(d.mended) < evictAgain || d.now.since(d.Born) < orphaned || d.now.since(seen.First) < orphaned ||
		d.now.since(seen.At) > 2*d.c.Timing.Window {
		return
	}
	for _, name := range d.o.Pod.Outdated {
		heard := name == d.o.Self.Name
		for i := range d.peers {
			p := &d.peers[i]
			heard = heard || p.Member.Name == name && d.now.since(p.Heard) < orphaned
		}
		if !heard {
			d.mended = d.now
			d.do(Action{Do: Evict, Pod: name, Why: "nothing is heard of it, and nobody leads"})
			return
		}
	}
}

// broken tells a pod of which nothing is heard, whose database container does not run, or whose server fails to start over and over. One that is being
// copied is not.
func (d *step) broken(pod string) bool {
	p := d.heardIn(pod)
	return p == nil || p.Report.Instance == "" || d.now.since(p.Failed) < failedLately && d.now.since(p.Failing) >= failsFor
}

// heardIn is the member in a pod of which something was heard just now, nil for none.
func (d *step) heardIn(pod string) *peer {
	for i := range d.peers {
		if p := &d.peers[i]; p.Member.Name == pod && d.now.since(p.Heard) < d.c.Timing.Window {
			return p
		}
	}
	return nil
}

// fails notes how long a peer's server has been failing to start.
func (p *peer) fails(r *Report, now Instant) {
	switch {
	case r.Streaming || r.Instance != p.Report.Instance:
		p.Failed = Instant{}
	case r.Failing:
		if p.Failed.IsZero() || now.since(p.Failed) > failedLately {
			p.Failing = now
		}
		p.Failed = now
	}
}

// evict asks for the end of a pod, which is waited for then.
func (d *step) evict(pod, why string) string {
	l := &d.lead
	if l.Evicted == pod && d.now.since(l.EvictedAt) < evictAgain {
		return pod
	}
	l.Evicted, l.EvictedAt, l.EvictedOf = pod, d.now, ""
	if p := d.peerNamed(pod); p != nil {
		l.EvictedOf = p.Report.Instance
	}
	d.do(Action{Do: Evict, Pod: pod, Why: why})
	return pod
}

// restartHere stops the primary to start it again in its place.
func (d *step) restartHere(why string) {
	d.lead.Move = move{Stage: Halting, Why: why, Since: d.now, Here: true}
	d.do(Action{Do: Stop, Why: why})
}
