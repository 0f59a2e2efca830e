package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// Anything stands for whatever a page does not want to say: within a line, or, alone in one, for any number of lines.
const Anything = "…"

// Match tells where the lines of an output are not those wanted. How many spaces are between words does not count.
func Match(wanted []string, output string) error {
	got := strings.Split(strings.TrimRight(output, "\n"), "\n")
	for i := range got {
		got[i] = spaced(got[i])
	}
	if len(got) == 1 && got[0] == "" {
		got = nil
	}
	patterns := make([]*regexp.Regexp, 0, len(wanted)) // nil: any lines
	for _, line := range wanted {
		if line = spaced(line); line == Anything {
			patterns = append(patterns, nil)
			continue
		}
		parts := strings.Split(line, Anything)
		for i := range parts {
			parts[i] = regexp.QuoteMeta(strings.TrimSpace(parts[i])) // what it stands for may be nothing, with one space around
		}
		patterns = append(patterns, regexp.MustCompile("^"+strings.Join(parts, ".*")+"$"))
	}
	if furthest := compare(patterns, got); furthest < len(patterns) {
		return fmt.Errorf("it does not print the line %q", wanted[furthest])
	} else if furthest > len(patterns) {
		return fmt.Errorf("it prints more than is said")
	}
	return nil
}

// compare is how many patterns were found, one after the other: all, and one more if lines are left then.
func compare(patterns []*regexp.Regexp, lines []string) int {
	// reach[i] tells whether the lines so far can be those of the first i patterns.
	reach := make([]bool, len(patterns)+1)
	reach[0] = true
	skip := func() {
		for i, p := range patterns {
			reach[i+1] = reach[i+1] || p == nil && reach[i]
		}
	}
	skip()
	furthest := last(reach)
	for _, line := range lines {
		next := make([]bool, len(patterns)+1)
		for i, p := range patterns {
			if p != nil && reach[i] && p.MatchString(line) {
				next[i+1] = true
			}
			if p == nil && reach[i+1] {
				next[i+1] = true
			}
		}
		reach = next
		skip()
		furthest = max(furthest, last(reach))
	}
	switch {
	case reach[len(patterns)]:
		return len(patterns)
	case furthest == len(patterns):
		return len(patterns) + 1
	}
	return furthest
}

func last(reach []bool) int {
	for i := len(reach) - 1; i > 0; i-- {
		if reach[i] {
			return i
		}
	}
	return 0
}

// spaced is a line with one space between words.
func spaced(line string) string { return strings.Join(strings.Fields(line), " ") }
