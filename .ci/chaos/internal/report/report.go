// Package report tells what came of the trials: a table for people, JSON for programs, and the rows that two drivers have in common side by
// side, in Markdown.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/trial"
)

// Row is all runs of one fault with one driver in one mode.
type Row struct {
	Driver string // onggi or patroni, with its profile
	Mode   string // async or sync, with the number of members
	Fault  fault.Fault
	Runs   []trial.Result
	Judged bool // held to what is expected; the driver we compare with is not
}

// Sums over the runs of a row.
type Sums struct {
	Outage, OutageMax  time.Duration
	Refused, Misled    int
	Routed, Direct     int // acknowledged writes lost
	Dual, Stale, Whole time.Duration
	StaleAcks          int
	Requests           float64
}

// Sums adds up writes, and takes the median of outages and the worst of other times.
func (r Row) Sums() Sums {
	var s Sums
	var outages []time.Duration
	for _, run := range r.Runs {
		if run.Trouble != "" {
			continue // it did not come to its end: there is nothing to measure in it
		}
		outages = append(outages, run.Outage)
		s.Refused += run.Refused
		s.Misled += run.Misled
		s.Routed += run.LostRouted
		s.Direct += run.LostDirect
		s.StaleAcks += run.StaleAcks
		s.Dual, s.Stale, s.Whole = max(s.Dual, run.Dual), max(s.Stale, run.Stale), max(s.Whole, run.Whole)
		s.Requests += run.Requests
	}
	s.Requests /= float64(max(1, len(outages)))
	s.Outage = trial.Median(outages)
	if len(outages) > 0 {
		s.OutageMax = slices.Max(outages)
	}
	return s
}

// Failed counts the runs that did not come to their end.
func (r Row) Failed() int {
	n := 0
	for _, run := range r.Runs {
		if run.Trouble != "" {
			n++
		}
	}
	return n
}

// Verdict is ok, or what was missed.
func (r Row) Verdict() string {
	if !r.Judged {
		return "–"
	}
	missed := append(trial.Broken(r.Fault, r.Runs), trial.Exceeded(r.Fault, r.Runs)...)
	if len(missed) == 0 {
		return "ok"
	}
	return "MISSED: " + strings.Join(missed, "; ")
}

// Header is the first line of the table.
const header = "driver\tmode\tfault\truns\toutage p50\tmax\trefused\tlost (rw/inside)\ttwo primaries\tstale acks\twhole again\tAPI/s\tverdict"

// Table writes all rows for a terminal.
func Table(out io.Writer, rows []Row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, header)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r.cells(), "\t"))
	}
	return w.Flush()
}

// Line is one row for a terminal, as a sign of life while others still run.
func Line(r Row) string {
	c := r.cells()
	return fmt.Sprintf("%-8s %-8s %-22s outage %s, refused %s (%d by a standby), lost %s, two primaries %s, stale %s, whole again %s: %s", c[0], c[1], c[2], c[5], c[6], r.Sums().Misled, c[7], c[8], c[9], c[10], c[12])
}

func (r Row) cells() []string {
	s := r.Sums()
	return []string{
		r.Driver, r.Mode, r.Fault.Name, fmt.Sprint(len(r.Runs)), seconds(s.Outage), seconds(s.OutageMax), fmt.Sprint(s.Refused),
		fmt.Sprintf("%d/%d", s.Routed, s.Direct), milliseconds(s.Dual), stale(s), seconds(s.Whole), fmt.Sprintf("%.2f", s.Requests), r.Verdict(),
	}
}

func stale(s Sums) string {
	if s.StaleAcks == 0 {
		return "0"
	}
	return fmt.Sprintf("%d in %s", s.StaleAcks, milliseconds(s.Stale))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
