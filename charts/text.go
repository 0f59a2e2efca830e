package charts

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// text is a literal block that differs in some of its lines: a dashboard, a script. As a value it would fill the values
// files; so the template has it, and the value names whose lines are rendered, as for a choice.
type text struct {
	value  *value
	names  []string // of the versions
	header string   // how the block begins: "|" or "|-"
	hunks  []hunk
}

// hunk is a line that all versions have, or the lines of each version.
type hunk struct {
	common string
	own    [][]string // by version; nil for a common line
}

func (h hunk) differs() bool { return h.own != nil }

// longText is from where on text is better kept out of values.yaml.
const longText = 600

// mostLines is up to where texts are compared: the comparison takes the square of it.
const mostLines = 2000

// line is one line of a text in two readings: with the namespace marked where it can mean nothing else, and wherever it
// is mentioned. Lines of two versions are one line when they agree in either.
type line struct {
	sure, every     string
	inSure, inEvery bool // the reading is common to all versions so far
}

func (l line) meets(m line) (line, bool) {
	l.inSure = l.inSure && m.inSure && l.sure == m.sure
	l.inEvery = l.inEvery && m.inEvery && l.every == m.every
	return l, l.inSure || l.inEvery
}

func (l line) String() string {
	if l.inSure {
		return l.sure
	}
	return l.every
}

// text compares long text line by line. It is nil where the text is short, or where a block cannot be taken apart.
func (b *build) text(at place, cs cells) node {
	headers := map[string]bool{}
	long := false
	isBlock := cs.every(func(v any) bool {
		s, ok := v.(string)
		if !ok || strings.Count(s, "\n") > mostLines {
			return false
		}
		long = long || len(s) > longText
		header, _, _ := strings.Cut(string(manifest.AppendYAML(nil, v)), "\n")
		headers[header] = true
		return !strings.Contains(s, noValue) && !strings.Contains(s, nsToken) && (header == "|" || header == "|-")
	})
	if !long || !isBlock || len(headers) > 1 {
		return nil
	}
	t := &text{header: sortedKeys(headers)[0]}
	opinions := make([]opinion, len(cs))
	var versions [][]line
	for i, c := range cs {
		if !c.has {
			continue
		}
		lines := b.lines(c.value.(string), b.variants[i].namespace)
		j := slices.IndexFunc(versions, func(v []line) bool { return slices.Equal(v, lines) })
		if j < 0 {
			j = len(versions)
			versions = append(versions, lines)
			t.names = append(t.names, b.versionName(i, t.names))
		}
		opinions[i] = opinion{true, t.names[j]}
	}
	t.hunks = hunks(versions)
	if !t.apart() {
		return nil
	}
	if slices.ContainsFunc(t.hunks, hunk.differs) {
		t.value = b.version(at, t.names, opinions)
	}
	return t
}

func (b *build) lines(s, namespace string) []line {
	var lines []line
	for l := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		lines = append(lines, line{
			sure: b.mark(l, namespace, false, false), every: replaceWord(l, namespace, nsToken), inSure: true, inEvery: true,
		})
	}
	return lines
}

// apart reports whether no blank line stands before an action, which would trim it.
func (t *text) apart() bool {
	for i, h := range t.hunks {
		if h.differs() && i > 0 && !t.hunks[i-1].differs() && t.hunks[i-1].common == "" {
			return false
		}
		for _, own := range h.own {
			if len(own) > 0 && own[len(own)-1] == "" {
				return false
			}
		}
	}
	return true
}

// hunks takes texts apart at the lines that all of them have.
func hunks(versions [][]line) []hunk {
	common := versions[0]
	for _, v := range versions[1:] {
		common = longest(common, v)
	}
	var out []hunk
	for _, c := range append(slices.Clone(common), line{}) {
		own := make([][]string, len(versions))
		differs := false
		for i, v := range versions {
			n := slices.IndexFunc(v, func(l line) bool { _, ok := c.meets(l); return ok })
			if n < 0 {
				n = len(v)
			}
			for _, l := range v[:n] {
				own[i] = append(own[i], l.sure)
				differs = true
			}
			versions[i] = v[min(n+1, len(v)):]
		}
		if differs {
			out = append(out, hunk{own: own})
		}
		if c != (line{}) {
			out = append(out, hunk{common: c.String()})
		}
	}
	return out
}

// longest is the longest common subsequence of two texts.
func longest(a, b []line) []line {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if _, ok := a[i].meets(b[j]); ok {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []line
	for i, j := 0, 0; i < len(a) && j < len(b); {
		both, ok := a[i].meets(b[j])
		switch {
		case ok && length[i][j] == length[i+1][j+1]+1:
			out = append(out, both)
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
