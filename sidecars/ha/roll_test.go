package ha

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// rolling has a primary go on for a while whose standbys stream. Those that are named say that their pods are of the newest revision. It gives back which pods
// were evicted.
func (sc *scene) rolling(seconds int, updated ...string) (evicted []string) {
	for range 10 * seconds {
		sc.later(0.1)
		sc.o.Record.At, sc.o.Postgres.At, sc.o.Postgres.Wrote = sc.o.Now, sc.o.Now, sc.o.Now
		for _, m := range []Member{bravo, carol} {
			sc.o.Heard = append(sc.o.Heard, Message{Kind: Grant, From: m.ID, Seq: sc.seqTo(m.ID), Term: 7, Instance: "sup-a", Yes: true,
				Report: Report{Member: m, Instance: "sup-" + m.ID[1:], At: Position{3, 1000}, Streaming: true, Under: 7, Config: sc.c.Revision,
					Updated: slices.Contains(updated, m.Name)}})
		}
		for _, a := range sc.step() {
			if a.Do == Evict {
				evicted = append(evicted, a.Pod)
			}
		}
		if sc.s.writing != nil {
			sc.apply()
		}
	}
	return evicted
}

// The new pod is there, and what was heard last is from the one before it, whose server streamed a second ago.
func TestAPodIsNewWhenItSaysSo(t *testing.T) {
	sc := holder()
	require.Empty(t, sc.rolling(20))
	sc.o.Pod.Outdated, sc.o.Pod.Newest = []string{"shop-2", "shop-0"}, []string{"shop-1"}
	require.Empty(t, sc.rolling(3))
	pod, _ := sc.s.Awaits()
	require.Equal(t, "shop-1", pod)
	require.Equal(t, []string{"shop-2"}, sc.rolling(3, "shop-1"))
}

// An eviction that a disruption budget refused ended nothing: when its pod is of the newest revision again, it is the same that was there all along.
func TestAnEvictionThatWasRefusedIsNotWaitedForOnTheWayBack(t *testing.T) {
	sc := holder()
	require.Empty(t, sc.rolling(20))
	sc.o.Pod.Outdated, sc.o.Pod.Newest = []string{"shop-2", "shop-1", "shop-0"}, nil
	require.Equal(t, []string{"shop-1"}, sc.rolling(3), "and it is refused")
	sc.o.Pod.Outdated, sc.o.Pod.Newest = []string{"shop-2"}, []string{"shop-1", "shop-0"}
	require.Equal(t, []string{"shop-2"}, slices.Compact(sc.rolling(30, "shop-1")))

	sc.o.Pod.Outdated, sc.o.Pod.Newest = nil, []string{"shop-2", "shop-1", "shop-0"}
	require.Empty(t, sc.rolling(30, "shop-2", "shop-1"))
	pod, _ := sc.s.Awaits()
	require.Empty(t, pod, "the last was refused, too, and nothing is left to do")
}
