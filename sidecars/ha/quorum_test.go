package ha

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// law I17: any set of standbys that is enough for an acknowledgement, and any that is enough for an election, share one.
func intersects(published, inforce setting, names []string) bool {
	if published.W == 0 {
		return true // nobody is elected
	}
	if inforce.W == 0 {
		return false // acknowledged by nobody, elected by some
	}
	mask := func(of []string) (m uint) {
		for i, n := range names {
			if slices.Contains(of, n) {
				m |= 1 << i
			}
		}
		return m
	}
	p, e := mask(published.Of), mask(inforce.Of)
	r := len(published.Of) - published.W + 1
	for acks := range uint(1) << len(names) {
		if acks&^e != 0 || bits.OnesCount(acks) != inforce.W {
			continue
		}
		for votes := range uint(1) << len(names) {
			if votes&^p == 0 && bits.OnesCount(votes) == r && votes&acks == 0 {
				return false
			}
		}
	}
	return true
}

func TestEveryTransitionKeepsVotesAndAcknowledgementsTogether(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	r := rand.New(rand.NewPCG(1, 2))
	some := func() setting {
		var of []string
		for _, n := range names {
			if r.IntN(2) == 0 {
				of = append(of, n)
			}
		}
		if len(of) == 0 {
			return setting{}
		}
		return setting{1 + r.IntN(len(of)), of}
	}
	steps := 0
	for range 20_000 {
		published, inforce, idle := setting{}, some(), setting{1, []string{Blocked}}
		for range 3 { // wishes that change before they are reached
			wanted := some()
			for range r.IntN(12) {
				publish, apply := transition(published, inforce, wanted, idle, r.IntN(3) > 0)
				require.False(t, publish != nil && apply != nil, "one change at a time")
				if publish != nil {
					published = *publish
				}
				if apply != nil {
					inforce = *apply
				}
				require.True(t, intersects(published, inforce, append(names, Blocked)), "published %v, in force %v, wanted %v", published, inforce, wanted)
				steps++
			}
		}
	}
	t.Logf("%d changes", steps)
}

func TestATransitionEndsAtWhatIsWanted(t *testing.T) {
	idle := setting{}
	ab, bc, abc2 := setting{1, []string{"a", "b"}}, setting{1, []string{"b", "c"}}, setting{2, []string{"a", "b", "c"}}
	for _, from := range []setting{{}, ab, bc, abc2} {
		for _, to := range []setting{{}, ab, bc, abc2} {
			published, inforce := from, from
			changes := 0
			for ; changes < 10; changes++ {
				publish, apply := transition(published, inforce, to, idle, true)
				if publish == nil && apply == nil {
					break
				}
				if publish != nil {
					published = *publish
				}
				if apply != nil {
					inforce = *apply
				}
			}
			require.Equal(t, to, published, "from %v", from)
			require.Equal(t, to, inforce, "from %v", from)
			require.Less(t, changes, 6)
		}
	}
}

func TestNothingIsPublishedUnconfirmed(t *testing.T) {
	ab := setting{1, []string{"a", "b"}}
	b := setting{1, []string{"b"}}
	publish, apply := transition(setting{}, ab, ab, setting{}, false)
	require.Nil(t, publish, "acknowledged before the setting was in force: only the holder has it for certain")
	require.Nil(t, apply)
	publish, apply = transition(ab, b, b, setting{}, false)
	require.Nil(t, publish, "what only a acknowledged must be on b before a leaves")
	require.Nil(t, apply)
}

// A write that narrows what is published may be applied long after it was sent. A server that is started meanwhile waits for no other standbys than
// those.
func TestAServerStartsAsStrictAsAnythingThatMayBePublished(t *testing.T) {
	published := func(w int, of ...string) *Record {
		return &Record{Mode: Required, Members: []Member{alpha, bravo, carol}, Sync: Quorum{W: w, Of: of}}
	}
	of := func(seen *Record, underWay ...*Record) SyncSetting {
		sc := holder()
		d := step{State: &sc.s, o: &sc.o, c: &sc.c, rec: seen}
		d.inflight = nil
		for _, r := range underWay {
			d.inflight = append(d.inflight, flight{Base: "100", Record: *r})
		}
		s := d.firstSync()
		return SyncSetting{W: s.W, Names: s.Names}
	}
	both := published(1, "vb", "vc")
	require.Equal(t, SyncSetting{W: 1, Names: []string{"shop-1", "shop-2"}}, of(both))
	require.Equal(t, SyncSetting{W: 1, Names: []string{"shop-1"}}, of(both, published(1, "vb")))
	require.Equal(t, SyncSetting{W: 2, Names: []string{"shop-1", "shop-2"}}, of(both, published(2, "vb", "vc")))
	require.Equal(t, SyncSetting{W: 1, Names: []string{"shop-2"}}, of(published(0), published(1, "vc")), "only the holder may lead, or who has what shop-2 has")
	require.Equal(t, SyncSetting{W: 1, Names: []string{Blocked}}, of(published(1, "vb"), published(1, "vc")), "nothing is strict enough for both")
}
