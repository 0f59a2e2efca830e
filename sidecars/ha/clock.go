package ha

import "time"

// Instant is one reading of the two clocks that nobody can set: CLOCK_MONOTONIC_RAW, which no NTP slews, and CLOCK_BOOTTIME, which
// counts suspended time. Both are in nanoseconds since a start of their own, so instants of two machines must not be compared.
type Instant struct {
	Raw, Boot int64
}

// IsZero tells the instant that was never read.
func (t Instant) IsZero() bool { return t == Instant{} }

// AtMost is the most time that can have passed since earlier: what whoever must stop in time reckons with.
func (t Instant) AtMost(earlier Instant) time.Duration {
	return time.Duration(max(t.Raw-earlier.Raw, t.Boot-earlier.Boot))
}

// AtLeast is the time that has passed since earlier for certain: what whoever must wait reckons with.
func (t Instant) AtLeast(earlier Instant) time.Duration {
	return time.Duration(min(t.Raw-earlier.Raw, t.Boot-earlier.Boot))
}

// Add gives the instant d later on both clocks.
func (t Instant) Add(d time.Duration) Instant {
	return Instant{t.Raw + int64(d), t.Boot + int64(d)}
}

// since is for deadlines that are only about patience, where neither clock is the safer one. A zero instant is infinitely long ago.
func (t Instant) since(earlier Instant) time.Duration {
	if earlier.IsZero() {
		return 1 << 62
	}
	return t.AtMost(earlier)
}
