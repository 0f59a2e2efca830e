package rest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// column is one state of a golden table: path to status.
type column map[string]string

func readTable(t *testing.T, name string) map[string]column {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	states := strings.Fields(lines[0])
	table := map[string]column{}
	for _, state := range states {
		table[state] = column{}
	}
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		require.Len(t, cells, 1+len(states), line)
		for i, state := range states {
			table[state][cells[0]] = cells[1+i]
		}
	}
	return table
}

// departures are where our answers are not those of Patroni 3.0.2, and why.
var departures = []struct {
	why string
	is  func(path, state string) bool
}{
	{"a lag that is not known is not within a limit", func(path, state string) bool {
		return state == "lag-unknown" && (strings.Contains(path, "lag=") || strings.HasPrefix(path, "/readiness"))
	}},
	{"a limit that cannot be read is not kept", func(path, _ string) bool { return path == "/replica?lag=far" }},
	{"replication_state came with Patroni 4.1", func(path, _ string) bool { return strings.Contains(path, "replication_state=") }},
	{"quorum came with Patroni 4.0", func(path, _ string) bool { return strings.Contains(path, "quorum") }},
	{"readiness looks at streaming and lag since Patroni 4.1, and here at the permit", func(path, _ string) bool {
		return strings.HasPrefix(path, "/readiness")
	}},
	{"/healthz and /readyz are liveness and readiness", func(path, _ string) bool { return path == "/healthz" || path == "/readyz" }},
	{"the holder of the lock is not yet, or no more, a primary that takes writes: nobody is sent there", func(path, state string) bool {
		return (state == "promoting" || state == "stopped") && !strings.HasPrefix(path, "/readiness") && !strings.HasSuffix(path, "z")
	}},
	{"a path that nobody knows is no health check", func(path, _ string) bool { return path == "/no-such-path" }},
}

// The table was printed by Patroni's own handler (testdata/patroni_table.py). Every cell is the same, or departs for a reason.
func TestWeAnswerAsPatroniDoesOrSayWhyNot(t *testing.T) {
	ours, theirs := readTable(t, "paths.txt"), readTable(t, "patroni-3.0.2.txt")
	used := map[string]int{}
	same := 0
	for state, paths := range theirs {
		for path, want := range paths {
			got, both := ours[state][path]
			require.True(t, both, "%s in %s is not in our table", path, state)
			if got == want {
				same++
				continue
			}
			why := ""
			for _, d := range departures {
				if d.is(path, state) {
					why = d.why
					break
				}
			}
			require.NotEmpty(t, why, "%s in state %s: we answer %s, Patroni %s", path, state, got, want)
			require.False(t, got == "200" && !strings.HasSuffix(path, "z"), "%s in %s is laxer than Patroni", path, state)
			used[why]++
		}
	}
	for _, d := range departures {
		require.NotZero(t, used[d.why], "no cell departs because %s", d.why)
	}
	t.Logf("%d cells as Patroni's, %v", same, used)
}
