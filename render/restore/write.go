package restore

import (
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec/node"
)

// writer writes a tree as its author did: what stood on one line stays on one line. Comments are not part of a tree.
type writer struct{ out *strings.Builder }

const step = 2

// mapping writes the fields of a block mapping, each at an indentation. The first one's is there already when it follows a dash.
func (w writer) mapping(n *node.Node, indent int) {
	for i, key := range n.Keys {
		if i > 0 || indent == 0 || !w.afterDash() {
			w.indent(indent)
		}
		w.scalar(key, true)
		w.out.WriteByte(':')
		w.value(n.Items[i], indent)
	}
}

func (w writer) afterDash() bool { return strings.HasSuffix(w.out.String(), "- ") }

func (w writer) indent(n int) { w.out.WriteString(strings.Repeat(" ", n)) }

// value writes what stands behind a colon, and the line break.
func (w writer) value(n *node.Node, indent int) {
	switch {
	case n.Kind == node.Scalar && n.Style == node.Literal && literal(n.Value):
		w.out.WriteString(" |\n")
		for line := range strings.Lines(n.Value) {
			if line != "\n" {
				w.indent(indent + step)
			}
			w.out.WriteString(line)
		}
	case n.Kind == node.Mapping && n.Style == node.Block && len(n.Keys) > 0:
		w.out.WriteByte('\n')
		w.mapping(n, indent+step)
	case n.Kind == node.Sequence && n.Style == node.Block && len(n.Items) > 0:
		w.out.WriteByte('\n')
		w.sequence(n, indent+step)
	default:
		w.out.WriteByte(' ')
		w.flow(n)
		w.out.WriteByte('\n')
	}
}

func (w writer) sequence(n *node.Node, indent int) {
	for _, item := range n.Items {
		w.indent(indent)
		w.out.WriteString("- ")
		if item.Kind == node.Mapping && item.Style == node.Block && len(item.Keys) > 0 {
			w.mapping(item, indent+step)
			continue
		}
		w.flow(item)
		w.out.WriteByte('\n')
	}
}

// flow writes a node on one line.
func (w writer) flow(n *node.Node) {
	switch n.Kind {
	case node.Mapping:
		w.out.WriteByte('{')
		for i, key := range n.Keys {
			w.comma(i)
			w.scalar(key, true)
			w.out.WriteString(": ")
			w.flow(n.Items[i])
		}
		w.out.WriteByte('}')
	case node.Sequence:
		w.out.WriteByte('[')
		for i, item := range n.Items {
			w.comma(i)
			w.flow(item)
		}
		w.out.WriteByte(']')
	default:
		w.scalar(n, false)
	}
}

func (w writer) comma(i int) {
	if i > 0 {
		w.out.WriteString(", ")
	}
}

// scalar writes a scalar so that every reader takes it for what it is, inside brackets too.
func (w writer) scalar(n *node.Node, key bool) {
	switch {
	case n.Type == node.Null:
		w.out.WriteString("null")
	case n.Style == node.Plain && (n.Type != node.String || plain(n.Value, key)):
		w.out.WriteString(n.Value)
	default:
		w.out.WriteString(string(manifest.EncodeJSON(n.Value)))
	}
}

// plain reports whether a text that was plain where it stood is plain anywhere.
func plain(text string, key bool) bool {
	if text == "" || strings.Contains(text, ": ") || strings.HasSuffix(text, ":") || strings.Contains(text, " #") {
		return false
	}
	return !strings.ContainsAny(text, "\n\t,[]{}\"'`&*!|>%@") && !strings.ContainsAny(text[:1], "-?:# ") && text[len(text)-1] != ' '
}

// literal reports whether a block scalar can be written as one with no indicators: it ends in one line break, and no line
// begins or ends with a blank.
func literal(text string) bool {
	if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") || strings.ContainsAny(text, "\r\t") {
		return false
	}
	return !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\n")
}
