package ha

import (
	"cmp"
	"slices"
	"time"
)

// leads is a step of the member that the record names.
func (d *step) leads() {
	o := d.o
	if o.Supervisor.Instance == "" || !o.Supervisor.Locked {
		d.why = "its supervisor does not answer, or does not hold the volume"
		return
	}
	if d.rec.Holder.Instance != o.Supervisor.Instance && d.mutant != anyInstance {
		d.adopt()
		return
	}
	if d.lead.Term != d.rec.Term || d.lead.Instance != o.Supervisor.Instance {
		d.begin(d.rec.Term, o.Supervisor.Instance)
	}
	d.published, d.mode = nil, ""
	d.kept = lead{}
	d.election = election{}
	if d.Durable.Fenced {
		d.giveUp("fenced by a person")
	}
	if d.lead.GiveUp != "" && o.Supervisor.Phase != Down {
		d.do(Action{Do: Kill, Why: d.lead.GiveUp})
		return
	}
	d.leavesOutside()
	if d.following() {
		d.leadsFollowing()
	} else {
		d.leadsAlone()
	}
	if d.renews() {
		d.beat()
		d.refresh()
	}
}

// leadsAlone is a step of the holder of a cluster that follows nobody.
func (d *step) leadsAlone() {
	switch d.o.Supervisor.Phase {
	case Stopping:
		if d.mutant == releasesBeforeTheEnd && d.lead.Move.Stage == Halting && !d.lead.Move.Here {
			d.release(d.lead.Move.Why)
		}
	case Down:
		d.leadDown()
	case Standby:
		d.promote()
	case Primary:
		d.rejoin.Asked = false // it was elected before anybody was there to copy
		d.primary()
	}
}

// adopt makes the record name the supervisor that runs now. The former one is gone: the volume was locked by it until its last process ended.
func (d *step) adopt() {
	if d.writing != nil || d.now.since(d.lead.Tried) < 250*time.Millisecond {
		return
	}
	d.lead.Tried = d.now
	next := d.rec.clone()
	next.Holder.Instance = d.o.Supervisor.Instance
	d.crashed = true
	d.write(next, "another supervisor runs on the volume of the holder")
}

// permitted tells that a primary may be started now.
func (d *step) permitted() bool {
	if d.Permit(d.now, d.o.Supervisor.Instance, *d.c) >= floor {
		return true
	}
	d.why = "waits for a permit"
	return false
}

// leadDown is the holder with no postgres running.
func (d *step) leadDown() {
	o := d.o
	switch {
	case o.Job.Running || !o.Data.Known:
		return
	case d.lead.Move.Stage == Halting && !d.lead.Move.Here:
		d.release(d.lead.Move.Why)
		return
	case d.lead.Move.Here:
		d.lead.Move, d.lead.Opened, d.lead.Since = move{}, Instant{}, d.now
	case d.Durable.Fenced, d.lead.GiveUp != "":
		d.release(cmp.Or(d.lead.GiveUp, "fenced"))
		return
	case o.Pod.Terminating || d.leaving() && d.target(false) != nil:
		d.release("the pod ends")
		return
	case !o.Data.Exists && d.rec.SystemID == 0:
		if d.permitted() {
			d.do(Action{Do: Init, Why: "a new cluster"})
		}
		return
	case !o.Data.Exists || o.Data.Broken || d.rec.SystemID != 0 && o.Data.SystemID != d.rec.SystemID:
		d.release("the volume has no data that could be served")
		return
	}
	if !d.lead.Opened.IsZero() {
		d.crashed, d.lead.Opened, d.lead.Since = true, Instant{}, d.now
	}
	if d.crashed && d.handsOverAfterCrash() {
		return
	}
	d.startPrimary()
}

// handsOverAfterCrash gives the record away where a standby is known to have every commit, or where coming back takes too long.
func (d *step) handsOverAfterCrash() bool {
	if d.lead.CrashedAt.IsZero() {
		d.lead.CrashedAt = d.now
	}
	to := d.target(true)
	late := d.now.since(d.lead.CrashedAt) > d.c.RestartWithin
	if to != nil && (d.rec.Mode != Async || late || d.o.DiskLow) {
		d.release("postgres ended by itself")
		return true
	}
	return false
}

func (d *step) startPrimary() {
	if !d.permitted() {
		return
	}
	if d.o.Data.Standby {
		d.do(Action{Do: StartStandby, Why: "to be promoted", Sync: d.firstSync()})
		return
	}
	d.do(Action{Do: StartPrimary, Why: "holds the record", Sync: d.firstSync(), Gated: d.rec.Mode != Async && d.mutant != reopensUngated})
}

// promote is the holder that runs a standby.
func (d *step) promote() {
	if d.o.Postgres.At.IsZero() || !d.cut() || !d.permitted() {
		return
	}
	d.lead.Promoted = true
	d.do(Action{Do: Promote, Why: "took the record", Sync: d.firstSync(), Beyond: d.rec.At.Timeline})
}

// primary is the holder that runs a primary, or one that is about to be.
func (d *step) primary() {
	p := &d.o.Postgres
	if p.At.IsZero() {
		return
	}
	if p.InRecovery {
		d.lead.Promoted = true
		if d.permitted() {
			d.do(Action{Do: Promote, Why: "took the record", Sync: d.firstSync(), Beyond: d.rec.At.Timeline})
		}
		return
	}
	if d.lead.Opened.IsZero() && !p.Wrote.IsZero() && p.Wrote.Raw > d.lead.Since.Raw {
		d.lead.Opened = d.now
		d.crashed, d.lead.CrashedAt = false, Instant{}
	}
	d.sync()
	d.gate()
	if !d.lead.Opened.IsZero() && !p.Gated && !d.sick() && d.lead.Move.Stage != Halting {
		d.label("primary")
	}
	d.slots()
	d.settle()
	d.moves()
	d.roll()
}

// settle has a new primary write a checkpoint: nobody can be rewound to it before.
func (d *step) settle() {
	l, job := &d.lead, &d.o.Job
	if !l.Promoted || l.Opened.IsZero() || l.Move.Stage != NoMove {
		return
	}
	if job.Kind == JobCheckpoint && job.Begun.Raw >= l.Since.Raw {
		l.Promoted = job.Running || job.Failed
		return
	}
	d.do(Action{Do: Checkpoint, Why: "so that others can be rewound to it"})
}

// gate lets clients in after a crash, once what they would read cannot be lost any more.
func (d *step) gate() {
	p := &d.o.Postgres
	if !p.Gated {
		return
	}
	if d.lead.GatedTo == 0 {
		d.lead.GatedTo = p.Position.LSN
	}
	// Only those count who are asked in an election by what is published, or may be.
	of, need := []string(nil), max(1, d.c.W)
	s, ok := d.demanded()
	if s.W > 0 {
		of, need = s.Of, s.W
	}
	if s.W == 0 && (d.rec.Mode == Async || d.rec.Mode == Preferred) || ok && d.flushed(d.lead.GatedTo, of) >= need {
		d.do(Action{Do: Open, Why: "what clients can read is on the standbys"})
	}
}

// flushed counts the standbys that have everything up to an LSN; of, where given, are the only ones to count.
func (d *step) flushed(to LSN, of []string) int {
	n := 0
	for _, w := range d.o.Postgres.Standbys {
		if w.Streaming && w.Flushed >= to && (of == nil || slices.Contains(of, w.Name)) {
			n++
		}
	}
	return n
}

// sick tells a primary that takes no writes any more.
func (d *step) sick() bool {
	// A process that stood still itself has not seen whether writes succeeded meanwhile.
	return !d.lead.Opened.IsZero() && d.now.AtMost(d.o.Postgres.Wrote) > d.c.SickAfter && d.now.since(d.stood) > d.c.SickAfter && d.mutant != renewsWhileSick
}

// renews tells whether the holder goes on holding. Who cannot write must not keep others from it.
func (d *step) renews() bool {
	m := &d.lead.Move
	switch {
	case d.lead.GiveUp != "":
		return false
	case m.Stage == Halting:
		if d.now.since(m.Since) > d.c.StopWithin+5*time.Second {
			d.giveUp("a planned move did not end")
			return false
		}
	case d.o.Supervisor.Phase == Primary && d.sick():
		d.giveUp("postgres takes no writes")
		return false
	case d.lead.Opened.IsZero() && !d.copying():
		if d.now.since(d.lead.Since) > d.openWithin() {
			d.giveUp("postgres did not open in time")
			return false
		}
	case d.o.Supervisor.Phase != Primary && d.now.since(d.lead.CrashedAt) > 2*d.c.RestartWithin && !d.lead.CrashedAt.IsZero():
		d.giveUp("postgres did not come back in time")
		return false
	}
	return true
}

// openWithin is the patience with a new holder. Where there is nobody else it is without end: crash recovery takes what it takes.
func (d *step) openWithin() time.Duration {
	if d.target(true) == nil {
		return forever * 1000
	}
	return d.c.PromoteWithin
}

// giveUp ends this lead: postgres is killed, then the record given back.
func (d *step) giveUp(why string) {
	d.lead.GiveUp = why
}

// refresh writes the record when it is due, or when it should say something else.
func (d *step) refresh() {
	if d.writing != nil {
		return
	}
	next, why := d.wanted()
	since := d.now.since(d.lead.Tried)
	due := d.c.Timing.Eager
	if d.whole() {
		due = d.c.Timing.Lazy
	}
	switch {
	case d.lead.Failed && since < d.c.Timing.Eager:
		return
	case d.lead.Refreshed.IsZero() && since >= 250*time.Millisecond:
		why = cmp.Or(why, "this process has not refreshed it yet")
	case why != "" && since >= 250*time.Millisecond:
	case since >= due:
		why = "due"
	default:
		return
	}
	d.lead.Tried = d.now
	d.write(next, why)
}

// wanted is the record as it should be, with the reason where it is not; empty where only a refresh is.
func (d *step) wanted() (Record, string) {
	next := d.rec.clone()
	why := ""
	p := &d.o.Postgres
	if d.o.Supervisor.Phase == Primary && !p.At.IsZero() && !p.InRecovery {
		if next.At.Timeline != p.Position.Timeline && next.At.Timeline != 0 {
			why = "a new timeline"
		}
		next.At = p.Position
		if next.SystemID == 0 && p.SystemID != 0 {
			next.SystemID, why = p.SystemID, "a new cluster"
		}
	}
	if changed := d.wantedOutside(&next); changed != "" {
		why = changed
	}
	if changed := d.wantedMembers(&next); changed != "" {
		why = changed
	}
	if changed := d.wantedSync(&next); changed != "" {
		why = changed
	}
	if next.Force != "" {
		why = "a person wants another to lead: it lives" // whatever is written takes that out
	}
	if next.Paused != d.pause {
		next.Paused, why = d.pause, "asked by a person"
	}
	return next, why
}

// wantedMembers takes in who granted, and leaves out who has been silent.
func (d *step) wantedMembers(next *Record) string {
	why := ""
	if self, ok := next.Member(d.o.Self.ID); !ok || self != d.o.Self {
		why = "its own address"
		next.put(d.o.Self)
	}
	for i := range d.peers {
		p := &d.peers[i]
		old, on := next.Member(p.Member.ID)
		switch {
		case on && old != p.Member && p.Report.Member.ID != "":
			why = "an address of " + p.Member.Name
			next.put(p.Member)
		case on && !d.rec.Sync.has(p.Member.ID) && (d.now.since(p.Heard) > d.c.RemoveAfter || d.replaced(p) && d.now.since(p.Heard) > 3*d.c.Timing.Beat):
			why = p.Member.Name + " has been silent"
			next.drop(p.Member.ID)
			p.Adding = false
		case !on && p.Adding && !p.Granted.IsZero() && d.now.since(p.Granted) < d.c.Timing.Beat+d.c.Timing.BeatTimeout:
			why = p.Member.Name + " follows"
			next.put(p.Member)
		case !on && !p.Adding && d.peerNamed(p.Member.Name) == nil && p.Report.Streaming && p.Report.Under == d.rec.Term && d.now.since(p.Heard) < 2*d.c.Timing.Beat+time.Second && !p.Report.Leaving:
			p.Adding, p.Granted = true, Instant{}
			d.lead.BeatAt = Instant{}
		}
	}
	kept := d.peers[:0]
	for i := range d.peers {
		if p := &d.peers[i]; d.now.since(p.Heard) <= 2*d.c.RemoveAfter || d.isMember(p.Member.ID) {
			kept = append(kept, *p)
		}
	}
	d.peers = kept
	return why
}

// replaced tells a member whose pod runs on another volume now.
func (d *step) replaced(p *peer) bool {
	if d.mutant == countsStrangersByName {
		return false
	}
	for i := range d.peers {
		q := &d.peers[i]
		if q.Member.Name == p.Member.Name && q.Member.ID != p.Member.ID && d.now.since(q.Heard) < 3*d.c.Timing.Beat {
			return true
		}
	}
	return false
}

// slots keeps a replication slot for every member.
func (d *step) slots() {
	if d.slotsAs == d.rec.Version {
		return
	}
	d.slotsAs = d.rec.Version
	names := make([]string, 0, len(d.rec.Members))
	for _, m := range d.rec.Members {
		if m.ID != d.o.Self.ID {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, d.slotsFor) {
		d.slotsFor = names
		d.do(Action{Do: Slots, Names: names})
	}
}
