package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// mostLines is how many differences are printed after one change; a screen has no more.
const mostLines = 40

// account tells a person what a watch did.
type account struct {
	s    *cli.Streams
	o    watchOptions
	last watch.State
}

func (r *account) tell(s watch.State) {
	r.moved(s)
	r.troubles(s)
	took := s.Took.Round(time.Millisecond)
	if r.o.dir == "" { // only the live view
		r.say("%s in %s; watching\n", cli.Plural(len(s.Databases), "database"), took)
	} else if s.Serial == 1 {
		r.say("%s: %s as %s: %d written, %d removed, %d unchanged in %s; watching\n", r.o.dir, cli.Plural(len(s.Databases), "database"), r.o.format,
			s.Written, s.Removed, s.Unchanged, took)
	} else {
		r.say("%s\n", r.paint("2", fmt.Sprintf("%s: %d written, %d removed in %s", r.o.dir, s.Written, s.Removed, took)))
	}
	if s.Serial == 1 && len(s.Databases)+len(s.Problems) == 0 {
		r.say("there is no %s yet: onggi init homelab writes one to start from\n", spec.KindCluster)
	}
	r.last = s
}

func (r *account) say(format string, args ...any) { fmt.Fprintf(r.s.Err, format, args...) }

func (r *account) paint(code, text string) string {
	if !r.s.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// moved lists objects and fields, the first of them when there are many.
func (r *account) moved(s watch.State) {
	lines, hidden, databases := 0, 0, map[string]bool{}
	for _, m := range s.Moved {
		if lines >= mostLines {
			hidden, databases[m.Database.ID] = hidden+max(m.Count, 1), true
			continue
		}
		r.say("%s%s\n", r.paint("1", strings.TrimSpace(m.Database.Name+" "+m.Env)), summary(m))
		lines++
		shown := m.Differences[:min(len(m.Differences), max(mostLines-lines, 1))]
		for _, d := range shown {
			r.say("  %s\n", r.difference(d))
		}
		lines += len(shown)
		if more := m.Count - len(shown); more > 0 {
			r.say("  … and %d more\n", more)
		}
	}
	if hidden > 0 {
		r.say("… and %d more in %s\n", hidden, cli.Plural(len(databases), "database"))
	}
}

func summary(m watch.Move) string {
	switch {
	case m.Change == manifest.Added:
		return ": new, " + cli.Plural(m.Count, "object")
	case m.Change == manifest.Removed && m.Env == "":
		return ": gone"
	case m.Change == manifest.Removed:
		return ": gone, " + cli.Plural(m.Count, "object")
	}
	return ""
}

// difference is one line: what was there and what is now.
func (r *account) difference(d manifest.Difference) string {
	green, red := "32", "31"
	where := d.Ref.String()
	if len(d.Path) > 0 {
		where += " " + manifest.FormatPath(d.Path)
	}
	was, is := excerpts(d.Was, d.Is)
	switch {
	case d.Change == manifest.Added && len(d.Path) == 0:
		return r.paint(green, "+ "+where)
	case d.Change == manifest.Removed && len(d.Path) == 0:
		return r.paint(red, "- "+where)
	case d.Change == manifest.Added:
		return r.paint(green, "+ "+where+": "+is)
	case d.Change == manifest.Removed:
		return r.paint(red, "- "+where+": "+was)
	}
	return "~ " + where + ": " + r.paint(red, was) + " → " + r.paint(green, is)
}

// troubles tells problems and failures when they are not those that were told last, and that there are none any more.
func (r *account) troubles(s watch.State) {
	was, is := troubleOf(r.last), troubleOf(s)
	if was == is {
		return
	}
	if is == "" {
		r.say("%s\n", r.paint("32", "all is well again"))
		return
	}
	_ = s.Problems.Render(r.s.Err, r.s.Color) // nothing is left to report a failure of stderr to
	for _, err := range s.Failures {
		r.say("%s: %s\n", commandOnggi, err)
	}
	if kept := stale(s.Databases); len(kept) > 0 {
		r.say("kept as it last was good: %s (%d of %s)\n", list(kept), len(kept), cli.Plural(len(s.Databases), "database"))
	}
}

func troubleOf(s watch.State) string {
	var b strings.Builder
	for _, p := range s.Problems {
		b.WriteString(p.Error() + "\n")
	}
	for _, err := range s.Failures {
		b.WriteString(err.Error() + "\n")
	}
	return b.String()
}

func stale(all []watch.Database) []string {
	var names []string
	for _, db := range all {
		if !db.Good {
			names = append(names, db.Name)
		}
	}
	return names
}

// list names a few.
func list(names []string) string {
	const few = 5
	if len(names) > few {
		return strings.Join(names[:few], ", ") + fmt.Sprintf(" and %d more", len(names)-few)
	}
	return strings.Join(names, ", ")
}

// event is a line of --events json.
type event struct {
	Serial    int           `json:"serial"`
	Millis    float64       `json:"milliseconds"`
	Databases int           `json:"databases"`
	Stale     []string      `json:"stale"` // IDs of those that are kept as they last were good
	Moved     []moved       `json:"moved"`
	Problems  spec.Problems `json:"problems"`
	Failures  []string      `json:"failures"`
	Written   int           `json:"written"`
	Removed   int           `json:"removed"`
	Unchanged int           `json:"unchanged"`
}

type moved struct {
	Database    string       `json:"database"`
	File        string       `json:"file"`
	Env         string       `json:"environment"`
	Change      string       `json:"change"`
	Count       int          `json:"count"`
	Differences []difference `json:"differences"`
}

type difference struct {
	Object string `json:"object"`
	Path   string `json:"path"` // "" for the object as a whole
	Change string `json:"change"`
	Was    any    `json:"was"`
	Is     any    `json:"is"`
}

// tellJSON writes one line. Lists are never null, so that a reader needs no case for it.
func tellJSON(streams *cli.Streams, s watch.State) {
	e := event{Serial: s.Serial, Millis: float64(s.Took.Microseconds()) / 1000, Databases: len(s.Databases), Stale: []string{}, Moved: []moved{},
		Problems: s.Problems, Failures: []string{}, Written: s.Written, Removed: s.Removed, Unchanged: s.Unchanged}
	if e.Problems == nil {
		e.Problems = spec.Problems{}
	}
	for _, db := range s.Databases {
		if !db.Good {
			e.Stale = append(e.Stale, db.ID)
		}
	}
	for _, m := range s.Moved {
		out := moved{Database: m.Database.ID, File: m.Database.File, Env: m.Env, Change: changeName(m.Change), Count: m.Count, Differences: []difference{}}
		for _, d := range m.Differences {
			out.Differences = append(out.Differences, difference{d.Ref.String(), manifest.FormatPath(d.Path), changeName(d.Change), manifest.Canonical(d.Was), manifest.Canonical(d.Is)})
		}
		e.Moved = append(e.Moved, out)
	}
	for _, err := range s.Failures {
		e.Failures = append(e.Failures, err.Error())
	}
	enc := json.NewEncoder(streams.Out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(e) // a reader that went away ends the watch by its signal
}

func changeName(c manifest.Change) string {
	return [...]string{manifest.Changed: "changed", manifest.Added: "added", manifest.Removed: "removed"}[c]
}

// excerpts are two values as JSON, each of a length that fits a line. Of long ones that begin alike it shows where they part.
func excerpts(a, b any) (was, is string) {
	const width, before = 60, 15
	was, is = string(manifest.EncodeJSON(a)), string(manifest.EncodeJSON(b))
	if len(was) <= width && len(is) <= width {
		return was, is
	}
	x, y := []rune(was), []rune(is)
	common := 0
	for common < min(len(x), len(y)) && x[common] == y[common] {
		common++
	}
	from := max(0, common-before)
	return window(x, from, width), window(y, from, width)
}

func window(text []rune, from, width int) string {
	from = min(from, len(text))
	to := min(len(text), from+width)
	out := string(text[from:to])
	if from > 0 {
		out = "…" + out
	}
	if to < len(text) {
		out += "…"
	}
	return out
}
