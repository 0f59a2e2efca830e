package main

import "runtime/debug"

// limitMemory keeps the sidecar small: it allocates little and lives long, so collecting often costs next to nothing.
func limitMemory() {
	debug.SetGCPercent(40)
	debug.SetMemoryLimit(24 << 20)
}
