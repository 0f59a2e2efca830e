package agent

import (
	"github.com/onggi-db/onggi/sidecars/ha"
	"golang.org/x/sys/unix"
)

// SystemClock reads CLOCK_MONOTONIC_RAW and CLOCK_BOOTTIME. Neither can fail on a kernel that this program starts on.
func SystemClock() ha.Instant {
	return ha.Instant{Raw: read(unix.CLOCK_MONOTONIC_RAW), Boot: read(unix.CLOCK_BOOTTIME)}
}

func read(clock int32) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		panic("the kernel has no monotonic clock: " + err.Error()) // nothing could be promised
	}
	return t.Nano()
}
