package plan

import (
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads what Go reads and days besides: "90d", "1d12h", "36h", "30s".
func ParseDuration(s string) (time.Duration, bool) {
	var total time.Duration
	if days, rest, found := strings.Cut(s, "d"); found {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 100*365 {
			return 0, false
		}
		total = time.Duration(n) * 24 * time.Hour
		if rest == "" {
			return total, true
		}
		s = rest
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, false
	}
	return total + d, true
}

// seconds is for fields whose format the spec has checked already.
func seconds(s string) int64 {
	d, _ := ParseDuration(s)
	return int64(d / time.Second)
}
