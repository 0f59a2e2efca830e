package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// units of a duration, the longest first.
var units = [...]struct {
	name string
	len  time.Duration
}{{"w", 7 * day}, {"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}

// ParseDuration reads 90d, 36h or 5m30s: whole numbers with the units w, d, h, m, s and ms, each at most once, the longest
// first. False when it is none, or longer than 290 years.
func ParseDuration(s string) (time.Duration, bool) {
	total, next := time.Duration(0), 0
	for rest := s; rest != ""; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		end := digits
		for end < len(rest) && (rest[end] < '0' || rest[end] > '9') {
			end++
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		unit := next
		for unit < len(units) && units[unit].name != rest[digits:end] {
			unit++
		}
		if err != nil || unit == len(units) || n > int64(math.MaxInt64-total)/int64(units[unit].len) {
			return 0, false
		}
		total += time.Duration(n) * units[unit].len
		next, rest = unit+1, rest[end:]
	}
	return total, s != ""
}

func checkDuration(s string) *violation {
	if _, ok := ParseDuration(s); ok {
		return nil
	}
	v := &violation{code: codeDuration, message: fmt.Sprintf("%q is not a duration", s), fix: "write a number with a unit, such as 30s, 5m, 36h or 90d"}
	if right := guessDuration(s); right != "" {
		v.fix = "write " + right
	}
	return v
}

func unitLength(name string) time.Duration {
	for _, u := range units {
		if u.name == name {
			return u.len
		}
	}
	return 0
}

// spell writes a duration in days, hours, minutes and seconds.
func spell(d time.Duration) string {
	s := ""
	for _, u := range units[1:5] {
		if n := d / u.len; n > 0 {
			s += fmt.Sprintf("%d%s", n, u.name)
			d -= n * u.len
		}
	}
	return s
}

// guessDuration is the duration that was meant, or "".
func guessDuration(s string) string {
	plain := strings.ReplaceAll(strings.ToLower(s), " ", "")
	end := strings.IndexFunc(plain, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(plain)
	}
	words := map[string]string{
		"": "s", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
		"h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "d": "d", "day": "d", "days": "d", "w": "w", "week": "w", "weeks": "w",
		"mon": "mon", "month": "mon", "months": "mon", "y": "y", "year": "y", "years": "y",
	}
	unit, ok := words[plain[end:]]
	number, err := strconv.ParseFloat(plain[:end], 64)
	if !ok || err != nil || number > 1e6 {
		return ""
	}
	switch unit {
	case "mon":
		return fmt.Sprintf("%gd", math.Ceil(number*30))
	case "y":
		return fmt.Sprintf("%gd", math.Ceil(number*365))
	}
	if number != math.Trunc(number) {
		return spell(time.Duration(number * float64(unitLength(unit))))
	}
	return fmt.Sprintf("%d%s", int64(number), unit)
}

func checkTime(s string) *violation {
	if _, err := time.Parse(time.RFC3339, s); err == nil {
		return nil
	}
	v := &violation{codeTime, fmt.Sprintf("%q is not a time with a zone", s), "without a zone, each reader takes its own", "write it like 2026-11-22T06:00:00Z"}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			v.fix = "write " + strconv.Quote(t.Format(time.RFC3339))
			if !strings.Contains(layout, "Z07") {
				v.fix += " if that is UTC"
			}
			break
		}
	}
	return v
}
