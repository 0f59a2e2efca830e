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

func TestSwarm(t *testing.T) {
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
				w := hatest.Seed(s, hatest.Core{}, 0)
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
	require.Empty(t, failed, "replay one: go test ./sidecars/ha/hatest -run TestSeed -seed N -v")
}
