// Package collector sets how often the garbage collector runs, before the packages that onggi links begin to initialise.
//
// Helm, client-go and the API server's CEL library make a few megabytes of tables when a program starts. With Go's own setting
// the collector runs several times over them, which was a quarter of the CPU time of every verb. Go initialises packages in
// the order of their import paths as soon as what they import is there, so main is too late for it, and this package imports
// as little as it can. GOGC in the environment still counts.
package collector

import (
	"os"
	"runtime/debug"
)

// Percent is how much the heap grows between two collections. What is alive is a few megabytes, so a fleet costs some 20 MiB
// more than with Go's 100, and a sixth less time.
const Percent = 400

// FleetPercent is the same for a large fleet, of which every folder's name is kept until all are written: times five, that would be what its memory grows
// by. It takes a tenth more CPU time, and a fourth less memory.
const FleetPercent = 200

// Fleet has the collector run as often as a large fleet wants it.
func Fleet() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(FleetPercent)
	}
}

var _ = relax()

func relax() int {
	if os.Getenv("GOGC") != "" {
		return 0
	}
	return debug.SetGCPercent(Percent)
}
