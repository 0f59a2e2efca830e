package ha

import (
	"testing"
	"time"
)

// A night of simulation is made of these: a quiet member's step must cost about a microsecond.
func BenchmarkStep(b *testing.B) {
	run := func(sc *scene) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			var out []Action
			for b.Loop() {
				sc.o.Now = sc.o.Now.Add(10 * time.Microsecond)
				out = sc.s.Advance(&sc.o, &sc.c, out[:0])
			}
		}
	}
	b.Run("follower", run(follower()))
	b.Run("holder", run(holder()))
}
