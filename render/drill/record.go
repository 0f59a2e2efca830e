package drill

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/manifest"
)

// historyKey is the key of the history in the ConfigMap of the metrics.
const historyKey = "history.json"

// RecordObject is the ConfigMap of the metrics after h. Owner is the uid of the Cluster that was drilled, which takes it along
// when it is deleted.
func RecordObject(c *Config, owner string, h History) manifest.Map {
	labels := manifest.Map{}
	for name, value := range c.Record.Labels {
		labels[name] = value
	}
	labels[LabelReload], labels[LabelOf] = "true", c.Cluster
	history, err := json.Marshal(h)
	if err != nil {
		panic("drill: a history of strings and times is always JSON: " + err.Error())
	}
	return manifest.Map{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": manifest.Map{
			"name": c.Record.ConfigMap, "namespace": c.Namespace, "labels": labels,
			"ownerReferences": []any{owned(clusterAPIVersion, "Cluster", c.Cluster, owner)},
		},
		"data": manifest.Map{QueriesKey: string(Queries(h)), historyKey: string(history)},
	}
}

// owned is an owner that need not be there for the API server to let the object be made, and waits for nothing when it goes.
func owned(apiVersion, kind, name, uid string) manifest.Map {
	return manifest.Map{
		"apiVersion": apiVersion, "kind": kind, "name": name, "uid": uid, "controller": false, "blockOwnerDeletion": false,
	}
}

// Queries are the metrics of h in the form of CloudNativePG's own queries. Each selects constants, on the primary only, so that a
// value is one series however many instances there are. What has no value yet has no column: a zero would be a moment in 1970.
func Queries(h History) []byte {
	q := newQuery()
	if t := h.started(); !t.IsZero() {
		q.add(columnStarted, seconds(t), "When the last restore drill began")
	}
	if o := h.Last; o != nil {
		q.add(columnRun, seconds(o.Ended), "When the last restore drill ended")
		q.add(columnOK, oneIf(o.OK), "Whether the last restore drill was good")
		q.add(columnDuration, strconv.FormatFloat(o.Duration().Seconds(), 'f', 3, 64), "How long the last restore drill took")
	}
	if o := h.Success; o != nil {
		q.add(columnSuccess, seconds(o.Ended), "When the last good restore drill ended")
		if o.Recovered != nil {
			q.add(columnRecovered, seconds(o.Recovered.Time), "The moment that the last good restore drill came back to")
		}
	}
	q.add(columnFailures, strconv.Itoa(h.Failures), "How many restore drills failed since the last good one")
	out := manifest.Map{query: q.render()}
	if o := h.Last; o != nil && len(o.Checks) > 0 {
		out[checkQuery] = checks(o.Checks)
	}
	return manifest.AppendYAML(nil, out)
}

func checks(results []Result) manifest.Map {
	var rows []string
	for _, r := range results {
		rows = append(rows, "("+literal(r.Name)+", "+oneIf(r.Passed)+")")
	}
	return manifest.Map{
		"primary": true,
		"query":   "SELECT c AS \"" + LabelCheck + "\", p::float8 AS " + columnPassed + " FROM (VALUES " + strings.Join(rows, ", ") + ") AS checks (c, p)",
		"metrics": []any{
			manifest.Map{LabelCheck: manifest.Map{"usage": "LABEL", "description": "Name of the check"}},
			column(columnPassed, "Whether the check of the last restore drill passed"),
		},
	}
}

type constants struct {
	columns []string
	metrics []any
}

func newQuery() *constants { return &constants{} }

func (q *constants) add(name, value, description string) {
	q.columns = append(q.columns, value+"::float8 AS "+name)
	q.metrics = append(q.metrics, column(name, description))
}

func (q *constants) render() manifest.Map {
	return manifest.Map{"primary": true, "query": "SELECT " + strings.Join(q.columns, ", "), "metrics": q.metrics}
}

func column(name, description string) manifest.Map {
	return manifest.Map{name: manifest.Map{"usage": "GAUGE", "description": description}}
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func oneIf(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// literal quotes a text for SQL. Names of checks have no quotes, but a history may have been edited.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Reasons of the Events.
const (
	EventSucceeded = "DrillSucceeded"
	EventFailed    = "DrillFailed"
)

// maxNote is what the API server takes of an Event's note, in bytes.
const maxNote = 1024

// EventObject tells an outcome to those who look at the Cluster. Owner is the uid of the Cluster, pod who tells.
func EventObject(c *Config, owner, pod string, o Outcome) manifest.Map {
	kind, reason := "Normal", EventSucceeded
	if !o.OK {
		kind, reason = "Warning", EventFailed
	}
	return manifest.Map{
		"apiVersion": "events.k8s.io/v1", "kind": "Event",
		"metadata": manifest.Map{
			"name":      fmt.Sprintf("%s.%x", ScratchName(c.Cluster), o.Ended.UnixNano()),
			"namespace": c.Namespace,
		},
		"type": kind, "reason": reason, "action": "Drill",
		"note":                cut(o.Text(), maxNote),
		"eventTime":           o.Ended.UTC().Format("2006-01-02T15:04:05.000000Z07:00"),
		"reportingController": "onggi.dev/drill", "reportingInstance": cut(pod, 128),
		"regarding": manifest.Map{
			"apiVersion": clusterAPIVersion, "kind": "Cluster", "namespace": c.Namespace, "name": c.Cluster, "uid": owner,
		},
	}
}

// Text is the outcome in a sentence or two.
func (o Outcome) Text() string {
	var b strings.Builder
	if !o.OK {
		fmt.Fprintf(&b, "The restore drill of Job %s failed after %s: %s.", o.Run.Job, o.Duration().Round(time.Second), o.Reason)
	} else {
		fmt.Fprintf(&b, "Restored and checked in %s.", o.Duration().Round(time.Second))
	}
	if o.Recovered != nil {
		fmt.Fprintf(&b, " The database came back to %s.", o.Recovered.Time.UTC().Format(time.RFC3339))
	}
	for _, r := range o.Checks {
		verb := "passed"
		if !r.Passed {
			verb = "FAILED"
		}
		fmt.Fprintf(&b, " %s %s", r.Name, verb)
		if r.Detail != "" {
			fmt.Fprintf(&b, " (%s)", r.Detail)
		}
		b.WriteByte('.')
	}
	return b.String()
}

// cut shortens a text to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const dots = "…"
	end := 0
	for i := range s {
		if i > n-len(dots) {
			break
		}
		end = i
	}
	return s[:end] + dots
}
