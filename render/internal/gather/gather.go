// Package gather makes the parts of a list on two cores.
package gather

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/onggi-db/onggi/render/manifest"
)

// Objects are those of every part, in the order of the parts. The caller makes them from the last one on; another goroutine from the
// first one on, until they meet. Whoever comes late takes less: a core that sleeps needs as long to wake up as a quarter of all
// objects of a cluster take, and on one core the caller makes nearly all of them itself. Parts must not depend on each other;
// the largest is best the last.
func Objects(parts ...func() []manifest.Object) []manifest.Object {
	made := make([][]manifest.Object, len(parts))
	taken := make([]atomic.Bool, len(parts))
	var left sync.WaitGroup
	left.Add(len(parts))
	take := func(i int) {
		if taken[i].CompareAndSwap(false, true) {
			made[i] = parts[i]()
			left.Done()
		}
	}
	go func() {
		for i := range parts {
			take(i)
		}
	}()
	for i := len(parts) - 1; i >= 0; i-- {
		take(i)
	}
	left.Wait()
	return slices.Concat(made...)
}
