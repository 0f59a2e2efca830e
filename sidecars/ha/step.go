// Package ha decides what a member of a highly available PostgreSQL cluster does next. It is the core of the agent: one function of what
// is remembered and what is observed, without clock, socket, disk or chance, so that a simulation drives it through any history.
//
//	state, actions = state.Step(observation, config)
//
// One Record, held by the Kubernetes API server and changed only by compare-and-swap, names the one member that may write, its term
// and who may follow it. The holder writes while it has a permit, which two paths give: every member that could take the record has
// promised not to, or the record was changed by the holder itself a short while ago. Both count from before the question was sent. Whoever
// takes the record waits longer than the longest permit can last: see Timing, and package permitmodel for the proof by exhaustion.
//
// Decisions are level-triggered: what to do follows from what is observed, not from what was done. A step gives the same action again until
// its effect is seen, so a crash between any two actions leaves a state that the next step goes on from. Unknown is never taken for no.
package ha

import (
	"slices"
	"time"
)

// floor is the least permit with which a primary is started or promoted.
const floor = time.Second

// still is how far apart two steps are where the process, or its machine, did not run meanwhile.
const still = 2 * time.Second

// step is one call of Step.
type step struct {
	*State
	o   *Observation
	c   *Config
	now Instant
	rec *Record // as last seen; never nil
	out []Action
}

// Step takes what is known and gives what is to be done, in order. It takes s over: keep no copy, or Clone it.
func (s State) Step(o Observation, c Config) (State, []Action) {
	out := s.Advance(&o, &c, nil)
	return s, out
}

// Advance is Step in place: it appends the actions to out.
func (s *State) Advance(o *Observation, c *Config, out []Action) []Action {
	d := step{State: s, o: o, c: c, now: o.Now, rec: &o.Record.Record, out: out}
	if s.Born.IsZero() {
		s.Born = o.Now
	}
	s.why, s.self = "", o.Self.ID
	if !s.last.IsZero() && o.Now.AtMost(s.last) > still {
		s.stood = o.Now
	}
	d.absorb()
	d.answerPeers()
	switch {
	case o.Self.ID == "" || !o.Record.Known:
		s.why = "waits for its volume and the record"
	case d.holds():
		d.leads()
	default:
		if d.lead.Term != 0 {
			d.kept = d.lead
		}
		d.lead = lead{}
		d.follows()
	}
	d.requests()
	d.last = o.Now
	return d.out
}

// Clone copies a state, for who wants to step it twice.
func (s State) Clone() State {
	s.peers = slices.Clone(s.peers)
	s.inflight = slices.Clone(s.inflight)
	s.asked = slices.Clone(s.asked)
	if s.writing != nil {
		w := *s.writing
		s.writing = &w
	}
	return s
}

func (d *step) do(a Action) {
	if a.Term == 0 {
		a.Term = d.rec.Term
	}
	d.out = append(d.out, a)
}

// rolledBack tells a record of a term that was long over: somebody restored an old one.
func (d *step) rolledBack() bool {
	return d.rec.Exists() && d.rec.Term < d.Durable.Term && d.mutant != takesByTheNewerRecord
}

// vacant tells a record that names neither a holder nor who gave it back: one that was made in the place of a deleted one. A Create is
// based on no version, so a late one may come through at any time; it therefore gives nothing to anybody.
func (d *step) vacant() bool { return d.rec.Exists() && d.rec.Holder.ID == "" && d.rec.Release == nil }

// gone tells that the record says nothing: deleted, made again, or rolled back. What was last known holds.
func (d *step) gone() bool { return !d.rec.Exists() || d.rolledBack() || d.vacant() }

// holds tells that the record names this member, by a claim that this volume made itself.
func (d *step) holds() bool {
	return d.rec.Exists() && !d.rolledBack() && d.rec.Holder.ID == d.o.Self.ID && d.Durable.Led == d.rec.Term
}

// claimed notes that a try to take the record has come through, whatever was heard of it, and whomever a person has put on the record since. One that was
// only put there finds another's stamp.
func (d *step) claimed() {
	r := d.rec
	if r.Exists() && !d.rolledBack() && (r.Holder.ID == d.o.Self.ID || d.mutant != barsWhoWasNamedOver) && r.Stamp != "" && r.Stamp == d.Durable.Claim && d.Durable.Led != r.Term {
		d.Durable.Led = r.Term
		d.remember()
	}
}

// absorb takes in what became known since the last step.
func (d *step) absorb() {
	if d.o.Record.Known {
		d.absorbRecord()
	}
	d.absorbWrite()
	for i := range d.o.Heard {
		d.hear(&d.o.Heard[i])
	}
	if d.o.Postgres.Streaming && d.o.Postgres.Upstream == d.rec.Holder.ID && d.rec.Holder.ID != "" && d.o.Supervisor.Phase == Standby {
		d.streamedAt = d.now
		if d.rec.Term > d.Durable.Streamed && !d.rolledBack() && d.onHoldersTimeline() {
			d.Durable.Streamed = d.rec.Term
			d.remember()
		}
	}
}

// onHoldersTimeline tells that this standby has received of what the holder writes. One that only followed it while it was a standby too
// would, elected after it, begin another timeline of the same number.
func (d *step) onHoldersTimeline() bool {
	p := d.peer(d.rec.Holder.ID)
	if d.mutant == electsWhoCascaded {
		return true
	}
	if p == nil || !p.Report.Open || p.Report.Under != d.rec.Term || p.Report.At.Timeline != d.o.Postgres.Position.Timeline {
		return false
	}
	// The holder of a standby cluster passes on what others wrote. It promotes in the same term, once the record says that the cluster is one of its own.
	return p.Report.Phase != Standby.String() || d.mutant == countsWhatItPassedOn
}

func (d *step) absorbRecord() {
	r := d.rec
	if r.Force == "" {
		d.unasked = d.now
	}
	if r.Exists() && r.Term > d.Durable.Term {
		d.Durable.Term = r.Term
	}
	if d.Durable.Bound != "" && d.Durable.Bound != bound(r.Version) {
		d.Durable.Bound = ""
	}
	if d.Durable.Changing != "" && d.Durable.Changing != bound(r.Version) {
		d.Durable.Changing = ""
	}
	if !d.gone() && r.Version != d.Durable.Last.Version {
		worth := worthRemembering(&d.Durable.Last, r)
		d.Durable.Own = d.Durable.Own || d.Durable.Last.Outside && !r.Outside
		d.Durable.Last = r.clone()
		if worth {
			d.remember()
		}
	}
	d.claimed()
	if !d.gone() {
		d.syncPeers()
	}
}

// bound names a version that a vote or a try is for; the absence of a record has a name too.
func bound(version string) string {
	if version == "" {
		return "none"
	}
	return version
}

func worthRemembering(old, r *Record) bool {
	return old.Term != r.Term || old.SystemID != r.SystemID || old.Mode != r.Mode || !old.Sync.Equal(r.Sync) || old.Holder.ID != r.Holder.ID ||
		!slices.Equal(old.Members, r.Members) || old.Paused != r.Paused || old.Outside != r.Outside
}

// remember asks for Durable to be written before whatever comes after it.
func (d *step) remember() {
	if n := len(d.out); n > 0 && d.out[n-1].Do == Remember {
		*d.out[n-1].Durable = d.Durable
		return
	}
	durable := d.Durable
	durable.Last = durable.Last.clone()
	d.do(Action{Do: Remember, Durable: &durable})
}

// syncPeers makes the list of peers that of the record, and those that said hello.
func (d *step) syncPeers() {
	for _, m := range d.rec.Members {
		if m.ID == d.o.Self.ID {
			continue
		}
		p := d.peer(m.ID)
		if p == nil {
			d.meet(m).Heard = d.now
			continue
		}
		if p.Report.Member.ID == "" {
			p.Member = m
		}
	}
}

func (d *step) peer(id string) *peer {
	for i := range d.peers {
		if d.peers[i].Member.ID == id {
			return &d.peers[i]
		}
	}
	return nil
}

// meet makes a member a peer, in the order of ids.
func (d *step) meet(m Member) *peer {
	at := 0
	for at < len(d.peers) && d.peers[at].Member.ID < m.ID {
		at++
	}
	d.peers = append(d.peers, peer{})
	copy(d.peers[at+1:], d.peers[at:])
	d.peers[at] = peer{Member: m}
	return &d.peers[at]
}

// isMember tells that a peer is on the record.
func (d *step) isMember(id string) bool {
	_, ok := d.rec.Member(id)
	return ok
}

func (d *step) hear(m *Message) {
	d.termHeard, d.timelineHeard = max(d.termHeard, m.Term), max(d.timelineHeard, m.Report.At.Timeline)
	p := d.peer(m.From)
	if p == nil {
		if m.Report.Member.ID != m.From || m.From == d.o.Self.ID {
			return
		}
		p = d.meet(m.Report.Member)
	}
	p.Heard = d.now
	if m.Report.Member.ID == m.From {
		p.fails(&m.Report, d.now)
		p.Report, p.Member = m.Report, m.Report.Member
		if m.Report.Streaming && m.Report.Under == d.rec.Term {
			p.Streamed = d.now
		}
	}
	switch m.Kind {
	case Grant:
		d.granted(p, m)
	case Vote:
		switch {
		case m.Seq != d.election.Seq:
		case m.Version == bound(d.rec.Version):
			p.Vote, p.VoteAt = *m, d.now
		case !m.Yes:
			d.readOf(m.Version, "a voter sees another record")
		}
	case Beat:
		if m.Term < d.Durable.Term {
			return
		}
		if m.Report.At.Compare(d.heard) > 0 {
			d.heard = m.Report.At
		}
		d.heardAt = d.now
	case Hello:
		d.lead.BeatAt = Instant{}
	}
}

// granted takes a grant in, if it answers a beat of this lead.
func (d *step) granted(p *peer, m *Message) {
	if !m.Yes || m.Term != d.lead.Term || m.Instance != d.lead.Instance || d.lead.Term == 0 {
		return
	}
	for _, s := range p.SeqSent {
		if s.Seq == m.Seq && s.Seq != 0 {
			if p.Granted.IsZero() || s.At.Raw > p.Granted.Raw {
				p.Granted = s.At
				if d.mutant == countsFromAnswer {
					p.Granted = d.now
				}
			}
			return
		}
	}
}

// report is what this member says of itself.
func (d *step) report() Report {
	o := d.o
	r := Report{Member: o.Self, Instance: o.Supervisor.Instance, Cordoned: o.Pod.Cordoned, Updated: o.Pod.Updated, Priority: d.c.Priority,
		Barred: d.c.Barred || d.Durable.Fenced || o.DiskLow || o.Pod.Terminating, Pending: o.Postgres.PendingRestart, Leaving: d.leaving(), Config: d.c.Revision, Phase: o.Supervisor.Phase.String()}
	r.Copying = o.Job.Running && (o.Job.Kind == JobClone || o.Job.Kind == JobRewind)
	r.Failing = o.Supervisor.Phase == Down && o.Job.Kind == JobStart && !o.Job.Running
	if !o.Postgres.At.IsZero() {
		r.At = o.Postgres.Position
		r.Streaming = o.Postgres.Streaming && o.Postgres.Upstream == d.rec.Holder.ID && o.Supervisor.Phase == Standby
		r.Under = d.rec.Term
		r.Open = o.Supervisor.Phase == Primary && !o.Postgres.InRecovery && d.holds() || d.passesOn()
	}
	return r
}

// leaving tells a pod that a smaller StatefulSet has no room for.
func (d *step) leaving() bool { return d.c.Ordinal >= d.c.Instances }

// relabel is how soon a label that is not as asked for is noticed. Clients go where the primary's is, ready or not, so a second one must not stand for
// longer: anyone may edit labels, and a request of a holder that is gone may come through late. A replica that has lost its own is missed by
// nobody for some seconds, and whoever looks wakes up for it. As long as all is as asked for, it costs no request.
func relabel(role string) time.Duration {
	if role == "primary" {
		return time.Second
	}
	return 10 * time.Second
}

// label asks for the role of the pod, and again after a while. Who stood still may find another labelled primary, which it must not take away: its own
// permit is over.
func (d *step) label(role string) {
	if d.role == role && d.now.since(d.roleAt) < relabel(role) || role == "primary" && d.Permit(d.now, d.o.Supervisor.Instance, *d.c) == 0 {
		return
	}
	d.role, d.roleAt = role, d.now
	d.do(Action{Do: Label, Role: role})
}

func (d *step) send(m Message) {
	m.From, m.Report = d.o.Self.ID, d.report()
	d.do(Action{Do: Send, To: &m})
}

// readOf reads the record since another member sees that version, and of the same one every two seconds at most: it is for the other one, too, to
// find out which of the two is behind, and that one may be cut off from the record for long.
func (d *step) readOf(version, why string) {
	if version == d.readFor && d.now.since(d.reread) < 2*time.Second {
		return
	}
	d.readFor = version
	d.read(why)
}

// read asks for the record past every cache, not more often than twice a second.
func (d *step) read(why string) {
	if d.now.since(d.reread) < 500*time.Millisecond {
		return
	}
	d.reread = d.now
	d.do(Action{Do: Read, Why: why})
}
