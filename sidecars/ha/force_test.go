package ha

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A person who accepts the loss makes a member lead that cannot prove that it has every commit. That is for once: the answer is that it leads, and no
// later election goes without proof.
func TestAForcedFailoverIsForOnce(t *testing.T) {
	behind := func() *scene {
		sc := follower().silent()
		sc.o.Record.Record.At = Position{3, 1 << 40}
		sc.later(60)
		return sc
	}
	// stands steps for a minute, and tells whether the member wrote the record.
	stands := func(sc *scene) bool {
		for range 600 {
			sc.later(0.1)
			sc.o.Record.At, sc.o.Postgres.At = sc.o.Now, sc.o.Now
			sc.step()
			if sc.s.writing == nil {
				continue
			}
			if sc.s.writing.Record.Holder.ID == "vb" {
				return true
			}
			sc.apply()
		}
		return false
	}
	request := []Request{{ID: 5, Verb: Failover, To: "shop-1", Loss: true}}

	require.False(t, stands(behind()), "it is too far behind")

	forced := behind()
	forced.o.Requests = request
	require.True(t, stands(forced))
	require.Equal(t, "vb", forced.s.writing.Record.Holder.ID)
	forced.apply()
	var answer *Action
	for range 20 {
		forced.later(0.1)
		forced.o.Record.At, forced.o.Postgres.At = forced.o.Now, forced.o.Now
		for _, a := range forced.step() {
			if a.Do == Answer {
				answer = &a
			}
		}
	}
	require.NotNil(t, answer)
	require.True(t, answer.OK, answer.Why)
	require.Zero(t, forced.s.forced)

	left := behind()
	left.o.Requests, left.o.Record.First = request, left.o.Now // too early to stand
	left.step()
	require.NotZero(t, left.s.forced)
	left.o.Requests = nil
	require.False(t, stands(left), "the person waits no more")
	require.Zero(t, left.s.forced)

	lives := behind()
	lives.o.Requests = request
	lives.o.Heard = []Message{beatOf(7)}
	answers := lives.step()
	require.Equal(t, "the holder is alive: ask for a switchover", answers[len(answers)-1].Why)
	require.Zero(t, lives.s.forced)
}

// No vote tells a member that leads by a person's word that the holder's permit is over, so it asks in the record, and waits until whoever can see the
// record has seen that.
func TestAForcedFailoverAsksTheHolder(t *testing.T) {
	request := []Request{{ID: 5, Verb: Failover, To: "shop-1", Loss: true}}
	asks := func() *scene {
		sc := follower().silent()
		sc.later(60)
		sc.o.Requests = request
		sc.o.Record.At, sc.o.Postgres.At = sc.o.Now, sc.o.Now
		sc.step()
		require.Equal(t, "vb", sc.s.writing.Record.Force)
		require.Equal(t, ruled().Holder, sc.s.writing.Record.Holder)
		require.EqualValues(t, 8000, sc.s.writing.Record.Window, "it is the holder's")
		sc.apply()
		return sc
	}

	t.Run("which is silent", func(t *testing.T) {
		sc := asks()
		from := sc.o.Now
		for sc.s.writing == nil || sc.s.writing.Record.Holder.ID != "vb" {
			sc.later(0.1)
			sc.o.Record.At, sc.o.Postgres.At = sc.o.Now, sc.o.Now
			sc.step()
			require.Less(t, sc.o.Now.AtMost(from), time.Minute)
		}
		require.GreaterOrEqual(t, sc.o.Now.AtLeast(from), sc.c.Timing.Lazy+sc.c.Timing.WriteTimeout, "a holder writes at least as often, and is refused")
		taken := sc.s.writing.Record
		require.Equal(t, "vb", taken.Holder.ID)
		require.Empty(t, taken.Force)
		require.EqualValues(t, 8+unheardOf, taken.Term, "a term of which it never heard is not taken twice")
	})
	t.Run("which lives", func(t *testing.T) {
		sc := asks()
		sc.later(1)
		sc.step()
		sc.o.Record.Record.Force, sc.o.Record.Record.Version = "", "200"
		actions := sc.step()
		require.Equal(t, "the holder is alive: ask for a switchover", actions[len(actions)-1].Why)
		require.Zero(t, sc.s.forced)
	})
	t.Run("and a holder says that it lives", func(t *testing.T) {
		sc := holder()
		sc.later(0.5)
		sc.o.Record.Record.Force, sc.o.Record.Record.Version = "vb", "200"
		sc.step()
		require.NotNil(t, sc.s.writing)
		require.Equal(t, "200", sc.s.writing.Base)
		require.Empty(t, sc.s.writing.Record.Force)
		require.Equal(t, "va", sc.s.writing.Record.Holder.ID)
	})
	t.Run("and nobody grants to it until it did", func(t *testing.T) {
		sc := follower()
		sc.o.Record.Record.Force = "vc"
		sc.o.Heard = []Message{beatOf(7)}
		require.Contains(t, kinds(sc.step()), "grant no")
	})
	t.Run("and a timeline that was begun is not begun again", func(t *testing.T) {
		r := ruled()
		require.EqualValues(t, 3, begun(&r))
		r.History = []Switch{{Term: 7, At: Position{3, 500}}}
		require.EqualValues(t, 4, begun(&r), "who took the record on timeline 3 begins 4, and may have died before it said so")
	})
}

func forceTo(name string) []Request { return []Request{{ID: 5, Verb: Failover, To: name, Loss: true}} }

// While a member was cut off from the API server another one led by a person's word, and the record was then restored: what it heard of that is all it has.
func TestAForcedFailoverTakesNoTermThatItHeardOf(t *testing.T) {
	sc := follower().silent()
	sc.later(60).o.Requests = forceTo("shop-1")
	other := Report{Member: carol, At: Position{5, 1000}}
	sc.o.Heard = []Message{{Kind: Poll, From: "vc", To: "vb", Seq: 1, Term: 24, Version: "90", Report: other}}
	for range 600 {
		sc.later(0.1)
		sc.o.Record.At, sc.o.Postgres.At = sc.o.Now, sc.o.Now
		sc.step()
		if sc.s.writing != nil && sc.s.writing.Record.Holder.ID == "vb" {
			break
		}
		if sc.s.writing != nil {
			sc.apply()
		}
	}
	taken := sc.s.writing.Record
	require.Equal(t, "vb", taken.Holder.ID)
	require.EqualValues(t, 24+1+unheardOf, taken.Term)
	require.Equal(t, Position{Timeline: 5}, taken.At, "it begins one after that")
	require.EqualValues(t, 6, begun(&taken), "and may die before it says so")
}

// The holder has yet to see that its claim came through when another member writes its question into the record.
func TestAQuestionToTheHolderKeepsItsClaim(t *testing.T) {
	sc := follower().silent()
	sc.later(60).o.Requests = forceTo("shop-1")
	sc.step()
	asked := sc.s.writing.Record
	require.Equal(t, "vb", asked.Force)
	require.Equal(t, ruled().Stamp, asked.Stamp)

	taker := sceneOf(alpha, 6)
	taker.s.Durable.Claim = asked.Stamp
	taker.o.Record.Record = asked
	taker.o.Record.Record.Version = "101"
	taker.step()
	require.EqualValues(t, 7, taker.s.Durable.Led)
	require.NotNil(t, taker.s.writing, "it lives")
	require.Empty(t, taker.s.writing.Record.Force)
}

// A person puts another name on the record before the member that took it has seen that it did. It has everything all the same.
func TestWhoIsNamedOverAtOnceHasLed(t *testing.T) {
	sc := sceneOf(alpha, 6)
	sc.s.Durable.Claim = ruled().Stamp
	sc.o.Record.Record.Holder = Holder{ID: "vc"}
	sc.step()
	require.EqualValues(t, 7, sc.s.Durable.Led)
	require.Zero(t, sc.s.Lead(), "it does not hold it")

	named := sceneOf(carol, 0)
	named.s.Durable.Claim = "vc@80"
	named.o.Record.Record.Holder = Holder{ID: "vc"}
	named.step()
	require.Zero(t, named.s.Durable.Led)
}

// An old record that names the member is no answer to whoever wants it to lead.
func TestAnOldRecordIsNoAnswer(t *testing.T) {
	sc := sceneOf(alpha, 0)
	sc.o.Supervisor.Phase = Standby
	sc.o.Postgres = Postgres{At: sc.o.Now, InRecovery: true, Position: Position{3, 1000}, SystemID: 42}
	sc.o.Record.Record.Term = 5
	sc.o.Requests = forceTo("shop-0")
	require.NotContains(t, kinds(sc.step()), "answer")
	require.NotZero(t, sc.s.forced)
	require.NotContains(t, kinds(sc.later(0.1).step()), "answer")
}

// A holder that was asked to move, and has, is not to take the record back by the same word.
func TestWhoWasMovedFromIsNotForced(t *testing.T) {
	sc := holder()
	sc.s.moving = 5
	sc.o.Requests = []Request{{ID: 5, Verb: Failover, Loss: true}}
	sc.o.Supervisor.Phase, sc.o.Postgres = Down, Postgres{}
	sc.o.Record.Record.Version, sc.o.Record.Record.Term, sc.o.Record.Record.Holder = "200", 8, Holder{ID: "vc"}
	actions := sc.later(0.1).step()
	answer := actions[len(actions)-1]
	require.Equal(t, Answer, answer.Do)
	require.True(t, answer.OK, answer.Why)
	require.Zero(t, sc.s.forced)
}

// loner is alpha, whom no election replaces: only a person can.
func loner() *scene {
	sc := holder()
	r := &sc.o.Record.Record
	sc.c.Mode, r.Mode, r.Sync, r.Version = Preferred, Preferred, Quorum{}, "150"
	sc.later(0.1).o.Postgres.Wrote = sc.o.Now
	sc.step()
	return sc
}

func (sc *scene) alone() (left float64) {
	peers, _ := sc.s.Paths(sc.o.Now, "sup-a", sc.c)
	return max(0, peers.Seconds())
}

func TestWhoIsAloneLeadsByItsOwnWord(t *testing.T) {
	fresh := (standard.Holds() - standard.Margin).Seconds()
	sc := loner()
	require.InDelta(t, fresh, sc.alone(), 0.01)

	sc.o.Record.Record.Force, sc.o.Record.Record.Version = "vb", "151"
	sc.later(0.5).step()
	require.InDelta(t, fresh-0.5, sc.alone(), 0.01, "a person asks whether it lives: nobody grants, nor does it")
	sc.later(1).step()
	require.InDelta(t, fresh-1.5, sc.alone(), 0.01)
	sc.o.Record.Record.Force, sc.o.Record.Record.Version = "", "152"
	sc.later(0.1).step()
	require.InDelta(t, fresh, sc.alone(), 0.01)

	started := sceneOf(alpha, 7)
	started.o.Record.Record.Mode, started.o.Record.Record.Force = Preferred, "vb"
	started.step()
	require.Zero(t, started.alone(), "it may have been given up before it was started")
}

func TestWhoStoodStillAsksBeforeItLeadsAlone(t *testing.T) {
	fresh := (standard.Holds() - standard.Margin).Seconds()
	sc := loner()
	sc.later(30)
	require.Zero(t, sc.alone(), "before its first step, too")
	sc.step()
	require.Zero(t, sc.alone())
	sc.later(1).step()
	require.Zero(t, sc.alone())
	sc.later(1).step()
	require.InDelta(t, fresh, sc.alone(), 0.01, "the API server does not answer: what is asked of nobody else is its own")

	answered := loner()
	answered.later(30).step()
	require.NotNil(t, answered.s.writing)
	answered.later(0.1).apply()
	answered.step()
	require.InDelta(t, fresh, answered.alone(), 0.01)
}

// A standby cluster's holder promotes in the term in which it passed on what others wrote: who has that has nothing of the new timeline.
func TestWhoFollowedAStandbyClusterHasNotFollowedAPrimary(t *testing.T) {
	for phase, streamed := range map[Phase]uint64{Standby: 6, Primary: 7} {
		sc := follower()
		sc.s.Durable.Streamed = 6
		beat := beatOf(7)
		beat.Report.At, beat.Report.Phase = Position{3, 1000}, phase.String()
		sc.o.Heard = []Message{beat}
		sc.step()
		require.Equal(t, streamed, sc.s.Durable.Streamed, phase.String())
	}
}
