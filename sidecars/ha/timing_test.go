package ha

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The table of docs/agent.md: when the holder's kill begins at the latest, when a taker may write at the earliest, and what is between.
func TestProfilesLeaveTimeForTheKill(t *testing.T) {
	tests := []struct {
		profile string
		slack   time.Duration
	}{
		{"fast", 750 * time.Millisecond},
		{"default", 1080 * time.Millisecond},
		{"relaxed", 2200 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.profile, func(t *testing.T) {
			timing, ok := Profile(tt.profile)
			require.True(t, ok)
			require.NoError(t, timing.Validate())
			require.InDelta(t, tt.slack, timing.Slack(), float64(50*time.Millisecond))
		})
	}
	_, ok := Profile("sudden")
	require.False(t, ok)
}

func TestATimingThatProvesNothingIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Timing)
		says   string
	}{
		{"a window that a busy machine misses", func(c *Timing) { c.Window = 3 * time.Second }, "window is 3s"},
		{"no time to kill", func(c *Timing) { c.Margin = 0 }, "a kill would have"},
		{"clocks that cannot be", func(c *Timing) { c.Drift = 0 }, "drift is 0"},
		{"one beat only", func(c *Timing) { c.Beat = 4 * time.Second }, "beat and its timeout"},
		{"one refresh only", func(c *Timing) { c.Eager = 4 * time.Second }, "eager refresh"},
		{"lazier than lazy", func(c *Timing) { c.Lazy = time.Second }, "lazy refresh"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timing := standard
			tt.change(&timing)
			require.ErrorContains(t, timing.Validate(), tt.says)
		})
	}
}

func TestDeadlinesAndWaitsTakeTheClockThatIsSafer(t *testing.T) {
	then := Instant{Raw: 1000, Boot: 5000}
	slept := Instant{Raw: 1010, Boot: 9000} // a suspended machine: only the second clock counted
	require.EqualValues(t, 4000, slept.AtMost(then))
	require.EqualValues(t, 10, slept.AtLeast(then))
	require.Equal(t, Instant{1005, 5005}, then.Add(5))
	require.True(t, Instant{}.IsZero())
}

// What docs/agent.md says of forced failovers.
func TestHowLongAForcedFailoverAsks(t *testing.T) {
	for name, want := range map[string]time.Duration{"fast": 13130 * time.Millisecond, "default": 14645 * time.Millisecond, "relaxed": 24240 * time.Millisecond} {
		timing, _ := Profile(name)
		require.Equal(t, want, timing.Forces(timing.Waits()), name)
		require.Greater(t, timing.Forces(timing.Waits()), timing.Lazy+2*timing.WriteTimeout, "a refresh was due, and is known to have been refused")
		require.Equal(t, relaxed.Forces(relaxed.Waits()), timing.Forces(relaxed.Waits()), "of a holder of the profile relaxed")
	}
}
