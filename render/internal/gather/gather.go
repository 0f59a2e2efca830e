// Package gather makes the parts of a list on two cores.
package gather

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/onggi-db/onggi/render/manifest"
)

// Part makes some objects. Parts of one list do not depend on each other.
type Part = func() []manifest.Object

// Helper is a second goroutine, until somebody has it Leave.
type Helper struct{ work chan func() }

// Call wakes a helper. A core that sleeps takes about as long to come as a quarter of all objects of a cluster take to make, so it
// is called before there is anything to do for it.
func Call() Helper {
	h := Helper{make(chan func(), 1)}
	go func() {
		for work := range h.work {
			work()
		}
	}()
	return h
}

// Leave sends the helper away.
func (h Helper) Leave() { close(h.work) }

// Objects are those of every part, in the order of the parts. The caller makes them from the last one on, the helper from the first
// one on, until they meet: whoever comes late finds less to do, and on one core the caller makes nearly all of them itself. The
// largest part is best the last.
func (h Helper) Objects(parts ...Part) []manifest.Object {
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
	h.work <- func() {
		for i := range parts {
			take(i)
		}
	}
	for i := len(parts) - 1; i >= 0; i-- {
		take(i)
	}
	left.Wait()
	return slices.Concat(made...)
}
