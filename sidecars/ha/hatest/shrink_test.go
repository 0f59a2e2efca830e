package hatest_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/onggi-db/onggi/sidecars/ha/hatest"
)

var shrink = flag.Bool("shrink", false, "have TestSeed take away the faults that are not needed")

// shrunk is a seed's smallest schedule, with its trace.
func shrunk(t *testing.T, seed uint64) {
	o, faults := hatest.Swarm(seed)
	o.Trace = *level
	left, w := hatest.Shrink(o, faults)
	fmt.Fprintln(os.Stdout, strings.Join(w.Lines(), "\n"))
	t.Logf("%d of %d faults are needed, %+v", len(left), len(faults), o)
	for _, f := range left {
		t.Log(f)
	}
	if v := w.Violation(); v != nil {
		t.Error(v)
	}
}
