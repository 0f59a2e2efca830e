package trial

import (
	"fmt"
	"slices"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
)

// aMinute is the bound of redundancy where a fault has none of its own.
const aMinute = time.Minute

// Broken tells which invariants the runs of a fault broke. They hold for every fault: one writable primary, one claim, no
// acknowledged write lost that standbys were waited for, registers as of one copy, and a cluster that becomes whole by itself.
func Broken(f fault.Fault, runs []Result) []string {
	var broken []string
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	for _, r := range runs {
		if r.Trouble != "" {
			say("%s", r.Trouble)
		}
		if r.Dual > f.Expect.Thaw {
			say("two writable primaries for %s", milliseconds(r.Dual))
		}
		if r.DualClaims > 0 {
			say("two members claimed to be primary for %s", milliseconds(r.DualClaims))
		}
		if forgiven := !r.Sync && r.Stale <= f.Expect.Thaw; r.Stale > 0 && !forgiven {
			say("%d stale acknowledgements, for %s", r.StaleAcks, milliseconds(r.Stale))
		}
		if lost := r.LostRouted + r.LostDirect; lost > 0 && (r.Sync || f.Expect.NoLoss) {
			say("%d acknowledged writes lost", lost)
		}
		if r.Sync && len(r.Registers.Violated) > 0 {
			say("registers %v are not those of one copy", r.Registers.Violated)
		}
		// Where a busy machine lets an agent come back only after its permit has ended, postgres had to be killed.
		back := f.Expect.Back == 0 || r.Away <= f.Expect.Back
		if back && (f.Expect.Stays || f.Expect.Quiet) {
			if r.From != r.To {
				say("the primary moved from %s to %s", r.From, r.To)
			}
		}
		if f.Expect.Moves > 0 && r.Moves > f.Expect.Moves {
			say("the primary moved %d times", r.Moves)
		}
		if refused := r.Refused - r.Late; back && f.Expect.Quiet && refused > 0 {
			say("%d writes were not acknowledged", refused)
		}
	}
	slices.Sort(broken)
	return slices.Compact(broken)
}

// Exceeded tells which bounds the runs of a fault did not keep. Timings of a machine with other work say little.
func Exceeded(f fault.Fault, runs []Result) []string {
	var exceeded []string
	say := func(what string, got, bound time.Duration) {
		if bound > 0 && got > bound {
			exceeded = append(exceeded, fmt.Sprintf("%s %s > %s", what, seconds(got), seconds(bound)))
		}
	}
	var outages []time.Duration
	var whole time.Duration
	var away time.Duration
	late := 0
	for _, r := range runs {
		outages = append(outages, r.Outage)
		whole, away, late = max(whole, r.Whole), max(away, r.Away), late+r.Late
	}
	if len(outages) == 0 {
		return nil
	}
	say("median outage", Median(outages), f.Expect.Outage)
	say("longest outage", slices.Max(outages), f.Expect.OutageMax)
	say("agent back after", away, f.Expect.Back)
	if f.Expect.Quiet && late > 0 {
		exceeded = append(exceeded, fmt.Sprintf("%d writes were answered too late", late))
	}
	bound := f.Expect.Whole
	if bound == 0 {
		bound = aMinute
	}
	say("whole again after", whole, bound)
	return exceeded
}

// Median of durations; the lower one of two in the middle. Zero of none.
func Median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return sorted[(len(sorted)-1)/2]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
