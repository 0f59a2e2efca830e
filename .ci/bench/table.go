package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// table is the result: one row for each figure.
type table struct{ rows []row }

// row is one figure. Target and verdict are empty for figures that nobody asked for.
type row struct {
	what, figure    string
	target, verdict string
}

func (t *table) add(what, figure string) { t.rows = append(t.rows, row{what: what, figure: figure}) }

// judge adds a figure that was asked for, and says whether it is reached.
func (t *table) judge(what, figure, target string, reached bool) {
	verdict := "yes"
	if !reached {
		verdict = "**no**"
	}
	t.rows = append(t.rows, row{what, figure, target, verdict})
}

func (t *table) write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| what | measured | asked for | reached |\n| --- | --- | --- | --- |\n")
	for _, r := range t.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.what, r.figure, r.target, r.verdict)
	}
	_, err := io.WriteString(w, b.String())
	return err
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
