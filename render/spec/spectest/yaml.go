package spectest

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// writer writes YAML by rules of its own: a second opinion beside the parser's and the encoder's of the repository. It
// chooses among the styles that a value has in YAML.
type writer struct {
	generator
	b bytes.Buffer
}

func (w *writer) document(doc object) []byte {
	w.b.Reset()
	if w.chance(0.3) {
		w.b.WriteString("# A spec.\n---\n")
	}
	w.block(doc, 0)
	return slices.Clone(w.b.Bytes())
}

// block writes a collection that is not empty, each entry on lines of its own.
func (w *writer) block(v any, depth int) {
	indent := strings.Repeat("  ", depth)
	switch v := v.(type) {
	case object:
		keys := slices.Sorted(maps.Keys(v))
		w.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		for _, k := range keys {
			w.b.WriteString(indent + w.scalar(k) + ":")
			w.value(v[k], depth+1)
		}
	case list:
		for _, item := range v {
			w.b.WriteString(indent + "-")
			w.value(item, depth+1)
		}
	}
}

// value writes what follows a key or a dash, to the end of the line or beyond.
func (w *writer) value(v any, depth int) {
	switch v := v.(type) {
	case object:
		if len(v) > 0 && w.chance(0.8) {
			w.b.WriteString("\n")
			w.block(v, depth)
			return
		}
	case list:
		if len(v) > 0 && w.chance(0.8) {
			w.b.WriteString("\n")
			w.block(v, depth)
			return
		}
	case string:
		if literal(v) && w.chance(0.7) {
			w.literal(v, depth)
			return
		}
		w.b.WriteString(" " + w.scalar(v))
		w.comment()
		return
	}
	w.b.WriteString(" " + flow(v))
	w.comment()
}

func (w *writer) comment() {
	if w.chance(0.05) {
		w.b.WriteString(" # {a: 'note")
	}
	w.b.WriteString("\n")
}

// flow is JSON, which is YAML too.
func flow(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // nothing that JSON cannot hold is ever put into a case
	}
	return visible(strings.TrimSuffix(b.String(), "\n"))
}

// visible escapes the mark that no spec may hold as it is, because nobody sees it.
func visible(s string) string { return strings.ReplaceAll(s, "\ufeff", `\ufeff`) }

var (
	plain    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*$`)
	reserved = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)
	single   = regexp.MustCompile(`^[ -~\p{L}\p{So}]*$`)
)

// scalar is a text on one line.
func (w *writer) scalar(s string) string {
	switch {
	case plain.MatchString(s) && !reserved.MatchString(s) && w.chance(0.7):
		return s
	case single.MatchString(s) && w.chance(0.5):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return flow(s)
}

// literal reports whether a text can stand as a literal block: lines that begin and end in the open.
func literal(s string) bool {
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for _, l := range lines {
		if l == "" || l != strings.TrimSpace(l) || !single.MatchString(l) {
			return false
		}
	}
	return strings.Contains(s, "\n")
}

func (w *writer) literal(s string, depth int) {
	indent := strings.Repeat("  ", depth)
	body, ends := strings.CutSuffix(s, "\n")
	if ends {
		w.b.WriteString(" |\n")
	} else {
		w.b.WriteString(" |-\n")
	}
	for l := range strings.SplitSeq(body, "\n") {
		w.b.WriteString(indent + l + "\n")
	}
}
