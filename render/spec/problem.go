package spec

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pos is a place in a file. Lines and columns count from 1; columns are characters. Line 0 means the file as a whole.
type Pos struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
}

// String is file:line:col, as editors and CI systems link it.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

func (p Pos) compare(q Pos) int {
	return cmp.Or(strings.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// Problem is one thing that a user has to change, or that a backend cannot do.
type Problem struct {
	// Code is ONGnnnn; [Explain] tells more about it.
	Code string `json:"code"`
	Pos
	// Path is the field, e.g. spec.backup.retention or spec.databases[0].name; "" for a file that has no fields.
	Path string `json:"path,omitempty"`
	// Width is how many characters to underline.
	Width int `json:"width,omitempty"`
	// Source is the line at Pos.
	Source string `json:"source,omitempty"`
	// Message is what is wrong, Why what would happen otherwise, Fix what to write instead. Why may be empty.
	Message string `json:"message"`
	Why     string `json:"why,omitempty"`
	Fix     string `json:"fix,omitempty"`
	// Backends are those that can do it, for a problem of the chosen backend.
	Backends []string `json:"backends,omitempty"`
}

// Error is the first line of what Render writes.
func (p Problem) Error() string { return fmt.Sprintf("%s: %s: %s", p.Pos, p.Code, p.Message) }

// Exit is the exit code of the command that met the problem, by the range of the code: 3 invalid spec, 4 not supported,
// 5 secret refused, 6 input or output, 1 finding.
func (p Problem) Exit() int {
	if len(p.Code) < 4 {
		return 3
	}
	switch p.Code[3] {
	case '4':
		return 4
	case '5':
		return 5
	case '6':
		return 6
	case '7':
		return 1
	}
	return 3
}

// Problems are an error once there is one of them; see [Problems.Err].
type Problems []Problem

// Sort orders problems by file, line, column and code, and drops what was said before: what is wrong in a base is wrong
// in each of its environments.
func (ps Problems) Sort() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(a.compare(b.Pos), strings.Compare(a.Code, b.Code), strings.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(ps, func(a, b Problem) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
}

// Err is nil without problems, and otherwise the problems as an error.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Error is one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Exit is the exit code for all of them: the gravest counts, a secret in plain text before input and output, before an
// invalid spec, before what a backend cannot do, before findings.
func (ps Problems) Exit() int {
	for _, code := range []int{5, 6, 3, 4, 1} {
		if slices.ContainsFunc(ps, func(p Problem) bool { return p.Exit() == code }) {
			return code
		}
	}
	return 0
}

// Render writes every problem, with an empty line between two.
func (ps Problems) Render(w io.Writer, color bool) error {
	for i, p := range ps {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := p.Render(w, color); err != nil {
			return err
		}
	}
	return nil
}

// Render writes the problem for a person:
//
//	shop.yaml:9:19: ONG2005: "10GB" is not a size
//	  9 |   storage: {size: 10GB}
//	    |                   ^~~~
//	  why: Kubernetes has no unit GB
//	  fix: write 10Gi
func (p Problem) Render(w io.Writer, color bool) error {
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s\n", paint("1", p.Pos.String()), paint("1;31", p.Code), paint("1", printable(p.Message)))
	if p.Source != "" {
		number := fmt.Sprintf("%3d", p.Line)
		gutter := strings.Repeat(" ", len(number))
		source, pad, mark := underline(p.Source, p.Col, p.Width)
		fmt.Fprintf(&b, "%s %s\n", paint("34", number+" |"), source)
		fmt.Fprintf(&b, "%s %s%s\n", paint("34", gutter+" |"), pad, paint("1;31", mark))
	}
	for _, line := range [...]struct{ label, text string }{{"why", p.Why}, {"fix", p.Fix}, {"backends that can", strings.Join(p.Backends, ", ")}} {
		if line.text != "" {
			fmt.Fprintf(&b, "  %s %s\n", paint("36", line.label+":"), printable(line.text))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printable shows control characters as dots: a file must not be able to steer the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return '·'
		}
		return r
	}, s)
}

// sourceWidth is how much of a long line is shown: a minified JSON file is one line.
const sourceWidth = 120

// underline is the line to show, cut to what fits around the column, with the padding and the caret below it.
func underline(source string, col, width int) (line, pad, mark string) {
	runes := []rune(source)
	first := min(max(col-1, 0), len(runes))
	last := min(first+max(width, 1), len(runes))
	begin, end := 0, len(runes)
	head, tail := "", ""
	if len(runes) > sourceWidth {
		begin = max(0, min(first-sourceWidth/3, len(runes)-sourceWidth))
		end = min(begin+sourceWidth, len(runes))
		last = min(last, end)
		if begin > 0 {
			head = "… "
		}
		if end < len(runes) {
			tail = " …"
		}
	}
	pad = strings.Repeat(" ", utf8.RuneCountInString(head))
	for _, r := range runes[begin:first] {
		if r == '\t' {
			pad += "\t" // as wide as the one above it
			continue
		}
		pad += strings.Repeat(" ", runeWidth(r))
	}
	cells := 0
	for _, r := range runes[first:last] {
		cells += max(1, runeWidth(r))
	}
	return head + printable(string(runes[begin:end])) + tail, pad, "^" + strings.Repeat("~", max(cells, 1)-1)
}
