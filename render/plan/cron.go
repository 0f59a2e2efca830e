package plan

import (
	"math/bits"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/spec"
)

// Cron is a schedule in UTC.
type Cron struct {
	spec.Cron
	five string
}

// Five is the form with five fields, as Kubernetes CronJobs read it.
func (c Cron) Five() string { return c.five }

// Six is the form with seconds in front that CloudNativePG reads. Its parser reads a five-field line too, shifted by one
// place, so that a daily backup becomes an hourly one: only this form may be given to it.
func (c Cron) Six() string { return "0 " + c.five }

// cron reads a schedule that the spec has checked.
func cron(s string) Cron {
	parsed, _ := spec.ParseCron(s)
	return Cron{parsed, strings.Join(strings.Fields(s), " ")}
}

// LongestGap is the longest time between two runs, over the four years from 2024 on, so that the 29th of February counts.
// ok is false for a schedule that does not run twice in that time.
func (c Cron) LongestGap() (gap time.Duration, ok bool) {
	first, last, within := c.inDay()
	const all = 1<<13 - 1<<1
	months := 4 * 12
	switch everyMonth := c.Month&all == all; {
	case everyMonth && c.AnyDay && c.AnyWeekday: // every day is like the next
		return max(24*time.Hour+first-last, within), true
	case everyMonth && c.AnyDay: // every week is
		months = 1
	}
	previous := time.Duration(-1)
	midnight, weekday := time.Duration(0), 1 // 2024-01-01 was a Monday
	for month := range months {
		for day := 1; day <= monthDays(month); day++ {
			if c.runsOn(month%12+1, day, weekday) {
				if previous >= 0 {
					gap, ok = max(gap, midnight+first-previous), true
				}
				if first != last {
					gap, ok = max(gap, within), true
				}
				previous = midnight + last
			}
			midnight, weekday = midnight+24*time.Hour, (weekday+1)%7
		}
	}
	return gap, ok
}

// monthDays is the length of a month, counted from January 2024.
func monthDays(month int) int {
	switch month % 12 {
	case 1:
		if month == 1 {
			return 29
		}
		return 28
	case 3, 5, 8, 10:
		return 30
	}
	return 31
}

// runsOn follows cron's rule: when both day fields are restricted, either may match.
func (c Cron) runsOn(month, day, weekday int) bool {
	if c.Month>>month&1 == 0 {
		return false
	}
	inMonth, inWeek := c.Day>>day&1 == 1, c.Weekday>>weekday&1 == 1
	if c.AnyDay || c.AnyWeekday {
		return inMonth && inWeek
	}
	return inMonth || inWeek
}

// inDay is the first run, the last run and the longest time between two runs of one day.
func (c Cron) inDay() (first, last, longest time.Duration) {
	first = -1
	for hours := c.Hour; hours != 0; hours &= hours - 1 {
		for minutes := c.Minute; minutes != 0; minutes &= minutes - 1 {
			at := time.Duration(bits.TrailingZeros64(hours))*time.Hour + time.Duration(bits.TrailingZeros64(minutes))*time.Minute
			if first < 0 {
				first = at
			} else {
				longest = max(longest, at-last)
			}
			last = at
		}
	}
	return first, last, longest
}
