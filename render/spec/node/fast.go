package node

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// fast reads the YAML that people write, and only that. Its methods return nil, or false, where they give up: because the
// text is something they do not know, or because it is wrong. yaml.v3 then decides which; if it is wrong, diagnosis holds
// what was seen here, where the positions are exact.
type fast struct {
	file      *File
	src       string
	pos       int   // of the next byte
	bol       int   // where its line begins
	line      int32 // its line
	indent    int   // column, from 0, of the token that next stopped at; -1 at the end
	depth     int
	nodes     []Node // slabs to cut nodes and slices from: one allocation for hundreds of them
	slots     []*Node
	cut       int     // nodes cut off the slab
	stack     []*Node // members of the collections being read
	errs      []*Error
	diagnosis *Error
}

// fastDepth is where fast gives up: it counts some levels once that are two.
const fastDepth = MaxDepth/2 - 1

// parseFast reads one document; false when yaml.v3 has to look at it. The error is what seemed to be wrong, if anything.
func parseFast(file *File, c chunk) (root *Node, errs []*Error, diagnosis *Error, ok bool) {
	if c.ended {
		return nil, nil, nil, false
	}
	p := fast{file: file, src: c.text, line: c.line + 1}
	p.next()
	if p.indent == 0 && marker(p.src[p.pos:], "---") {
		p.pos += len("---")
		if crossed := p.next(); p.indent >= 0 && !crossed {
			return nil, nil, nil, false // content behind the marker
		}
	}
	if p.indent < 0 {
		return nil, nil, p.diagnosis, p.pos == len(p.src)
	}
	root = p.block(-1, true)
	if root == nil || p.indent >= 0 || p.pos < len(p.src) {
		if root != nil && p.diagnosis == nil && p.indent >= 0 {
			p.wrong(BadIndent, p.pos, 1, "this line is outdented further than the first", "", "indent it like the fields above it")
		}
		return nil, nil, p.diagnosis, false
	}
	return root, p.errs, nil, true
}

// wrong remembers the first thing that was wrong.
func (p *fast) wrong(f Fault, at, width int, message, why, fix string) *Node {
	if p.diagnosis == nil {
		line, bol := p.line, p.bol
		if at < bol { // on an earlier line
			line -= int32(strings.Count(p.src[at:p.pos], "\n"))
			bol = strings.LastIndexByte(p.src[:at], '\n') + 1
		}
		p.diagnosis = &Error{Fault: f, File: p.file, Line: line, Col: int32(utf8.RuneCountInString(p.src[bol:at])) + 1, Width: width, Message: message, Why: why, Fix: fix}
	}
	return nil
}

// column counts characters from 1.
func (p *fast) column(at int) int32 {
	if p.file.ascii {
		return int32(at - p.bol + 1)
	}
	return int32(utf8.RuneCountInString(p.src[p.bol:at]) + 1)
}

// at makes a node that begins at an offset in the current line.
func (p *fast) at(off int) *Node {
	if p.cut == len(p.nodes) {
		p.nodes, p.cut = make([]Node, p.estimate(off)), 0
	}
	n := &p.nodes[p.cut]
	p.cut++
	n.File, n.Line, n.Col = p.file, p.line, p.column(off)
	return n
}

// estimate is about how many nodes the source still has from an offset on: a key and a value for each colon, one for each
// comma.
func (p *fast) estimate(off int) int {
	rest := p.src[off:]
	return 16 + 2*strings.Count(rest, ":") + strings.Count(rest, ",")
}

func (p *fast) null(off int) *Node {
	n := p.at(off)
	n.Kind, n.Type, n.Style = Scalar, Null, Plain
	return n
}

// collect takes the members that were pushed since mark off the stack.
func (p *fast) collect(mark, step, first int) []*Node {
	count := (len(p.stack) - mark) / step
	if count > len(p.slots) {
		p.slots = make([]*Node, max(count, len(p.nodes)-p.cut+count+len(p.stack)))
	}
	out := p.slots[:count:count]
	p.slots = p.slots[count:]
	for i := range out {
		out[i] = p.stack[mark+first+i*step]
	}
	return out
}

// ends reports whether a blank, a line break or the end is at an offset.
func (p *fast) ends(at int) bool {
	return at >= len(p.src) || p.src[at] == ' ' || p.src[at] == '\n' || p.src[at] == '\t'
}

// dash reports whether an entry of a block sequence begins here.
func (p *fast) dash() bool { return p.src[p.pos] == '-' && p.ends(p.pos+1) }

// next moves to the next token, over blanks, comments and line breaks, and says whether there was a line break.
func (p *fast) next() (crossed bool) {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ':
			p.pos++
		case '\n':
			p.pos++
			p.line++
			p.bol, crossed = p.pos, true
		case '#':
			if p.pos > p.bol && p.src[p.pos-1] != ' ' {
				p.indent = -1
				return crossed
			}
			end := strings.IndexByte(p.src[p.pos:], '\n')
			if end < 0 {
				end = len(p.src) - p.pos
			}
			p.pos += end
		case '\t':
			if strings.Trim(p.src[p.bol:p.pos], " \t") == "" {
				p.wrong(BadTab, p.pos, 1, "a tab in the indentation", "YAML is indented with spaces: a tab is as wide as each editor likes", "write spaces")
			}
			p.indent = -1
			return crossed
		default:
			p.indent = p.pos - p.bol
			return crossed
		}
	}
	p.indent = -1
	return crossed
}

// stuck reports whether next gave up before the end.
func (p *fast) stuck() bool { return p.indent < 0 && p.pos < len(p.src) }

// finish goes to the line after a value; what belongs to the value may not go on there.
func (p *fast) finish(n *Node, parent int) *Node {
	start := p.pos
	if crossed := p.next(); p.stuck() {
		return nil
	} else if p.indent >= 0 && !crossed {
		return p.leftover(n, start)
	}
	if p.indent > parent {
		return p.wrong(BadIndent, p.pos, 1, "this line is indented deeper than the line above, which has its value already", "",
			fmt.Sprintf("indent it by %d, like the fields it stands beside", max(parent, 0)))
	}
	return n
}

// leftover is text behind a quoted string or a bracket.
func (p *fast) leftover(n *Node, at int) *Node {
	if n.Line != p.line {
		what := "quote"
		if n.Kind != Scalar {
			what = "bracket"
		}
		p.wrong(Unclosed, p.pos, 1, fmt.Sprintf("text behind the closing %s; the opening one is at %d:%d", what, n.Line, n.Col), "", "close the "+what+" on its own line, or delete what is behind it")
		p.diagnosis.Line, p.diagnosis.Col = n.Line, n.Col
		p.diagnosis.Message = fmt.Sprintf("this %s closes only on line %d, in front of more text", what, p.line)
		p.diagnosis.Fix = "close it where the value ends"
		return nil
	}
	return p.wrong(BadSyntax, p.pos, 1, "text behind the end of the value", "", "quote the value as a whole, or delete this")
}

// block reads the node at the current token. parent is the indentation of the collection around it; compact says that a
// block collection may begin here: at the start of a line, or behind a dash.
func (p *fast) block(parent int, compact bool) *Node {
	if p.depth >= fastDepth {
		return nil
	}
	p.depth++
	defer func() { p.depth-- }()
	switch c := p.src[p.pos]; c {
	case '-':
		if p.dash() {
			if !compact {
				return p.wrong(BadSyntax, p.pos, 1, "a list cannot begin on the line of its field", "", "put the dash on the next line")
			}
			return p.sequence(p.pos-p.bol, false)
		}
	case '{', '[':
		n := p.flow()
		if n == nil {
			return nil
		}
		return p.finish(n, parent)
	case '|', '>':
		return p.blockScalar(parent)
	}
	n, end := p.scalar(false)
	if n == nil {
		return nil
	}
	if !p.colon(end) {
		p.pos = end
		return p.finish(n, parent)
	}
	if !compact {
		return p.secondColon(n, end)
	}
	if n.Line != p.line {
		return nil // a key over several lines
	}
	return p.mapping(n, end, int(p.pos-p.bol))
}

// colon reports whether the scalar that ended is a key.
func (p *fast) colon(end int) bool {
	for end < len(p.src) && p.src[end] == ' ' {
		end++
	}
	return end < len(p.src) && p.src[end] == ':' && p.ends(end+1)
}

func (p *fast) secondColon(n *Node, end int) *Node {
	for p.src[end] != ':' {
		end++
	}
	return p.wrong(BadSyntax, end, 1, "a second colon in one line", "after the first colon comes a value; a mapping needs braces or lines of its own",
		fmt.Sprintf("write {%s: …}, or quote the value if the colon is part of it", n.Value))
}

// mapping reads a block mapping whose first key was read and ends at an offset of the current line.
func (p *fast) mapping(key *Node, end, indent int) *Node {
	n := p.at(p.pos)
	n.Kind, n.Style = Mapping, Block
	mark := len(p.stack)
	for {
		if !validKey(key) {
			return nil
		}
		for p.pos = end; p.src[p.pos] != ':'; {
			p.pos++
		}
		p.pos++
		value := p.value(indent)
		if value == nil {
			return nil
		}
		p.stack = append(p.stack, key, value)
		if p.indent < indent {
			break
		}
		if p.indent > indent || p.dash() {
			return p.misplaced(indent)
		}
		if key, end = p.scalar(false); key == nil {
			return nil
		}
		if key.Line != p.line || !p.colon(end) {
			return p.noColon(end)
		}
	}
	n.Keys, n.Items = p.collect(mark, 2, 0), p.collect(mark, 2, 1)
	p.stack = p.stack[:mark]
	p.errs = append(p.errs, dropDuplicates(n)...)
	return n
}

// validKey leaves merge keys to the parser that refuses them, and keys that are too long to be simple.
func validKey(key *Node) bool {
	return len(key.Value) < 500 && (key.Style != Plain || key.Value != "<<")
}

func (p *fast) misplaced(indent int) *Node {
	if p.indent > indent {
		return p.wrong(BadIndent, p.pos, 1, fmt.Sprintf("this line is indented by %d, the fields around it by %d", p.indent, indent), "", fmt.Sprintf("indent it by %d", indent))
	}
	return p.wrong(BadIndent, p.pos, 1, "an entry of a list where a field is expected", "", "indent the dash under the field whose list it is, or write a field")
}

func (p *fast) noColon(end int) *Node {
	width := utf8.RuneCountInString(p.src[p.pos:min(max(end, p.pos+1), len(p.src))])
	fix := "write it as field: value"
	if text := p.src[p.pos:end]; strings.Contains(text, ":") {
		name, value, _ := strings.Cut(text, ":")
		fix = fmt.Sprintf("put a space behind the colon: %s: %s", name, value)
	}
	return p.wrong(BadSyntax, p.pos, width, "a field without a value", "a colon and a space stand between a field and its value", fix)
}

// value reads what stands behind the colon of a key at an indentation.
func (p *fast) value(indent int) *Node {
	behind, line, bol := p.pos, p.line, p.bol
	crossed := p.next()
	switch {
	case p.stuck():
		return nil
	case p.indent >= 0 && !crossed:
		return p.block(indent, false)
	case p.indent > indent:
		return p.block(indent, true)
	case p.indent == indent && p.dash():
		return p.sequence(indent, true)
	}
	return p.nullBefore(behind, line, bol)
}

// nullBefore is an empty value on a line that was left already.
func (p *fast) nullBefore(off int, line int32, bol int) *Node {
	wasLine, wasBol := p.line, p.bol
	p.line, p.bol = line, bol
	n := p.null(off)
	p.line, p.bol = wasLine, wasBol
	return n
}

// sequence reads a block sequence. An indentless one stands in the column of the key that it is the value of.
func (p *fast) sequence(indent int, indentless bool) *Node {
	n := p.at(p.pos)
	n.Kind, n.Style = Sequence, Block
	mark := len(p.stack)
	for {
		p.pos++
		behind, line, bol := p.pos, p.line, p.bol
		crossed := p.next()
		var item *Node
		switch {
		case p.stuck():
			return nil
		case p.indent >= 0 && !crossed, p.indent > indent:
			item = p.block(indent, true)
		default:
			item = p.nullBefore(behind, line, bol)
		}
		if item == nil {
			return nil
		}
		p.stack = append(p.stack, item)
		if p.indent < indent || p.indent == indent && indentless && !p.dash() {
			break
		}
		if p.indent > indent || !p.dash() {
			return p.wrong(BadIndent, p.pos, 1, fmt.Sprintf("this line belongs to no entry of the list, whose dashes are indented by %d", indent), "", "begin it with a dash, or indent it like the field it belongs to")
		}
	}
	n.Items = p.collect(mark, 1, 0)
	p.stack = p.stack[:mark]
	return n
}
