package agent

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// work is what an action does in a goroutine of its own. What it returns is applied by the loop when it has ended.
type work func(context.Context) (settle func(*loop), err error)

func (l *loop) work(a ha.Action) work {
	parts := l.agent.parts
	switch a.Do {
	case ha.Send:
		return l.send(a)
	case ha.Write:
		return l.write(a)
	case ha.Read:
		return l.read()
	case ha.Prove:
		return l.prove(a)
	case ha.Label:
		return func(ctx context.Context) (func(*loop), error) { return nil, parts.Cluster.Label(ctx, a.Role) }
	case ha.Evict:
		return func(ctx context.Context) (func(*loop), error) { return nil, parts.Cluster.Evict(ctx, a.Pod) }
	case ha.Kill:
		l.exec.breakOff("job")
		return func(ctx context.Context) (func(*loop), error) { return nil, parts.Fence.Kill(ctx, a.Why) }
	}
	facts := l.facts()
	return func(ctx context.Context) (func(*loop), error) {
		err := parts.Hands.Do(ctx, a, facts)
		l.agent.look()
		return nil, err
	}
}

// facts are what is known now.
func (l *loop) facts() Facts {
	r := &l.seen.Record.Record
	f := Facts{SystemID: r.SystemID, Term: r.Term, Timeline: r.At.Timeline, Log: l.agent.parts.Log}
	term, a := r.Term, l.agent
	f.Leads = func() bool { return a.shown.Load().state.Lead() == term }
	if known, ok := l.book[r.Holder.ID]; ok {
		f.Timeline = max(f.Timeline, known.report.At.Timeline)
	}
	if l.seen.Postgres.InRecovery {
		f.Replayed = l.seen.Postgres.Replayed
	}
	return f
}

// breakOff cancels what runs in a lane, and forgets what waits.
func (e *executor) breakOff(name string) {
	if line := e.lanes[name]; line != nil {
		line.next = nil
		if line.running != nil {
			line.running.cancel()
		}
	}
}

// send sends a message and hands its answer to the core.
func (l *loop) send(a ha.Action) work {
	m := *a.To
	to, known := l.address(m.To)
	lost := known && m.Kind == ha.Poll && !l.heardOf(m.To)
	return func(ctx context.Context) (func(*loop), error) {
		if lost {
			// Whom an election needs and nobody hears of may be at another address since its pod was made again, and say so only to a holder.
			if ip, err := l.agent.parts.Cluster.Address(ctx, to.Name); err == nil && ip != "" {
				_, port, _ := net.SplitHostPort(to.Addr)
				to.Host, to.Addr = ip, net.JoinHostPort(ip, port)
			}
		}
		if !known {
			return nil, fmt.Errorf("send to %s: its address is not known", m.To)
		}
		answer, err := l.agent.parts.Wire.Send(ctx, to, m)
		if err != nil || answer.Kind == 0 {
			return nil, err
		}
		return func(l *loop) { l.hear(answer) }, nil
	}
}

// heardOf tells that a member said lately where it is.
func (l *loop) heardOf(id string) bool {
	one, ok := l.book[id]
	return ok && l.now.AtMost(one.heard) < l.settings.Core.Timing.Window
}

// hear takes a message for the next step.
func (l *loop) hear(m ha.Message) {
	l.seen.Heard = append(l.seen.Heard, m)
	who := m.Report.Member
	if who.ID != m.From || who.Addr == "" {
		return
	}
	if len(l.book) > 64 { // of volumes that came and went
		clear(l.book)
	}
	old := l.book[m.From]
	now := acquaintance{Member: who, report: m.Report, heard: l.now, granted: old.granted}
	if m.Kind == ha.Grant && m.Yes {
		now.granted = l.now
	}
	if now.pending = old.pending; m.Report.Pending {
		now.pending = l.now
	}
	l.book[m.From] = now
	if m.Kind == ha.Beat && m.From == l.seen.Record.Record.Holder.ID {
		l.pace.beatHeard = l.now
		if m.Report.Open {
			l.story.heardOpen(l.now)
		}
	}
}

// acquaintance is a member as it said of itself.
type acquaintance struct {
	ha.Member
	report  ha.Report
	heard   ha.Instant
	granted ha.Instant
	pending ha.Instant // when it last said that a parameter waits for a restart
}

// slotsFor is how long a slot is kept for a member that is not on the record and was heard of: it makes its copy, or has just made it.
const slotsFor = 2 * time.Minute

// slotNames are the members that need a slot here: those on the record, and those who are about to be, since they have to stream before they
// are on it.
func (l *loop) slotNames() []string {
	var names []string
	for _, m := range l.seen.Record.Record.Members {
		if m.ID != l.seen.Self.ID {
			names = append(names, m.Name)
		}
	}
	for id, who := range l.book {
		if id != l.seen.Self.ID && l.now.AtMost(who.heard) < slotsFor && !slices.Contains(names, who.Name) {
			names = append(names, who.Name)
		}
	}
	slices.Sort(names)
	return names
}

// keepSlots makes the slots be what they should: when that changes, and from time to time. On a standby they have to be moved, or they would
// hold back its log: at each restartpoint log goes that no slot holds, and what is left on a volume that is full by then stays, for without more log
// there is no other restartpoint. So what they hold is bounded by what is replayed, and not by time.
func (l *loop) keepSlots() {
	if l.seen.Postgres.At.IsZero() || !l.seen.Record.Known {
		return
	}
	names := l.slotNames()
	replayed := l.seen.Postgres.Replayed
	if slices.Equal(names, l.slots) && l.now.AtMost(l.slotsAt) < slotsEvery && replayed < l.slotsTo+slotSpare {
		return
	}
	l.slots, l.slotsAt, l.slotsTo = names, l.now, replayed
	l.exec.begin(l, ha.Action{Do: ha.Slots, Names: names, Term: l.seen.Record.Record.Term})
}

// address finds a member by what it said of itself lately, by the record, or by what is remembered.
func (l *loop) address(id string) (ha.Member, bool) {
	said, ok := l.book[id]
	if ok && l.heardOf(id) {
		return said.Member, true
	}
	if m, on := l.seen.Record.Record.Member(id); on {
		return m, true
	}
	if ok {
		return said.Member, true
	}
	return l.state.Durable.Last.Member(id)
}

// write compares and swaps. Its outcome is an observation of the next step, and what it wrote is what was seen last.
func (l *loop) write(a ha.Action) work {
	record := *a.Record
	return func(ctx context.Context) (func(*loop), error) {
		outcome, version, err := l.agent.parts.Store.Write(ctx, a.Base, record)
		if outcome == ha.Refused {
			l.agent.counts.conflict()
		}
		return func(l *loop) {
			l.seen.Written = &ha.Written{Stamp: a.Stamp, Outcome: outcome, Version: version}
			// The watch may have told of a newer one meanwhile.
			if outcome == ha.Applied && !older(version, l.seen.Record.Record.Version) {
				record.Version = version
				l.see(record)
			}
		}, err
	}
}

func (l *loop) read() work {
	before := l.seen.Record.Record.Version
	return func(ctx context.Context) (func(*loop), error) {
		record, err := l.agent.parts.Store.Read(ctx)
		if err != nil {
			return nil, err
		}
		return func(l *loop) {
			// While it was read, another version became known, and which of the two is the newer one is not always to be told.
			if l.seen.Record.Known && l.seen.Record.Record.Version != before && record.Version != l.seen.Record.Record.Version {
				l.exec.begin(l, ha.Action{Do: ha.Read, Why: "the record changed while it was read"})
				return
			}
			l.see(record)
		}, nil
	}
}

// prove asks whether an instance is dead. Proof is kept: the dead stay dead.
func (l *loop) prove(a ha.Action) work {
	return func(ctx context.Context) (func(*loop), error) {
		dead, err := l.agent.parts.Cluster.Dead(ctx, a.Pod, a.Instance)
		if err != nil || !dead {
			return nil, err
		}
		return func(l *loop) { l.seen.Pod.Dead = a.Instance }, nil
	}
}

// jobBegun forgets what the job is about to change.
func (l *loop) jobBegun(a ha.Action) {
	switch a.Do {
	case ha.StartPrimary, ha.StartStandby, ha.Init, ha.Clone, ha.Rewind:
		l.seen.Data.Known = false
	}
}

// jobEnded lets the volume be read again after what changed it.
func (l *loop) jobEnded(a ha.Action) {
	switch a.Do {
	case ha.StartPrimary, ha.StartStandby, ha.Init, ha.Clone, ha.Rewind, ha.Stop:
		l.dataAsked = false
		l.seen.Data.Known = false
	}
}

// readData reads the volume once for each time that the server is down.
func (l *loop) readData(ctx context.Context) {
	l.dataAsked = true
	life := l.life
	l.exec.tasks.Go(func() {
		limited, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		data, err := l.agent.parts.Server.Data(limited)
		l.agent.post(ctx, func(l *loop) {
			if l.life != life || l.seen.Job.Running || l.seen.Supervisor.Phase != ha.Down {
				l.dataAsked = false
				return
			}
			if err != nil {
				l.narrator.trouble("the volume could not be read", err)
				time.AfterFunc(volumeRetry, func() { l.agent.post(ctx, func(l *loop) { l.dataAsked = false }) })
				return
			}
			l.seen.Data = data
			l.seen.Data.Known = true
		})
	})
}
