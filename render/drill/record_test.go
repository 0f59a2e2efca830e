package drill

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func run(n string, started string) Run {
	return Run{Job: "shop-drill-" + n, JobUID: n, Pod: "p", Started: at(started)}
}

// TestRecords shows what is kept after each of a row of drills.
func TestRecords(t *testing.T) {
	var h History
	var out strings.Builder
	show := func(name string) {
		out.WriteString("### " + name + "\n")
		out.Write(manifest.AppendYAML(nil, RecordObject(sample(), "uid-of-shop", h)))
	}
	first := run("1", "2026-11-08T06:00:00Z")
	h = h.Begin(first)
	show("the first begins")
	good := Outcome{
		Run: first, Ended: at("2026-11-08T06:20:30Z"), OK: true, Recovered: &Moment{at("2026-11-08T05:59:58Z"), BasisWAL},
		Checks: []Result{{"orders", true, "7"}, {"amcheck", true, "98 tables"}},
	}
	h = h.Close(good)
	show("it is good")
	second := run("2", "2026-11-15T06:00:00Z")
	h = h.Begin(second).Close(Outcome{Run: second, Ended: at("2026-11-15T06:10:00Z"), Reason: "checks failed: orders", Checks: []Result{{"orders", false, "0, expected > 0"}}})
	show("the second fails")
	third := run("3", "2026-11-22T06:00:00Z")
	h = h.Begin(third).Close(Outcome{Run: third, Ended: at("2026-11-22T09:00:00Z"), Reason: reasonKilled})
	show("the third is killed")
	require.Equal(t, 2, h.Failures)
	require.Equal(t, good, *h.Success)

	const golden = "testdata/records.yaml"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(out.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}

func TestHistoryIsReadAsItWasWritten(t *testing.T) {
	r := run("1", "2026-11-08T06:00:00.123456789Z")
	target := at("2026-11-01T00:00:00Z")
	h := History{}.Begin(r).Close(Outcome{Run: r, Ended: at("2026-11-08T06:20:30Z"), OK: true, Target: &target}).Begin(run("2", "2026-11-09T06:00:00Z"))
	got, err := ReadHistory(RecordObject(sample(), "uid", h))
	require.NoError(t, err)
	require.Equal(t, h, got)
	require.Equal(t, r.ID(), got.Last.Run.ID(), "also when the time went through JSON")
	for _, broken := range []string{"", "null", "{", "[]"} {
		_, err := ReadHistory(manifest.Map{"data": manifest.Map{historyKey: broken}})
		require.Equal(t, broken == "{" || broken == "[]", err != nil, broken)
	}
}

func TestAnOutcomeClosesItsOwnRunOnly(t *testing.T) {
	other := run("1", "2026-11-08T06:00:00Z")
	h := History{}.Begin(other).Close(Outcome{Run: run("2", "2026-11-09T06:00:00Z")})
	require.Equal(t, &other, h.Open)
}

func TestAGoodDrillThatCouldNotCleanUp(t *testing.T) {
	r := run("1", "2026-11-08T06:00:00Z")
	good := Outcome{Run: r, Ended: at("2026-11-08T06:20:30Z"), OK: true}
	bad := Outcome{Run: r, Ended: at("2026-11-08T06:30:00Z"), Reason: "what it made could not be removed"}
	h := History{Failures: 3}.Begin(r).Close(good).Close(bad)
	require.Equal(t, good, *h.Success, "the database could be restored")
	require.Equal(t, bad, *h.Last)
	require.Equal(t, 1, h.Failures)
	require.Equal(t, 1, h.Close(bad).Failures, "the same failure counts once")
}

func TestEvents(t *testing.T) {
	o := Outcome{Run: run("1", "2026-11-08T06:00:00Z"), Ended: at("2026-11-08T06:20:30Z"), OK: true, Checks: []Result{{"orders", true, "7"}}}
	e := EventObject(sample(), "uid-of-shop", "pod", o)
	require.Equal(t, "Restored and checked in 20m30s. orders passed (7).", manifest.Text(e, "note"))
	require.Equal(t, "Normal", manifest.Text(e, "type"))
	require.Equal(t, "2026-11-08T06:20:30.000000Z", manifest.Text(e, "eventTime"))
	o.OK, o.Reason = false, strings.Repeat("ㅁ", 1000)
	e = EventObject(sample(), "uid-of-shop", strings.Repeat("p", 300), o)
	require.Equal(t, "Warning", manifest.Text(e, "type"))
	require.LessOrEqual(t, len(manifest.Text(e, "note")), 1024)
	require.Greater(t, len(manifest.Text(e, "note")), 1000)
	require.True(t, utf8.ValidString(manifest.Text(e, "note")))
	require.LessOrEqual(t, len(manifest.Text(e, "reportingInstance")), 128)
}

// TestMetricNames holds the names that alerts read against those that the exporter makes of the queries.
func TestMetricNames(t *testing.T) {
	r := run("1", "2026-11-08T06:00:00Z")
	o := Outcome{Run: r, Ended: at("2026-11-08T06:20:30Z"), OK: true, Recovered: &Moment{Time: at("2026-11-08T05:00:00Z")}, Checks: []Result{{Name: "it's", Passed: true}}}
	objects, err := manifest.Decode("q", append([]byte("apiVersion: v1\nkind: Q\nmetadata: {name: q}\n"), Queries(History{}.Close(o))...))
	require.NoError(t, err)
	names := map[string]bool{}
	for query, v := range objects[0].Body() {
		q, ok := v.(manifest.Map)
		if !ok || q["metrics"] == nil {
			continue
		}
		require.Equal(t, true, q["primary"])
		for _, m := range q["metrics"].([]any) {
			for column, how := range m.(manifest.Map) {
				if manifest.Text(how, "usage") == "GAUGE" {
					names["cnpg_"+query+"_"+column] = true
				}
			}
		}
		if query == checkQuery {
			require.Contains(t, q["query"], "('it''s', 1)")
		}
	}
	want := map[string]bool{}
	for _, name := range []string{MetricStarted, MetricRun, MetricSuccess, MetricOK, MetricDuration, MetricRecovered, MetricFailures, MetricCheck} {
		want[name] = true
	}
	require.Equal(t, want, names)
}

// FuzzHistory: a record that somebody edited is read or refused, and what is written of it is YAML again, whatever it says.
func FuzzHistory(f *testing.F) {
	f.Add(`{"failures":1,"last":{"checks":[{"name":"it's","passed":true}]}}`)
	f.Add(`{"open":{"job":"x","started":"2026-11-08T06:00:00Z"}}`)
	f.Add(`{"success":{"recovered":{"time":"0000-01-01T00:00:00Z"}}}`)
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ReadHistory(manifest.Map{"data": manifest.Map{historyKey: s}})
		if err != nil {
			return
		}
		object := RecordObject(sample(), "uid", h)
		again, err := ReadHistory(object)
		require.NoError(t, err)
		require.Equal(t, RecordObject(sample(), "uid", again), object)
		_, err = manifest.Decode("q", []byte("apiVersion: v1\nkind: Q\nmetadata: {name: q}\n"+manifest.Text(object, "data", QueriesKey)))
		require.NoError(t, err)
	})
}
