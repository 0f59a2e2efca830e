package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

const (
	// slotsEvery is how often the slots are looked after.
	slotsEvery = 30 * time.Second
	// volumeRetry is how long a volume that could not be read is left alone.
	volumeRetry = time.Second
)

// loop is what the owning goroutine knows. Nobody else touches it.
type loop struct {
	agent    *Agent
	exec     *executor
	state    ha.State
	ready    bool
	opened   time.Time // last try to open the volume
	seen     ha.Observation
	settings Settings
	fence    FenceStatus
	detail   Detail
	now      ha.Instant
	wrote    ha.Instant
	// life counts postmasters: what was asked of an earlier one is not believed.
	life        int
	server      server
	dataAsked   bool // in this life of no postmaster
	exitAfter   ha.Instant
	exiting     bool
	book        map[string]acquaintance // who said of itself where it is, by id
	slots       []string                // for whom there are slots, or will be once it succeeds
	slotsAt     ha.Instant
	slotsTo     ha.LSN // how far ours had replayed then
	podEnds     bool   // by its object
	waiters     waiters
	asked       []asked
	pace        pace
	story       story
	fetch       fetch
	killed      killed     // the last that was counted
	pending     bool       // a parameter of our server waits for a restart
	pendingFrom ha.Instant // since when we have led with it
	lowered     ha.Instant // when the primary was last restarted in its place to have less of a parameter
	aside       string     // why the settings that people chose are not in force, as told last
	hindrance   hindrance
	brokenAt    ha.Instant // since when nothing works in our own pod
	brokenOf    string     // the supervisor that ran then, "" for none
	mended      ha.Instant // when it was last asked to be made again for that
	narrator    narrator
}

func newLoop(ctx context.Context, a *Agent) *loop {
	l := &loop{agent: a, book: map[string]acquaintance{}, settings: a.shown.Load().settings, narrator: narrator{log: a.parts.Log}}
	l.exec = newExecutor(ctx, a)
	return l
}

// run takes events and steps until ctx ends.
func (l *loop) run(ctx context.Context) error {
	timer := time.NewTimer(heartbeat)
	defer timer.Stop()
	due := time.Now().Add(heartbeat)
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-l.agent.events:
			l.now = l.agent.parts.Clock()
			event(l)
			l.drain()
		case <-timer.C:
		}
		l.agent.counts.turned(time.Since(due))
		if err := l.turn(ctx); err != nil {
			return err
		}
		pause := l.pause()
		timer.Reset(pause)
		due = time.Now().Add(pause)
		if len(l.agent.events) > 0 {
			time.Sleep(closest)
		}
	}
}

// drain takes the events that are there, but no more, so that a flood of them cannot put off the step.
func (l *loop) drain() {
	for range len(l.agent.events) {
		event := <-l.agent.events
		event(l)
	}
}

// turn makes one step and hands out its actions.
func (l *loop) turn(ctx context.Context) error {
	l.mend()
	if !l.ready {
		if err := l.open(); err != nil || !l.ready {
			l.publish()
			return err
		}
	}
	l.gather(ctx)
	begun := time.Now()
	l.now = l.agent.parts.Clock()
	l.seen.Now = l.now
	state, actions := l.state.Step(l.seen, l.settings.Core)
	l.state = state
	l.agent.counts.step(time.Since(begun))
	l.seen.Heard, l.seen.Written = nil, nil
	l.publish()
	l.narrator.step(&l.state, l.seen, actions)
	for _, action := range actions {
		if err := l.perform(action); err != nil {
			return err
		}
	}
	l.exec.turn(l)
	l.feed()
	l.keepSlots()
	l.maybeExit(ctx)
	l.lower()
	l.rollout(l.state.Awaits())
	l.rest(actions)
	return nil
}

// open reads the volume once its lock is held. Without it there is no state, and nothing is decided.
func (l *loop) open() error {
	if !l.seen.Supervisor.Locked || time.Since(l.opened) < volumeRetry {
		return nil
	}
	l.opened = time.Now()
	id, durable, err := l.agent.parts.Memory.Open()
	if err != nil {
		l.agent.parts.Log.Error("the volume cannot be read; nothing is decided without it", "err", err)
		return nil
	}
	l.now = l.agent.parts.Clock()
	l.seen.Self = l.settings.Self
	l.seen.Self.ID = id
	l.state = ha.New(durable, l.agent.parts.Nonce, l.now)
	l.ready = true
	l.agent.parts.Log.Info("the volume is known", "member", id, "term", durable.Term)
	return nil
}

// gather completes the observation with what needs no asking.
func (l *loop) gather(ctx context.Context) {
	id := l.seen.Self.ID
	l.seen.Self = l.settings.Self
	l.seen.Self.ID = id
	l.seen.Postgres.Wrote = l.wrote
	l.seen.Postgres.PendingRestart = l.mayMove()
	l.seen.Postgres.Fetching = l.fetching()
	// The supervisor looks at the control file twice a second; a server that was promoted says so itself, and sooner.
	l.seen.Supervisor.Phase = l.fence.Phase
	if l.fence.Phase == ha.Standby && l.fence.Announced && !l.seen.Postgres.At.IsZero() && !l.seen.Postgres.InRecovery {
		l.seen.Supervisor.Phase = ha.Primary
	}
	l.seen.Job = l.exec.job
	l.seen.DiskLow = l.fence.Disk.below(l.settings.LowBytes) || l.fence.WAL.below(l.settings.LowBytes)
	l.seen.Pod.Terminating = l.podEnds || l.fence.Terminating // a container that was told to end may be started again
	if age := l.agent.parts.Store.Heard(); age >= 0 {
		l.seen.Record.At = l.now.Add(-age)
	}
	l.seen.Requests = l.seen.Requests[:0:0]
	for _, r := range l.asked {
		l.seen.Requests = append(l.seen.Requests, r.request)
	}
	if l.seen.Supervisor.Phase == ha.Down && !l.seen.Job.Running && !l.dataAsked {
		l.readData(ctx)
	}
}

// publish shows the newest state, before its actions are begun.
func (l *loop) publish() {
	book := make([]acquaintance, 0, len(l.book))
	for _, one := range l.book {
		book = append(book, one)
	}
	l.agent.shown.Store(&shown{
		book: book, fenced: l.state.Durable.Fenced, state: l.state.Clone(), seen: l.seen, detail: l.detail, fence: l.fence, settings: l.settings, ready: l.ready, life: l.life,
		turned: l.now, wrote: l.wrote, hindrance: l.hindrance,
	})
}

// perform does or begins one action. Remember is done when it returns: what follows it in the step relies on it.
func (l *loop) perform(a ha.Action) error {
	switch a.Do {
	case ha.Remember:
		if err := l.agent.parts.Memory.Remember(*a.Durable); err != nil {
			return fmt.Errorf("remember on the volume: %w", err)
		}
	case ha.Answer:
		l.answer(a)
	case ha.Label:
		if !l.agent.parts.Cluster.Labelled(a.Role) {
			l.exec.begin(l, a)
		}
	case ha.Slots: // keepSlots knows more: who is about to become a member
		l.slotsAt = ha.Instant{}
	case ha.Send:
		switch a.To.Kind {
		case ha.Beat:
			l.pace.beatSent = l.now
		case ha.Poll:
			l.story.stands(l.now)
		}
		if !l.waiters.deliver(*a.To) {
			l.exec.begin(l, a)
		}
	default:
		if a.Do == ha.Write && a.Record.Holder.ID == l.seen.Self.ID && l.seen.Record.Record.Holder.ID != l.seen.Self.ID {
			l.story.stands(l.now)
		}
		l.exec.begin(l, a)
	}
	return nil
}
