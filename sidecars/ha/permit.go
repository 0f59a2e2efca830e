package ha

import (
	"fmt"
	"slices"
	"time"
)

// forever is a path that nobody could cut: there is no one else who might take the record.
const forever = time.Hour

// flight is a write that may yet be applied, as long as Base is the version.
type flight struct {
	Base   string
	Record Record
}

// Paths gives what is left, at now, of the permit of a supervisor instance: by the grants of the peers, and by the record. Both are
// negative or zero where there is none.
func (s *State) Paths(now Instant, instance string, c Config) (peers, api time.Duration) {
	if s.lead.Term == 0 || s.lead.Instance != instance && s.mutant != anyInstance || instance == "" {
		return 0, 0
	}
	if s.lead.Refreshed.IsZero() && s.Durable.Changing != "" && s.mutant != permitsWhatItMayLose {
		return 0, 0 // a former process of this member may have a write under way that gives the record away
	}
	if !s.lead.Refreshed.IsZero() {
		api = c.Timing.Holds() - now.AtMost(s.lead.Refreshed) - c.Timing.Margin
	}
	peers = s.granted(&s.Durable.Last, now, c)
	for i := range s.inflight {
		r := &s.inflight[i].Record
		if s.inflight[i].Base == "" && r.Holder.ID == "" || s.mutant == forgetsItsFlights {
			continue // a vacant record gives nothing away
		}
		if r.Holder.ID != s.self || r.Holder.Instance != instance {
			return 0, 0 // it may have given the record away
		}
		peers = min(peers, s.granted(r, now, c))
	}
	return peers, api
}

// granted is the peers' path as one record has it: every member where any of them may lead alone, the W-th best of the quorum where
// they need R votes.
func (s *State) granted(r *Record, now Instant, c Config) time.Duration {
	left := func(id string) time.Duration {
		for i := range s.peers {
			if p := &s.peers[i]; p.Member.ID == id && !p.Granted.IsZero() {
				return c.Timing.Holds() - now.AtMost(p.Granted) - c.Timing.Margin
			}
		}
		return 0
	}
	fresh := s.alone(now, c)
	self := s.self
	if r.Mode == Async {
		least := fresh
		for _, m := range r.Members {
			if m.ID != self && (s.mutant != asksOnlyWhoAnswers || left(m.ID) > 0) {
				least = min(least, left(m.ID))
			}
		}
		return least
	}
	if r.Sync.W == 0 {
		return fresh
	}
	var of [16]time.Duration
	grants := of[:0]
	for _, id := range r.Sync.Of {
		grants = append(grants, left(id))
	}
	if len(grants) < r.Sync.W {
		return 0
	}
	for i := range grants { // few, and often: no sorting that is compiled for them
		for j := i; j > 0 && grants[j] < grants[j-1]; j-- {
			grants[j], grants[j-1] = grants[j-1], grants[j]
		}
	}
	return grants[len(grants)-r.Sync.W]
}

// alone is that path where there is no one else who might take the record, but by a person's word. A permit is then worth what a new grant is: it must
// not outlive the day on which there is somebody, who waits from when the record said so.
func (s *State) alone(now Instant, c Config) time.Duration {
	fresh := c.Timing.Holds() - c.Timing.Margin
	switch {
	case s.mutant == foreverAlone:
		return forever
	case s.Durable.Last.Force != "" && s.mutant != leadsAloneWhileAsked:
		// A person asks whether it lives, and nobody grants until it has said so. It grants itself no more either: one that has just started may have
		// been given up.
		return fresh - now.since(s.unasked)
	case s.wakes(now, c) && s.mutant != leadsAloneAsItWakes:
		return 0
	}
	return fresh
}

// wakes tells a member that stood still, and has not tried to refresh the record since, for as long as such a try takes: a person may have had another lead
// meanwhile. One that then has no answer from the API server is whom that person vouches for.
func (s *State) wakes(now Instant, c Config) bool {
	if !s.last.IsZero() && now.AtMost(s.last) > still {
		return true
	}
	return !s.stood.IsZero() && s.stood.Raw > s.lead.Refreshed.Raw && now.AtMost(s.stood) < c.Timing.WriteTimeout
}

// whole tells that the peers' path alone is as good as new.
func (d *step) whole() bool {
	peers, _ := d.Paths(d.now, d.lead.Instance, *d.c)
	t := d.c.Timing
	return peers >= t.Holds()-t.Margin-t.Beat-t.BeatTimeout
}

// beat asks for grants.
func (d *step) beat() {
	if d.now.since(d.lead.BeatAt) < d.c.Timing.Beat {
		return
	}
	d.lead.BeatAt = d.now
	for i := range d.peers {
		p := &d.peers[i]
		if !p.Adding && !d.isMember(p.Member.ID) && d.now.since(p.Heard) > d.c.Timing.Window {
			continue // strangers that said hello learn from a beat that there is a primary to copy
		}
		d.seq++
		copy(p.SeqSent[1:], p.SeqSent[:])
		p.SeqSent[0] = sent{d.seq, d.now}
		d.send(Message{Kind: Beat, To: p.Member.ID, Seq: d.seq, Term: d.lead.Term, Instance: d.lead.Instance, Version: d.rec.Version, Restart: d.lead.Restart})
	}
}

// write asks for the record to become next. One write is under way at a time.
func (d *step) write(next Record, why string) {
	next.Force = ""
	d.stamps++
	d.writeAs(fmt.Sprintf("%s-%d", d.Nonce, d.stamps), next, why)
}

// amend is a write of a member that does not hold the record, which changes nothing of who does. The stamp stays: the holder may have yet to see by it that
// its claim came through, and whoever never sees that leads no more, with nobody else who may.
func (d *step) amend(next Record, why string) {
	if d.mutant == stampsAnothersClaim {
		d.stamps++
		next.Stamp = fmt.Sprintf("%s-%d", d.Nonce, d.stamps)
	}
	d.writeAs(next.Stamp, next, why)
}

func (d *step) writeAs(stamp string, next Record, why string) {
	next.Stamp = stamp
	if next.Window = d.c.Timing.Window.Milliseconds(); next.Holder.ID != d.o.Self.ID {
		next.Window = max(next.Window, d.rec.Window) // it is what the holder counts with
	}
	if d.rec.Exists() && d.Durable.Changing == "" && (next.Holder != d.rec.Holder || next.Mode != d.rec.Mode || !next.Sync.Equal(d.rec.Sync) || !slices.Equal(next.Members, d.rec.Members)) {
		d.Durable.Changing = bound(d.rec.Version)
		d.remember()
	}
	w := &writing{Stamp: next.Stamp, Base: d.rec.Version, Record: next, Sent: d.now}
	d.writing = w
	d.inflight = append(d.inflight, flight{w.Base, next})
	record := next.clone()
	d.do(Action{Do: Write, Why: why, Record: &record, Base: w.Base, Stamp: w.Stamp, Term: next.Term})
}

// claim is a write that takes the record. Before it, this member binds itself not to grant anything to the holder of the version that it
// replaces, and notes the stamp by which it will know that it came through. Every try on the same version bears the same stamp, since any
// of them may be the one that does.
func (d *step) claim(next Record, why string) {
	d.Durable.Claim = d.o.Self.ID + "@" + bound(d.rec.Version)
	if d.mutant == newStampForEachTry {
		d.Durable.Claim = fmt.Sprintf("%s-%d", d.Nonce, d.seq)
		d.seq++
	}
	d.Durable.Bound = bound(d.rec.Version)
	d.remember()
	next.Force = ""
	d.writeAs(d.Durable.Claim, next, why)
}

// land forgets writes that cannot be applied any more.
func (d *step) land(over func(*flight) bool) {
	kept := d.inflight[:0]
	for i := range d.inflight {
		if f := d.inflight[i]; !over(&f) {
			kept = append(kept, f)
		}
	}
	d.inflight = kept
}

// absorbWrite learns what became of the write under way, by its outcome or by what the record shows.
func (d *step) absorbWrite() {
	if d.o.Record.Known {
		seen := d.rec.Version
		d.land(func(f *flight) bool { return f.Base != seen })
	}
	w := d.writing
	if w == nil {
		return
	}
	if r := d.o.Written; r != nil && r.Stamp == w.Stamp {
		switch r.Outcome {
		case Applied:
			d.applied(w)
			return
		case Refused:
			d.writing, d.lead.Failed = nil, true
			d.land(func(f *flight) bool { return f.Record.Stamp == w.Stamp })
			d.read("the record was changed by another")
			return
		case NotSent:
			d.writing, d.lead.Failed = nil, true
			d.land(func(f *flight) bool { return f.Record.Stamp == w.Stamp })
			return
		case Unknown:
			w.Lost = true
			if d.mutant == countsUnknownAsDone {
				d.applied(w)
				return
			}
			if d.mutant == demotesOnUnknown && d.lead.Term != 0 {
				d.giveUp("the API server did not answer")
			}
		}
	}
	if d.o.Record.Known && d.rec.Version != w.Base {
		if d.rec.Stamp == w.Stamp {
			d.applied(w)
			return
		}
		d.writing = nil
		return
	}
	if w.Lost || d.now.since(w.Sent) > 2*d.c.Timing.WriteTimeout {
		// It may yet be applied, so it stays in flight; the next write on the same version competes with it.
		d.writing, d.lead.Failed = nil, true
		d.read("an outcome is unknown")
	}
}

// applied: this member wrote the record, at some time after the write was sent.
func (d *step) applied(w *writing) {
	d.writing, d.lead.Failed = nil, false
	if w.Record.Holder.ID != d.o.Self.ID {
		return
	}
	if d.lead.Term != w.Record.Term || d.lead.Instance != w.Record.Holder.Instance {
		d.begin(w.Record.Term, w.Record.Holder.Instance)
	}
	if d.lead.Refreshed.IsZero() || w.Sent.Raw > d.lead.Refreshed.Raw {
		d.lead.Refreshed = w.Sent
		if d.mutant == countsFromAnswer {
			d.lead.Refreshed = d.now
		}
	}
}

// begin is a new lead: grants that were given to another term or to another process count for nothing.
func (d *step) begin(term uint64, instance string) {
	d.lead = lead{Term: term, Instance: instance, Since: d.now}
	d.pause = d.rec.Paused
	d.slotsFor, d.slotsAs = nil, "" // a standby may have had fewer, or none yet
	for i := range d.peers {
		d.peers[i].Granted = Instant{}
		d.peers[i].SeqSent = [4]sent{}
		d.peers[i].Adding = false
	}
}

// waits is how long an unchanged record is watched: by the longer of the two windows, should the profiles differ.
func (d *step) waits() time.Duration {
	t := d.c.Timing
	t.Window = max(t.Window, time.Duration(d.rec.Window)*time.Millisecond)
	return t.Waits()
}
