package ha

// answerPeers gives the answers to beats and polls.
func (d *step) answerPeers() {
	for i := range d.o.Heard {
		switch m := &d.o.Heard[i]; m.Kind {
		case Beat:
			d.answerBeat(m)
		case Poll:
			d.answerPoll(m)
		}
	}
}

// answerBeat grants: it promises not to take the record, nor to vote for who would, until Waits from now.
func (d *step) answerBeat(m *Message) {
	answer := Message{Kind: Grant, To: m.From, Seq: m.Seq, Term: m.Term, Instance: m.Instance}
	answer.Why = d.refusal(m)
	answer.Yes = answer.Why == ""
	if answer.Yes && d.mutant != forgetsWhatItPromised {
		d.promised = promise{Term: m.Term, At: d.now}
		d.restartMe = m.Restart != "" && m.Restart == d.o.Self.Name
	}
	d.send(answer)
}

// refusal is why a beat is not granted; empty where it is.
func (d *step) refusal(m *Message) string {
	switch {
	case d.o.Supervisor.Instance == "" || !d.o.Supervisor.Locked:
		return "does not hold its volume"
	case !d.o.Record.Known:
		return "has not seen the record"
	case m.Term < d.Durable.Term:
		return "older term"
	case m.Term > d.Durable.Term:
		// The record that this member sees is the older one. It promises to the newer holder, and looks again.
		d.read("a beat of a newer term")
		return ""
	case d.Durable.Bound != "" && d.mutant != grantsAfterVoting:
		return "voted for another, or tried itself"
	case !d.gone() && d.rec.Holder.ID != m.From:
		return "another holder"
	case !d.gone() && d.rec.Force != "":
		return "a person wants another to lead: say in the record that you live"
	}
	return ""
}

// promiseOver tells that no promise keeps this member from taking the record, or from voting. Whoever has just started may have
// promised and forgotten it.
func (d *step) promiseOver() bool {
	waits := d.waits()
	if d.now.AtLeast(d.Born) < waits && d.mutant != remembersNoPromise {
		return false
	}
	return d.promised.Term < d.law().Term || d.promised.Term == 0 || d.now.AtLeast(d.promised.At) >= waits
}

// answerPoll votes: it tells where its log ends, after it has stopped receiving, and grants no more to the holder of this version.
func (d *step) answerPoll(m *Message) {
	answer := Message{Kind: Vote, To: m.From, Seq: m.Seq, Term: d.Durable.Term, Version: m.Version}
	answer.Why = d.noVote(m)
	if answer.Why == anotherRecord && d.o.Record.Known {
		answer.Version = bound(d.rec.Version) // who asks looks too
	}
	if answer.Why == "" && d.Durable.Bound == "" {
		d.Durable.Bound = m.Version
		d.remember()
	}
	if answer.Why == "" && !d.bystands(m) && !d.cut() {
		answer.Why = "still receives"
	}
	answer.Yes = answer.Why == ""
	d.send(answer)
}

// bystands tells a voter that runs nothing, where the record is gone and the last holder that it knows of asks: that one has everything,
// so only promises and newer terms are asked for, not where this log ends. It may be in the middle of a copy.
func (d *step) bystands(m *Message) bool {
	return d.gone() && d.o.Supervisor.Phase == Down && m.Led != 0 && m.Led == d.Durable.Term
}

// anotherRecord is why there is no vote on a version that the voter does not see.
const anotherRecord = "sees another record"

func (d *step) noVote(m *Message) string {
	switch {
	case !d.o.Record.Known || bound(d.rec.Version) != m.Version:
		d.readOf(m.Version, "a poll for another record")
		return anotherRecord
	case d.holds():
		return "holds the record"
	case !d.bystands(m) && (d.o.Supervisor.Phase != Standby || d.o.Postgres.At.IsZero()):
		return "runs no standby"
	case d.free() || m.Proof || d.mutant == votesAtOnce || d.mutant == remembersNoPromise && d.promised.Term == 0:
		return ""
	case d.now.AtLeast(d.o.Record.First) < d.waits():
		return "saw the record change"
	case !d.promiseOver():
		return "promised"
	}
	return ""
}

// cut ends the walreceiver. It is true once nothing is received any more, so that the position is the last.
func (d *step) cut() bool {
	p := &d.o.Postgres
	if p.Upstream == "" && !p.Receiver && !p.At.IsZero() || d.mutant == votesWhileReceiving {
		return true
	}
	d.do(Action{Do: Follow, Why: "an election needs to know where the log ends"})
	return false
}
