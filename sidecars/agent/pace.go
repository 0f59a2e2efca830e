package agent

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// At rest a pod costs what it wakes for, so the loop turns when something is due, and looks at postgres when there may be something new:
// the supervisor said something or postgres printed a line, a beat is late, a grant is missing, something was done. What is left to
// looking around is slow.
const (
	// heartbeat is the longest time between two steps while not all is well, and soon while a beat is late.
	heartbeat = 500 * time.Millisecond
	soon      = 200 * time.Millisecond
	// leadRest and followRest are the longest times between two steps at rest. The core takes two seconds for a process that stood still.
	leadRest   = time.Second
	followRest = 1500 * time.Millisecond
	// closest is the least time between two steps: events that come together make one.
	closest = 2 * time.Millisecond
	// The times between two looks at postgres: at rest, while not all is well, when something may have happened to it, and while something is
	// under way.
	restPace  = 2500 * time.Millisecond
	wakePace  = time.Second
	alertPace = 400 * time.Millisecond
	busyPace  = 70 * time.Millisecond
	// busyFor is how long it counts as busy after something happened.
	busyFor = 2 * time.Second
	// lateBy is how much later than due a beat is late.
	lateBy = 300 * time.Millisecond
)

// pace is what the loop knows of its own rhythm.
type pace struct {
	busyUntil ha.Instant
	beatSent  ha.Instant // the newest beat of ours
	beatHeard ha.Instant // the newest beat of the holder
	lines     ha.Instant // when the supervisor last told that postgres printed something
}

// rouse makes the loop look often for a while.
func (l *loop) rouse() { l.pace.busyUntil = l.now.Add(busyFor) }

func (l *loop) busy() bool { return l.now.AtMost(l.pace.busyUntil) < 0 }

// late tells that the holder should have been heard of by now.
func (l *loop) late() bool {
	return l.state.Lead() == 0 && !l.pace.beatHeard.IsZero() && l.now.AtMost(l.pace.beatHeard) > l.settings.Core.Timing.Beat+lateBy
}

// calm tells that all is as it should be, as far as the loop can see.
func (l *loop) calm() bool {
	if l.busy() || !l.ready || !l.seen.Record.Known || l.seen.Postgres.At.IsZero() || l.exec.job.Running || len(l.asked) > 0 || l.detail.Err != "" || l.detail.Waiting > 0 {
		return false
	}
	if l.state.Lead() == 0 {
		return l.seen.Supervisor.Phase == ha.Standby && l.seen.Postgres.Streaming && !l.pace.beatHeard.IsZero() && !l.late()
	}
	core := &l.settings.Core
	peers, _ := l.state.Paths(l.now, l.fence.Instance, *core)
	t := core.Timing
	return l.seen.Supervisor.Phase == ha.Primary && l.state.Why() == "" && peers > t.Holds()-t.Margin-t.Beat-t.BeatTimeout &&
		l.now.AtMost(l.wrote) < 2*probeEvery
}

// pause is how long nothing may happen before the next step.
func (l *loop) pause() time.Duration {
	now := l.agent.parts.Clock()
	due := func(since ha.Instant, after time.Duration) time.Duration {
		return after - now.AtMost(since) + time.Millisecond
	}
	t := l.settings.Core.Timing
	wait := heartbeat
	switch {
	case !l.ready:
	case l.state.Lead() != 0:
		if l.calm() {
			wait = leadRest
		}
		if !l.pace.beatSent.IsZero() {
			wait = min(wait, due(l.pace.beatSent, t.Beat))
		}
	case l.late():
		wait = soon
	case l.calm():
		wait = min(followRest, due(l.pace.beatHeard, t.Beat+lateBy))
	}
	return max(wait, closest)
}

// rest chooses how often postgres is looked at until something else happens.
func (l *loop) rest(actions []ha.Action) {
	if l.seen.Job.Running || l.exec.job.Running || slices.ContainsFunc(actions, stirs) {
		l.rouse()
	}
	pace := wakePace
	switch {
	case l.busy():
		pace = busyPace
	case l.late(), l.pace.lines.Raw > l.seen.Postgres.At.Raw:
		pace = alertPace
	case l.calm():
		pace = restPace
	}
	before := time.Duration(l.agent.pace.Swap(int64(pace)))
	if before > pace {
		l.agent.look()
	}
	if before == busyPace && pace != busyPace { // what the busy time took is not needed for a long while
		go debug.FreeOSMemory()
	}
}

// stirs tells the actions after which postgres soon says something new.
func stirs(a ha.Action) bool {
	switch a.Do {
	case ha.Send:
		return a.To.Kind == ha.Poll
	case ha.Write, ha.Remember, ha.Read, ha.Prove, ha.Slots, ha.Label, ha.Answer, ha.Checkpoint:
		return false
	}
	return true
}
