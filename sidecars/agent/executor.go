package agent

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// lane is a queue of at most one: what runs, and the newest of what should run next.
type lane struct {
	running *task
	next    *ha.Action
	failed  ha.Action // the last that failed, with how often in a row and when
	fails   int
	after   time.Time
	done    *ha.Action // the last that succeeded, while its effect may not have been seen yet
	doneAt  ha.Instant
}

// task is an action under way.
type task struct {
	action ha.Action
	cancel context.CancelFunc
	begun  time.Time
}

// executor runs actions. All its fields belong to the loop's goroutine.
type executor struct {
	agent *Agent
	ctx   context.Context
	lanes map[string]*lane
	job   ha.Job
	tasks sync.WaitGroup
}

func newExecutor(ctx context.Context, a *Agent) *executor {
	return &executor{agent: a, ctx: ctx, lanes: map[string]*lane{}}
}

// wait waits for what runs; its context has ended.
func (e *executor) wait() { e.tasks.Wait() }

// laneOf names the lane of an action.
func laneOf(a ha.Action) string {
	switch a.Do {
	case ha.Send:
		return "send " + a.To.Kind.String() + " " + a.To.To
	case ha.Write, ha.Read:
		return "record"
	case ha.Kill:
		return "kill"
	}
	if jobOf(a.Do) != ha.NoJob {
		return "job"
	}
	return a.Do.String()
}

// jobOf is the job that an action is, if it is one.
func jobOf(d ha.Do) ha.JobKind {
	switch d {
	case ha.StartPrimary, ha.StartStandby:
		return ha.JobStart
	case ha.Stop:
		return ha.JobStop
	case ha.Promote:
		return ha.JobPromote
	case ha.Init:
		return ha.JobInit
	case ha.Clone:
		return ha.JobClone
	case ha.Rewind:
		return ha.JobRewind
	case ha.Checkpoint:
		return ha.JobCheckpoint
	}
	return ha.NoJob
}

// urgent actions break off what runs in their lane.
func urgent(a ha.Action, running ha.Action) bool {
	switch a.Do {
	case ha.Follow:
		return a.Upstream.ID == ""
	case ha.Stop:
		return true // of a job that runs: nothing of it is worth waiting for once postgres has to go
	case ha.Write:
		return running.Do == ha.Read
	}
	return false
}

// begin runs an action in its lane, now or after what runs there.
func (e *executor) begin(l *loop, a ha.Action) {
	name := laneOf(a)
	line := e.lanes[name]
	if line == nil {
		line = &lane{}
		e.lanes[name] = line
	}
	switch {
	case line.running == nil:
		e.start(l, line, a)
	case same(line.running.action, a):
		line.next = nil // it was asked for last
	default:
		line.next = &a
		if urgent(a, line.running.action) {
			line.running.cancel()
		}
	}
}

// same tells whether two actions would do the same.
func same(a, b ha.Action) bool {
	if a.Do == ha.Write && b.Do == ha.Write {
		return a.Stamp == b.Stamp
	}
	a.Why, b.Why = "", ""
	return reflect.DeepEqual(a, b)
}

// start runs an action unless its time has passed, or it failed a moment ago.
func (e *executor) start(l *loop, line *lane, a ha.Action) {
	line.next = nil
	if a.Term != 0 && a.Term < l.state.Durable.Term {
		e.agent.counts.dropped()
		if a.Do == ha.Write { // the core waits for an outcome
			l.seen.Written = &ha.Written{Stamp: a.Stamp, Outcome: ha.NotSent}
		}
		return
	}
	if a.Do == ha.Label && a.Role == primaryRole && l.state.Permit(e.agent.parts.Clock(), l.fence.Instance, l.settings.Core) == 0 {
		return // it led when the label was asked for
	}
	if a.Do != ha.Write && line.fails > 0 && same(line.failed, a) && time.Now().Before(line.after) {
		return
	}
	if line.done != nil && same(*line.done, a) && l.unseen(a, line.doneAt) {
		return
	}
	ctx, cancel := context.WithTimeout(e.ctx, limitOf(a, l.settings.Core))
	t := &task{action: a, cancel: cancel, begun: time.Now()}
	line.running = t
	if kind := jobOf(a.Do); kind != ha.NoJob {
		e.job = ha.Job{Kind: kind, Running: true, Begun: l.now}
		l.jobBegun(a)
	}
	l.narrator.begins(a)
	work := l.work(a)
	e.tasks.Go(func() {
		defer cancel()
		settle, err := work(ctx)
		e.agent.post(e.ctx, func(l *loop) { e.finish(l, line, t, settle, err) })
	})
}

// effectWithin is how long the effect of an action is waited for before it is done again.
const effectWithin = time.Second

// unseen tells that what an action did at an instant cannot have been observed yet.
func (l *loop) unseen(a ha.Action, done ha.Instant) bool {
	if l.agent.parts.Clock().AtMost(done) > effectWithin {
		return false
	}
	switch a.Do {
	case ha.Promote, ha.Follow, ha.SetSync, ha.Open:
		return l.seen.Postgres.At.Raw <= done.Raw || a.Do == ha.Promote && l.seen.Supervisor.Phase != ha.Primary
	case ha.StartPrimary, ha.StartStandby:
		return l.seen.Supervisor.Phase == ha.Down
	case ha.Stop:
		return l.seen.Supervisor.Phase != ha.Down
	case ha.Init, ha.Clone, ha.Rewind:
		return !l.seen.Data.Known
	}
	return false
}

// finish takes the end of a task and starts what waited for it.
func (e *executor) finish(l *loop, line *lane, t *task, settle func(*loop), err error) {
	line.running = nil
	a := t.action
	took := time.Since(t.begun)
	if err != nil && !errors.Is(err, context.Canceled) {
		if line.fails == 0 || !same(line.failed, a) {
			line.fails = 0
		}
		line.fails, line.failed = line.fails+1, a
		line.after = time.Now().Add(patience(line.fails))
	} else {
		line.fails = 0
	}
	line.done = nil
	if err == nil {
		line.done, line.doneAt = &a, e.agent.parts.Clock()
	}
	l.narrator.ended(a, took, err)
	if err == nil {
		l.done(a)
	}
	if kind := jobOf(a.Do); kind != ha.NoJob {
		e.job = ha.Job{Kind: kind, Failed: err != nil, Begun: e.job.Begun, Ended: e.agent.parts.Clock()}
		l.jobEnded(a)
	}
	if settle != nil {
		settle(l)
	}
	if line.next != nil {
		e.start(l, line, *line.next)
	} else if err != nil && lasting(a.Do) {
		line.next = &a // tried again by turn
	}
}

// turn starts again what the core asks for only once, and failed.
func (e *executor) turn(l *loop) {
	for _, line := range e.lanes {
		if line.running == nil && line.next != nil {
			again := *line.next
			e.start(l, line, again)
			if line.running == nil && lasting(again.Do) && (again.Term == 0 || again.Term >= l.state.Durable.Term) {
				line.next = &again
			}
		}
	}
}

// lasting actions are for something that the core does not observe.
func lasting(d ha.Do) bool { return d == ha.Label || d == ha.Slots }

// patience is how long an action that failed so often in a row is not tried again.
func patience(fails int) time.Duration {
	return min(200*time.Millisecond<<min(fails-1, 5), 5*time.Second)
}

// limitOf is how long an action may take.
func limitOf(a ha.Action, c ha.Config) time.Duration {
	switch a.Do {
	case ha.Send:
		return c.Timing.BeatTimeout
	case ha.Write, ha.Read:
		return c.Timing.WriteTimeout
	case ha.Init, ha.Clone, ha.Rewind:
		return 100 * 24 * time.Hour // a clone takes what it takes; a stop breaks it off
	case ha.StartPrimary, ha.StartStandby:
		return time.Minute // until it runs; recovery is observed
	case ha.Stop:
		return c.StopWithin + 10*time.Second // after which everything is killed
	case ha.Promote:
		return c.PromoteWithin
	case ha.Checkpoint:
		return time.Hour
	}
	return 10 * time.Second
}
