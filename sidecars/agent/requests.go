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
	*w = slices.DeleteFunc(*w, func(old waiter) bool { return now.AtMost(old.at) > waiterLife })
	*w = append(*w, one)
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
	l.asked = slices.DeleteFunc(l.asked, func(one asked) bool { return one.request.ID == id })
}

func (l *loop) answer(a ha.Action) {
	for _, one := range l.asked {
		if one.request.ID == a.Request {
			one.done <- Answer{OK: a.OK, Why: a.Why}
		}
	}
	l.forget(a.Request)
}
