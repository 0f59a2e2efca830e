package hatest_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha/hatest"
)

var (
	seeds = flag.Uint64("seeds", 200, "how many seeds TestSwarm runs")
	from  = flag.Uint64("from", 1, "the first of them")
	level = flag.Int("tell", 2, "how much TestSeed tells: 1 what happens, 2 every action, 3 every step")
)

func tail(lines []string, n int) string { return strings.Join(lines[max(0, len(lines)-n):], "\n") }

// TestSeed replays a seed with its trace; -seed 0 replays nothing.
func TestSeed(t *testing.T) {
	if *seed == 0 {
		t.Skip("no -seed")
	}
	if *shrink {
		shrunk(t, *seed)
		return
	}
	w := hatest.Seed(*seed, hatest.Core{}, *level)
	fmt.Fprintln(os.Stdout, strings.Join(w.Lines(), "\n"))
	if v := w.Violation(); v != nil {
		t.Error(v)
	}
}

func TestSwarm(t *testing.T) { swarm(t, "TestSeed", hatest.Seed) }

// The same of standby clusters: nobody writes before the record says that the cluster is one of its own, and then all that holds of any other holds.
func TestSwarmOfStandbyClusters(t *testing.T) { swarm(t, "TestStandbySeed", hatest.StandbySeed) }

func TestStandbySeed(t *testing.T) {
	if *seed == 0 {
		t.Skip("no -seed")
	}
	w := hatest.StandbySeed(*seed, hatest.Core{}, *level)
	fmt.Fprintln(os.Stdout, strings.Join(w.Lines(), "\n"))
	if v := w.Violation(); v != nil {
		t.Error(v)
	}
}

func swarm(t *testing.T, again string, play func(uint64, hatest.Core, int) *hatest.World) {
	var (
		mu     sync.Mutex
		total  hatest.Stats
		failed []*hatest.Violation
		next   = *from
		group  sync.WaitGroup
	)
	began := time.Now()
	for range 2 {
		group.Go(func() {
			var mine hatest.Stats
			for {
				mu.Lock()
				s := next
				next++
				mu.Unlock()
				if s >= *from+*seeds {
					break
				}
				w := play(s, hatest.Core{}, 0)
				mine.Add(w.Stats())
				if v := w.Violation(); v != nil {
					mu.Lock()
					failed = append(failed, v)
					mu.Unlock()
				}
			}
			mu.Lock()
			total.Add(&mine)
			mu.Unlock()
		})
	}
	group.Wait()
	fmt.Printf("%d seeds in %.1fs\n%s", *seeds, time.Since(began).Seconds(), total.Table(time.Since(began)))
	for _, v := range failed {
		t.Error(v)
	}
	require.Empty(t, failed, "replay one: go test ./sidecars/ha/hatest -run %s -seed N -v", again)
}
