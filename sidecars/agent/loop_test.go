package agent

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// grown is a bench whose member has become the primary of a cluster of its own.
func grown(t *testing.T) *bench {
	t.Helper()
	b := newBench(t).run()
	b.lead()
	return b
}

// lead moves the clocks on until there is a primary.
func (b *bench) lead() {
	b.t.Helper()
	b.eventually("the loop turns", func() bool { return b.agent.shown.Load().ready })
	// A second at a time, and no further once it leads: a clock that leaps makes its last write an old one.
	for end := time.Now().Add(never); b.agent.shown.Load().state.Lead() == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		b.later(time.Second)
	}
	b.eventually("the member leads and takes writes", func() bool { return len(b.labels) > 0 && b.labels[len(b.labels)-1] == "primary" })
	b.later(time.Second) // for the next write of the record
	b.eventually("the record names the system", func() bool { return b.record.SystemID != 0 && b.agent.shown.Load().seen.Record.Record.SystemID != 0 })
}

// following is a bench whose member streams from another, which holds the record.
func following(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.durable = ha.Durable{Term: 3, Streamed: 3}
	b.data = ha.Data{Exists: true, SystemID: 42, Standby: true, End: ha.Position{Timeline: 1, LSN: 90}}
	b.put(func(r *ha.Record) {
		*r = ha.Record{Term: 3, Holder: ha.Holder{ID: "m1", Instance: "j1"}, Window: 5000, Mode: ha.Async, SystemID: 42, At: ha.Position{Timeline: 1, LSN: 90},
			Members: []ha.Member{{ID: "m0", Name: "shop-0", Addr: "10.0.0.1:8008", Host: "10.0.0.1"}, {ID: "m1", Name: "shop-1", Addr: "10.0.0.2:8008", Host: "10.0.0.2"}}}
	})
	b.run()
	b.eventually("it follows", func() bool { return b.did(ha.StartStandby) == 1 && b.agent.shown.Load().seen.Postgres.Upstream == "m1" })
	return b
}

func beat(seq uint64) ha.Message {
	return ha.Message{Kind: ha.Beat, From: "m1", To: "m0", Seq: seq, Term: 3, Instance: "j1",
		Report: ha.Report{Member: ha.Member{ID: "m1", Name: "shop-1", Addr: "10.0.0.2:8008", Host: "10.0.0.2"}, Open: true, At: ha.Position{Timeline: 1, LSN: 90}}}
}

func TestAMemberAloneBecomesAPrimary(t *testing.T) {
	b := grown(t)
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Equal(t, 1, b.did(ha.Init), "%v", b.done)
	require.Equal(t, 1, b.did(ha.StartPrimary), "%v", b.done)
	require.Equal(t, uint64(1), b.record.Term)
	require.Equal(t, ha.Holder{ID: "m0", Instance: "i1"}, b.record.Holder)
	require.Equal(t, []string{"primary"}, b.labels)
	claim := slices.IndexFunc(b.wrote, func(r ha.Record) bool { return r.Holder.ID == "m0" })
	require.GreaterOrEqual(t, claim, 0)
	require.NotEmpty(t, b.remembered)
	require.Less(t, slices.Index(b.order, "remember"), slices.Index(b.order, "init"), "what it claimed is on the volume before anything comes of it")
}

func TestThePermitNeedsNobody(t *testing.T) {
	b := grown(t)
	require.Positive(t, b.permit("i1"))
	require.Zero(t, b.permit("another instance"))
	stuck := make(chan struct{})
	defer close(stuck)
	b.agent.post(t.Context(), func(*loop) { <-stuck })
	time.Sleep(10 * time.Millisecond)
	answered := make(chan time.Duration)
	go func() { answered <- b.permit("i1") }()
	select {
	case left := <-answered:
		require.Positive(t, left, "a loop that hangs does not hold up the answer, and what was granted still lasts")
	case <-time.After(never):
		require.Fail(t, "the permit waited for the loop")
	}
}

func TestAPermitEndsThoughTheLoopHangs(t *testing.T) {
	b := grown(t)
	b.mu.Lock()
	b.outcome = func() (ha.Outcome, bool) { return ha.Unknown, true } // from here on the API server is away
	b.answers = func(m ha.Message) (ha.Message, error) {
		return ha.Message{Kind: ha.Grant, From: "m1", To: "m0", Seq: m.Seq, Term: m.Term, Instance: m.Instance, Yes: true}, nil
	}
	b.mu.Unlock()
	b.put(func(r *ha.Record) {
		r.Members = append(r.Members, ha.Member{ID: "m1", Name: "shop-1", Addr: "10.0.0.2:8008", Host: "10.0.0.2"})
	})
	b.later(5 * time.Second)
	b.eventually("the peer's grants are what it lives by", func() bool {
		s := b.agent.shown.Load()
		peers, api := s.state.Paths(b.clock(), "i1", b.settings().Core)
		return len(s.state.Durable.Last.Members) == 2 && peers > 0 && api <= 0
	})
	stuck := make(chan struct{})
	defer close(stuck)
	b.agent.post(t.Context(), func(*loop) { <-stuck })
	time.Sleep(20 * time.Millisecond)
	b.ahead.Add(int64(6 * time.Second))
	require.Zero(t, b.permit("i1"))
}

func TestABeatIsAnsweredWithinItsRequest(t *testing.T) {
	b := following(t)
	answer, err := b.agent.Receive(t.Context(), beat(7))
	require.NoError(t, err)
	require.Equal(t, ha.Grant, answer.Kind)
	require.Equal(t, uint64(7), answer.Seq)
	require.True(t, answer.Yes, answer.Why)

	stranger := beat(8)
	stranger.Term = 2
	answer, err = b.agent.Receive(t.Context(), stranger)
	require.NoError(t, err)
	require.False(t, answer.Yes)

	hello := beat(0)
	hello.Kind = ha.Hello
	answer, err = b.agent.Receive(t.Context(), hello)
	require.NoError(t, err)
	require.Zero(t, answer, "a hello has no answer")
}

func TestWhoHasNoStateAnswersNobody(t *testing.T) {
	b := newBench(t)
	b.status.Locked = false
	b.run()
	_, err := b.agent.Receive(t.Context(), beat(1))
	require.ErrorIs(t, err, ErrNotReady)
	_, err = b.agent.Ask(t.Context(), ha.Request{Verb: ha.Pause})
	require.ErrorIs(t, err, ErrNotReady)
	require.Zero(t, b.agent.Permit("i1"))
	b.tell(func(s *FenceStatus) { s.Locked = true })
	b.eventually("the volume is read once it is held", func() bool { return b.agent.shown.Load().ready })
}

// A promise that is not on the volume yet is not given.
func TestNothingOvertakesWhatIsRemembered(t *testing.T) {
	b := following(t)
	writing := make(chan struct{})
	b.mu.Lock()
	b.remember = func() { <-writing }
	b.mu.Unlock()
	b.put(func(r *ha.Record) { r.Term = 4 }) // worth remembering
	time.Sleep(20 * time.Millisecond)
	newer := beat(9)
	newer.Term = 4
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := b.agent.Receive(ctx, newer)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	b.mu.Lock()
	b.remember = nil
	b.mu.Unlock()
	close(writing)
	answer, err := b.agent.Receive(t.Context(), func() ha.Message { m := newer; m.Seq = 10; return m }())
	require.NoError(t, err)
	require.True(t, answer.Yes, answer.Why)
}

func TestAnEarlierPostmasterIsNotBelieved(t *testing.T) {
	b := grown(t)
	life := b.agent.shown.Load().life
	b.tell(func(s *FenceStatus) { s.Phase = ha.Down; s.Crashed = true })
	b.eventually("nothing of the old one is left", func() bool {
		s := b.agent.shown.Load()
		return s.life > life && (s.seen.Supervisor.Phase != ha.Down || s.seen.Postgres.At.IsZero())
	})
	b.eventually("it is started again", func() bool { return b.did(ha.StartPrimary) == 2 })
}

// A server that has just been started lets nobody in for a moment. What its predecessor waited for had it restarted twice.
func TestWhatWaitsForARestartIsForgottenWithTheServer(t *testing.T) {
	b := grown(t)
	defer b.gate(ha.StartPrimary)()
	b.mu.Lock()
	b.postgres.PendingRestart = true
	b.mu.Unlock()
	b.eventually("it waits for a restart", func() bool { return b.agent.shown.Load().seen.Postgres.PendingRestart })
	b.tell(func(s *FenceStatus) { s.Phase = ha.Down })
	b.eventually("nothing waits any more", func() bool {
		s := b.agent.shown.Load()
		return s.seen.Supervisor.Phase == ha.Down && !s.seen.Postgres.PendingRestart
	})
}

func TestALostConnectionSaysNothingOfPostgres(t *testing.T) {
	b := grown(t)
	b.mu.Lock()
	told := b.told
	b.mu.Unlock()
	told(FenceStatus{})
	b.eventually("the supervisor is unknown", func() bool { return b.agent.shown.Load().seen.Supervisor.Phase == ha.PhaseUnknown })
	require.False(t, b.agent.shown.Load().seen.Postgres.At.IsZero())
	b.tell(func(*FenceStatus) {})
	b.eventually("it is known again", func() bool { return b.agent.shown.Load().seen.Supervisor.Phase == ha.Primary })
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Equal(t, 1, b.did(ha.StartPrimary))
	require.Empty(t, b.killed)
}

func TestAWriteCountsFromBeforeItBegan(t *testing.T) {
	b := grown(t)
	before := b.clock()
	b.eventually("a newer write is known", func() bool { return b.agent.shown.Load().seen.Postgres.Wrote.Raw > before.Raw })
	require.Less(t, b.agent.shown.Load().seen.Postgres.Wrote.Raw, b.clock().Raw)
	b.mu.Lock()
	b.probe = errors.New("read-only file system")
	b.mu.Unlock()
	b.eventually("a primary that cannot write is killed", func() bool {
		b.ahead.Add(int64(time.Second)) // a loop that stood still itself for longer would not know
		b.agent.post(t.Context(), func(*loop) {})
		time.Sleep(5 * time.Millisecond)
		return len(b.killed) > 0
	})
}

func TestAnOlderVersionIsLookedAtTwice(t *testing.T) {
	b := following(t)
	b.put(func(r *ha.Record) { r.At.LSN = 95 })
	b.eventually("the new one is seen", func() bool { return b.agent.shown.Load().seen.Record.Record.At.LSN == 95 })
	b.mu.Lock()
	stale, seen, reads := b.record, b.seen, len(b.order)
	b.mu.Unlock()
	stale.Version, stale.At.LSN = "1", 90
	seen(stale)
	b.eventually("it is read", func() bool { return slices.Contains(b.order[reads:], "read") })
	require.Equal(t, ha.LSN(95), b.agent.shown.Load().seen.Record.Record.At.LSN)
}

func TestAManualPromotionIsKilled(t *testing.T) {
	b := following(t)
	b.mu.Lock()
	b.postgres.InRecovery = false
	b.mu.Unlock()
	b.tell(func(s *FenceStatus) { s.Phase = ha.Primary })
	b.eventually("it is killed", func() bool { return len(b.killed) > 0 })
}

func TestALabelIsTriedUntilItIsThere(t *testing.T) {
	b := newBench(t)
	b.failing[ha.Label] = errors.New("forbidden")
	b.run()
	b.eventually("the loop turns", func() bool { return b.agent.shown.Load().ready })
	// A second at a time, and no further once it leads: a clock that leaps makes its last write an old one.
	for end := time.Now().Add(never); b.agent.shown.Load().state.Lead() == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		b.later(time.Second)
	}
	b.eventually("it was tried twice", func() bool {
		return len(slices.DeleteFunc(slices.Clone(b.order), func(s string) bool { return s != "label failed" })) > 1
	})
	b.mu.Lock()
	delete(b.failing, ha.Label)
	b.mu.Unlock()
	b.eventually("and is there", func() bool { return slices.Equal(b.labels, []string{"primary"}) })
}

func TestAPodThatEndsLetsTheContainerGo(t *testing.T) {
	b := following(t)
	b.tell(func(s *FenceStatus) { s.Terminating = true })
	b.eventually("the standby is stopped", func() bool { return b.did(ha.Stop) > 0 })
	b.eventually("and the supervisor may end", func() bool { return b.exited })
	b.tell(func(s *FenceStatus) { s.Terminating, s.Instance = false, "i2" })
	b.eventually("a container that is started again is at work again", func() bool {
		return !b.agent.shown.Load().seen.Pod.Terminating && b.did(ha.StartStandby) == 2
	})
}

func TestARequestIsAnswered(t *testing.T) {
	b := grown(t)
	answer, err := b.agent.Ask(t.Context(), ha.Request{Verb: ha.Switchover})
	require.NoError(t, err)
	require.False(t, answer.OK)
	require.NotEmpty(t, answer.Why)
	answer, err = b.agent.Ask(t.Context(), ha.Request{Verb: ha.Pause})
	require.NoError(t, err)
	require.True(t, answer.OK, answer.Why)
	b.mu.Lock()
	defer b.mu.Unlock()
	require.True(t, b.record.Paused)
}

// The slots of a standby go on with what it replays: 30 s of a load are more log than its volume may have room for.
func TestTheSlotsOfAStandbyAreMovedByLog(t *testing.T) {
	b := following(t)
	moved := func() bool { return b.did(ha.Slots) > 0 }
	b.eventually("there are slots", moved)
	for range 5 {
		b.mu.Lock()
		b.done, b.postgres.Replayed = nil, b.postgres.Replayed+slotSpare
		b.mu.Unlock()
		b.eventually("they are moved", moved)
	}
	require.Less(t, time.Duration(b.ahead.Load()), slotsEvery, "not by time")
}
