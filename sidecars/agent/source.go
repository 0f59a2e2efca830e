package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// Source is the agent as REST asks it. It implements rest.Source.
type Source struct {
	Agent    *Agent
	Identity func() Identity
	// Forward asks another member; the request must not be handed on again there.
	Forward func(ctx context.Context, to ha.Member, r Forwarded) (Answer, error)
	// Provision is what came of roles and databases; nil: nothing is told of them.
	Provision func() rest.Provision
	// Reload reads the configuration again.
	Reload func(context.Context) error
	// Keeper looks after backups; nil: nobody does.
	Keeper *Keeper

	mu         sync.Mutex
	switchover *scheduled
	restart    *scheduled
}

// Forwarded is a request of a person that one member hands to the one that can do it.
type Forwarded struct {
	Verb ha.Verb `json:"verb"`
	To   string  `json:"to,omitempty"`
	Loss bool    `json:"loss,omitempty"`
}

// scheduled is a request with a time to come. It is kept in memory: a sidecar that is restarted has forgotten it, and says so
// by not showing it.
type scheduled struct {
	request rest.Request
	timer   *time.Timer
}

// View implements rest.Source.
func (s *Source) View() rest.View {
	v := s.Agent.View(s.Identity())
	if s.Keeper != nil {
		v.Backup = s.Keeper.view
	}
	if s.Provision != nil {
		v.Provision = s.Provision()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.switchover != nil {
		v.Switchover = &rest.ScheduledSwitchover{At: s.switchover.request.At, From: s.switchover.request.Leader, To: s.switchover.request.Candidate}
	}
	if s.restart != nil {
		v.Restart = &rest.ScheduledRestart{At: s.restart.request.At, RestartFilter: s.restart.request.Restart}
	}
	return v
}

// Do implements rest.Source.
func (s *Source) Do(ctx context.Context, r rest.Request) rest.Outcome {
	switch r.Verb {
	case rest.CancelSwitchover:
		return s.cancel(&s.switchover)
	case rest.CancelRestart:
		return s.cancel(&s.restart)
	case rest.DoReload:
		if err := s.Reload(ctx); err != nil {
			return rest.Outcome{Result: rest.Failed, Text: err.Error()}
		}
		return rest.Outcome{Result: rest.Done}
	case rest.DoSwitchover:
		return s.move(ctx, r, ha.Switchover)
	case rest.DoFailover:
		return s.move(ctx, r, ha.Failover)
	case rest.DoRestart:
		return s.doRestart(ctx, r)
	case rest.DoReinitialize:
		return s.local(ctx, ha.Request{Verb: ha.Reinit})
	case rest.DoFence:
		return s.local(ctx, ha.Request{Verb: ha.Fence})
	case rest.DoUnfence:
		return s.local(ctx, ha.Request{Verb: ha.Unfence})
	case rest.DoPause:
		return s.atHolder(ctx, ha.Request{Verb: ha.Pause})
	case rest.DoResume:
		return s.atHolder(ctx, ha.Request{Verb: ha.Resume})
	}
	return rest.Outcome{Result: rest.Invalid, Text: fmt.Sprintf("%s is not known", r.Verb)}
}

// move is a switchover or a failover, now or at its time.
func (s *Source) move(ctx context.Context, r rest.Request, verb ha.Verb) rest.Outcome {
	holder, held := s.Agent.holder()
	switch {
	case verb == ha.Switchover && (!held || holder.Name != r.Leader):
		return rest.Outcome{Result: rest.Precondition, Text: "leader name does not match"}
	case r.Candidate != "" && held && r.Candidate == holder.Name:
		return rest.Outcome{Result: rest.Precondition, Text: "candidate is the leader"}
	}
	candidate, known := s.Agent.member(r.Candidate)
	if r.Candidate != "" && !known {
		return rest.Outcome{Result: rest.Precondition, Text: "candidate does not exist"}
	}
	if !r.At.IsZero() {
		return s.schedule(&s.switchover, r)
	}
	if verb == ha.Switchover || s.Agent.holderAlive() {
		moved := s.atHolder(ctx, ha.Request{Verb: ha.Switchover, To: r.Candidate})
		if verb == ha.Switchover || moved.Result == rest.Done || ctx.Err() != nil || s.Agent.holderAlive() {
			return moved
		}
		// It had died just before it was asked.
	}
	// Nobody leads: the member that should is asked itself. That a failover by hand may lose commits is what it is for.
	return s.at(ctx, candidate, ha.Request{Verb: ha.Failover, To: r.Candidate, Loss: true})
}

func (s *Source) doRestart(ctx context.Context, r rest.Request) rest.Outcome {
	v := s.View()
	if !r.At.IsZero() {
		return s.schedule(&s.restart, r)
	}
	switch f := r.Restart; {
	case f.PendingOnly && len(v.PendingRestart) == 0, f.Role != rest.NoRole && f.Role != v.Role, f.Below != 0 && v.ServerVersion >= f.Below:
		return rest.Outcome{Result: rest.Precondition, Text: "restart conditions are not satisfied"}
	}
	before := v.PostmasterStart
	if done := s.local(ctx, ha.Request{Verb: ha.Restart}); done.Result != rest.Done {
		return done
	}
	limit := time.Minute
	if r.Timeout > 0 {
		limit = r.Timeout
	}
	return s.awaitRestart(ctx, before, limit)
}

// awaitRestart waits until another postmaster runs.
func (s *Source) awaitRestart(ctx context.Context, before time.Time, limit time.Duration) rest.Outcome {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if v := s.View(); v.State == rest.Running && v.PostmasterStart.After(before) {
			return rest.Outcome{Result: rest.Done}
		}
		select {
		case <-ctx.Done():
			return rest.Outcome{Result: rest.Unknown, Text: "postgres is not up again yet"}
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// local puts a request before our own core.
func (s *Source) local(ctx context.Context, r ha.Request) rest.Outcome {
	answer, err := s.Agent.Ask(ctx, r)
	return outcomeFor(answer, err)
}

// atHolder puts a request before the holder's core.
func (s *Source) atHolder(ctx context.Context, r ha.Request) rest.Outcome {
	holder, held := s.Agent.holder()
	if !held {
		return rest.Outcome{Result: rest.Precondition, Text: "there is no leader"}
	}
	return s.at(ctx, holder, r)
}

func (s *Source) at(ctx context.Context, m ha.Member, r ha.Request) rest.Outcome {
	if m.ID == s.Agent.Member() {
		return s.local(ctx, r)
	}
	answer, err := s.Forward(ctx, m, Forwarded{Verb: r.Verb, To: r.To, Loss: r.Loss})
	return outcomeFor(answer, err)
}

func outcomeFor(answer Answer, err error) rest.Outcome {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return rest.Outcome{Result: rest.Unknown}
	case err != nil:
		return rest.Outcome{Result: rest.Failed, Text: err.Error()}
	case !answer.OK:
		return rest.Outcome{Result: rest.Failed, Text: answer.Why}
	}
	return rest.Outcome{Result: rest.Done, Text: answer.Why}
}

// schedule keeps a request for its time. The time is people's, so it is counted by the wall clock, looked at anew every minute at most.
func (s *Source) schedule(slot **scheduled, r rest.Request) rest.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *slot != nil {
		return rest.Outcome{Result: rest.Conflict}
	}
	one := &scheduled{request: r}
	*slot = one
	var wait func()
	wait = func() {
		left := time.Until(r.At.Round(0)) // by the wall clock
		if left > 0 {
			s.mu.Lock()
			defer s.mu.Unlock()
			one.timer = time.AfterFunc(min(left, time.Minute), wait)
			return
		}
		s.mu.Lock()
		mine := *slot == one
		if mine {
			*slot = nil
		}
		s.mu.Unlock()
		if mine {
			now := r
			now.At = time.Time{}
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			outcome := s.Do(ctx, now)
			s.Agent.parts.Log.Info("scheduled "+string(r.Verb), "result", outcome.Result, "text", outcome.Text)
		}
	}
	one.timer = time.AfterFunc(0, wait)
	return rest.Outcome{Result: rest.Scheduled}
}

func (s *Source) cancel(slot **scheduled) rest.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *slot == nil {
		return rest.Outcome{Result: rest.Absent}
	}
	if t := (*slot).timer; t != nil {
		t.Stop()
	}
	*slot = nil
	return rest.Outcome{Result: rest.Done}
}

// Take is the other side of Forward: it asks our own core.
func (s *Source) Take(ctx context.Context, f Forwarded) (Answer, error) {
	return s.Agent.Ask(ctx, ha.Request{Verb: f.Verb, To: f.To, Loss: f.Loss})
}

// Member is the volume's identity, empty before it is known.
func (a *Agent) Member() string { return a.shown.Load().seen.Self.ID }

// holder is the member that the record names.
func (a *Agent) holder() (ha.Member, bool) {
	r := &a.shown.Load().seen.Record.Record
	return r.Member(r.Holder.ID)
}

// member finds one by its name.
func (a *Agent) member(name string) (ha.Member, bool) {
	for _, m := range a.shown.Load().seen.Record.Record.Members {
		if m.Name == name {
			return m, true
		}
	}
	return ha.Member{}, false
}

// holderAlive tells that the holder was heard of within the window, or is this member.
func (a *Agent) holderAlive() bool {
	s := a.shown.Load()
	id := s.seen.Record.Record.Holder.ID
	if id == "" {
		return false
	}
	if id == s.seen.Self.ID {
		return s.state.Lead() != 0
	}
	for _, one := range s.book {
		if one.ID == id {
			return a.parts.Clock().AtMost(one.heard) < s.settings.Core.Timing.Window
		}
	}
	return false
}
