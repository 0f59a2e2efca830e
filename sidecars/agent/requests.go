package agent

import (
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// waiter is a peer whose request waits for the core's answer.
type waiter struct {
	to     string
	seq    uint64
	kind   ha.Kind
	answer chan ha.Message
	at     ha.Instant
}

// waiters are all of them. Those that nobody waits for any more are dropped by and by.
type waiters []waiter

// waiterLife is longer than any request of a peer waits.
const waiterLife = 10 * time.Second

func (w *waiters) add(one waiter, now ha.Instant) {
	one.at = now
	kept := (*w)[:0]
	for _, old := range *w {
		if now.AtMost(old.at) <= waiterLife {
			kept = append(kept, old)
		}
	}
	*w = append(kept, one)
}

// deliver gives an answer to who waits for it. False: it is no answer. An answer that nobody waits for any more is lost, since
// the peer that asked counts from before it asked.
func (w *waiters) deliver(m ha.Message) bool {
	if m.Kind != ha.Grant && m.Kind != ha.Vote {
		return false
	}
	at := slices.IndexFunc(*w, func(one waiter) bool { return one.to == m.To && one.seq == m.Seq && one.kind == m.Kind })
	if at >= 0 {
		(*w)[at].answer <- m
		*w = slices.Delete(*w, at, at+1)
	}
	return true
}

// asked is a request of a person that is not answered yet.
type asked struct {
	request ha.Request
	done    chan Answer
}

func (l *loop) forget(id uint64) {
	var kept []asked
	for _, one := range l.asked {
		if one.request.ID != id {
			kept = append(kept, one)
		}
	}
	l.asked = kept
}

func (l *loop) answer(a ha.Action) {
	for _, one := range l.asked {
		if one.request.ID == a.Request {
			one.done <- Answer{OK: a.OK, Why: a.Why}
		}
	}
	l.forget(a.Request)
}

// lowerEvery is the least time between two restarts of a primary in its place that nobody asked for.
const lowerEvery = 5 * time.Minute

// lower restarts the primary in its place where a parameter becomes less of which a standby must not have less than its primary: a move to a
// standby would keep the old value for ever.
func (l *loop) lower() {
	if !l.detail.RestartHere || l.settings.Core.Supervised || l.state.Lead() == 0 || l.busy() || l.seen.Record.Record.Paused || l.now.AtMost(l.wrote) > 2*probeEvery ||
		!l.lowered.IsZero() && l.now.AtMost(l.lowered) < lowerEvery {
		return
	}
	l.lowered = l.now
	l.agent.parts.Log.Info("restarts in its place: a parameter becomes less, which has to come to the primary first")
	l.asked = append(l.asked, asked{ha.Request{ID: l.agent.lastID.Add(1), Verb: ha.Restart}, make(chan Answer, 1)})
}

// settleFor is how long the configuration of a member may come later than that of another: the kubelet writes it when it gets to it.
const settleFor = 90 * time.Second

// mayMove tells whether a parameter that needs a restart moves the primary now: once every other member was restarted for it, or should know
// of it by now. To move earlier would be to move twice.
func (l *loop) mayMove() bool {
	if !l.pending {
		l.pendingFrom = ha.Instant{}
		return false
	}
	if l.state.Lead() == 0 {
		return true
	}
	if l.pendingFrom.IsZero() {
		l.pendingFrom = l.now
	}
	if l.now.AtMost(l.pendingFrom) > settleFor {
		return true
	}
	for _, m := range l.seen.Record.Record.Members {
		known := l.book[m.ID]
		if m.ID != l.seen.Self.ID && (known.pending.IsZero() || l.now.AtMost(known.pending) > 2*settleFor) {
			return false
		}
	}
	return true
}
