package ha

import (
	"testing"

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
			if sc.s.writing != nil {
				return true
			}
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
	require.Nil(t, left.s.writing)
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
