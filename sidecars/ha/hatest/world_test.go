package hatest_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/ha/hatest"
)

var seed = flag.Uint64("seed", 0, "the seed that TestSeed replays")

func TestANewClusterComesUpAndStaysAsItIs(t *testing.T) {
	for _, mode := range []ha.Mode{ha.Async, ha.Required, ha.Preferred} {
		for _, nodes := range []int{1, 2, 3, 5} {
			if mode == ha.Required && nodes == 1 {
				continue // no commit is acknowledged there
			}
			w := hatest.New(hatest.Options{Seed: *seed, Nodes: nodes, Mode: mode, Trace: 1})
			w.Heal(10 * time.Second)
			w.Run(10 * time.Minute)
			if v := w.Violation(); v != nil {
				t.Errorf("%s, %d nodes: %v\n%s", mode, nodes, v, tail(w.Lines(), 40))
				continue
			}
			s := w.Stats()
			t.Logf("%s %d nodes: %d events, %d steps, %d requests, %d acks", mode, nodes, s.Events, s.Steps, s.Requests, s.Acks)
			require.Greater(t, s.Acks, 100)
			require.Zero(t, s.Outages)
		}
	}
}
