package ha

import "time"

// free tells a record that nobody holds, because its holder gave it back with its last process gone.
func (d *step) free() bool {
	return d.rec.Exists() && !d.rolledBack() && d.rec.Holder.ID == "" && d.rec.Release != nil
}

// proven tells that the supervisor instance that may run a primary is dead: the kubelet says so.
func (d *step) proven() bool {
	return d.rec.Holder.Instance != "" && d.o.Pod.Dead == d.rec.Holder.Instance && !d.rolledBack()
}

// law is the record by which an election is held: the one seen, or the last one known where that was deleted or rolled back.
func (d *step) law() *Record {
	if d.gone() {
		return &d.Durable.Last
	}
	return d.rec
}

// elects is a step of a member that does not hold the record, towards holding it.
func (d *step) elects() {
	if why := d.barred(); why != "" {
		d.why = why
		d.election = election{}
		return
	}
	if why := d.mustWait(); why != "" {
		d.why = why
		d.prove()
		d.election = election{}
		return
	}
	d.stand()
}

// barred is why this member cannot lead at all now.
func (d *step) barred() string {
	o, law := d.o, d.law()
	forced := d.forced != 0
	switch {
	case d.writing != nil:
		return "waits for the outcome of a write"
	case law.SystemID == 0 && len(law.Members) == 0:
		return "there is no cluster yet"
	case d.Durable.Fenced:
		return "fenced by a person"
	case law.Paused && !d.free() && !forced && !(d.gone() && d.exHolder()): // who puts back what was deleted takes over from nobody
		return "paused"
	case d.c.Barred, o.Pod.Terminating, (o.DiskLow || d.leaving()) && d.now.AtLeast(o.Record.First) < 3*d.waits():
		return "is not to lead"
	case !o.Supervisor.Locked || o.Supervisor.Instance == "":
		return "does not hold its volume"
	case o.Job.Running && o.Job.Kind != JobCheckpoint && o.Job.Kind != JobStart:
		return "is busy"
	case !law.MayLead(o.Self.ID) && d.mutant != takesWithoutVotes && !d.exHolder() && !d.hasReleased() && !forced:
		return "may lack commits that were acknowledged"
	case !d.knowsItsEnd():
		return "does not know where its log ends"
	}
	return ""
}

// exHolder tells the volume that held the record in its term, and so has everything, whomever a person has put on the record since.
func (d *step) exHolder() bool {
	law := d.law()
	if d.mutant == barsWhoWasNamedOver && law.Holder.ID != d.o.Self.ID && law.Release == nil {
		return false
	}
	return d.Durable.Led != 0 && d.Durable.Led == law.Term
}

func (d *step) knowsItsEnd() bool {
	switch o := d.o; o.Supervisor.Phase {
	case Standby:
		return !o.Postgres.At.IsZero()
	case Down:
		if d.law().SystemID == 0 && d.exHolder() {
			return true // the cluster was never made
		}
		return o.Data.Known && o.Data.Exists && !o.Data.Broken && (d.exHolder() || o.Data.Clean && o.Data.Standby)
	}
	return false
}

func (d *step) end() Position {
	if d.o.Supervisor.Phase == Standby {
		return d.o.Postgres.Position
	}
	return d.o.Data.End
}

// mustWait is why the record must not be taken yet: the holder may have a permit.
func (d *step) mustWait() string {
	if d.free() {
		return d.turn()
	}
	if d.proven() {
		return ""
	}
	waits := d.waits()
	if d.forced != 0 && d.mutant != forcesUnasked {
		waits = d.c.Timing.Forces(waits)
	}
	if d.mutant == takesAtOnceWhereNone && !d.rec.Exists() || d.mutant == remembersNoPromise && d.promised.Term == 0 {
		return ""
	}
	if left := waits - d.now.AtLeast(d.o.Record.First); left > 0 && d.mutant != takesStaleRecord {
		return "the record changed lately"
	}
	if !d.promiseOver() {
		return "promised the holder not to"
	}
	if d.forced != 0 && !d.gone() && d.rec.Force != d.o.Self.ID && d.mutant != forcesUnasked {
		return "asks in the record whether the holder lives"
	}
	return ""
}

// turn is the order in which members take what was given back: whom it was given to, then the others, then who gave it.
func (d *step) turn() string {
	r := d.rec.Release
	waited := d.now.AtLeast(d.o.Record.First)
	switch {
	case r.To == d.o.Self.ID:
	case r.By == d.o.Self.ID && len(d.rec.Members) > 1:
		if waited < 3*time.Second {
			return "leaves it to others first"
		}
	case r.To != "" && waited < 2*time.Second:
		return "leaves it to another first"
	}
	return ""
}

// lost tells a standby whose primary has gone silent a moment ago.
func (d *step) lost() bool {
	return d.o.Supervisor.Phase == Standby && !d.o.Postgres.Streaming && !d.streamedAt.IsZero() && d.now.since(d.streamedAt) < 5*time.Second
}

// prove asks for the kubelet's report when the holder has fallen silent.
func (d *step) prove() {
	h := d.rec.Holder
	pause := time.Second
	if d.lost() {
		pause /= 2
	} else if d.now.since(d.heardAt) < d.c.Timing.Beat+d.c.Timing.BeatTimeout/2 {
		return
	}
	if h.Instance == "" || d.now.since(d.proved) < pause {
		return
	}
	m, ok := d.rec.Member(h.ID)
	if !ok {
		return
	}
	d.proved = d.now
	d.do(Action{Do: Prove, Pod: m.Name, Instance: h.Instance})
}

// hasReleased tells that this member has everything up to where the holder stopped before it gave the record back. Whoever has that has
// every commit, published as synchronous or not.
func (d *step) hasReleased() bool {
	if !d.free() || d.rec.Release.At == (Position{}) {
		return false
	}
	at, end := d.rec.Release.At, d.end()
	return end.Timeline == at.Timeline && end.LSN >= at.LSN
}

// stand is the election proper: nothing but the proof that it has every acknowledged commit keeps this member from the record.
func (d *step) stand() {
	version := bound(d.rec.Version)
	if d.election.Version != version || d.election.Since.IsZero() {
		d.seq++
		d.election = election{Version: version, Since: d.now, Seq: d.seq}
	}
	clean := d.free() && d.rec.Release.At != (Position{})
	if d.hasReleased() || d.exHolder() && !d.gone() || d.mutant == takesAtOnceWhereNone && !d.rec.Exists() {
		d.take("it was given back, and every commit is here")
		return
	}
	if clean && d.now.AtLeast(d.o.Record.First) < 10*time.Second {
		d.why = "lacks the end of what was given back, and leaves it to who has it"
		return
	}
	if d.o.Supervisor.Phase == Standby && !d.cut() {
		d.why = "ends its receiver to see where its log ends"
		return
	}
	d.poll()
	why := d.wins()
	if why != "" {
		d.why = why
		return
	}
	d.take("the holder is gone, and every commit is here")
}

// poll asks the others where their logs end.
func (d *step) poll() {
	if d.now.since(d.election.PollAt) < 250*time.Millisecond {
		return
	}
	d.election.PollAt = d.now
	var led uint64
	if d.exHolder() {
		led = d.Durable.Led // of a former holder nobody may take it for the last one
	}
	for _, m := range d.law().Members {
		if m.ID != d.o.Self.ID {
			d.send(Message{Kind: Poll, To: m.ID, Seq: d.election.Seq, Term: d.Durable.Term, Version: d.election.Version, Proof: d.proven(), Led: led})
		}
	}
}

// vote is that of a member in this election, nil for none. A vote binds its voter, so it lasts as long as the version does; only the
// position in it is that of the moment, and it cannot grow.
func (d *step) vote(id string) *Message {
	p := d.peer(id)
	if p == nil || p.VoteAt.IsZero() || p.VoteAt.Raw < d.election.Since.Raw || !p.Vote.Yes || p.Vote.Version != d.election.Version || p.Vote.Seq != d.election.Seq {
		return nil
	}
	return &p.Vote
}

// wins is why not; empty where this member has every acknowledged commit, and is the one to take over.
func (d *step) wins() string {
	law := d.law()
	if d.forced != 0 || d.mutant == takesWithoutVotes {
		return ""
	}
	mine := d.end()
	switch {
	case law.Outside && !d.gone():
		return d.giveWay(mine) // whatever it lacks is outside
	case law.Mode == Async && !d.gone():
		return d.winsAsync(law)
	}
	need, with := law.Sync.R(), 0
	of := law.Sync.Of
	if d.gone() {
		// The record that says who counts is not there any more, and a newer one than the last known may have been: all are heard, so
		// that whoever promised the holder something, or knows more, can say so.
		of, need = memberIDs(law), len(law.Members)
	}
	for _, id := range of {
		if id == d.o.Self.ID {
			with++
			continue
		}
		// The last holder has everything, wherever its log seems to end before it was recovered.
		if v := d.vote(id); v != nil && (v.Report.At.Compare(mine) <= 0 || d.gone() && d.exHolder()) && v.Term <= d.Durable.Term {
			with++
		}
	}
	if with < need {
		return "has not enough votes to know that it has every commit"
	}
	return d.giveWay(mine)
}

func memberIDs(r *Record) []string {
	var ids []string
	for _, m := range r.Members {
		ids = append(ids, m.ID)
	}
	return ids
}

// winsAsync keeps the loss within the budget: a member that is far behind, or has not followed for long, is not elected.
func (d *step) winsAsync(law *Record) string {
	mine := d.end()
	known := law.At
	if d.heard.Compare(known) > 0 {
		known = d.heard
	}
	switch {
	case d.Durable.Streamed != law.Term:
		return "did not follow the holder in its term"
	case known.Timeline > mine.Timeline, known.Timeline == mine.Timeline && known.LSN > mine.LSN && known.LSN-mine.LSN > d.c.MaxLag:
		return "is too far behind what the holder had"
	case d.streamedAt.IsZero() && d.now.AtLeast(d.Born) < 2*d.waits():
		return "has just started, and leaves it to the last holder"
	case !d.streamedAt.IsZero() && d.heardAt.Raw-d.streamedAt.Raw > int64(d.c.MaxSilence):
		return "had not followed for long when the holder was last heard of"
	}
	return d.giveWay(mine)
}

// giveWay lets the better ones go first, for a while.
func (d *step) giveWay(mine Position) string {
	stood := d.now.since(d.election.Since)
	me := d.report()
	me.At = mine
	waiting := false
	for _, m := range d.law().Members {
		if m.ID == d.o.Self.ID || m.ID == d.law().Holder.ID {
			continue
		}
		v := d.vote(m.ID)
		if v == nil {
			waiting = true
			continue
		}
		if r := &v.Report; !r.Barred && !r.Leaving && d.law().MayLead(m.ID) && before(r, &me) && stood < 3*time.Second {
			return "leaves it to a better one first"
		}
	}
	if waiting && stood < 500*time.Millisecond {
		return "waits for the others' positions"
	}
	return ""
}

// before orders two that stand.
func before(a, b *Report) bool {
	if c := a.At.Compare(b.At); c != 0 {
		return c > 0
	}
	if a.Cordoned != b.Cordoned {
		return b.Cordoned
	}
	if a.Updated != b.Updated {
		return a.Updated
	}
	if a.Priority != b.Priority {
		return a.Priority > b.Priority
	}
	return a.Member.Name < b.Member.Name
}

// create makes a vacant record in the place of none.
func (d *step) create() {
	next := d.Durable.Last.clone()
	next.Version, next.Term, next.Holder, next.Release = "", d.Durable.Term, Holder{}, nil
	d.write(next, "there is no record")
}

// take writes the record. Before it, this member binds itself not to grant anything to the holder of this version, and notes the term.
func (d *step) take(why string) {
	if d.now.since(d.tried) < 250*time.Millisecond {
		return
	}
	d.tried = d.now
	law := d.law()
	if !d.rec.Exists() && d.mutant != takesAtOnceWhereNone {
		d.create()
		return
	}
	next := law.clone()
	next.Version = d.rec.Version
	next.Term = max(d.Durable.Term, law.Term) + 1
	if d.forced != 0 {
		next.At, next.Term = Position{Timeline: max(begun(law), d.timelineHeard)}, max(next.Term, d.termHeard+1)+unheardOf
	}
	next.Holder = Holder{ID: d.o.Self.ID, Instance: d.o.Supervisor.Instance}
	next.Release = nil
	next.Outside = next.Outside && !d.Durable.Own
	next.put(d.o.Self)
	if next.Mode != Async {
		next.Sync = Quorum{}
	}
	if at := d.end(); at.Timeline != 0 {
		next.History = append(next.History, Switch{Term: next.Term, At: at})
		next.History = next.History[max(0, len(next.History)-20):]
	}
	d.claim(next, why)
}

// unheardOf is how many terms there may have been of which a member knows nothing that leads by a person's word alone: it was cut off, and the record
// was restored. Two members must never take a term for theirs.
const unheardOf = 16

// begun is the highest timeline that somebody has begun under a record, or was about to when it fell silent. Who is elected by what the others
// have knows of it; who leads by a person's word alone may never have heard of it, and must not give the number to another.
func begun(r *Record) uint32 {
	highest := r.At.Timeline
	if r.At.LSN == 0 {
		highest++ // its holder leads by a person's word, beyond that timeline, and has yet to say where
	}
	for _, s := range r.History {
		highest = max(highest, s.At.Timeline+1)
	}
	return highest
}
