package permitmodel

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the stories in testdata again")

type mutant struct {
	name string
	p    Protocol
	sc   Scenario
}

// mutants are the rules, each taken away alone, and where its absence shows. Each must lead to two writers.
var mutants = []mutant{
	{"deadline from response", Protocol{DeadlineFromResponse: true}, Scenario{Members: two, MaxTerm: 2, SlowBeats: 1}},
	{"promise by wall clock", Protocol{PromiseByWallClock: true}, Scenario{Members: two, MaxTerm: 2}},
	{"no amnesia wait", Protocol{NoAmnesiaWait: true}, Scenario{Members: three, W: 1, N: peers, MaxTerm: 2, Sidecars: 1}},
	{"create at once", Protocol{CreateNamesHolder: true, MembersMayCreate: true, CreateAtOnce: true}, Scenario{Members: three, MaxTerm: 2, Deletes: 1}},
	{"remove before CAS", Protocol{RemoveBeforeCAS: true}, Scenario{Members: three, MaxTerm: 2, SlowWrites: 1, Late: only(remove), Changes: 1}},
	{"add before grant", Protocol{AddBeforeGrant: true}, Scenario{Members: two, MaxTerm: 2, Changes: 1}},
	{"vote in promise", Protocol{VoteInPromise: true}, Scenario{Members: three, MaxTerm: 2}},
	{"vote in promise, quorum", Protocol{VoteInPromise: true}, Scenario{Members: three, W: 1, N: peers, MaxTerm: 2}},
	{"challenger's L is shorter", Protocol{ShortWait: true}, Scenario{Members: three, MaxTerm: 2}},
	{"R = W", Protocol{SmallR: true}, Scenario{Members: three, W: 1, N: peers, MaxTerm: 2}},
	{"adopt by pod name", Protocol{AdoptByPodName: true}, Scenario{Members: three, MaxTerm: 2}},
	{"no slack", Protocol{NoSlack: true}, Scenario{Members: three, MaxTerm: 2}},
	{"permit outlives instance", Protocol{PermitOutlivesInstance: true}, Scenario{Members: three, MaxTerm: 2, Supervisors: 1}},
	{"proof by pod phase", Protocol{ProofByPhase: true}, Scenario{Members: three, MaxTerm: 2, Phases: 1}},
	{"promise of its term only", Protocol{PromiseOfItsTermOnly: true}, Scenario{Members: three, W: 1, N: peers, MaxTerm: 3, Deletes: 1}},
	{"unknown is no, add", Protocol{UnknownIsNo: true}, Scenario{Members: two, MaxTerm: 2, SlowWrites: 1, Late: only(add), Changes: 1}},
	{"unknown is no, publish", Protocol{UnknownIsNo: true}, Scenario{Members: three, W: 1, N: peers, MaxTerm: 2, SlowWrites: 1, Late: only(publish), Changes: 1}},
	{"quorum of the known N", Protocol{CachedSyncOnly: true}, Scenario{Members: three, W: 1, N: peers, MaxTerm: 2, SlowWrites: 1, Late: only(publish), Changes: 1}},

	// What the design did not say.
	{"vote forgotten", Protocol{VoteForgotten: true}, Scenario{Members: two, MaxTerm: 2, Sidecars: 1}},
	{"vote forgotten, quorum", Protocol{VoteForgotten: true}, Scenario{Members: three, W: 1, N: peers, MaxTerm: 2, Sidecars: 1}},
	{"unfenced after release", Protocol{UnfencedPeers: true}, Scenario{Members: two, MaxTerm: 2, SlowWrites: 1, Late: only(release), Release: true}},
	{"late answer after release", Protocol{LateAnswers: true}, Scenario{Members: two, MaxTerm: 2, Release: true, SlowWrites: 1, Late: only(refresh)}},
	{"lapsed holder creates", Protocol{LapsedMayCreate: true, CreateNamesHolder: true}, Scenario{Members: two, MaxTerm: 3, Deletes: 1}},
	{"removed member creates", Protocol{MembersMayCreate: true}, Scenario{Members: three, MaxTerm: 3, Deletes: 1, Changes: 1}},
	{"removed member waits and creates", Protocol{MembersMayCreate: true, CreateNamesHolder: true}, Scenario{Members: three, MaxTerm: 2, Deletes: 1, Changes: 1}},
}

// mutantsLong need about a million states to be looked at.
var mutantsLong = []mutant{
	{"unfenced after restart", Protocol{UnfencedPeers: true}, Scenario{Members: two, MaxTerm: 2, SlowWrites: 1, Late: only(add), Sidecars: 1, Changes: 1}},
	{"create names holder, late", Protocol{CreateNamesHolder: true}, Scenario{Members: two, MaxTerm: 3, Deletes: 2, SlowWrites: 1, Late: only(create)}},
}

func TestEveryMutantIsFound(t *testing.T) {
	list := mutants
	if os.Getenv("ONGGI_MODEL") == "long" {
		list = append(append([]mutant{}, mutants...), mutantsLong...)
	}
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := Check(c.sc, c.p, limit)
			t.Log(r)
			require.NotEmpty(t, r.Trace, "nothing is lost without this rule: is it modelled?")
			story := Story(r.Trace)
			file := filepath.Join("testdata", strings.NewReplacer(" ", "-", ",", "", "'", "", "=", "is").Replace(strings.ToLower(c.name))+".txt")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(story), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), story)
		})
	}
}

// Some things look like mutants and are none, by a search to its end. They are kept so that nobody adds a rule for them.
func TestNotNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		p  Protocol
		sc Scenario
	}{
		// A promise is a time, whatever its term. As long as that is so, a grant is worth what it was after the Lease was lost.
		"grants outlive the Lease": {Protocol{GrantsOutliveLease: true}, Scenario{Members: two, MaxTerm: 3, Deletes: 1}},
		// Who wants to take has to see a version unchanged for a whole wait after its start. Only a voter needs the other one.
		"amnesia wait of a challenger": {Protocol{NoAmnesiaWait: true}, Scenario{Members: two, MaxTerm: 2, Sidecars: 1}},
		// As long as nobody was removed.
		"only the holder creates": {Protocol{MembersMayCreate: true}, Scenario{Members: two, MaxTerm: 3, Deletes: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Check(c.sc, c.p, limit)
			t.Log(r)
			require.Empty(t, Story(r.Trace))
			require.True(t, r.Complete)
		})
	}
}
