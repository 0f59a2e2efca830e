package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// QueryPrefix is what the names of one's own queries begin with where they are exported, as CloudNativePG's exporter puts cnpg_ before them. The
// collectors of postgres_exporter have names of their own, which are never of these.
const QueryPrefix = "onggi_"

// RefusedQueries is the query by which the exporter tells of queries that were left out.
const RefusedQueries = "onggi_exporter_queries"

// QueryFile is a file with queries of one's own, and why it could not be read.
type QueryFile struct {
	Name string
	Text []byte
	Err  error
}

// RefusedQuery is a query that was left out. Query is empty where that is the whole file.
type RefusedQuery struct{ File, Query, Why string }

func (r RefusedQuery) String() string {
	if r.Query == "" {
		return r.File + ": " + r.Why
	}
	return fmt.Sprintf("%s: %s: %s", r.File, r.Query, r.Why)
}

// query is one of postgres_exporter's file.
type query struct {
	Query        string              `json:"query"`
	Metrics      []map[string]column `json:"metrics"`
	Master       bool                `json:"master,omitempty"`
	CacheSeconds uint64              `json:"cache_seconds,omitempty"`
	RunOnServer  string              `json:"runonserver,omitempty"`
}

// column is what becomes of one column of its rows.
type column struct {
	Usage       string             `json:"usage"`
	Description string             `json:"description"`
	Mapping     map[string]float64 `json:"metric_mapping,omitempty"`
}

// MergeQueries is one file for postgres_exporter: its own queries as they are, and those of more files under names that begin with
// [QueryPrefix]. The exporter reads a file wholly or not at all, and answers nobody when two queries give one series; so what it would not take is left
// out and told, by a query of the merged file too. err is of own, which has to be right.
func MergeQueries(own []byte, more []QueryFile) (merged []byte, refused []RefusedQuery, err error) {
	all := map[string]query{}
	if err := yaml.UnmarshalStrict(own, &all); err != nil {
		return nil, nil, fmt.Errorf("read the exporter's own queries: %w", err)
	}
	taken := map[string]string{}
	for name, q := range all {
		for _, s := range q.series(name) {
			taken[s] = "onggi's own queries"
		}
	}
	for _, f := range more {
		for _, one := range f.read() {
			if one.why == "" {
				one.why = clash(taken, one.query.series(QueryPrefix+one.name))
			}
			if one.why != "" {
				refused = append(refused, RefusedQuery{f.Name, one.name, one.why})
				continue
			}
			all[QueryPrefix+one.name] = one.query
			for _, s := range one.query.series(QueryPrefix + one.name) {
				taken[s] = f.Name
			}
		}
	}
	if len(refused) > 0 {
		all[RefusedQueries] = tellRefused(refused)
	}
	merged, err = json.Marshal(all) // which is YAML
	return append(merged, '\n'), refused, err
}

// found is a query of a file, or why it is none.
type found struct {
	name  string
	query query
	why   string
}

// read are the queries of a file, by name.
func (f QueryFile) read() []found {
	if f.Err != nil {
		return []found{{why: f.Err.Error()}}
	}
	var all map[string]json.RawMessage
	if err := yaml.UnmarshalStrict(f.Text, &all); err != nil {
		return []found{{why: "it is no mapping of queries: " + oneLine(err.Error())}}
	}
	var out []found
	for _, name := range slices.Sorted(maps.Keys(all)) {
		one := found{name: name}
		decoder := json.NewDecoder(bytes.NewReader(all[name]))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&one.query); err != nil {
			one.why = "postgres_exporter does not know this: " + oneLine(err.Error())
		} else if err := one.query.check(name); err != nil {
			one.why = err.Error()
		}
		out = append(out, one)
	}
	return out
}

// usages are what a column can be.
var usages = [...]string{"DISCARD", "LABEL", "COUNTER", "GAUGE", "HISTOGRAM", "MAPPEDMETRIC", "DURATION"}

// check finds what would keep the exporter from reading the file, or from answering.
func (q query) check(name string) error {
	switch {
	case !metricName(name):
		return errors.New("it is no name of a metric: letters, digits and _")
	case QueryPrefix+name == RefusedQueries:
		return errors.New("the name is the exporter's own")
	case strings.TrimSpace(q.Query) == "":
		return errors.New("it has no query")
	case len(q.Metrics) == 0:
		return errors.New("it has no metrics")
	case !versions(q.RunOnServer):
		return fmt.Errorf("runonserver %q is no range of versions: write it like >=14.0.0 <17.0.0", q.RunOnServer)
	}
	for _, metric := range q.Metrics {
		for name, c := range metric {
			if name == "true" || name == "false" {
				return errors.New("a column is called y, n, yes, no, on or off: put it in quotes, or YAML takes it for a boolean")
			}
			if !metricName(name) {
				return fmt.Errorf("the column %q is no name of a metric: letters, digits and _", name)
			}
			if !slices.Contains(usages[:], c.Usage) {
				return fmt.Errorf("the usage of %s is %q: one of %s", name, c.Usage, strings.Join(usages[:], ", "))
			}
		}
	}
	return nil
}

// series are the names that a query exports under.
func (q query) series(name string) []string {
	var out []string
	for _, metric := range q.Metrics {
		for column, c := range metric {
			if c.Usage != "LABEL" && c.Usage != "DISCARD" {
				out = append(out, name+"_"+column)
			}
		}
	}
	slices.Sort(out)
	return out
}

func clash(taken map[string]string, series []string) string {
	for i, s := range series {
		if whose, there := taken[s]; there {
			return fmt.Sprintf("%s is a series of %s", s, whose)
		}
		if i > 0 && series[i-1] == s {
			return s + " is there twice"
		}
	}
	return ""
}

// metricName is also what a label may be called.
func metricName(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// versions tells a range that the exporter's reader of ranges takes; it panics at others.
func versions(text string) bool {
	for _, word := range strings.Fields(text) {
		if word == "||" {
			continue
		}
		parts := strings.Split(strings.TrimLeft(word, "<>=!"), ".")
		if len(parts) != 3 || !slices.Contains([]string{"", "<", "<=", ">", ">=", "=", "==", "!=", "!"}, word[:len(word)-len(strings.TrimLeft(word, "<>=!"))]) {
			return false
		}
		for _, p := range parts {
			if p == "" || len(p) > 9 || len(p) > 1 && p[0] == '0' || strings.Trim(p, "0123456789") != "" {
				return false
			}
		}
	}
	return !strings.HasPrefix(strings.TrimSpace(text), "||") && !strings.HasSuffix(strings.TrimSpace(text), "||") && !strings.Contains(strings.Join(strings.Fields(text), " "), "|| ||")
}

// tellRefused is a query whose rows are what was left out.
func tellRefused(refused []RefusedQuery) query {
	literal := func(s string) string {
		return "'" + strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?"), "'", "''") + "'"
	}
	var rows []string
	for _, r := range refused {
		rows = append(rows, fmt.Sprintf("(%s, %s, %s, 1)", literal(r.File), literal(r.Query), literal(r.Why)))
	}
	label := func(what string) column { return column{Usage: "LABEL", Description: what} }
	return query{
		Query: "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS t (file, name, why, refused)",
		Metrics: []map[string]column{
			{"file": label("where it stands")}, {"name": label("of the query")}, {"why": label("it was left out")},
			{"refused": {Usage: "GAUGE", Description: "a query of one's own that was left out"}},
		},
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
