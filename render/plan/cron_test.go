package plan

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The forms are facts about parsers: a CronJob takes five fields, CloudNativePG's parser six, seconds first.
func TestCronForms(t *testing.T) {
	c := cron("30  2 * * *")
	require.Equal(t, "30 2 * * *", c.Five())
	require.Equal(t, "0 30 2 * * *", c.Six())
}

func TestLongestGap(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		cron string
		gap  time.Duration
	}{
		{"0 3 * * *", day},
		{"*/5 * * * *", 5 * time.Minute},
		{"0 0,6 * * *", 18 * time.Hour},
		{"0 6 * * 0", 7 * day},
		{"0 6 * * SAT,SUN", 6 * day},
		{"0 0 1 * *", 31 * day},
		{"0 0 29 2 *", 0},           // once in the four years: no gap is known
		{"0 0 1,15 * MON", 7 * day}, // either day field may match
		{"15 10-12 * * *", 22 * time.Hour},
		{"0 0 31 * *", 61 * day}, // from 31 March to 31 May
	} {
		t.Run(tc.cron, func(t *testing.T) {
			gap, ok := cron(tc.cron).LongestGap()
			require.Equal(t, tc.gap > 0, ok)
			require.Equal(t, tc.gap, gap)
		})
	}
}

// The dumb way: look at every minute of four years.
func TestLongestGapAgainstEveryMinute(t *testing.T) {
	for _, text := range []string{"0 3 * * *", "*/40 */7 * * *", "5 4 * * 2-4", "0 12 13 * 5", "59 23 31 12 *", "0 0 */9 * *", "1 1 1 */3 *"} {
		c := cron(text)
		var want time.Duration
		var last time.Time
		for at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2028; at = at.Add(time.Minute) {
			if c.Minute>>at.Minute()&1 == 0 || c.Hour>>at.Hour()&1 == 0 || !c.runsOn(int(at.Month()), at.Day(), int(at.Weekday())) {
				continue
			}
			if !last.IsZero() {
				want = max(want, at.Sub(last))
			}
			last = at
		}
		got, ok := c.LongestGap()
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
}
