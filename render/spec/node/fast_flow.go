package node

import (
	"fmt"
	"strings"
)

// space moves over blanks, comments and line breaks between the tokens of a flow collection.
func (p *fast) space() bool {
	return p.pos < len(p.src) && p.src[p.pos] > '#' || p.spaces()
}

func (p *fast) spaces() bool {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t':
			p.pos++
		case '\n':
			p.pos++
			p.line++
			p.bol = p.pos
		case '#':
			if p.pos > p.bol && !p.ends(p.pos-1) {
				return false
			}
			end := strings.IndexByte(p.src[p.pos:], '\n')
			if end < 0 {
				return false
			}
			p.pos += end
		default:
			return true
		}
	}
	return false
}

// flow reads a flow collection.
func (p *fast) flow() *Node {
	if p.depth >= fastDepth {
		return nil
	}
	p.depth++
	defer func() { p.depth-- }()
	start, n, mark := p.pos, p.at(p.pos), len(p.stack)
	n.Kind, n.Style = Mapping, Flow
	end, step := byte('}'), 2
	if p.src[start] == '[' {
		n.Kind, end, step = Sequence, ']', 1
	}
	p.pos++
	for {
		if !p.space() {
			return p.unclosed(start)
		}
		if p.src[p.pos] == end {
			p.pos++
			break
		}
		if step == 2 && !p.flowKey() {
			return nil
		}
		value := p.flowValue(step == 2)
		if value == nil {
			return nil
		}
		p.stack = append(p.stack, value)
		if !p.space() {
			return p.unclosed(start)
		}
		switch p.src[p.pos] {
		case ',':
			p.pos++
		case end:
		default:
			return p.noComma(start, end)
		}
	}
	if step == 2 {
		n.Keys = p.collect(mark, 2, 0)
	}
	n.Items = p.collect(mark, step, step-1)
	p.stack = p.stack[:mark]
	if step == 2 {
		p.errs = append(p.errs, dropDuplicates(n)...)
	}
	return n
}

func (p *fast) unclosed(start int) *Node {
	if p.pos < len(p.src) {
		return nil
	}
	return p.wrong(Unclosed, start, 1, fmt.Sprintf("this %c is never closed", p.src[start]), "", "close it where the value ends")
}

func (p *fast) noComma(start int, end byte) *Node {
	switch c := p.src[p.pos]; {
	case c == ':':
		return p.wrong(BadSyntax, p.pos, 1, "a second colon in one value", "", "quote the value if the colon is part of it")
	case (c == '}' || c == ']') && c != end:
		return p.wrong(Unclosed, start, 1, fmt.Sprintf("this %c is closed by %c", p.src[start], c), "", fmt.Sprintf("close it by %c", end))
	}
	if strings.Contains(p.src[start:p.pos], "\n") {
		return p.wrong(Unclosed, start, 1, fmt.Sprintf("this %c is not closed: line %d goes on without a comma", p.src[start], p.line), "", "close it where the value ends, or write the comma")
	}
	return p.wrong(BadSyntax, p.pos, 1, "a comma is missing before this", "", "write a comma between the entries")
}

// flowKey reads a key and its colon onto the stack.
func (p *fast) flowKey() bool {
	switch p.src[p.pos] {
	case '{', '[', ',', ']':
		return false
	}
	start := p.pos
	key, end := p.scalar(true)
	if key == nil || !validKey(key) || key.Line != p.line {
		return false
	}
	for p.pos = end; p.pos < len(p.src) && (p.src[p.pos] == ' ' || p.src[p.pos] == '\t'); {
		p.pos++
	}
	if p.pos >= len(p.src) || p.src[p.pos] != ':' || key.Style == Plain && !p.ends(p.pos+1) {
		p.pos = start
		p.noColon(end)
		return false
	}
	p.pos++
	p.stack = append(p.stack, key)
	return true
}

// flowValue reads an entry of a sequence, or what stands behind the colon of a mapping, where it may be empty.
func (p *fast) flowValue(mapping bool) *Node {
	if !p.space() {
		if p.pos == len(p.src) {
			p.wrong(Unclosed, len(p.src)-1, 1, "the file ends inside a bracket", "", "close it where the value ends")
		}
		return nil
	}
	switch p.src[p.pos] {
	case ',', '}':
		if !mapping {
			return nil
		}
		return p.null(p.pos)
	case '{', '[':
		n := p.flow()
		if n != nil && !mapping && p.colonAhead() {
			return nil
		}
		return n
	}
	n, end := p.scalar(true)
	if n == nil {
		return nil
	}
	p.pos = end
	if !mapping && p.colonAhead() {
		return nil // a pair: [a: b]
	}
	return n
}

func (p *fast) colonAhead() bool {
	rest := strings.TrimLeft(p.src[p.pos:], " \t")
	return strings.HasPrefix(rest, ":")
}
