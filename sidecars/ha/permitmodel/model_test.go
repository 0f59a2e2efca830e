package permitmodel

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	two   = set(0b011) // a and b, c may join
	three = set(0b111)
	peers = set(0b110) // everyone but a
)

// A search that does not end within so many states is a failure, not a pass.
const limit = 14_000_000

// holds are the searches in which no two members may ever write. They are small, so that each goes to its end; together
// they pair every rule with the fault it is there for.
var holds = []Scenario{
	{Name: "async, three terms", Members: three, MaxTerm: 3},
	{Name: "async, two members", Members: two, MaxTerm: 3},
	{Name: "async, alone", Members: 1, MaxTerm: 3, Supervisors: 1, Sidecars: 1},
	{Name: "quorum, three terms", Members: three, W: 1, N: peers, MaxTerm: 3},
	{Name: "quorum of both", Members: three, W: 2, N: peers, MaxTerm: 3},
	{Name: "late and doubled beats", Members: two, MaxTerm: 2, SlowBeats: 1},
	{Name: "late writes of all kinds", Members: two, MaxTerm: 3, SlowWrites: 1},
	{Name: "sidecars, async", Members: two, MaxTerm: 2, Sidecars: 1},
	{Name: "sidecars, quorum", Members: three, W: 1, N: peers, MaxTerm: 2, Sidecars: 1},
	{Name: "supervisors", Members: three, MaxTerm: 2, Supervisors: 1},
	{Name: "add", Members: two, MaxTerm: 2, Changes: 1, SlowWrites: 1, Late: only(add)},
	{Name: "remove", Members: two, MaxTerm: 2, Changes: 1, SlowWrites: 1, Late: only(remove)},
	{Name: "publish", Members: three, W: 1, N: peers, MaxTerm: 2, Changes: 1},
	{Name: "release", Members: two, MaxTerm: 2, Release: true, SlowWrites: 1, Late: only(release)},
	{Name: "deleted", Members: two, MaxTerm: 3, Deletes: 1},
	{Name: "edited", Members: three, MaxTerm: 2, Edits: 1},
}

// holdsLong take minutes and some GB together.
var holdsLong = []Scenario{
	{Name: "sidecar and late take", Members: two, MaxTerm: 2, Sidecars: 1, SlowWrites: 1, Late: only(take)},
	{Name: "sidecars, async, three", Members: three, MaxTerm: 2, Sidecars: 1},
	{Name: "remove, of three", Members: three, MaxTerm: 2, Changes: 1, SlowWrites: 1, Late: only(remove)},
	{Name: "two late beats", Members: two, MaxTerm: 2, SlowBeats: 2},
	{Name: "late beats to three", Members: three, MaxTerm: 2, SlowBeats: 1},
	{Name: "publish, late", Members: three, W: 1, N: peers, MaxTerm: 2, Changes: 1, SlowWrites: 1, Late: only(publish)},
	{Name: "quorum, late beats", Members: three, W: 1, N: peers, MaxTerm: 2, SlowBeats: 1},
	{Name: "release, three terms", Members: two, MaxTerm: 3, Release: true, SlowWrites: 1, Late: only(refresh, release, take)},
	{Name: "supervisors, late writes", Members: two, MaxTerm: 3, Supervisors: 1, SlowWrites: 1, Late: only(refresh, take)},
	{Name: "three, late writes", Members: three, MaxTerm: 2, SlowWrites: 1},
	{Name: "deleted, three members", Members: three, MaxTerm: 3, Deletes: 1},
	{Name: "deleted twice", Members: two, MaxTerm: 3, Deletes: 2},
	{Name: "deleted, sidecars", Members: two, MaxTerm: 3, Deletes: 1, Sidecars: 1},
	{Name: "deleted, quorum", Members: three, W: 1, N: peers, MaxTerm: 3, Deletes: 1},
	{Name: "deleted, members change", Members: three, MaxTerm: 3, Deletes: 1, Changes: 1},
	{Name: "deleted twice, late create", Members: two, MaxTerm: 3, Deletes: 2, SlowWrites: 1, Late: only(create)},
	{Name: "two sidecars", Members: two, MaxTerm: 3, Sidecars: 2},
	{Name: "sidecar and supervisor", Members: three, MaxTerm: 2, Sidecars: 1, Supervisors: 1},
	{Name: "add, sidecars", Members: two, MaxTerm: 2, Changes: 1, Sidecars: 1, SlowWrites: 1, Late: only(add)},
}

func TestNoTwoMembersMayWrite(t *testing.T) {
	list := holds
	if os.Getenv("ONGGI_MODEL") == "long" {
		list = append(append([]Scenario{}, holds...), holdsLong...)
	}
	for _, sc := range list {
		t.Run(sc.Name, func(t *testing.T) {
			if os.Getenv("ONGGI_MODEL") != "long" {
				t.Parallel() // the long ones need the memory for themselves
			}
			r := Check(sc, Protocol{}, limit)
			t.Log(r)
			require.Empty(t, Story(r.Trace))
			require.True(t, r.Complete, "the search was cut short, which proves nothing")
		})
	}
}

// The bound is not only enough but needed: for every small choice of times the search agrees with the inequality.
func TestTheInequalityIsTight(t *testing.T) {
	for hold := 1; hold <= 3; hold++ {
		for kill := 0; kill <= 1; kill++ {
			for wait := 1; wait <= 5; wait++ {
				times := Times{Hold: hold, Kill: kill, Wait: wait}
				for _, sc := range []Scenario{
					{Members: three, MaxTerm: 2, Times: times},
					{Members: three, W: 1, N: peers, MaxTerm: 2, Times: times},
				} {
					r := Check(sc, Protocol{}, limit)
					require.Equal(t, times.Safe(), r.Complete, "%+v W=%d\n%s", times, sc.W, Story(r.Trace))
				}
			}
		}
	}
}

// The profiles of the agent, in milliseconds, with the kill latency that each allows for.
func TestProfilesAreSafe(t *testing.T) {
	for name, c := range map[string]struct {
		p    Profile
		want Times
	}{
		"fast":    {Profile{L: 5000, S: 700, Kill: 750, Rho: 10, Drift: 5, Of: 1000}, Times{Hold: 4272, Kill: 750, Wait: 5024}},
		"default": {Profile{L: 8000, S: 1000, Kill: 1080, Rho: 10, Drift: 5, Of: 1000}, Times{Hold: 6955, Kill: 1080, Wait: 8039}},
		"relaxed": {Profile{L: 20000, S: 2000, Kill: 2200, Rho: 10, Drift: 5, Of: 1000}, Times{Hold: 17890, Kill: 2200, Wait: 20099}},
		"crude":   {crude, Times{Hold: 2, Kill: 1, Wait: 4}},
	} {
		got := c.p.Times()
		require.Equal(t, c.want, got, name)
		require.True(t, got.Safe(), name)
		got.Kill = got.Wait - got.Hold
		require.False(t, got.Safe(), "%s: a kill that takes all the slack is too slow", name)
	}
}
