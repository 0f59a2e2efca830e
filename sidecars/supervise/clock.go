package supervise

import (
	"time"

	"golang.org/x/sys/unix"
)

// instant is a moment on both clocks that nobody can set: CLOCK_MONOTONIC_RAW, which no NTP slew bends, and
// CLOCK_BOOTTIME, which goes on while the machine is suspended. Neither is right alone.
type instant struct{ raw, boot time.Duration }

// systemClock reads both clocks. They cannot fail on a kernel that Go runs on; if one did, it reads zero and every deadline on
// the other still holds.
func systemClock() instant {
	return instant{raw: read(unix.CLOCK_MONOTONIC_RAW), boot: read(unix.CLOCK_BOOTTIME)}
}

func read(clock int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

func (i instant) plus(d time.Duration) instant { return instant{raw: i.raw + d, boot: i.boot + d} }

// since is the larger of the two elapsed times: for deadlines, the clock that ran further is believed.
func (i instant) since(then instant) time.Duration { return max(i.raw-then.raw, i.boot-then.boot) }

// pause sleeps on CLOCK_BOOTTIME, so that it ends at once after a suspend that was longer than d.
func pause(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	// An interrupted sleep ends early, and everybody who calls this looks at the clock again.
	_ = unix.ClockNanosleep(unix.CLOCK_BOOTTIME, 0, &t, nil)
}
