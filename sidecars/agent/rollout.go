package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
)

const (
	// hinderedAfter is how long a rolling change waits for a pod before anybody asks why: most are up by then.
	hinderedAfter = 10 * time.Second
	// askEvery is the time between two questions about it.
	askEvery = 20 * time.Second
	// tellAfter is how long it waits before people are told by an event.
	tellAfter = 2 * time.Minute
	// brokenFor is how long nothing has to work in our own pod, with nobody who leads, before it is made again of a newer revision.
	brokenFor = 30 * time.Second
	// mendEvery is the time between two tries.
	mendEvery = 10 * time.Second
)

// hindrance is what holds a rolling change up, as it is known to the member that leads it.
type hindrance struct {
	pod            string // that is waited for; empty: none
	reason, detail string
	asked          ha.Instant
	told           bool
}

// rollout finds out why a rolling change has to wait for a pod, since when it does, and tells people.
func (l *loop) rollout(pod string, since ha.Instant) {
	h := &l.hindrance
	if pod != h.pod {
		if h.told {
			l.tellOfRollout(false, "RolloutGoesOn", h.pod+" holds it up no longer")
		}
		*h = hindrance{pod: pod}
	}
	if pod == "" || l.now.AtMost(since) < hinderedAfter {
		return
	}
	if !h.told && l.now.AtMost(since) > tellAfter && h.reason != "" {
		h.told = true
		l.tellOfRollout(true, "RolloutHeld", fmt.Sprintf("waits for %s: %s (%s). Mend it, or apply what there was before", pod, h.reason, h.detail))
	}
	if h.asked.IsZero() || l.now.AtMost(h.asked) > askEvery {
		h.asked = l.now
		reason, detail := l.hearsay(pod)
		l.ask(pod, reason, detail)
	}
}

// hearsay is what a member says of itself: the best guess where Kubernetes knows nothing wrong.
func (l *loop) hearsay(pod string) (reason, detail string) {
	if pod == l.settings.Self.Name {
		return "NobodyToTakeOver", "no member could take over from the primary"
	}
	for _, one := range l.book {
		if one.Name != pod || l.now.AtMost(one.heard) > l.settings.Core.Timing.Window {
			continue
		}
		switch r := &one.report; {
		case r.Copying:
			return "Copying", "its data is being copied"
		case r.Failing:
			return "NotStarting", "its server does not start"
		case r.Streaming && !r.Updated:
			return "NotUpdated", "its agent does not know yet that its pod is of the newest revision"
		default:
			return "NotStreaming", "its server is " + cmp.Or(r.Phase, "unknown") + " and does not stream"
		}
	}
	return "Silent", "nothing is heard of it"
}

// ask asks Kubernetes what is wrong with a pod.
func (l *loop) ask(pod string, reason, detail string) {
	cluster := l.agent.parts.Cluster
	l.exec.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(l.exec.ctx, 5*time.Second)
		defer cancel()
		if known, more, err := cluster.Hindrance(ctx, pod); err == nil && known != "" {
			reason, detail = known, more
		}
		l.agent.post(l.exec.ctx, func(l *loop) {
			if h := &l.hindrance; h.pod == pod {
				h.reason, h.detail = reason, detail
			}
		})
	})
}

// tellOfRollout tells people at the StatefulSet, and in the log.
func (l *loop) tellOfRollout(warning bool, reason, message string) {
	l.agent.parts.Log.Warn("rolling change", "what", reason, "why", message)
	cluster := l.agent.parts.Cluster
	l.exec.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(l.exec.ctx, 5*time.Second)
		defer cancel()
		cluster.TellAll(ctx, warning, reason, message)
	})
}

// mend has our own pod made again of a newer revision where nothing works in it and nobody leads who would see to that: it is the only member, or none is left.
func (l *loop) mend() {
	now, s, job := l.agent.parts.Clock(), &l.seen, &l.exec.job
	switch {
	case !s.Postgres.At.IsZero(), job.Running && job.Kind != ha.JobStart, l.brokenOf != l.fence.Instance: // a container that came or went begins anew
		l.brokenAt, l.brokenOf = ha.Instant{}, l.fence.Instance
	case l.brokenAt.IsZero() && (l.fence.Instance == "" || l.fence.Phase == ha.Down && job.Kind == ha.JobStart && !job.Running):
		l.brokenAt = now
	}
	r := &s.Record.Record
	ours := r.Holder.ID == s.Self.ID && s.Self.ID != ""
	if l.brokenAt.IsZero() || now.AtMost(l.brokenAt) < brokenFor || !slices.Contains(s.Pod.Outdated, l.settings.Self.Name) || !s.Record.Known || r.Paused ||
		!ours && now.AtMost(s.Record.First) < time.Minute || !l.mended.IsZero() && now.AtMost(l.mended) < mendEvery {
		return
	}
	l.mended = now
	l.exec.begin(l, ha.Action{Do: ha.Evict, Pod: l.settings.Self.Name, Why: "nothing works in it, nobody leads, and there is a newer revision of it"})
}

// viewRollout is what the member that leads a rolling change says of it.
func (s *shown) viewRollout(now ha.Instant) rest.Rollout {
	r := rest.Rollout{Outdated: len(s.seen.Pod.Outdated)}
	if s.state.Lead() == 0 {
		return r
	}
	pod, since := s.state.Awaits()
	if pod == "" {
		return r
	}
	r.Awaits, r.For = pod, now.AtMost(since)
	if s.hindrance.pod == pod {
		r.Reason, r.Detail = s.hindrance.reason, s.hindrance.detail
	}
	return r
}
