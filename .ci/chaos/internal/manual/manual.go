// Package manual follows a page of Markdown as a reader does who copies its commands into a shell, one block after the other, and looks whether that comes out
// which the page says.
//
// Read finds what is to be done. A section takes part if a comment, which no reader sees, stands below its heading:
//
//	<!-- follow -->
//
// or, if none of it is to be run for now, one that says why: <!-- follow: not WHY -->.
//
// All blocks of the language sh in it, and in the sections below it, are run as they stand. A block of the language text right behind one is what it prints: an … in
// it stands for anything in a line, a line of its own for any lines. Other comments say what a page does not:
//
//	<!-- follow: skip WHY -->       the next block cannot be run here
//	<!-- follow: again 2m -->       the next block is run again until it prints what it should, as somebody who waits would
//	<!-- follow: exit 1 -->         the next block ends with this code
//	<!-- follow: here COMMAND -->   only here: a command that a reader does not need
//	<!-- follow: break WORDS -->    only here: what happens to machines, and no command can do
//
// Match compares what was printed; Reader is the shell.
package manual

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Kind is what a step is.
type Kind string

// The kinds of steps.
const (
	Run   Kind = "run"
	Skip  Kind = "skip"  // a block that cannot be run here, for the reason in Why
	Here  Kind = "here"  // a command that is run here alone
	Break Kind = "break" // something that is done to the machines
)

// Step is one thing to do.
type Step struct {
	Kind   Kind
	Line   int      // of the page, from 1
	Text   string   // the commands, or the words of a break
	Why    string   // of a skip
	Wanted []string // the lines that it prints, if the page says; see Match
	Again  time.Duration
	Exit   int
}

// Section is a heading and the steps right below it.
type Section struct {
	Title string
	Line  int
	Why   string // it is not to be followed; "" if it is
	Steps []Step
}

// Error is a mistake in the page's comments and blocks.
type Error struct {
	Line int
	What string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

var (
	heading = regexp.MustCompile(`^(#{1,6}) +(.*?) *#*$`)
	fence   = regexp.MustCompile("^( *)(```+|~~~+) *([A-Za-z0-9]*)")
	comment = regexp.MustCompile(`^ *<!-- follow(?:: *(.*?))? *-->$`)
)

// reading is where Read is.
type reading struct {
	sections []Section
	depth    int    // of the heading that is followed; 0: none
	why      string // it is not after all
	current  Section
	level    int // of the current heading
	next     Step
	pending  int  // the line of a comment about the next block, or 0
	told     bool // the last block may be followed by what it prints
}

// Read finds the sections that take part, those without steps left out.
func Read(page string) ([]Section, error) {
	var r reading
	lines := strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \r")
		if m := fence.FindStringSubmatch(line); m != nil {
			body, end := block(lines, i, m[1], m[2])
			if err := r.block(i+1, m[3], body); err != nil {
				return nil, err
			}
			i = end
			continue
		}
		if err := r.line(i+1, line); err != nil {
			return nil, err
		}
	}
	if err := r.unspent(); err != nil {
		return nil, err
	}
	r.close()
	return r.sections, nil
}

// block is the text of a fence that begins at a line, without its indent, and the line at which it ends.
func block(lines []string, from int, indent, mark string) (body []string, end int) {
	for end = from + 1; end < len(lines); end++ {
		line := strings.TrimRight(lines[end], "\r")
		if strings.TrimRight(strings.TrimLeft(line, " "), " ") == mark {
			break
		}
		body = append(body, strings.TrimPrefix(line, indent))
	}
	return body, end
}

func (r *reading) line(at int, line string) error {
	if m := heading.FindStringSubmatch(line); m != nil {
		if err := r.unspent(); err != nil {
			return err
		}
		r.close()
		if r.level = len(m[1]); r.level <= r.depth {
			r.depth, r.why = 0, ""
		}
		r.current = Section{Title: m[2], Line: at}
		return nil
	}
	m := comment.FindStringSubmatch(line)
	switch {
	case m == nil:
		r.told = r.told && line == ""
		return nil
	case m[1] == "":
		r.depth = r.level
		return nil
	case strings.HasPrefix(m[1], "not "):
		r.depth, r.why = r.level, strings.TrimPrefix(m[1], "not ")
		return nil
	case r.depth == 0:
		return &Error{at, "a comment about a block in a section that is not followed"}
	}
	return r.comment(at, m[1])
}

func (r *reading) comment(at int, text string) error {
	word, rest, _ := strings.Cut(text, " ")
	r.told = false
	var err error
	switch word {
	case "here", "break":
		if rest == "" {
			return &Error{at, word + " what?"}
		}
		r.current.Steps = append(r.current.Steps, Step{Kind: Kind(word), Line: at, Text: rest})
		return nil
	case "skip":
		if r.next.Kind, r.next.Why = Skip, rest; rest == "" {
			return &Error{at, "skip without a reason"}
		}
	case "again":
		if r.next.Again, err = time.ParseDuration(rest); err != nil || r.next.Again <= 0 {
			return &Error{at, fmt.Sprintf("again %q: for how long?", rest)}
		}
	case "exit":
		if r.next.Exit, err = strconv.Atoi(rest); err != nil || r.next.Exit < 0 || r.next.Exit > 255 {
			return &Error{at, fmt.Sprintf("exit %q is no exit code", rest)}
		}
	default:
		return &Error{at, fmt.Sprintf("there is no comment %q", word)}
	}
	r.pending = at
	return nil
}

func (r *reading) block(at int, language string, body []string) error {
	if r.depth == 0 {
		return nil
	}
	switch language {
	case "sh":
		step := r.next
		step.Line, step.Text = at, strings.Join(body, "\n")
		if step.Kind == "" {
			step.Kind = Run
		}
		r.current.Steps = append(r.current.Steps, step)
		r.next, r.pending, r.told = Step{}, 0, step.Kind == Run
	case "text":
		if !r.told {
			return &Error{at, "what is printed, without the commands that print it"}
		}
		r.current.Steps[len(r.current.Steps)-1].Wanted = body
		r.told = false
	default:
		r.told = false
	}
	return nil
}

// unspent is a comment about a block that does not come.
func (r *reading) unspent() error {
	if r.pending != 0 {
		return &Error{r.pending, "a comment about a block that does not come"}
	}
	return nil
}

func (r *reading) close() {
	if r.current.Why = r.why; len(r.current.Steps) > 0 {
		r.sections = append(r.sections, r.current)
	}
	r.current, r.told = Section{}, false
}
