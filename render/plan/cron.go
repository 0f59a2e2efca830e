package plan

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cron is a schedule of five fields in UTC, as Kubernetes CronJobs read it.
type Cron struct {
	five                           string
	minutes, hours, days, weekdays []bool
	months                         []bool
	anyDay, anyWeekday             bool
}

// Five is the five-field form.
func (c Cron) Five() string { return c.five }

// Six is the form with seconds in front that CloudNativePG reads. Its parser reads a five-field line too, shifted by one
// place, so that a daily backup becomes an hourly one: only this form may be given to it.
func (c Cron) Six() string { return "0 " + c.five }

// ParseCron reads five fields. The spec's own check has already said what is wrong with a bad one, so an error is only
// "not a schedule".
func ParseCron(s string) (Cron, bool) {
	fields := strings.Fields(s)
	if len(fields) != 5 {
		return Cron{}, false
	}
	c := Cron{five: strings.Join(fields, " ")}
	var ok [5]bool
	c.minutes, ok[0] = cronField(fields[0], 0, 59, nil)
	c.hours, ok[1] = cronField(fields[1], 0, 23, nil)
	c.days, ok[2] = cronField(fields[2], 1, 31, nil)
	c.months, ok[3] = cronField(fields[3], 1, 12, monthNames)
	c.weekdays, ok[4] = cronField(fields[4], 0, 6, dayNames)
	c.anyDay, c.anyWeekday = strings.HasPrefix(fields[2], "*"), strings.HasPrefix(fields[4], "*")
	return c, !slices.Contains(ok[:], false)
}

var (
	monthNames = []string{"", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	dayNames   = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

func cronField(field string, low, high int, names []string) ([]bool, bool) {
	set := make([]bool, high+1)
	for part := range strings.SplitSeq(field, ",") {
		body, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 {
				return nil, false
			}
			step = n
		}
		from, to := low, high
		if body != "*" {
			a, b, ranged := strings.Cut(body, "-")
			n, ok := cronNumber(a, low, high, names)
			if !ok {
				return nil, false
			}
			from, to = n, n
			if ranged {
				if to, ok = cronNumber(b, low, high, names); !ok {
					return nil, false
				}
			} else if stepped {
				to = high
			}
		}
		for i := from; i <= to; i += step {
			set[i] = true
		}
	}
	return set, slices.Contains(set, true)
}

func cronNumber(s string, low, high int, names []string) (int, bool) {
	if i := slices.Index(names, strings.ToLower(s)); i >= 0 && s != "" {
		return i, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= low && n <= high
}

// LongestGap is the longest time between two runs, over the four years from 2024 on, so that the 29th of February counts.
// ok is false for a schedule that does not run twice in that time.
func (c Cron) LongestGap() (gap time.Duration, ok bool) {
	first, last, within := c.inDay()
	previous := time.Duration(-1)
	midnight, weekday := time.Duration(0), 1 // 2024-01-01 was a Monday
	for month := range 4 * 12 {
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
	if !c.months[month] {
		return false
	}
	if c.anyDay || c.anyWeekday {
		return c.days[day] && c.weekdays[weekday]
	}
	return c.days[day] || c.weekdays[weekday]
}

// inDay is the first run, the last run and the longest time between two runs of one day.
func (c Cron) inDay() (first, last, longest time.Duration) {
	first = -1
	for h := range c.hours {
		for m := range c.minutes {
			if !c.hours[h] || !c.minutes[m] {
				continue
			}
			at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
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
