package report

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Idle is what an agent costs when nothing happens.
type Idle struct {
	Driver   string
	PSS      int64   // bytes per pod, of every process that is not postgres
	CPU      float64 // share of a core per pod
	Requests float64 // of the whole cluster to the API server, per second; negative where it asks none
	Loaded   float64 // the same under write load
}

// The markers between which Markdown is written.
const (
	begin = "<!-- bench-ha -->"
	end   = "<!-- /bench-ha -->"
)

// Markdown is the table with a line for each fault and mode, and the drivers beside each other.
func Markdown(rows []Row, idle []Idle) string {
	var b strings.Builder
	drivers := distinct(rows, func(r Row) string { return r.Driver })
	b.WriteString("| fault | mode |")
	for _, d := range drivers {
		fmt.Fprintf(&b, " %s: outage p50, max | lost, two primaries | whole again |", d)
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- | --- | --- |", len(drivers)) + "\n")
	for _, key := range distinct(rows, func(r Row) string { return r.Fault.What + " | " + r.Mode }) {
		fmt.Fprintf(&b, "| %s |", key)
		for _, d := range drivers {
			b.WriteString(cell(rows, key, d))
		}
		b.WriteString("\n")
	}
	if len(idle) > 0 {
		b.WriteString("\n| idle | memory per pod (PSS) | CPU per pod | API requests per cluster | … under write load |\n| --- | --- | --- | --- | --- |\n")
		for _, i := range idle {
			fmt.Fprintf(&b, "| %s | %.1f MB | %.2f %% of a core | %s | %s |\n", i.Driver, float64(i.PSS)/1e6, i.CPU*100, rate(i.Requests), rate(i.Loaded))
		}
	}
	return b.String()
}

func rate(perSecond float64) string {
	if perSecond < 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f /s", perSecond)
}

func cell(rows []Row, key, driver string) string {
	for _, r := range rows {
		if r.Driver != driver || r.Fault.What+" | "+r.Mode != key {
			continue
		}
		s := r.Sums()
		mark := ""
		if strings.HasPrefix(r.Verdict(), "MISSED") {
			mark = " **missed**"
		}
		of := fmt.Sprintf("n=%d", len(r.Runs)-r.Failed())
		if r.Failed() > 0 {
			of += fmt.Sprintf(", %d failed", r.Failed())
		}
		return fmt.Sprintf(" %.1f s, %.1f s (%s)%s | %d, %s | %.1f s |", s.Outage.Seconds(), s.OutageMax.Seconds(), of, mark, s.Routed+s.Direct, milliseconds(s.Dual), s.Whole.Seconds())
	}
	return " – | – | – |"
}

// distinct are the keys of the rows in the order in which they first appear.
func distinct(rows []Row, key func(Row) string) []string {
	var keys []string
	seen := map[string]bool{}
	for _, r := range rows {
		if k := key(r); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys
}

// Update writes the text between the markers of a page.
func Update(page, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	head, rest, found := bytes.Cut(old, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		return fmt.Errorf("%s has no lines %s and %s", page, begin, end)
	}
	whole := string(head) + begin + "\n" + text + end + string(tail)
	return os.WriteFile(page, []byte(whole), 0o644)
}
