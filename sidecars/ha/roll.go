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
		return
	}
	if len(d.o.Pod.Outdated) > 0 {
		d.replace() // a new pod has restarted, too
		return
	}
	d.restart()
}

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

// replace has the pods of an old revision made again. Those in which nothing works go first, for nothing is lost with them, and they may
// be what the new revision mends; then the standbys, each once all others stream; last our own, when one of the new has taken over.
func (d *step) replace() {
	if d.lead.Opened.IsZero() || d.now.since(d.lead.Opened) < 2*d.c.Timing.Window {
		return // not all have been heard of yet
	}
	old := d.o.Pod.Outdated
	for _, name := range old {
		if name != d.o.Self.Name && d.lifeless(name) {
			d.evict(name, "nothing works in it")
			return
		}
	}
	next := ""
	for i := range d.peers {
		p := &d.peers[i]
		switch {
		case !d.isMember(p.Member.ID):
		case !d.streamed(p) || p.Member.Name == d.lead.Evicted && p.Report.Instance == d.lead.EvictedOf && !slices.Contains(old, p.Member.Name):
			return
		case slices.Contains(old, p.Member.Name) && (next == "" || lower(p.Member.Name, next)):
			next = p.Member.Name
		}
	}
	switch {
	case next != "":
		d.evict(next, "a newer revision of its pod")
	case !slices.Contains(old, d.o.Self.Name):
	case len(d.rec.Members) == 1 && !d.c.Supervised:
		d.evict(d.o.Self.Name, "a newer revision of its pod, and it is alone")
	default:
		d.moveFor("a newer revision of its pod")
	}
}

// lower orders pods of one StatefulSet by their ordinals. Its controller looks at its pods in that order, and where an old one cannot be made to fit
// (its claims cannot be changed), those behind it are not made again before it is.
func lower(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// lifeless tells a pod of which nothing is heard, or whose database container does not run. One that is being copied is not.
func (d *step) lifeless(pod string) bool {
	for i := range d.peers {
		if p := &d.peers[i]; p.Member.Name == pod && d.now.since(p.Heard) < d.c.Timing.Window && p.Report.Instance != "" {
			return false
		}
	}
	return true
}

func (d *step) evict(pod, why string) {
	l := &d.lead
	if l.Evicted == pod && d.now.since(l.EvictedAt) < evictAgain {
		return
	}
	l.Evicted, l.EvictedAt, l.EvictedOf = pod, d.now, ""
	if p := d.peerNamed(pod); p != nil {
		l.EvictedOf = p.Report.Instance
	}
	d.do(Action{Do: Evict, Pod: pod, Why: why})
}

// restartHere stops the primary to start it again in its place.
func (d *step) restartHere(why string) {
	d.lead.Move = move{Stage: Halting, Why: why, Since: d.now, Here: true}
	d.do(Action{Do: Stop, Why: why})
}
