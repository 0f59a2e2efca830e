package node

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parseSlow reads one document with yaml.v3, which knows all of YAML.
func parseSlow(file *File, c chunk) (*Node, []*Error) {
	var doc yaml.Node
	if err := unmarshal(c.text, &doc); err != nil {
		return nil, []*Error{syntaxError(file, c, err)}
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, nil
	}
	b := builder{file: file, line: c.line, rows: strings.Split(c.text, "\n"), made: map[*yaml.Node]*Node{}, sizes: map[*Node]size{}}
	root := b.node(doc.Content[0], 1)
	return root, b.errs
}

// unmarshal turns a panic of the library into an error: a hostile file must not take the program down.
func unmarshal(text string, doc *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	return yaml.Unmarshal([]byte(text), doc)
}

// builder makes our nodes from yaml.v3's.
type builder struct {
	file  *File
	line  int32
	rows  []string
	made  map[*yaml.Node]*Node // nil while being made: an alias to it would contain itself
	sizes map[*Node]size
	total int  // nodes of the document, aliases followed
	bomb  bool // an alias was refused
	errs  []*Error
}

// size is what a node is once its aliases are followed.
type size struct{ nodes, height int }

// add accounts for a child.
func (s *size) add(child size) {
	s.nodes += child.nodes
	s.height = max(s.height, child.height+1)
}

func (b *builder) fail(f Fault, y *yaml.Node, width int, message, why, fix string) {
	line, col := b.pos(y)
	b.errs = append(b.errs, &Error{Fault: f, File: b.file, Line: line, Col: col, Width: width, Message: message, Why: why, Fix: fix})
}

func (b *builder) pos(y *yaml.Node) (line, col int32) { return int32(y.Line) + b.line, int32(y.Column) }

func (b *builder) node(y *yaml.Node, depth int) *Node {
	if depth > MaxDepth {
		b.fail(TooDeep, y, 1, fmt.Sprintf("more than %d levels of nesting", MaxDepth), "", "flatten it")
		return b.null(y)
	}
	if y.Kind == yaml.AliasNode {
		return b.alias(y, depth)
	}
	b.made[y] = nil
	line, col := b.pos(y)
	if empty := y.Kind == yaml.ScalarNode && y.Value == "" && y.Style&^yaml.TaggedStyle == 0; !empty {
		line, col = b.afterProperties(line, col)
	}
	n := &Node{Line: line, Col: col, Style: Block, File: b.file}
	if y.Style&yaml.FlowStyle != 0 {
		n.Style = Flow
	}
	if y.Style&yaml.TaggedStyle != 0 {
		b.tag(y)
	}
	s := size{nodes: 1}
	b.total++
	switch y.Kind {
	case yaml.ScalarNode:
		b.scalar(n, y)
	case yaml.SequenceNode:
		n.Kind = Sequence
		n.Items = make([]*Node, len(y.Content))
		for i, c := range y.Content {
			n.Items[i] = b.node(c, depth+1)
			s.add(b.sizes[n.Items[i]])
		}
	case yaml.MappingNode:
		n.Kind = Mapping
		b.pairs(n, y, depth)
		for i, k := range n.Keys {
			s.add(b.sizes[k])
			s.add(b.sizes[n.Items[i]])
		}
	}
	b.made[y] = n
	b.sizes[n] = s
	return n
}

func (b *builder) null(y *yaml.Node) *Node {
	line, col := b.pos(y)
	return &Node{Kind: Scalar, Type: Null, Style: Plain, Line: line, Col: col, File: b.file}
}

func (b *builder) alias(y *yaml.Node, depth int) *Node {
	target, seen := b.made[y.Alias]
	switch {
	case !seen:
		// A node of a document that was refused before its alias was met.
		return b.null(y)
	case target == nil:
		b.fail(BadAlias, y, len(y.Value)+1, fmt.Sprintf("alias *%s stands inside what it names", y.Value), "it would never end", "write the value out")
		return b.null(y)
	}
	s := b.sizes[target]
	if b.total += s.nodes; b.total > MaxNodes || depth+s.height > MaxDepth {
		b.total -= s.nodes
		if b.bomb {
			return b.null(y)
		}
		b.bomb = true // said once
		b.fail(BadAlias, y, len(y.Value)+1, fmt.Sprintf("alias *%s stands for too much", y.Value),
			fmt.Sprintf("a document may hold %d values in %d levels once its aliases are followed", MaxNodes, MaxDepth), "write the value out")
		return b.null(y)
	}
	return target
}

func (b *builder) pairs(n *Node, y *yaml.Node, depth int) {
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		if !b.key(key) {
			continue
		}
		k, v := b.node(key, depth+1), b.node(y.Content[i+1], depth+1)
		n.Keys = append(n.Keys, k)
		n.Items = append(n.Items, v)
	}
	b.errs = append(b.errs, dropDuplicates(n)...)
}

// key refuses the keys that JSON has no word for.
func (b *builder) key(y *yaml.Node) bool {
	switch {
	case y.Kind == yaml.AliasNode:
		b.fail(BadKey, y, len(y.Value)+1, "an alias as a key", "", "write the key out")
	case y.Kind != yaml.ScalarNode:
		b.fail(BadKey, y, 1, "a collection as a key", "Kubernetes objects have names for keys", "write a name")
	case y.Value == "<<" && y.Style&^yaml.TaggedStyle == 0:
		b.fail(MergeKey, y, 2, "merge keys (<<) are not supported",
			"YAML 1.2 dropped them, and a reader cannot see which value wins", "write the fields out, or put what clusters share into the Project's defaults")
	case y.Value == "" && y.Style == 0:
		b.fail(BadKey, y, 1, "a value without a key", "", "write the key before the colon")
	default:
		return true
	}
	return false
}

// tag accepts the tags that say what the value is anyway, and !!str.
func (b *builder) tag(y *yaml.Node) {
	if y.Tag == naturalTag(y) || y.Kind == yaml.ScalarNode && y.Tag == "!!str" {
		return
	}
	b.fail(BadTag, y, len(y.Tag), fmt.Sprintf("tag %s is not supported", y.Tag), "the fields' own types say what a value is", "delete the tag; quote the value if it is a string")
}

// naturalTag is the tag that a node has when nobody writes one.
func naturalTag(y *yaml.Node) string {
	switch {
	case y.Kind != yaml.ScalarNode:
		return map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq"}[y.Kind]
	case y.Style&^yaml.TaggedStyle != 0:
		return "!!str"
	}
	return [...]string{String: "!!str", Int: "!!int", Float: "!!float", Bool: "!!bool", Null: "!!null"}[Resolve(y.Value)]
}

func (b *builder) scalar(n *Node, y *yaml.Node) {
	n.Kind, n.Value, n.Type = Scalar, y.Value, String
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.Style = DoubleQuoted
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.Style = SingleQuoted
	case y.Style&yaml.LiteralStyle != 0:
		n.Style = Literal
	case y.Style&yaml.FoldedStyle != 0:
		n.Style = Folded
	case y.Style&yaml.TaggedStyle != 0 && (y.Tag == "!!str" || y.Tag != naturalTag(y)):
		n.Style = DoubleQuoted // !!str is as good as quotes, and if the tag was refused there is no more to say
	default:
		n.Style, n.Type = Plain, Resolve(y.Value)
	}
}

// dropDuplicates keeps the first of several equal keys and reports the others.
func dropDuplicates(n *Node) []*Error {
	if allDiffer(n.Keys) {
		return nil
	}
	var errs []*Error
	var seen map[string]*Node
	kept := 0
	for i, k := range n.Keys {
		var first *Node
		if len(n.Keys) <= 64 {
			for _, earlier := range n.Keys[:kept] {
				if earlier.Value == k.Value {
					first = earlier
					break
				}
			}
		} else {
			if seen == nil {
				seen = make(map[string]*Node, len(n.Keys))
			}
			if first = seen[k.Value]; first == nil {
				seen[k.Value] = k
			}
		}
		if first != nil {
			errs = append(errs, &Error{Fault: DuplicateKey, File: k.File, Line: k.Line, Col: k.Col, Width: k.Width(),
				Message: fmt.Sprintf("duplicate key %q; the first is at %d:%d", k.Value, first.Line, first.Col),
				Why:     "readers disagree on which of the two counts", Fix: "keep one of them"})
			continue
		}
		if kept != i {
			n.Keys[kept], n.Items[kept] = k, n.Items[i]
		}
		kept++
	}
	n.Keys, n.Items = n.Keys[:kept], n.Items[:kept]
	return errs
}

// allDiffer reports whether keys are sure to be different: no two have their length and their outer letters fall on one bit. It
// is true of nearly every mapping that has no more than a handful.
func allDiffer(keys []*Node) bool {
	var seen uint64
	for _, k := range keys {
		n := len(k.Value)
		if n == 0 {
			return false
		}
		bit := uint64(1) << ((uint(n)*7 + uint(k.Value[0])*3 + uint(k.Value[n-1])) % 64)
		if seen&bit != 0 {
			return false
		}
		seen |= bit
	}
	return true
}

// unknownAlias is where an alias stands whose anchor there is not.
func unknownAlias(file *File, c chunk, name string) *Error {
	for i, row := range strings.Split(c.text, "\n") {
		if at := strings.Index(row, "*"+name); at >= 0 {
			return &Error{Fault: BadAlias, File: file, Line: c.line + int32(i) + 1, Col: int32(utf8.RuneCountInString(row[:at])) + 1, Width: len(name) + 1,
				Message: fmt.Sprintf("alias *%s names no anchor before it", name), Fix: "write the value out, or quote it if it is a string"}
		}
	}
	return nil
}

// syntaxError places an error of yaml.v3, which knows the line only, and often the one after.
func syntaxError(file *File, c chunk, err error) *Error {
	if _, rest, found := strings.Cut(err.Error(), "unknown anchor '"); found {
		name, _, _ := strings.Cut(rest, "'")
		if e := unknownAlias(file, c, name); e != nil {
			return e
		}
	}
	e := &Error{Fault: BadSyntax, File: file, Line: c.line + 1, Col: 1, Width: 1, Fix: "correct the YAML on this line or the one before"}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	var n int32
	if _, scanErr := fmt.Sscanf(message, "line %d: ", &n); scanErr == nil {
		_, message, _ = strings.Cut(message, ": ")
		e.Line = c.line + min(n, int32(strings.Count(strings.TrimRight(c.text, "\n"), "\n"))+1)
	}
	e.Message = strings.ReplaceAll(message, "'", `"`)
	text := file.Line(int(e.Line))
	e.Col = int32(len(text)-len(strings.TrimLeft(text, " "))) + 1
	return e
}

// afterProperties is where the value begins whose anchor or tag may stand at a position.
func (b *builder) afterProperties(line, col int32) (int32, int32) {
	at := int(line - b.line - 1)
	if at >= len(b.rows) {
		return line, col
	}
	rest, now := b.rows[at], int32(1)
	skip := func(n int) { rest, now = rest[n:], now+int32(utf8.RuneCountInString(rest[:n])) }
	for now < col && rest != "" {
		_, n := utf8.DecodeRuneInString(rest)
		skip(n)
	}
	for {
		skip(len(rest) - len(strings.TrimLeft(rest, " \t")))
		switch {
		case rest == "" || rest[0] == '#':
			if at++; at >= len(b.rows) {
				return line, col
			}
			rest, now = b.rows[at], 1
		case rest[0] == '&':
			end := 1
			for end < len(rest) && (isAlnum(rest[end]) || rest[end] == '_' || rest[end] == '-') {
				end++
			}
			skip(end)
		case rest[0] == '!':
			end := strings.IndexAny(rest, " \t,]}")
			if end < 0 {
				end = len(rest)
			}
			skip(end)
		default:
			return b.line + int32(at) + 1, now
		}
	}
}
