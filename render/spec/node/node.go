package node

import (
	"strings"
	"unicode/utf8"
)

// Kind is the shape of a node.
type Kind uint8

// The shapes.
const (
	Mapping Kind = iota + 1
	Sequence
	Scalar
)

// Type is what the core schema of YAML 1.2 makes of a scalar. Collections have none.
type Type uint8

// The types. A quoted or block scalar is always a String.
const (
	String Type = iota + 1
	Int
	Float
	Bool
	Null
)

// Style is how a node was written.
type Style uint8

// The styles: the first five are of scalars, the last two of collections.
const (
	Plain Style = iota + 1
	SingleQuoted
	DoubleQuoted
	Literal
	Folded
	Block
	Flow
)

// File is one source: the name that positions are given in, and its text with line breaks as \n.
type File struct {
	Name  string
	Text  string
	ascii bool // one byte for each character
}

// Line is the text of a line, counted from 1, without its break; "" beyond the end.
func (f *File) Line(n int) string {
	rest := f.Text
	for ; n > 1; n-- {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			return ""
		}
		rest = rest[i+1:]
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// Node is a mapping, a sequence or a scalar.
type Node struct {
	Kind  Kind
	Type  Type
	Style Style
	// Bare is true of a plain scalar in which nothing assigns, quotes or begins a flag: no = $ @ or quote, and dashes only within
	// words. It may be false of others that are so.
	Bare bool
	// Line and Col are where its text begins, counted from 1; columns are characters, not bytes. A block collection begins
	// at its first key or dash, an empty value right after its colon or dash.
	Line, Col int32
	// Value is the text of a scalar: escapes undone, lines folded.
	Value string
	// Keys and Items are the pairs of a mapping, in the order written; a sequence has Items only.
	Keys, Items []*Node
	// File is where it was written.
	File *File
}

// Quoted reports whether the node is a scalar that no reader takes for anything but a string.
func (n *Node) Quoted() bool { return n.Kind == Scalar && n.Style != Plain }

// IsNull reports whether the node is absent or null.
func (n *Node) IsNull() bool { return n == nil || n.Kind == Scalar && n.Type == Null }

// Get is the value under a key of a mapping, or nil.
func (n *Node) Get(key string) *Node {
	_, value := n.Pair(key)
	return value
}

// Pair is the key's own node and its value, or nil and nil.
func (n *Node) Pair(key string) (k, v *Node) {
	if n == nil || n.Kind != Mapping {
		return nil, nil
	}
	for i, k := range n.Keys {
		if k.Value == key {
			return k, n.Items[i]
		}
	}
	return nil, nil
}

// Width is how many characters of its first line the node's text covers: what a caret line has to underline. It is at
// least 1.
func (n *Node) Width() int {
	text := n.File.Line(int(n.Line))
	for i := int32(1); i < n.Col && text != ""; i++ {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return max(1, utf8.RuneCountInString(text[:n.extent(text)]))
}

// extent is the number of bytes of text, the rest of a line, that belong to the node that begins there.
func (n *Node) extent(text string) int {
	switch n.Style {
	case SingleQuoted:
		return quotedExtent(text, '\'')
	case DoubleQuoted:
		return quotedExtent(text, '"')
	case Literal, Folded:
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		return end
	case Flow:
		return min(1, len(text))
	case Block:
		if n.Kind == Sequence {
			return min(1, len(text))
		}
		if len(n.Keys) > 0 && n.Keys[0].Line == n.Line && n.Keys[0].Col == n.Col {
			return n.Keys[0].extent(text)
		}
	case Plain:
		if strings.HasPrefix(text, n.Value) {
			return len(n.Value)
		}
		if i := strings.Index(text, " #"); i >= 0 {
			text = text[:i]
		}
		return len(strings.TrimRight(text, " \t"))
	}
	return 0
}

func quotedExtent(text string, quote byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(strings.TrimRight(text, " \t"))
}
