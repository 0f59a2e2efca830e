package ha

import "time"

// moves is the planned move of a primary: prepare while it serves, halt, release. It is begun by a person, by the end of the pod, of
// the node, of the member's place or of the disk, and by a parameter or a revision of the pod that needs a restart.
func (d *step) moves() {
	m := &d.lead.Move
	if m.Stage == NoMove {
		why, must := d.reason()
		if why == "" {
			return
		}
		to := d.target(false)
		if to == nil && !must {
			d.why = why + ", but no member can take over"
			return
		}
		d.begunMove(why, to)
	}
	if m.Stage == Preparing {
		d.prepare()
	}
	if m.Stage == Halting {
		// Clients that come by the role are better refused than sent to a server that has become a standby.
		if !m.Here {
			d.label("replica")
		}
		d.do(Action{Do: Stop, Why: m.Why})
	}
}

func (d *step) begunMove(why string, to *peer) {
	m := &d.lead.Move
	m.Stage, m.Why, m.Since = Preparing, why, d.now
	if to != nil {
		m.To = to.Member.ID
	}
}

// reason to move, and whether there is no staying.
func (d *step) reason() (why string, must bool) {
	o := d.o
	switch {
	case o.Pod.Terminating:
		return "the pod ends", true
	case d.leaving():
		return "its place ends", false
	case o.DiskLow:
		return "the volume is full", false
	case d.rec.Paused:
		return "", false
	case o.Pod.Cordoned && d.uncordoned():
		return "the node is cordoned", false
	}
	return "", false
}

// uncordoned tells that a member on another node could take over: moving among nodes that are all being drained helps nobody.
func (d *step) uncordoned() bool {
	t := d.target(false)
	return t != nil && !t.Report.Cordoned
}

// prepare makes the outage short: what a stop would have to write is written before, and the target is near.
func (d *step) prepare() {
	m := &d.lead.Move
	took := d.now.since(m.Since)
	job := &d.o.Job
	done := job.Kind == JobCheckpoint && !job.Running && job.Begun.Raw >= m.Since.Raw
	if !done && took < 20*time.Second && !d.o.DiskLow {
		d.do(Action{Do: Checkpoint, Why: m.Why})
		return
	}
	if to := d.peer(m.To); m.To != "" && took < 25*time.Second {
		if to == nil || !d.near(to) {
			if took > 10*time.Second && !d.o.Pod.Terminating {
				*m = move{}
			}
			return
		}
	}
	m.Stage, m.Since = Halting, d.now
}

// near tells that a standby will have the rest at once.
func (d *step) near(p *peer) bool {
	at := d.o.Postgres.Position.LSN
	for _, w := range d.o.Postgres.Standbys {
		if w.Name == p.Member.Name && w.Streaming {
			return at-min(at, w.Flushed) <= 1<<20
		}
	}
	return false
}

// target is the member that should take over, nil for none. After a crash only those count that have every acknowledged commit for
// certain; in a planned move the others will.
func (d *step) target(crash bool) *peer {
	var best *peer
	for i := range d.peers {
		p := &d.peers[i]
		if !d.isMember(p.Member.ID) || !d.sound(p, crash) {
			continue
		}
		if best == nil || d.better(p, best) {
			best = p
		}
	}
	return best
}

func (d *step) sound(p *peer, crash bool) bool {
	r := &p.Report
	if r.Barred || r.Leaving || d.now.since(p.Heard) > d.c.Timing.Window {
		return false
	}
	if want := d.lead.Only; want != "" && r.Member.Name != want {
		return false
	}
	if crash {
		return d.now.since(p.Streamed) < d.c.MaxSilence && (d.rec.Mode == Async || d.rec.Sync.has(p.Member.ID))
	}
	return d.streamed(p)
}

// streamed tells a standby that said so with its last answers.
func (d *step) streamed(p *peer) bool {
	return d.now.since(p.Streamed) < 2*d.c.Timing.Beat+d.c.Timing.BeatTimeout
}

// better orders those who could take over.
func (d *step) better(p, q *peer) bool {
	a, b := &p.Report, &q.Report
	if a.Cordoned != b.Cordoned {
		return b.Cordoned
	}
	if a.Updated != b.Updated {
		return a.Updated
	}
	if a.Pending != b.Pending {
		return b.Pending
	}
	if a.Priority != b.Priority {
		return a.Priority > b.Priority
	}
	if c := a.At.Compare(b.At); c != 0 {
		return c > 0
	}
	return p.Member.Name < q.Member.Name
}

// release gives the record back. It is called only where the supervisor says that its last process is gone.
func (d *step) release(why string) {
	if d.writing != nil || d.now.since(d.lead.Tried) < 250*time.Millisecond && !d.lead.Tried.IsZero() && d.lead.Releasing {
		return
	}
	d.lead.Tried, d.lead.Releasing = d.now, true
	next := d.rec.clone()
	next.Holder = Holder{}
	next.Release = &Release{By: d.o.Self.ID, To: d.lead.Move.To}
	if d.o.Data.Known && d.o.Data.Exists && d.o.Data.Clean && !d.o.Data.Broken {
		next.Release.At = d.o.Data.End
	}
	d.write(next, why)
}
