package watch

import "time"

// debounce decides when to look at the files and when to believe what was seen. It owns no clock: times are handed in.
//
//	       event               due: look            in doubt
//	idle ─────────▶ waiting ────────────────▶ seen ──────────▶ waiting, until grace is over
//	                 ▲  │ event                │ no doubt
//	                 └──┘                      └──────────▶ believed: a cycle, and idle again
//
// A save is a burst of events. It is over when nothing happened for quiet; a burst that does not end is cut off after limit.
// A file that is gone, empty or open for writing when we look is in doubt: an editor may be in the middle of a save. Only
// when it has been so for grace is it meant.
type debounce struct {
	quiet, grace, limit time.Duration

	first time.Time            // the first event of this burst; zero when idle
	last  time.Time            // the last event, or the last look that left a doubt
	since map[string]time.Time // file in doubt → the look that first found it so
}

// A save that takes longer than doubtGrace between removing a file and writing it again is taken for a deletion. Something
// that writes all the time is looked at every burstLimit.
const (
	doubtGrace = 300 * time.Millisecond
	burstLimit = 2 * time.Second
)

func newDebounce(quiet time.Duration) *debounce {
	return &debounce{quiet: quiet, grace: max(doubtGrace, 2*quiet), limit: max(burstLimit, 4*quiet)}
}

// event notes that something happened.
func (d *debounce) event(now time.Time) {
	if d.first.IsZero() {
		d.first = now
	}
	d.last = now
}

// due is when to look; false when nothing happened.
func (d *debounce) due() (time.Time, bool) {
	if d.first.IsZero() {
		return time.Time{}, false
	}
	due := d.last.Add(d.quiet)
	for _, since := range d.since {
		due = earlier(due, since.Add(d.grace))
	}
	if len(d.since) == 0 {
		due = earlier(due, d.first.Add(d.limit))
	}
	return due, true
}

// seen takes the files that a look found in doubt, and reports whether to believe it as it is. If so the burst is over, and
// begun is when it began.
func (d *debounce) seen(now time.Time, doubts []string) (begun time.Time, believe bool) {
	since, believe := make(map[string]time.Time, len(doubts)), true
	for _, name := range doubts {
		at, known := d.since[name]
		if !known {
			at = now
		}
		since[name] = at
		believe = believe && now.Sub(at) >= d.grace
	}
	if believe {
		begun, d.first, d.since = d.first, time.Time{}, nil
		return begun, true
	}
	d.last, d.since = now, since
	return time.Time{}, false
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
