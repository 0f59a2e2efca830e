package restore

import (
	"errors"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/spec/node"
)

// ErrNothing is what [Finish] returns for a spec that restores nothing.
var ErrNothing = errors.New("there is no bootstrap.recovery in it")

// ErrOneLine is what [Finish] returns when the recovery stands on a line with other fields.
var ErrOneLine = errors.New("bootstrap.recovery stands on one line with other fields: take it out by hand")

// Finish takes bootstrap.recovery out of the text that a document was read from, in the spec and in every environment, and the
// external cluster that it named when nothing else does. Everything else stays as it was written, comments too.
func Finish(doc *spec.Document) ([]byte, error) {
	c := cutter{lines: strings.SplitAfter(doc.Written().File.Text, "\n")}
	root := doc.Written()
	parts := []*node.Node{root.Get("spec")}
	if environments := root.Get("environments"); environments != nil {
		parts = append(parts, environments.Items...)
	}
	var from []string
	for _, part := range parts {
		name, err := c.recovery(part)
		if err != nil {
			return nil, err
		}
		if name != "" {
			from = append(from, name)
		}
	}
	if len(c.gone) == 0 {
		return nil, ErrNothing
	}
	for _, part := range parts {
		if err := c.sources(part, from); err != nil {
			return nil, err
		}
	}
	return []byte(c.rest()), nil
}

// cutter takes whole lines out of a text.
type cutter struct {
	lines []string
	gone  []span
}

// span is lines from first up to the one before end, counted from 0.
type span struct{ first, end int }

// recovery cuts the recovery out of a spec or a patch, with bootstrap when nothing else is in it, and tells whose archive it
// read.
func (c *cutter) recovery(part *node.Node) (from string, err error) {
	if part == nil || part.Kind != node.Mapping {
		return "", nil
	}
	bootstrap := part.Get("bootstrap")
	if bootstrap == nil || bootstrap.Kind != node.Mapping || bootstrap.Get("recovery") == nil {
		return "", nil
	}
	from = text(bootstrap.Get("recovery").Get("from"))
	if len(bootstrap.Keys) == 1 {
		return from, c.field(part, "bootstrap")
	}
	return from, c.field(bootstrap, "recovery")
}

// sources cuts the external clusters of these names, unless the spec follows one of them.
func (c *cutter) sources(part *node.Node, names []string) error {
	if part == nil || part.Kind != node.Mapping {
		return nil
	}
	list := part.Get("externalClusters")
	if list == nil || list.Kind != node.Sequence {
		return nil
	}
	followed := text(part.Get("replica").Get("from"))
	var unused []*node.Node
	for _, item := range list.Items {
		if name := text(item.Get("name")); name != followed && slices.Contains(names, name) {
			unused = append(unused, item)
		}
	}
	switch {
	case len(unused) == 0:
		return nil
	case len(unused) == len(list.Items):
		return c.field(part, "externalClusters")
	case list.Style == node.Flow:
		return ErrOneLine
	}
	for _, item := range unused {
		first := int(item.Line) - 1
		c.cut(first, strings.Index(c.lines[first], "-"), false)
	}
	return nil
}

// field cuts a field with all below it.
func (c *cutter) field(n *node.Node, name string) error {
	key, value := n.Pair(name)
	first := int(key.Line) - 1
	if n.Style != node.Block || strings.TrimSpace(c.lines[first][:key.Col-1]) != "" {
		return ErrOneLine
	}
	c.cut(first, int(key.Col)-1, value.Kind == node.Sequence)
	return nil
}

// cut takes a line and those below it that are indented deeper. A list may stand in the column of its field.
func (c *cutter) cut(first, indent int, list bool) {
	end := first + 1
	for i := end; i < len(c.lines); i++ {
		line := strings.TrimRight(c.lines[i], " \r\n")
		content := strings.TrimLeft(line, " ")
		at := len(line) - len(content)
		if content == "" || content[0] == '#' {
			continue // goes with what is below it
		}
		if at <= indent && !(list && at == indent && strings.HasPrefix(content, "-")) {
			break
		}
		end = i + 1
	}
	c.gone = append(c.gone, span{first, end})
}

func (c *cutter) rest() string {
	var out strings.Builder
	for i, line := range c.lines {
		if line == reminder {
			continue
		}
		if !slices.ContainsFunc(c.gone, func(s span) bool { return s.first <= i && i < s.end }) {
			out.WriteString(line)
		}
	}
	return out.String()
}
