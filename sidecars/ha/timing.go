package ha

import (
	"fmt"
	"time"
)

// Timing holds the constants of the permit. With L the window, the holder of the record may write until
// L·(1-Drift) - Margin after it sent what was granted; nobody else may write before L·(1+Drift) after that was received. The
// difference, less what two clocks may run apart, is the time a kill may take: see Slack.
type Timing struct {
	// Window is L, the life of a grant and of a refresh of the record.
	Window time.Duration
	// Drift is how much two clocks that count the same second may differ, as a fraction.
	Drift float64
	// Margin is taken off every permit, for the kill.
	Margin time.Duration
	// Beat is the time between two beats; BeatTimeout is how long an answer is waited for.
	Beat, BeatTimeout time.Duration
	// Lazy and Eager are the times between two refreshes of the record: while every peer grants, and as soon as one does not.
	Lazy, Eager time.Duration
	// WriteTimeout is how long a write of the record is waited for.
	WriteTimeout time.Duration
}

// The profiles. Their arithmetic stands in docs/agent.md.
var (
	fast = Timing{Window: 5 * time.Second, Drift: 0.01, Margin: 700 * time.Millisecond, Beat: time.Second, BeatTimeout: 500 * time.Millisecond,
		Lazy: 10 * time.Second, Eager: 1200 * time.Millisecond, WriteTimeout: time.Second}
	standard = Timing{Window: 8 * time.Second, Drift: 0.01, Margin: time.Second, Beat: 2 * time.Second, BeatTimeout: time.Second,
		Lazy: 10 * time.Second, Eager: 2 * time.Second, WriteTimeout: 1500 * time.Millisecond}
	relaxed = Timing{Window: 20 * time.Second, Drift: 0.01, Margin: 2 * time.Second, Beat: 5 * time.Second, BeatTimeout: 2 * time.Second,
		Lazy: 15 * time.Second, Eager: 5 * time.Second, WriteTimeout: 3 * time.Second}
)

// Profile gives the timing of a name: fast, default or relaxed.
func Profile(name string) (Timing, bool) {
	switch name {
	case "fast":
		return fast, true
	case "", "default":
		return standard, true
	case "relaxed":
		return relaxed, true
	}
	return Timing{}, false
}

// Holds is how long a grant lasts for the holder, counted from before it asked.
func (t Timing) Holds() time.Duration { return scale(t.Window, 1-t.Drift) }

// Waits is how long a promise binds whoever gave it, and how long an unchanged record must be watched before it may be taken.
func (t Timing) Waits() time.Duration { return scale(t.Window, 1+t.Drift) }

// Forces is how long a member that leads by a person's word alone watches the record in which it said so: no vote tells it that the holder's
// permit is over, so a holder that sees the record at all must have seen it, at the latest when its next refresh was refused.
func (t Timing) Forces(waits time.Duration) time.Duration {
	if waits > t.Waits() {
		t = relaxed // the holder counts with a longer window than we do, and refreshes as seldom as any
	}
	return max(waits, scale(t.Lazy+3*t.WriteTimeout, 1+t.Drift))
}

// rate is how far a clock may run from the true second: half of Drift.
func (t Timing) rate() float64 { return t.Drift / 2 }

// Slack is the longest a kill may take, from the deadline to the last process, with both clocks at their worst.
func (t Timing) Slack() time.Duration {
	earliest := scale(t.Waits(), 1/(1+t.rate()))
	latest := scale(t.Holds()-t.Margin, 1/(1-t.rate()))
	return earliest - latest
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// Validate tells what is wrong with a timing; an agent must not run with it.
func (t Timing) Validate() error {
	switch {
	case t.Window < 4*time.Second:
		return fmt.Errorf("window is %v: under 4s a busy machine alone would fence its primary", t.Window)
	case t.Drift < 0.001 || t.Drift > 0.1:
		return fmt.Errorf("drift is %v: between 0.001 and 0.1 are clocks one meets", t.Drift)
	case t.Slack() < 500*time.Millisecond:
		return fmt.Errorf("a kill would have %v until another member may write: at least 500ms is needed, so raise margin", t.Slack().Round(time.Millisecond))
	case t.Beat <= 0 || t.BeatTimeout <= 0 || t.Beat+t.BeatTimeout > t.Window/2:
		return fmt.Errorf("beat and its timeout take %v: more than half of the window %v, so one lost beat would end the permit", t.Beat+t.BeatTimeout, t.Window)
	case t.Eager <= 0 || t.WriteTimeout <= 0 || t.Eager+t.WriteTimeout > t.Window/2:
		return fmt.Errorf("eager refresh and its timeout take %v: more than half of the window %v", t.Eager+t.WriteTimeout, t.Window)
	case t.Lazy < t.Eager:
		return fmt.Errorf("lazy refresh %v is more frequent than the eager one %v", t.Lazy, t.Eager)
	}
	return nil
}
