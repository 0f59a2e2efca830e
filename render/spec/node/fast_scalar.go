package node

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scalar reads a plain or quoted scalar at the current position and returns where it ends. The position itself moves only
// with a scalar of several lines.
func (p *fast) scalar(flow bool) (*Node, int) {
	if isAlnum(p.src[p.pos]) {
		return p.plain(flow)
	}
	switch c := p.src[p.pos]; c {
	case '"', '\'':
		return p.quoted(c)
	case '?', ':', '&', '!', '#', ',', '[', ']', '{', '}', '|', '>':
		return nil, 0 // what is none of these, yaml.v3 will say
	case '*':
		if p.pos+1 < len(p.src) && (isAlnum(p.src[p.pos+1]) || p.src[p.pos+1] == '_') {
			return nil, 0
		}
		return p.wrong(BadSyntax, p.pos, 1, "a value cannot begin with *", "to YAML that is an alias", "quote it"), 0
	case '%', '@', '`':
		return p.wrong(BadSyntax, p.pos, 1, fmt.Sprintf("a value cannot begin with %c", c), "YAML keeps that character for itself", "quote it"), 0
	case '-':
		if p.ends(p.pos + 1) {
			return p.wrong(BadSyntax, p.pos, 1, "an entry of a list where none can be", "", "put lists on lines of their own, or write them in brackets"), 0
		}
	}
	return p.plain(flow)
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// signs are the characters at which plain has to look twice.
var signs = func() (t [256]bool) {
	for _, c := range "\n\t :#,[]{}?-=$@'\"" {
		t[c] = true
	}
	return t
}()

// plain reads a plain scalar up to the end of its line.
func (p *fast) plain(flow bool) (*Node, int) {
	end := p.pos // behind the last character that is no blank
	bare := true
	for i := p.pos; i < len(p.src); i++ {
		if !signs[p.src[i]] {
			for i++; i < len(p.src) && !signs[p.src[i]]; i++ {
			}
			if end = i; i == len(p.src) {
				break
			}
		}
		switch p.src[i] {
		case '\n':
			return p.plainNode(end, bare), end
		case ' ':
			continue
		case '\t':
			return nil, 0
		case ':':
			if p.ends(i + 1) {
				return p.plainNode(end, bare), end
			}
		case '#':
			if p.src[i-1] == ' ' {
				return p.plainNode(end, bare), end
			}
		case '?':
			if flow {
				return nil, 0
			}
		case '-':
			bare = bare && i == end && i > p.pos && p.src[i-1] != '-'
		case '=', '$', '@', '\'', '"':
			bare = false
		default: // , [ ] { }
			if flow {
				return p.plainNode(end, bare), end
			}
		}
		end = i + 1
	}
	return p.plainNode(end, bare), end
}

func (p *fast) plainNode(end int, bare bool) *Node {
	n := p.at(p.pos)
	n.Kind, n.Style, n.Bare, n.Value = Scalar, Plain, bare, p.src[p.pos:end]
	n.Type = Resolve(n.Value)
	return n
}

// quoted reads a quoted scalar. Nearly all are one line without an escape, and are a piece of the source.
func (p *fast) quoted(quote byte) (*Node, int) {
	n := p.at(p.pos)
	n.Kind, n.Type, n.Style = Scalar, String, DoubleQuoted
	if quote == '\'' {
		n.Style = SingleQuoted
	}
	start := p.pos + 1
	for i := start; i < len(p.src); i++ {
		switch c := p.src[i]; {
		case c == quote && quote == '\'' && i+1 < len(p.src) && p.src[i+1] == '\'':
			return p.folded(n, start, i, quote)
		case c == quote:
			n.Value = p.src[start:i]
			return n, i + 1
		case c == '\\' && quote == '"', c == '\n':
			for c == '\n' && i > start && (p.src[i-1] == ' ' || p.src[i-1] == '\t') {
				i-- // blanks before a line break are part of the break
			}
			return p.folded(n, start, i, quote)
		}
	}
	return p.wrong(Unclosed, start-1, 1, "this quote is never closed", "", "close it where the value ends"), 0
}

// folded reads on from the first escape or line break of a quoted scalar. Within it a line break is a blank, blank lines
// are line breaks, and blanks around them count for nothing.
func (p *fast) folded(n *Node, start, i int, quote byte) (*Node, int) {
	value := append(make([]byte, 0, 2*(i-start)+32), p.src[start:i]...)
	for i < len(p.src) {
		switch c := p.src[i]; {
		case c == quote && quote == '\'' && i+1 < len(p.src) && p.src[i+1] == '\'':
			value, i = append(value, '\''), i+2
		case c == quote:
			n.Value = string(value)
			return n, i + 1
		case c == '\\' && quote == '"':
			var ok bool
			if value, i, ok = p.escape(value, i); !ok {
				return nil, 0
			}
		case c == ' ' || c == '\t' || c == '\n':
			value, i = p.fold(value, i)
		default:
			value, i = append(value, c), i+1
		}
	}
	return p.wrong(Unclosed, start-1, 1, "this quote is never closed", "", "close it where the value ends"), 0
}

// fold copies blanks, or makes of line breaks and the blanks around them what they stand for.
func (p *fast) fold(value []byte, i int) ([]byte, int) {
	begin, breaks := i, 0
	for i < len(p.src) && (p.src[i] == ' ' || p.src[i] == '\t' || p.src[i] == '\n') {
		if p.src[i] == '\n' {
			breaks++
			p.newline(i)
		}
		i++
	}
	switch breaks {
	case 0:
		value = append(value, p.src[begin:i]...)
	case 1:
		value = append(value, ' ')
	default:
		for range breaks - 1 {
			value = append(value, '\n')
		}
	}
	return value, i
}

// newline counts a line break inside a scalar.
func (p *fast) newline(at int) {
	p.line++
	p.bol, p.pos = at+1, at+1
}

// escapes are those of one letter. The slash is JSON's and YAML 1.2's; yaml.v3 does not know it.
var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b", ' ': " ", '"': "\"", '\'': "'", '\\': "\\", '/': "/",
	'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// escape undoes the escape at an offset.
func (p *fast) escape(value []byte, i int) ([]byte, int, bool) {
	if i+1 >= len(p.src) {
		return nil, 0, false
	}
	digits := 0
	switch c := p.src[i+1]; c {
	case '\n':
		// An escaped line break stands for nothing, with the blanks behind it and line breaks for themselves.
		p.newline(i + 1)
		for i += 2; i < len(p.src) && (p.src[i] == ' ' || p.src[i] == '\t'); i++ {
		}
		return value, i, i < len(p.src) && p.src[i] != '\n'
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		if plain, ok := escapes[c]; ok {
			return append(value, plain...), i + 2, true
		}
		p.wrong(BadSyntax, i, 2, fmt.Sprintf("\\%c is no escape", c), "", "write \\\\ for a backslash, or use single quotes")
		return nil, 0, false
	}
	if i+2+digits > len(p.src) {
		return nil, 0, false
	}
	r, err := strconv.ParseUint(p.src[i+2:i+2+digits], 16, 32)
	if rest := p.src[i+2+digits:]; err == nil && digits == 4 && len(rest) >= 6 && rest[:2] == `\u` {
		// JSON writes characters beyond 16 bits as two escapes, which yaml.v3 does not know.
		low, lowErr := strconv.ParseUint(rest[2:6], 16, 32)
		if pair := utf16.DecodeRune(rune(r), rune(low)); lowErr == nil && pair != utf8.RuneError {
			return utf8.AppendRune(value, pair), i + 2 + digits + 6, true
		}
	}
	if err != nil || r > utf8.MaxRune || r >= 0xd800 && r <= 0xdfff {
		return nil, 0, false
	}
	return utf8.AppendRune(value, rune(r)), i + 2 + digits, true
}

// blockScalar reads a literal or folded scalar whose parent has an indentation.
func (p *fast) blockScalar(parent int) *Node {
	n := p.at(p.pos)
	n.Kind, n.Type, n.Style = Scalar, String, Literal
	if p.src[p.pos] == '>' {
		n.Style = Folded
	}
	p.pos++
	chomp := byte(0)
	if p.pos < len(p.src) && (p.src[p.pos] == '-' || p.src[p.pos] == '+') {
		chomp = p.src[p.pos]
		p.pos++
	}
	rest := p.src[p.pos:]
	end := strings.IndexByte(rest, '\n')
	if end < 0 {
		return nil
	}
	if comment := strings.TrimLeft(rest[:end], " "); comment != "" && (comment[0] != '#' || rest[0] != ' ') {
		return nil // an indentation indicator, or an error
	}
	p.newline(p.pos + end)
	indent := p.contentIndent(parent)
	if indent < 0 {
		return nil
	}
	text, ok := p.lines(indent, n.Style == Folded, chomp)
	if !ok {
		return nil
	}
	n.Value = text
	p.next()
	if p.stuck() {
		return nil
	}
	if p.indent > parent {
		return p.wrong(BadIndent, p.pos, 1, "this line is indented less than the text above and deeper than its field", "", fmt.Sprintf("indent it by %d", max(0, parent)))
	}
	return n
}

// contentIndent is the indentation of the first line of a block scalar that is not blank; -1 for texts of blank lines only
// and others whose indentation is hard to see.
func (p *fast) contentIndent(parent int) int {
	blank := 0
	for at := p.pos; at < len(p.src); {
		k := at
		for k < len(p.src) && p.src[k] == ' ' {
			k++
		}
		indent := k - at
		if k >= len(p.src) || p.src[k] == '\t' {
			return -1
		}
		if p.src[k] != '\n' {
			if indent <= parent || indent < 1 || blank > indent {
				return -1
			}
			return indent
		}
		blank, at = max(blank, indent), k+1
	}
	return -1
}

// lines reads the lines of a block scalar from the beginning of the current one.
func (p *fast) lines(indent int, fold bool, chomp byte) (string, bool) {
	var b strings.Builder
	breaks, leading, wasBlank := 0, "", false // empty lines since the last text, its own line break, whether it began with a blank
	for p.pos < len(p.src) {
		k := p.pos
		for k < len(p.src) && k-p.pos < indent && p.src[k] == ' ' {
			k++
		}
		if k < len(p.src) && p.src[k] == '\n' {
			breaks++
			p.newline(k)
			continue
		}
		if k-p.pos < indent || k >= len(p.src) {
			if k < len(p.src) && p.src[k] == '\t' {
				return "", false
			}
			break
		}
		blank := p.src[k] == ' ' || p.src[k] == '\t'
		if fold && leading != "" && !wasBlank && !blank {
			if breaks == 0 {
				b.WriteByte(' ')
			}
		} else {
			b.WriteString(leading)
		}
		for ; breaks > 0; breaks-- {
			b.WriteByte('\n')
		}
		wasBlank, leading = blank, "\n"
		end := strings.IndexByte(p.src[k:], '\n')
		if end < 0 {
			b.WriteString(p.src[k:])
			p.pos, leading = len(p.src), ""
			break
		}
		b.WriteString(p.src[k : k+end])
		p.newline(k + end)
	}
	if chomp != '-' {
		b.WriteString(leading)
	}
	if chomp == '+' {
		for ; breaks > 0; breaks-- {
			b.WriteByte('\n')
		}
	}
	return b.String(), true
}
