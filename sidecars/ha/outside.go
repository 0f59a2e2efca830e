package ha

// Outside is the id, as an Upstream, of the server that a standby cluster follows. It is no member.
const Outside = "outside"

// outside is that server for an action. A shell knows where it is.
func outside() Member { return Member{ID: Outside, Name: Outside} }

// following tells that this is a standby cluster: it has followed a server elsewhere since its first day, and never written. The record says so, and
// takes it back once. A volume that has seen it taken back believes no older record.
func (d *step) following() bool { return d.law().Outside && !d.Durable.Own }

// leadsFollowing is a step of the holder of a standby cluster: the one member that receives from outside, and passes it on to the others. In
// all but writing it leads as any other.
func (d *step) leadsFollowing() {
	d.lead.Following = true
	if d.copying() {
		d.lead.Since = d.now // it has as long to open after that as any
	}
	switch d.o.Supervisor.Phase {
	case Down:
		d.followingDown()
	case Standby:
		d.followingUp()
	case Primary:
		d.do(Action{Do: Kill, Why: "a standby cluster has no primary"})
	}
}

// followingDown is that holder with no postgres running.
func (d *step) followingDown() {
	o := d.o
	if !d.lead.Opened.IsZero() {
		d.lead.Opened, d.lead.Since = Instant{}, d.now
	}
	switch {
	case o.Job.Running || !o.Data.Known:
	case d.lead.Move.Here:
		d.lead.Move = move{}
	case d.lead.Move.Stage == Halting:
		d.release(d.lead.Move.Why)
	case d.Durable.Fenced || d.lead.GiveUp != "":
		d.release(d.lead.GiveUp)
	case o.Pod.Terminating || d.leaving() && d.target(false) != nil:
		d.release("the pod ends")
	case !o.Data.Exists && d.rec.SystemID == 0:
		if d.c.Outside {
			d.again(Action{Do: Clone, Upstream: outside(), Why: "a new standby cluster"})
			return
		}
		d.why = "is to be a cluster of its own, and has nothing yet: it was made to follow another"
	case !o.Data.Exists || o.Data.Broken || d.rec.SystemID != 0 && o.Data.SystemID != d.rec.SystemID:
		d.release("the volume has no data that could be served")
	case !o.Data.Standby:
		d.release("somebody wrote to the volume of a standby cluster")
	case d.rejoin.Redo:
		d.copyOutside()
	default:
		d.do(Action{Do: StartStandby, Upstream: outside(), Why: "follows the server outside"})
	}
}

// copyOutside copies the server outside again, as a person asked for: it may have thrown away log that nobody here has, or gone another way.
func (d *step) copyOutside() {
	if j := &d.o.Job; j.Kind == JobClone && !j.Failed && !d.rejoin.Tried.IsZero() && j.Begun.Raw >= d.rejoin.Tried.Raw {
		d.rejoin = rejoin{}
		return
	}
	d.again(Action{Do: Clone, Upstream: outside(), Why: "asked to copy again"})
}

// copying tells that the holder of a standby cluster is being made: that takes what it takes.
func (d *step) copying() bool {
	return d.following() && d.o.Job.Running && d.o.Job.Kind == JobClone
}

// followingUp is that holder with a standby that runs.
func (d *step) followingUp() {
	p := &d.o.Postgres
	switch {
	case p.At.IsZero():
		return
	case !p.InRecovery:
		d.do(Action{Do: Kill, Why: "was promoted by hand"})
		return
	case p.Upstream != Outside && d.lead.Move.Stage != Halting:
		d.do(Action{Do: Follow, Upstream: outside(), Why: "follows the server outside"})
	}
	if d.lead.Opened.IsZero() {
		d.lead.Opened = d.now
	}
	d.crashed, d.lead.CrashedAt = false, Instant{}
	d.streams()
	if d.lead.Move.Stage != Halting {
		d.label("primary")
	}
	d.slots()
	d.moves()
	d.roll()
}

// passesOn tells the holder of a standby cluster that is up: from it the others copy and stream.
func (d *step) passesOn() bool {
	return d.following() && d.holds() && d.o.Supervisor.Phase == Standby && d.o.Postgres.InRecovery && !d.o.Postgres.At.IsZero()
}

// wantedOutside puts on the record what only a standby cluster has: where its holder is, though that does not write, and that it is to be one of its
// own. That is said before it is so: whoever promotes has seen it.
func (d *step) wantedOutside(next *Record) string {
	if next.Outside && d.Durable.Own {
		next.Outside = false
		return "somebody put an old record back"
	}
	if !d.passesOn() {
		return ""
	}
	p, why := &d.o.Postgres, ""
	next.At = p.Position
	if next.SystemID == 0 && p.SystemID != 0 {
		next.SystemID, why = p.SystemID, "a new standby cluster"
	}
	if !d.c.Outside && d.lead.Move.Stage == NoMove {
		next.Outside, why = false, "it follows nobody any more"
	}
	return why
}

// leavesOutside is the first step of the holder after that was said: it has yet to show that it takes writes.
func (d *step) leavesOutside() {
	if d.lead.Following && !d.following() {
		d.lead.Following, d.lead.Opened, d.lead.Since = false, Instant{}, d.now
	}
}

// ahead tells a standby that has more than the holder of a standby cluster. It must not be made a copy of that: the rest may be nowhere else.
func (d *step) ahead() bool {
	p := d.peer(d.rec.Holder.ID)
	return d.following() && (p == nil || d.o.Postgres.Position.Compare(p.Report.At) > 0)
}
