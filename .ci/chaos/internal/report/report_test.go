package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/trial"
)

func rows() []Row {
	f := fault.Fault{Name: "node-lost", What: "the node is gone", Expect: fault.Expect{Outage: 8 * time.Second}}
	run := func(outage float64, lost int) trial.Result {
		return trial.Result{Sync: true, Outage: time.Duration(outage * float64(time.Second)), Refused: 3, LostDirect: lost, Whole: 2 * time.Second, Requests: 0.5}
	}
	theirs := run(28, 4)
	theirs.Dual, theirs.Stale, theirs.StaleAcks = 1200*time.Millisecond, 900*time.Millisecond, 7
	return []Row{
		{Driver: "onggi", Mode: "sync", Fault: f, Runs: []trial.Result{run(7, 0), run(9, 0), run(8, 0)}, Judged: true},
		{Driver: "patroni", Mode: "sync", Fault: f, Runs: []trial.Result{theirs}},
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Table(&b, rows()))
	require.Equal(t, strings.TrimLeft(`
driver   mode  fault      runs  outage p50  max     refused  lost (rw/inside)  two primaries  stale acks   whole again  API/s  verdict
onggi    sync  node-lost  3     8.0 s       9.0 s   9        0/0               0 ms           0            2.0 s        0.50   ok
patroni  sync  node-lost  1     28.0 s      28.0 s  3        0/4               1200 ms        7 in 900 ms  2.0 s        0.50   –
`, "\n"), b.String())
}

func TestVerdictTellsAllThatWasMissed(t *testing.T) {
	r := rows()[1]
	r.Judged = true
	r.Runs = []trial.Result{r.Runs[0], r.Runs[0], r.Runs[0]}
	require.Equal(t, "MISSED: 4 acknowledged writes lost; 7 stale acknowledgements, for 900 ms; two writable primaries for 1200 ms; median outage 28.00 s > 8.00 s", r.Verdict())
}

func TestMarkdownHasDriversSideBySide(t *testing.T) {
	text := Markdown(rows(), []Idle{{Driver: "onggi", PSS: 15_500_000, CPU: 0.0012, Requests: 0.1, Loaded: 0.11}, {Driver: "patroni", PSS: 30_000_000, CPU: 0.002, Requests: -1, Loaded: -1}})
	require.Equal(t, strings.TrimLeft(`
| fault | mode | onggi: outage p50, max | lost, two primaries | whole again | patroni: outage p50, max | lost, two primaries | whole again |
| --- | --- | --- | --- | --- | --- | --- | --- |
| the node is gone | sync | 8.0 s, 9.0 s (n=3) | 0, 0 ms | 2.0 s | 28.0 s, 28.0 s (n=1) | 4, 1200 ms | 2.0 s |

| idle | memory per pod (PSS) | CPU per pod | API requests per cluster | … under write load |
| --- | --- | --- | --- | --- |
| onggi | 15.5 MB | 0.12 % of a core | 0.10 /s | 0.11 /s |
| patroni | 30.0 MB | 0.20 % of a core | – | – |
`, "\n"), text)
}

func TestUpdateKeepsTheRestOfThePage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("before\n"+begin+"\nold\n"+end+"\nafter\n"), 0o644))
	require.NoError(t, Update(page, "new\n"))
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "before\n"+begin+"\nnew\n"+end+"\nafter\n", string(got))
	require.NoError(t, os.WriteFile(page, []byte("no markers"), 0o644))
	require.ErrorContains(t, Update(page, "new"), "has no lines")
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	var text bytes.Buffer
	idle := []Idle{{Driver: "onggi, sync", PSS: 18e6, CPU: 0.001, Requests: 0.1, Loaded: 0.2}}
	require.NoError(t, JSON(&text, rows(), idle))
	again, costs, err := ReadJSON(&text)
	require.NoError(t, err)
	require.Equal(t, idle, costs)
	require.Equal(t, Markdown(rows(), idle), Markdown(again, costs))
	_, _, err = ReadJSON(strings.NewReader("{"))
	require.ErrorContains(t, err, "read results")
}
