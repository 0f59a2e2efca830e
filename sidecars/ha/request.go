package ha

import (
	"slices"
	"time"
)

// requests takes in what people ask for, and answers what is done.
func (d *step) requests() {
	if d.forced != 0 && d.mutant != forcesForEver && !slices.ContainsFunc(d.o.Requests, func(r Request) bool { return r.ID == d.forced }) {
		d.forced = 0 // whoever accepted the loss waits no more
	}
	for i := range d.o.Requests {
		r := &d.o.Requests[i]
		if slices.Contains(d.asked, r.ID) {
			continue
		}
		if done, ok, why := d.request(r); done {
			d.asked = append(d.asked, r.ID)
			d.asked = d.asked[max(0, len(d.asked)-64):]
			d.do(Action{Do: Answer, Request: r.ID, OK: ok, Why: why})
		}
	}
}

func (d *step) request(r *Request) (done, ok bool, why string) {
	leads := d.lead.Term != 0
	switch r.Verb {
	case Fence, Unfence:
		if want := r.Verb == Fence; d.Durable.Fenced != want {
			d.Durable.Fenced = want
			d.remember()
		}
		return true, true, ""
	case Pause, Resume:
		return d.requestPause(r, leads)
	case Switchover:
		return d.requestMove(r, leads)
	case Failover:
		if d.moving == r.ID || leads && d.forced != r.ID {
			return d.requestMove(r, leads) // whoever was to be moved from is not to lead again by the same word
		}
		return d.requestForce(r)
	case Restart:
		return d.requestRestart(r, leads)
	case Reinit:
		if leads && !d.following() {
			return true, false, "it holds the record: move it first"
		}
		d.rejoin.Redo, d.rejoin.Asked = true, true
		if d.o.Supervisor.Phase != Down {
			d.do(Action{Do: Stop, Why: "asked to copy again"})
		}
		return true, true, ""
	}
	return true, false, "unknown verb"
}

func (d *step) requestPause(r *Request, leads bool) (done, ok bool, why string) {
	if !leads {
		return d.requestResume(r)
	}
	d.pause = r.Verb == Pause
	return d.rec.Paused == d.pause, true, ""
}

// requestResume lets any member resume a cluster whose holder is gone: paused, nobody would take its place, and nobody else could be asked.
func (d *step) requestResume(r *Request) (done, ok bool, why string) {
	switch {
	case r.Verb == Resume && !d.gone() && !d.rec.Paused:
		return true, true, ""
	case r.Verb != Resume || d.gone() || d.now.since(d.heardAt) < d.c.Timing.Window:
		return true, false, "ask the holder"
	}
	if d.writing == nil && d.now.since(d.tried) >= time.Second {
		d.tried = d.now
		next := d.rec.clone()
		next.Paused, next.Force = false, ""
		d.amend(next, "asked by a person")
	}
	return false, false, ""
}

// requestMove is answered when another holds the record, or when it cannot be done.
func (d *step) requestMove(r *Request, leads bool) (done, ok bool, why string) {
	if !leads {
		if d.moving != r.ID {
			return true, false, "ask the holder"
		}
		if d.rec.Holder.ID == "" {
			return false, false, ""
		}
		d.moving = 0
		return true, d.rec.Holder.ID != d.o.Self.ID, ""
	}
	m := &d.lead.Move
	switch {
	case d.moving == r.ID && m.Stage != NoMove:
		return false, false, ""
	case d.moving == r.ID:
		d.moving = 0
		return true, false, "the member could not take over"
	case m.Stage != NoMove:
		return true, false, "another move is under way"
	case d.o.Supervisor.Phase != Primary && !d.following() || d.lead.Opened.IsZero():
		return true, false, "there is no primary to move"
	}
	d.lead.Only = r.To
	to := d.target(false)
	d.lead.Only = ""
	if to == nil {
		return true, false, "no such member can take over"
	}
	d.moving = r.ID
	d.begunMove("asked by a person", to)
	return false, false, ""
}

// requestForce stands for election without proof, where the person accepts the loss. Others are not asked, so nothing says that the holder has no
// permit: it is asked in the record whether it lives. One that sees no record and is seen by nobody is what the person vouches for.
func (d *step) requestForce(r *Request) (done, ok bool, why string) {
	if d.forced != 0 && d.forced != r.ID {
		return false, false, "" // one after the other
	}
	told := d.told
	d.told = d.forced == r.ID && !d.gone() && d.rec.Force == d.o.Self.ID
	switch {
	case r.To != "" && r.To != d.o.Self.Name:
		return true, false, "ask the member that should lead"
	case d.forced == r.ID && d.holds(): // an old record that names it is nothing
		if d.mutant != forcesForEver {
			d.forced = 0
		}
		return true, true, ""
	case d.forced == r.ID && d.writing != nil:
		return false, false, "" // it may come through
	case d.rec.Holder.ID != "" && (told && !d.told || d.now.since(d.heardAt) < d.c.Timing.Window):
		d.forced = 0
		return true, false, "the holder is alive: ask for a switchover"
	case !r.Loss:
		return true, false, "it may lose commits that were acknowledged: say that this is accepted"
	}
	d.forced = r.ID
	if d.mutant != forcesUnasked && !d.told && !d.gone() && !d.free() && !d.proven() && d.writing == nil && d.now.since(d.tried) >= time.Second {
		d.tried = d.now
		next := d.rec.clone()
		next.Force = d.o.Self.ID
		d.amend(next, "a person wants this member to lead: does the holder live?")
	}
	return false, false, ""
}

func (d *step) requestRestart(_ *Request, leads bool) (done, ok bool, why string) {
	switch {
	case leads && d.lead.Move.Stage != NoMove:
		return true, false, "a move is under way"
	case leads && d.o.Supervisor.Phase == Primary:
		d.restartHere("asked by a person")
	case d.o.Supervisor.Phase == Standby:
		d.do(Action{Do: Stop, Why: "asked by a person"})
	}
	return true, true, ""
}
