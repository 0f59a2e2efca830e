package status

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// View is how a screen is written.
type View struct {
	Now   time.Time // for ages; zero tells the times themselves
	Color bool
}

// Screen is the status for a person: what is wrong first, then the members.
func (s *Status) Screen(v View) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in namespace %s (%s): %s\n", s.Name, s.Namespace, s.Backend, v.paint(color(s.Health), string(s.Health)))
	for _, r := range s.Reasons {
		fmt.Fprintf(&b, "  %s %s", v.paint(color(r.Health), "!"), r.Text)
		if r.Do != "" {
			fmt.Fprintf(&b, " (%s)", r.Do)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	for _, line := range s.facts(v) {
		fmt.Fprintf(&b, "%-11s %s\n", line[0], line[1])
	}
	b.WriteByte('\n')
	b.WriteString(s.table(v))
	for _, note := range s.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	return b.String()
}

// facts are pairs of a name and what it is, as far as they are known.
func (s *Status) facts(v View) [][2]string {
	var out [][2]string
	add := func(name string, parts ...string) {
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
		if len(parts) > 0 {
			out = append(out, [2]string{name, strings.Join(parts, ", ")})
		}
	}
	add("primary", s.Primary, prefixed("timeline ", number(s.Timeline)))
	add("server", s.Version, prefixed("system ", s.SystemID))
	add("phase", s.Phase)
	if c := s.Commits; c != nil {
		add("commits", c.text())
	}
	if r := s.Record; r != nil {
		add("record", "Lease "+r.Lease, "held by "+cmp.Or(r.Holder, "nobody"), fmt.Sprintf("term %d", r.Term), prefixed("written ", v.ago(r.Renewed)))
	}
	if w := s.Switchover; w != nil {
		add("switchover", prefixed("at ", w.At), prefixed("from ", w.From), "to "+cmp.Or(w.To, "whoever is best"))
	}
	if r := s.Rollout; r != nil {
		done := "under way"
		switch {
		case r.Held != nil:
			done = r.Held.text()
		case r.Done:
			done = "done"
		}
		add("rollout", fmt.Sprintf("%d of %d pods are of the newest revision", r.Updated, r.Wanted), done)
	}
	for _, p := range s.Poolers {
		add("pooler", strings.TrimSuffix(p.Name+" "+p.Type, " "), fmt.Sprintf("%d of %d ready", p.Ready, p.Wanted))
	}
	if s.Backups != nil {
		add("backups", s.Backups.text(v)...)
	}
	return out
}

func (c Commits) text() string {
	switch {
	case c.Mode == "async":
		return "async: acknowledged by the primary alone"
	case c.Wait == 0:
		return c.Mode + ": no standby is waited for now"
	case len(c.Of) == 0:
		return fmt.Sprintf("%s: %d of the standbys", c.Mode, c.Wait)
	}
	return fmt.Sprintf("%s: %d of %s", c.Mode, c.Wait, strings.Join(c.Of, " and "))
}

func (b Backups) text(v View) []string {
	last, running := "none yet", ""
	if one, ok := b.Last(); ok {
		last = strings.Join(strings.Fields(fmt.Sprintf("last %s %s %s %s", one.Type, one.Name, one.State, v.ago(instant(cmp.Or(one.Ended, one.Started))))), " ")
	}
	if len(b.List) > 0 && b.List[0].State == stateRunning {
		running = b.List[0].Name + " runs"
	}
	archive := ""
	if b.Archiving != "" {
		archive = "the archive is " + b.Archiving
	}
	return []string{last, running, archive, prefixed("back to ", b.Earliest)}
}

// columns of the members' table. Those that nobody has something in are left out, but for the first always.
var columns = []string{"MEMBER", "ROLE", "STATE", "TL", "LAG", "REPLAY LAG", "POD", "NODE", "VOLUME", "RESTARTS", "PERMIT", "PENDING RESTART", "TAGS"}

// always is how many columns are shown in any case.
const always = 7

func (m Member) cells() []string {
	pod := m.Pod
	switch {
	case m.Pod == "Running" && m.Ready:
		pod = "ready"
	case m.Pod == "Running":
		pod = "not ready"
	}
	if m.Outdated {
		pod += ", to be replaced"
	}
	state := m.State
	if m.Fenced {
		state += ", fenced"
	}
	permit := ""
	if m.Permit != nil {
		permit = strconv.FormatFloat(*m.Permit, 'f', 1, 64) + "s"
	}
	restarts := number(int64(m.Restarts))
	return []string{m.Name, m.Role, state, number(m.Timeline), size(m.Lag), size(m.ReplayLag), pod, m.Node, m.volumeText(), restarts, permit, m.pendingText(), m.tagText()}
}

func (m Member) pendingText() string {
	var out []string
	for _, p := range m.PendingRestart {
		text := p.Name
		if p.New != "" {
			text += " " + p.Old + " → " + p.New
		}
		out = append(out, text)
	}
	if m.Restart != "" {
		out = append(out, "restart at "+m.Restart)
	}
	return strings.Join(out, ", ")
}

func (m Member) tagText() string {
	var out []string
	for name, value := range m.Tags {
		out = append(out, fmt.Sprintf("%s: %v", name, value))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (s *Status) table(v View) string {
	rows := [][]string{columns}
	for _, m := range s.Members {
		rows = append(rows, m.cells())
	}
	return v.Table(rows, always, func(row, column int, cell string) string {
		m := s.Members[row-1]
		switch {
		case column == 1 && m.Role == Primary:
			return v.paint(green, cell)
		case column == 2 && (m.State != "running" && m.State != "streaming" || m.Fenced), column == 6 && !m.Ready:
			return v.paint(red, cell)
		case column == 11 && strings.TrimSpace(cell) != "":
			return v.paint(yellow, cell)
		}
		return cell
	})
}

// Table lays rows out in columns, the first row being their heads. A column after the first keep that no row has anything in is left
// out. paint colours a cell that is laid out already.
func (v View) Table(rows [][]string, keep int, paint func(row, column int, cell string) string) string {
	var b strings.Builder
	widths := make([]int, len(rows[0]))
	for i, row := range rows {
		for j, cell := range row {
			if i > 0 && cell != "" || j < keep {
				widths[j] = max(widths[j], utf8.RuneCountInString(cell), utf8.RuneCountInString(rows[0][j]))
			}
		}
	}
	for i, row := range rows {
		line := ""
		for j, cell := range row {
			if widths[j] == 0 {
				continue
			}
			laid := cell + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+2)
			if i > 0 && paint != nil {
				laid = paint(i, j, laid)
			}
			line += laid
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// The colours of a terminal.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

func color(h Health) string {
	switch h {
	case Healthy:
		return green
	case Down:
		return red
	}
	return yellow
}

// paint colours text, but not the space after it.
func (v View) paint(color, text string) string {
	if !v.Color {
		return text
	}
	word := strings.TrimRight(text, " ")
	return color + word + plain + text[len(word):]
}

// ago is how long a moment is past, or the moment itself where there is no now.
func (v View) ago(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case v.Now.IsZero():
		return t.UTC().Format(time.RFC3339)
	}
	return Age(v.Now.Sub(t)) + " ago"
}

// Age is a duration in its largest unit.
func Age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// size is a number of bytes in its largest unit; nothing for nil.
func size(n *int64) string {
	if n == nil {
		return ""
	}
	value, unit := float64(*n), 0
	for value >= 1024 && unit < 4 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return strconv.FormatInt(*n, 10) + " B"
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + []string{"", " KiB", " MiB", " GiB", " TiB"}[unit]
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
