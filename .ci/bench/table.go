package main

import (
	"fmt"
	"strings"
	"time"
)

// table is the result: one row for each figure.
type table struct {
	part string // that is being measured
	rows []row
}

// row is one figure. Target and verdict are empty for figures that nobody asked for.
type row struct {
	part            string // of the run that measured it
	what, figure    string
	target, verdict string
}

func (t *table) add(what, figure string) {
	t.rows = append(t.rows, row{part: t.part, what: what, figure: figure})
}

// judge adds a figure that was asked for, and says whether it is reached.
func (t *table) judge(what, figure, target string, reached bool) {
	verdict := "yes"
	if !reached {
		verdict = "**no**"
	}
	t.rows = append(t.rows, row{t.part, what, figure, target, verdict})
}

// markdown prints the rows of a part, or with allParts those of the whole run.
func (t *table) markdown(part string) string {
	var b strings.Builder
	b.WriteString("| what | measured | asked for | reached |\n| --- | --- | --- | --- |\n")
	for _, r := range t.rows {
		if part == r.part || part == allParts {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.what, r.figure, r.target, r.verdict)
		}
	}
	return b.String()
}

// seconds prints three digits in the unit that suits.
func seconds(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.0f µs", d.Seconds()*1e6)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }

func ratio[T int64 | time.Duration](a, b T) float64 { return float64(a) / float64(max(b, 1)) }
