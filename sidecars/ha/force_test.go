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
