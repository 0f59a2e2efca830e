package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// story is what this member has seen of the present change of hands, for people: how long each phase took, and how long nobody could write.
type story struct {
	open     ha.Instant // the holder was last heard to take writes, or our own postgres ended
	began    ha.Instant // this member stands for election, or takes what was given back
	took     ha.Instant // the record names it
	promoted ha.Instant // postgres takes writes
	how      string     // this member became a replica again; empty once it was told
}

// The phases of a change of hands.
const (
	phaseDetect  = "detect"  // from the last sign of the holder until this member stands
	phaseElect   = "elect"   // until the record names it
	phasePromote = "promote" // until postgres is a primary
	phaseOpen    = "open"    // until a write through a new connection succeeds
)

// The ways back.
const (
	asItWas   = "none"
	byRewind  = "rewind"
	byCopying = "clone"
)

// tellPeople writes an event, at best.
func (l *loop) tellPeople(warning bool, reason, message string) {
	cluster := l.agent.parts.Cluster
	l.exec.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(l.exec.ctx, 5*time.Second)
		defer cancel()
		cluster.Tell(ctx, warning, reason, message)
	})
}

// done notes what an action that succeeded means.
func (l *loop) done(a ha.Action) {
	switch a.Do {
	case ha.Promote:
		l.agent.counts.role("promoted")
		l.becamePrimary()
	case ha.StartPrimary:
		l.agent.counts.role("started as primary")
		l.becamePrimary()
	case ha.StartStandby:
		l.agent.counts.role("started as standby")
		if l.story.how == "" {
			l.story.how = asItWas
		}
	case ha.Clone:
		l.story.how = byCopying
	case ha.Rewind:
		l.story.how = byRewind
	}
}

// heardOpen notes a beat of a holder that takes writes. Whoever stood for election does not any more.
func (s *story) heardOpen(at ha.Instant) { s.open, s.began = at, ha.Instant{} }

// stands notes that this member goes for the record.
func (s *story) stands(at ha.Instant) {
	if s.began.IsZero() {
		s.began = at
	}
}

// changedHands is another version of the record.
func (l *loop) changedHands(old, now ha.Record) {
	self := l.seen.Self.ID
	if self == "" || old.Holder.ID == now.Holder.ID && old.Term == now.Term {
		return
	}
	had, has := old.Holder.ID == self, now.Holder.ID == self
	switch {
	case has && (!had || now.Term != old.Term):
		l.took(now.Term)
	case had && now.Holder.ID == "" && now.Release != nil:
		l.agent.counts.role("gave the record back")
		l.tellPeople(false, "GaveBack", fmt.Sprintf("gave the record back in term %d", now.Term))
	case had:
		l.agent.counts.role("lost the record")
		l.tellPeople(true, "LostRecord", fmt.Sprintf("the record of term %d names another member", now.Term))
	}
	if !has {
		l.story.began, l.story.took = ha.Instant{}, ha.Instant{}
	}
}

func (l *loop) took(term uint64) {
	s, c := &l.story, &l.agent.counts
	s.took, s.promoted = l.now, ha.Instant{}
	c.phases(nil)
	s.stands(l.now)
	if !s.open.IsZero() {
		c.phases(map[string]time.Duration{phaseDetect: s.began.AtLeast(s.open), phaseElect: s.took.AtLeast(s.began)})
	}
	c.role("took the record")
	l.tellPeople(false, "TookLead", fmt.Sprintf("took the record in term %d", term))
}

// becamePrimary notes the end of a promotion, or of a start as a primary.
func (l *loop) becamePrimary() {
	if s := &l.story; !s.took.IsZero() && s.promoted.IsZero() {
		s.promoted = l.now
		l.agent.counts.phases(map[string]time.Duration{phasePromote: s.promoted.AtLeast(s.took)})
	}
}

// wroteFirst notes the first write that succeeded since nobody could.
func (l *loop) wroteFirst(at ha.Instant) {
	s := &l.story
	if !s.open.IsZero() {
		l.agent.counts.outage(at.AtLeast(s.open))
	}
	if !s.promoted.IsZero() {
		l.agent.counts.phases(map[string]time.Duration{phaseOpen: at.AtLeast(s.promoted)})
	}
	*s = story{}
}

// killed is a kill by one supervisor.
type killed struct {
	instance string
	Kill
}

// wentDown notes that our own primary ended, and how.
func (l *loop) wentDown(before, now FenceStatus) {
	if before.Phase == ha.Primary && now.Phase != ha.Primary && now.Phase != ha.PhaseUnknown {
		l.story.open = l.now
	}
	// A status tells of the last end for as long as there is none newer, also to a process that has just started.
	if k := (killed{now.Instance, now.Killed}); k.Reason != "" && k != l.killed && (before.Instance == now.Instance || k.Start == now.Starts && now.Phase == ha.Down) {
		l.killed = k
		l.agent.counts.killed(k.Reason, k.Took)
		l.tellPeople(true, "Killed", fmt.Sprintf("every process of the database container was killed within %s: %s", k.Took, k.Reason))
	}
}

// followsAgain notes that the member streams, and tells people when it had not.
func (l *loop) followsAgain() {
	if how := l.story.how; how != "" {
		l.story.how = ""
		l.agent.counts.rejoined(how)
		l.tellPeople(false, "Rejoined", map[string]string{
			asItWas: "follows the primary as it was", byRewind: "follows the primary after its data was rewound", byCopying: "follows the primary with a new copy of it",
		}[how])
	}
}

// putAside tells people of settings that are not in force.
func (l *loop) putAside(before, now string) {
	if now != "" && now != before {
		l.tellPeople(true, "SettingsPutAside", "the settings that postgres last ran with are in force: "+now)
	}
}
