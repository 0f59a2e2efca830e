package spec

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Cron is a schedule of five fields, in UTC. Each field is a set of numbers: bit n is number n.
type Cron struct {
	Minute, Hour, Day, Month, Weekday uint64
	// AnyDay and AnyWeekday are true where the field is *. If neither is, a day counts that either of them names.
	AnyDay, AnyWeekday bool
}

// cronField is one of the five.
type cronField struct {
	name     string
	min, max int
	words    string // three letters for each number from min on
}

var cronFields = [...]cronField{
	{"minute", 0, 59, ""}, {"hour", 0, 23, ""}, {"day of the month", 1, 31, ""},
	{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}, {"day of the week", 0, 6, "SUNMONTUEWEDTHUFRISAT"},
}

// ParseCron reads a schedule of five fields. The error says what is wrong with which of them.
func ParseCron(s string) (Cron, error) {
	fields := strings.Fields(s)
	if len(fields) != len(cronFields) {
		return Cron{}, fmt.Errorf("it has %d fields in place of 5", len(fields))
	}
	var sets [len(cronFields)]uint64
	for i, f := range cronFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			set, err := f.parse(part)
			if err != nil {
				return Cron{}, fmt.Errorf("%s %q: %w", f.name, part, err)
			}
			sets[i] |= set
		}
	}
	c := Cron{Minute: sets[0], Hour: sets[1], Day: sets[2], Month: sets[3], Weekday: sets[4], AnyDay: fields[2] == "*", AnyWeekday: fields[4] == "*"}
	if c.AnyWeekday && !c.happens() {
		return Cron{}, fmt.Errorf("none of these months has such a day")
	}
	return c, nil
}

// happens reports whether any of the months has any of the days.
func (c Cron) happens() bool {
	last := [...]int{1: 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	for month := 1; month <= 12; month++ {
		if c.Month>>month&1 == 1 && bits.TrailingZeros64(c.Day) <= last[month] {
			return true
		}
	}
	return false
}

// parse reads one of the comma-separated parts of a field: *, 5, 1-5, */10, 10-50/5 or MON-FRI.
func (f cronField) parse(part string) (uint64, error) {
	span, stepText, stepped := strings.Cut(part, "/")
	low, high := f.min, f.max
	switch first, last, ranged := strings.Cut(span, "-"); {
	case span == "*":
	case span == "?":
		return 0, fmt.Errorf("write * for any")
	default:
		var err error
		if low, err = f.number(first); err != nil {
			return 0, err
		}
		if high = low; ranged {
			if high, err = f.number(last); err != nil {
				return 0, err
			}
		} else if stepped {
			high = f.max
		}
		if high < low {
			return 0, fmt.Errorf("a range goes from the smaller to the larger")
		}
	}
	step := 1
	if stepped {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 {
			return 0, fmt.Errorf("a step is a number from 1 on")
		}
		if n > f.max-f.min {
			return 0, fmt.Errorf("a step beyond %d starts again with every round: it would run at %d only", f.max-f.min, low)
		}
		step = n
	}
	var set uint64
	for n := low; n <= high; n += step {
		set |= 1 << n
	}
	return set, nil
}

func (f cronField) number(s string) (int, error) {
	if n, err := strconv.Atoi(s); err == nil && s[0] != '+' && s[0] != '-' {
		if n >= f.min && n <= f.max {
			return n, nil
		}
		if n == 7 && f.max == 6 {
			return 0, fmt.Errorf("write 0 for Sunday")
		}
		return 0, fmt.Errorf("it goes from %d to %d", f.min, f.max)
	}
	if i := strings.Index(f.words, strings.ToUpper(s)); len(s) == 3 && i >= 0 && i%3 == 0 {
		return f.min + i/3, nil
	}
	if f.words != "" {
		return 0, fmt.Errorf("it is a number from %d to %d or a name such as %s", f.min, f.max, f.words[3:6])
	}
	return 0, fmt.Errorf("it is a number from %d to %d", f.min, f.max)
}

func checkCron(s string) *violation {
	const sample = `write five fields such as "0 3 * * *": minute, hour, day of the month, month, day of the week`
	fields := strings.Fields(s)
	switch {
	case len(fields) > 0 && strings.HasPrefix(fields[0], "@"):
		return checkMacro(s)
	case len(fields) > 0 && (strings.HasPrefix(fields[0], "TZ=") || strings.HasPrefix(fields[0], "CRON_TZ=")):
		return &violation{codeCron, fmt.Sprintf("%q has a time zone", s), "not every backend knows zones, and a night with a clock change runs twice or never",
			fmt.Sprintf("write the time in UTC, without the zone: %q at UTC", strings.Join(fields[1:], " "))}
	case len(fields) == 6:
		v := &violation{codeCron, fmt.Sprintf("%q has six fields", s), "the first is seconds to one operator and minutes to another; onggi writes each backend's own form", ""}
		five := strings.Join(fields[1:], " ")
		if strings.ContainsAny(strings.Join(fields[1:], ""), "?") {
			five = strings.ReplaceAll(five, "?", "*")
		}
		if v.fix = sample; checkCron(five) == nil {
			v.fix = "write " + strconv.Quote(five)
		}
		return v
	}
	if _, err := ParseCron(s); err != nil {
		v := &violation{codeCron, fmt.Sprintf("%q is not a schedule: %v", s, err), "the backups would never run", sample}
		if fixed := strings.Join(fields, " "); len(fields) == 5 {
			if right := fixCron(fixed); right != "" {
				v.fix = "write " + strconv.Quote(right)
			}
		}
		return v
	}
	return nil
}

// fixCron writes ? as * and the seventh day as 0.
func fixCron(s string) string {
	fields := strings.Fields(strings.ReplaceAll(s, "?", "*"))
	if fields[4] == "7" {
		fields[4] = "0"
	}
	if right := strings.Join(fields, " "); right != s {
		if _, err := ParseCron(right); err == nil {
			return right
		}
	}
	return ""
}

func checkMacro(s string) *violation {
	v := &violation{codeCron, fmt.Sprintf("%s is a word of one cron only", s), "not every backend knows it", "write five fields"}
	macros := map[string]string{"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
		"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *"}
	if five := macros[s]; five != "" {
		v.fix = "write " + strconv.Quote(five)
	}
	return v
}
