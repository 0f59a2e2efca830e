package ha

import "time"

// follows is a step of a member that does not hold the record.
func (d *step) follows() {
	o := d.o
	d.crashed, d.pause = false, d.rec.Paused
	if o.Supervisor.Instance == "" || !o.Supervisor.Locked {
		d.why = "its supervisor does not answer, or does not hold the volume"
		return
	}
	if d.gone() && d.Durable.Term == 0 && o.Supervisor.Phase == Down && o.Data.Known && !o.Data.Exists {
		d.found()
		return
	}
	if o.Supervisor.Phase == Standby && d.following() && d.rewrites() {
		return // the holder of a standby cluster, as a primary below
	}
	if o.Supervisor.Phase == Standby || o.Supervisor.Phase == Down {
		d.elects()
	}
	switch o.Supervisor.Phase {
	case Primary:
		// A holder whose record was deleted or rolled back still has its permit by its peers until that runs out; see rewrites.
		if !d.rewrites() {
			d.do(Action{Do: Kill, Why: "does not hold the record"})
		}
		return
	case Down:
		d.followDown()
	case Standby:
		d.followUp()
	}
	d.hello()
	d.mends()
	if o.Supervisor.Phase == Standby && !o.Postgres.At.IsZero() {
		d.label("replica")
		d.slots()
	}
}

// found makes the record of a cluster that has none. A member with data would have made it again within the wait.
func (d *step) found() {
	wait := d.waits() + time.Second
	if d.c.Ordinal > 0 {
		wait *= 2
	}
	known := d.now.AtLeast(d.o.Record.First)
	if d.vacant() && len(d.rec.Members) == 0 && d.c.Ordinal == 0 {
		known = d.now.AtLeast(d.Born) // one that is made for a new cluster: the wait was over before
	}
	switch {
	case known < wait || d.now.AtLeast(d.Born) < wait:
		d.why = "gives members that have data the time to say so"
	case d.writing != nil || d.now.since(d.tried) < time.Second:
	case !d.rec.Exists():
		d.tried = d.now
		d.create()
	default:
		d.tried = d.now
		next := Record{Version: d.rec.Version, Term: 1, Holder: Holder{d.o.Self.ID, d.o.Supervisor.Instance}, Members: []Member{d.o.Self}, Mode: d.c.Mode, Outside: d.c.Outside}
		if next.Outside {
			next.Mode = Async // nothing is acknowledged
		}
		d.claim(next, "there is no cluster of this name yet")
	}
}

// rewrites puts the record back that somebody deleted, or replaced by an old one, under the holder's feet. It does so while its permit
// lasts: until then nobody can have taken its place.
func (d *step) rewrites() bool {
	last := &d.Durable.Last
	if !d.gone() || last.Holder.ID != d.o.Self.ID || d.Durable.Led != d.Durable.Term || last.Holder.Instance != d.o.Supervisor.Instance {
		return false
	}
	if d.kept.Term != d.Durable.Term {
		return false
	}
	d.lead = d.kept
	if d.Permit(d.now, d.o.Supervisor.Instance, *d.c) == 0 {
		return false
	}
	d.why = "puts back the record that somebody took away"
	if d.writing == nil && !d.rec.Exists() {
		d.create()
		return true
	}
	if d.writing == nil && d.now.since(d.tried) >= 250*time.Millisecond {
		d.tried = d.now
		next := last.clone()
		next.Term = d.Durable.Term + 1
		next.Version = d.rec.Version
		d.claim(next, "somebody took the record away")
	}
	return true
}

// holder is the member to follow, if it is known.
func (d *step) holder() (Member, bool) {
	if d.gone() || d.rec.Holder.ID == d.o.Self.ID {
		return Member{}, false
	}
	return d.rec.Member(d.rec.Holder.ID)
}

// source is the holder once it takes writes: only from such a one is anything copied, and to no other is anything rewound.
func (d *step) source() (Member, bool) {
	m, ok := d.holder()
	if !ok {
		return m, false
	}
	p := d.peer(m.ID)
	return m, p != nil && p.Report.Open && (p.Report.Under == d.rec.Term || d.mutant == copiesFromFormerTerms) && d.now.since(p.Heard) < d.c.Timing.Window
}

// followDown is a member with no postgres running.
func (d *step) followDown() {
	o := d.o
	if d.rejoin.Term != d.rec.Term {
		d.rejoin = rejoin{Term: d.rec.Term, Redo: d.rejoin.Redo, Asked: d.rejoin.Asked, Gone: d.rejoin.Gone}
	}
	d.rejoin.NotSince, d.rejoin.Lacks = Instant{}, "" // of the next server nothing is known, and the archive may have for it what it had not for this one
	if o.Job.Running || !o.Data.Known || d.Durable.Fenced || o.Pod.Terminating {
		return
	}
	if j := &o.Job; (j.Kind == JobClone || j.Kind == JobRewind) && !j.Failed && j.Begun.Raw >= d.rejoin.Tried.Raw && d.mutant != copiesForEver {
		d.rejoin.Redo, d.rejoin.Asked, d.rejoin.Gone = false, false, false
	}
	if _, open := d.source(); open {
		d.rejoin.Closed = Instant{}
	}
	system := d.law().SystemID
	holder, known := d.holder()
	source, open := d.source()
	switch {
	case o.Data.Exists && system != 0 && o.Data.SystemID != system:
		d.why = "its volume belongs to another cluster: it is left alone"
	case !o.Data.Exists:
		if open {
			d.again(Action{Do: Clone, Upstream: source, Why: "its volume is empty"})
		}
	case o.Data.Broken || d.rejoin.Redo && (open || !o.Data.Standby):
		d.redo(source, open)
	case o.Data.Standby:
		d.do(Action{Do: StartStandby, Upstream: holder, Why: "follows"})
	case known && d.isPast(o.Data):
		d.do(Action{Do: StartStandby, Upstream: holder, Why: "stopped before the holder went on"})
	case open:
		d.redo(source, open)
	case d.rejoin.Closed.IsZero():
		d.rejoin.Closed = d.now
	case d.now.since(d.rejoin.Closed) > 2*d.c.Timing.Window:
		d.do(Action{Do: StartStandby, Why: "there is no primary: an election may need to know where its log ends"})
	default:
		d.why = "waits for a primary to rejoin"
	}
}

// isPast tells a log that ended, cleanly, no later than where the holder's timeline began.
func (d *step) isPast(data Data) bool {
	if !data.Clean || len(d.rec.History) == 0 {
		return false
	}
	last := d.rec.History[len(d.rec.History)-1]
	return last.Term == d.rec.Term && data.End.Timeline == last.At.Timeline && data.End.LSN <= last.At.LSN
}

// redo makes a log that may have gone another way the beginning of the holder's again: by rewinding, and where that fails by a copy.
func (d *step) redo(source Member, open bool) {
	if !open {
		d.why = "waits for a primary to rejoin"
		return
	}
	if d.o.Data.LogLost {
		d.again(Action{Do: Clone, Upstream: source, Why: "it has no log of the cluster to rewind"})
		return
	}
	if d.rejoin.Asked {
		d.again(Action{Do: Clone, Upstream: source, Why: "asked to copy again"})
		return
	}
	if d.rejoin.Gone {
		d.again(Action{Do: Clone, Upstream: source, Why: "the log that it needs is gone"})
		return
	}
	if d.rejoin.Rewinds < 2 && d.o.Data.Exists && !d.following() {
		if d.again(Action{Do: Rewind, Upstream: source, Why: "its log may have gone another way"}) {
			d.rejoin.Rewinds++
		}
		return
	}
	d.again(Action{Do: Clone, Upstream: source, Why: "it could not be rewound"})
}

// again gives an action that may fail, not more often than patience allows.
func (d *step) again(a Action) bool {
	if d.now.since(d.rejoin.Tried) < 2*time.Second {
		return false
	}
	d.rejoin.Tried = d.now
	d.do(a)
	return true
}

// followUp is a running standby, that answers or says that it replays.
func (d *step) followUp() {
	p := &d.o.Postgres
	if p.At.IsZero() && (!p.Replaying || d.o.Job.Running || d.mutant == waitsForLostLog) {
		return
	}
	if !p.InRecovery && !p.Replaying {
		d.do(Action{Do: Kill, Why: "was promoted by hand"})
		return
	}
	if d.o.Pod.Terminating || d.Durable.Fenced {
		d.do(Action{Do: Stop, Why: "the pod ends, or a person fenced it"})
		return
	}
	if d.Durable.Bound != "" || !d.election.Since.IsZero() {
		return
	}
	holder, known := d.holder()
	if !known {
		return
	}
	if p.Upstream != holder.ID && !(p.Replaying && d.mutant == keepsItsUpstream) {
		d.do(Action{Do: Follow, Upstream: holder, Why: "another holder"})
	}
	if _, open := d.source(); open && d.rejoin.Asked { // there was nobody to copy when it was stopped for that
		d.do(Action{Do: Stop, Why: "asked to copy again"})
		return
	}
	if d.restartMe && p.PendingRestart {
		d.restartMe = false
		d.do(Action{Do: Stop, Why: "parameters that need a restart"})
		return
	}
	d.stuck()
}

// stuck is a standby that gets nothing from a primary that is there. One that replays may do so for hours, and is not asked for a sign of that: it is
// stuck when it is refused the same segment as long ago as any other may get nothing, so that it has got nowhere, and has nothing left to replay.
func (d *step) stuck() {
	j, p := &d.rejoin, &d.o.Postgres
	gets, refused := p.Streaming || p.Fetching, true
	if p.Replaying && d.mutant != takesSilenceForLoss {
		gets, refused = d.refused()
	}
	if _, open := d.source(); !open || gets {
		j.NotSince = Instant{}
		if p.Streaming && !j.Asked { // it streams yet when it was told to stop a moment ago
			j.Redo, j.Gone = false, false
			j.Rewinds = 0
		}
		return
	}
	if j.NotSince.IsZero() {
		j.NotSince = d.now
	}
	if d.ahead() {
		d.why = "has more than the holder, which lacks the server outside"
		return
	}
	if refused && d.now.since(j.NotSince) > 15*time.Second+d.c.Timing.Window {
		j.Redo, j.NotSince = true, Instant{}
		j.Gone = j.Gone || p.Replaying
		d.do(Action{Do: Stop, Why: "gets nothing from the primary"})
	}
}

// refused looks at what a standby that replays was refused: whether it has got on since the last step, as far as is known, and whether it has been refused
// something since. What was last refused may be long over, where an archive gave it; whoever asks anew still lacks it.
func (d *step) refused() (gets, again bool) {
	j, s := &d.rejoin, &d.o.Supervisor
	gets, again = s.Lacks == "" || s.Lacks != j.Lacks && d.mutant != takesAnySegment, s.Refused != j.Refused || d.mutant == believesOldRefusals
	j.Lacks, j.Refused = s.Lacks, s.Refused
	if !gets {
		d.why = "replays, and needs " + s.Lacks + ", which the primary has no more"
	}
	return gets, again
}

// hello tells the holder of a member that it does not beat to.
func (d *step) hello() {
	holder, known := d.holder()
	if !known || d.now.since(d.heardAt) < 2*d.c.Timing.Beat && d.isMember(d.o.Self.ID) || d.now.since(d.rejoin.HelloAt) < time.Second {
		return
	}
	d.rejoin.HelloAt = d.now
	d.send(Message{Kind: Hello, To: holder.ID, Term: d.rec.Term})
}
