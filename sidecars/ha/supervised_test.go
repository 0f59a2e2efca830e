package ha

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where updates are supervised, standbys roll by themselves and the primary stays until a person moves it.
func TestASupervisedUpdateWaitsForAPerson(t *testing.T) {
	done := func(sc *scene, what Do) bool {
		for range 400 {
			sc.later(0.1)
			sc.o.Record.At, sc.o.Postgres.At, sc.o.Postgres.Wrote = sc.o.Now, sc.o.Now, sc.o.Now
			for _, m := range []Member{bravo, carol} {
				if _, on := sc.o.Record.Record.Member(m.ID); on {
					sc.o.Heard = append(sc.o.Heard, Message{Kind: Grant, From: m.ID, Seq: sc.seqTo(m.ID), Term: 7, Instance: "sup-a", Yes: true,
						Report: Report{Member: m, Instance: "sup-" + m.ID[1:], At: Position{3, 1000}, Streaming: true, Under: 7, Config: sc.c.Revision}})
				}
			}
			actions := sc.step()
			if slices.ContainsFunc(actions, func(a Action) bool { return a.Do == what }) {
				return true
			}
			if sc.s.writing != nil {
				sc.apply()
			}
		}
		return false
	}
	for _, supervised := range []bool{false, true} {
		outdated := holder()
		outdated.c.Supervised = supervised
		outdated.o.Pod.Outdated = []string{"shop-0"}
		require.Equal(t, !supervised, done(outdated, Checkpoint), "its own pod is the last of an old revision")
		require.Equal(t, supervised, outdated.s.Why() == "a newer revision of its pod: waits for a person to move the primary")

		pending := holder()
		pending.c.Supervised = supervised
		pending.o.Postgres.PendingRestart = true
		require.Equal(t, !supervised, done(pending, Checkpoint), "a parameter waits for a restart")

		standbys := holder()
		standbys.c.Supervised = supervised
		standbys.o.Pod.Outdated = []string{"shop-1", "shop-0"}
		require.True(t, done(standbys, Evict), "standbys do not wait")
	}
	moved := holder()
	moved.c.Supervised = true
	moved.o.Pod.Outdated = []string{"shop-0"}
	moved.o.Requests = []Request{{ID: 1, Verb: Switchover}}
	require.True(t, done(moved, Checkpoint), "a person moves it")
}
