package hatest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Script is a scenario: a cluster, what happens to it, and what is expected. It is read from a text like this, in which lines that begin
// with # tell the story:
//
//	# The primary's machine is lost, and nobody says so.
//	given 3 nodes, required
//	at 60s lose node n0 for 60s
//	expect primary n1 by 71s
//	expect outage under 11s
//	expect nothing lost
//	-- trace --
//	what the run told when it was last looked at
//
// That no invariant is violated, and that the cluster is healthy within 120 s after the last fault, is expected of every scenario.
type Script struct {
	Options Options
	Faults  []Fault
	Expect  []string
	// Story is the text before the trace, Trace what comes after.
	Story, Trace string
}

const traceMark = "-- trace --\n"

// Parse reads a scenario.
func Parse(text string) (Script, error) {
	s := Script{Options: Options{Seed: 1, Nodes: 3, Mode: ha.Async, W: 1, Trace: 1}}
	s.Story, s.Trace, _ = strings.Cut(text, traceMark)
	for i, line := range strings.Split(s.Story, "\n") {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		switch verb {
		case "", "#":
		case "given":
			err = s.given(rest)
		case "at":
			err = s.at(rest)
		case "expect":
			s.Expect = append(s.Expect, rest)
		default:
			err = fmt.Errorf("a line begins with given, at, expect or #")
		}
		if err != nil {
			return s, fmt.Errorf("line %d: %q: %w", i+1, line, err)
		}
	}
	return s, nil
}

func (s *Script) given(rest string) error {
	for _, part := range strings.Split(rest, ",") {
		words := strings.Fields(part)
		switch {
		case len(words) == 2 && words[1] == "nodes":
			n, err := strconv.Atoi(words[0])
			if err != nil || n < 1 || n > maxNodes {
				return fmt.Errorf("there can be 1 to %d nodes", maxNodes)
			}
			s.Options.Nodes = n
		case part == " a standby cluster":
			s.Options.Outside = true
		case len(words) == 1:
			s.Options.Mode = ha.Mode(words[0])
		case len(words) == 2 && words[0] == "profile":
			s.Options.Profile = words[1]
		case len(words) == 2 && words[0] == "seed":
			seed, err := strconv.ParseUint(words[1], 10, 64)
			if err != nil {
				return err
			}
			s.Options.Seed = seed
		default:
			return fmt.Errorf("unknown: %q", part)
		}
	}
	return nil
}

// at reads "60s cut link n0 and n1 for 30s".
func (s *Script) at(rest string) error {
	when, what, _ := strings.Cut(rest, " ")
	at, err := time.ParseDuration(when)
	if err != nil {
		return err
	}
	f := Fault{At: at, W: 1}
	for k := range kindNames {
		if strings.HasPrefix(what+" ", kindNames[k]+" ") && len(kindNames[k]) > len(f.Kind.String()) {
			f.Kind = Kind(k)
		}
	}
	if f.Kind == NoFault {
		for k := range kindNames {
			if strings.HasPrefix(what+" ", kindNames[k]+" ") {
				f.Kind = Kind(k)
			}
		}
	}
	words := strings.Fields(strings.TrimPrefix(what, f.Kind.String()))
	if f.Kind == NoFault {
		return fmt.Errorf("no such fault")
	}
	for i, w := range words {
		switch {
		case w == "holder":
			f.Holder = true
		case len(w) == 2 && w[0] == 'n' && i > 0:
			f.Other = int(w[1] - '0')
		case len(w) == 2 && w[0] == 'n':
			f.Node, f.Other = int(w[1]-'0'), int(w[1]-'0')
		case i > 0 && words[i-1] == "for":
			f.For, err = time.ParseDuration(w)
		case i > 0 && words[i-1] == "level":
			f.Level, err = strconv.ParseFloat(w, 64)
		case w == string(ha.Async) || w == string(ha.Required) || w == string(ha.Preferred):
			f.Mode = ha.Mode(w)
		case !slices.Contains([]string{"for", "level", "to", "and"}, w):
			err = fmt.Errorf("unknown: %q", w)
		}
		if err != nil {
			return err
		}
	}
	s.Faults = append(s.Faults, f)
	return nil
}

// Play runs a scenario. It gives the trace from the first fault on, and everything that is not as expected.
func (s *Script) Play() (trace string, problems []string) {
	w := New(s.Options)
	w.Plan(s.Faults)
	last := 60 * time.Second
	for _, f := range s.Faults {
		last = max(last, f.At+f.For)
	}
	w.Heal(last)
	var late []string
	for _, e := range s.Expect {
		words := strings.Fields(e)
		if len(words) != 4 || words[0] != "primary" || words[2] != "by" {
			late = append(late, e)
			continue
		}
		by, err := time.ParseDuration(words[3])
		if err != nil {
			problems = append(problems, e+": "+err.Error())
		}
		w.after(by, func() {
			if n := w.byName(words[1]); n == nil || !n.open() {
				problems = append(problems, "expected "+e)
			}
		})
	}
	w.Run(last + healthyWithin + 5*time.Second)
	if v := w.Violation(); v != nil {
		problems = append(problems, v.Error())
	}
	for _, e := range late {
		if is := w.meets(e); is != "" {
			problems = append(problems, "expected "+e+": "+is)
		}
	}
	return w.story(), problems
}

// meets tells what is instead of what was expected; empty where it is.
func (w *World) meets(e string) string {
	s := &w.stats
	switch {
	case e == "no role change":
		if s.Terms > 0 {
			return fmt.Sprintf("%d", s.Terms)
		}
	case e == "no outage":
		if s.Outages > 0 || w.check.shutSince > 0 {
			return fmt.Sprintf("%d, the longest %v", s.Outages, s.MaxOutage)
		}
	case e == "one switchover":
		if s.Terms != 1 {
			return fmt.Sprintf("%d terms began", s.Terms)
		}
	case e == "all pods new":
		for _, n := range w.nodes {
			if n.pod.revision != w.revision {
				return n.name + " is not"
			}
		}
	case e == "nothing lost":
		if s.Lossy > 0 {
			return "something is"
		}
	case strings.HasPrefix(e, "outage under "):
		limit, err := time.ParseDuration(strings.TrimPrefix(e, "outage under "))
		if err != nil || s.MaxOutage > limit || w.check.shutSince > 0 {
			return fmt.Sprint(s.MaxOutage)
		}
	default:
		return "not a thing to expect"
	}
	return ""
}

// story is the trace from the first fault on, without what the next change of some small thing would change: instances, positions, and
// fractions of seconds.
func (w *World) story() string {
	i := slices.IndexFunc(w.lines, func(line string) bool { return strings.Contains(line, " FAULT ") })
	if i < 0 {
		i = len(w.lines)
	}
	var b strings.Builder
	particular := regexp.MustCompile(`\.[0-9]{3}s|0/[0-9A-F]+| i[0-9]+|request [0-9]+`)
	for _, line := range w.lines[i:] {
		if strings.Contains(line, " FAULT ") {
			line, _, _ = strings.Cut(line, ": ")
		}
		b.WriteString(particular.ReplaceAllStringFunc(line, func(s string) string {
			switch {
			case s[0] == '.':
				return "s"
			case s[0] == 'r':
				return "a request"
			case s[0] == ' ':
				return " " // an instance
			}
			return "…"
		}) + "\n")
	}
	return b.String()
}
