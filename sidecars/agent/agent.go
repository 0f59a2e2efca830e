package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Agent is one member's loop. Make it with New.
type Agent struct {
	parts  Parts
	events chan func(*loop)
	shown  atomic.Pointer[shown]
	counts counts
	lastID atomic.Uint64
	ended  chan struct{} // closed when nobody takes events any more
	wake   chan struct{} // asks postgres for its status now
	writes chan struct{} // asks for a probe now
	pace   atomic.Int64  // nanoseconds between two of them
	apart  int64         // of the two clocks, at the start
}

// shown is what others may read at any time. It is never changed once it is published.
type shown struct {
	state     ha.State
	seen      ha.Observation
	detail    Detail
	fence     FenceStatus
	settings  Settings
	ready     bool // the volume is known: there is a state
	life      int
	book      []acquaintance
	fenced    bool
	turned    ha.Instant
	wrote     ha.Instant
	hindrance hindrance
}

// New is an agent that does nothing before Run.
func New(parts Parts, settings Settings) (*Agent, error) {
	if err := settings.Core.Timing.Validate(); err != nil {
		return nil, fmt.Errorf("check the timing: %v", err)
	}
	a := &Agent{parts: parts, events: make(chan func(*loop), 256), ended: make(chan struct{}), wake: make(chan struct{}, 1), writes: make(chan struct{}, 1)}
	a.pace.Store(int64(wakePace))
	at := parts.Clock()
	a.apart = at.Boot - at.Raw
	a.shown.Store(&shown{settings: settings, turned: at})
	return a, nil
}

// ErrNotReady is matched by the error of Receive and Ask before the agent knows its volume.
var ErrNotReady = errors.New("the agent does not know its volume yet")

// Run runs the loop until ctx ends. Postgres goes on without it until its permit ends. An error means that the volume could not be
// read, or not be written: then nothing that this member says could be believed after the next start.
func (a *Agent) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var sources sync.WaitGroup
	defer sources.Wait()
	defer stop()
	l := newLoop(ctx, a)
	defer l.exec.wait()
	defer stop()
	defer close(a.ended)
	for _, source := range []func(context.Context){a.watchFence, a.watchStore, a.watchPod, a.watchServer, a.probe} {
		sources.Go(func() { source(ctx) })
	}
	return l.run(ctx)
}

// post hands an event to the loop. It is lost if ctx ends first.
func (a *Agent) post(ctx context.Context, event func(*loop)) {
	select {
	case a.events <- event:
	case <-ctx.Done():
	case <-a.ended:
	}
}

// Permit is how long the instance of the supervisor may run a primary from now on. It never waits.
func (a *Agent) Permit(instance string) time.Duration {
	s := a.shown.Load()
	if !s.ready {
		return 0
	}
	return s.state.Permit(a.parts.Clock(), instance, s.settings.Core)
}

// Receive hands a message of a peer to the core, and returns its answer. Where the core has none before ctx ends, and at once for
// kinds that have no answer, it returns a zero message.
func (a *Agent) Receive(ctx context.Context, m ha.Message) (ha.Message, error) {
	if !a.shown.Load().ready {
		return ha.Message{}, ErrNotReady
	}
	answer := make(chan ha.Message, 1)
	want := answerKind(m.Kind)
	a.post(ctx, func(l *loop) {
		l.hear(m)
		if want != 0 {
			l.waiters.add(waiter{to: m.From, seq: m.Seq, kind: want, answer: answer}, l.now)
		}
	})
	if want == 0 {
		return ha.Message{}, nil
	}
	select {
	case reply := <-answer:
		return reply, nil
	case <-ctx.Done():
		return ha.Message{}, ctx.Err()
	case <-a.ended:
		return ha.Message{}, ErrNotReady
	}
}

// answerKind is the kind that answers one, 0 where there is none.
func answerKind(k ha.Kind) ha.Kind {
	switch k {
	case ha.Beat:
		return ha.Grant
	case ha.Poll:
		return ha.Vote
	}
	return 0
}

// Answer is what became of a request.
type Answer struct {
	OK  bool
	Why string
}

// Ask puts a request of a person before the core until it is answered or ctx ends. The request's ID is given here.
func (a *Agent) Ask(ctx context.Context, r ha.Request) (Answer, error) {
	if !a.shown.Load().ready {
		return Answer{}, ErrNotReady
	}
	done := make(chan Answer, 1)
	r.ID = a.lastID.Add(1)
	a.post(ctx, func(l *loop) { l.asked = append(l.asked, asked{r, done}) })
	select {
	case answer := <-done:
		return answer, nil
	case <-ctx.Done():
		a.post(context.WithoutCancel(ctx), func(l *loop) { l.forget(r.ID) })
		return Answer{}, ctx.Err()
	case <-a.ended:
		return Answer{}, ErrNotReady
	}
}

// Reconfigure changes what people chose.
func (a *Agent) Reconfigure(ctx context.Context, s Settings) error {
	if err := s.Core.Timing.Validate(); err != nil {
		return fmt.Errorf("check the timing: %v", err)
	}
	a.post(ctx, func(l *loop) {
		l.settings = s
		l.rouse() // what it needs of postgres is soon to be seen
	})
	return nil
}

// HandsOver tells that the pod ends and that the member still holds the record, or is giving it back: a process that was told to end finishes
// that first.
func (a *Agent) HandsOver() bool {
	s := a.shown.Load()
	if !s.ready || !s.seen.Pod.Terminating {
		return false
	}
	return s.state.Lead() != 0 || s.seen.Record.Record.Holder.ID == s.seen.Self.ID
}
