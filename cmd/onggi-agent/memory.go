package main

import (
	"runtime"
	"runtime/debug"
)

// slim makes the sidecar small and quiet: it allocates little and lives long, so collecting often costs next to nothing, and with one
// processor no thread is woken to look for work that is not there. What blocks in the kernel holds up no other goroutine.
func slim() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(30)
	debug.SetMemoryLimit(16 << 20)
}
