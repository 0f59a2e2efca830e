package node

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The limits on what is read: far beyond any spec, and small enough that a hostile file costs little.
const (
	// MaxDepth is how deep collections may nest.
	MaxDepth = 100
	// MaxNodes is how many nodes a document may have once its aliases are followed.
	MaxNodes = 200_000
)

// Parse reads every document of a file, in order; empty documents are left out. A document with an error in its syntax
// is left out and its first error reported; the documents after it are still read. Duplicate keys and the like are
// reported too, and their documents returned. name is what positions are given in.
func Parse(name string, src []byte) ([]*Node, []*Error) {
	file, errs := decodeText(name, src)
	if errs != nil {
		return nil, errs
	}
	var docs []*Node
	for _, c := range split(file.Text) {
		root, found := parseChunk(file, c)
		errs = append(errs, found...)
		if root != nil && !(root.Kind == Scalar && root.Style == Plain && root.Value == "") {
			docs = append(docs, root)
		}
	}
	return docs, errs
}

// parseChunk tries the fast parser first. Where yaml.v3 finds an error too, what the fast one saw is shown: it knows the column.
func parseChunk(file *File, c chunk) (*Node, []*Error) {
	root, errs, diagnosis, ok := parseFast(file, c)
	if ok {
		return root, errs
	}
	root, errs = parseSlow(file, c)
	if root == nil && len(errs) == 1 && errs[0].Fault == BadSyntax && diagnosis != nil {
		return nil, []*Error{diagnosis}
	}
	return root, errs
}

// decodeText takes off a byte order mark, makes every line break \n, and refuses what is not text.
func decodeText(name string, src []byte) (*File, []*Error) {
	file := &File{Name: name}
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		return nil, []*Error{{Fault: BadEncoding, File: file, Line: 1, Col: 1, Width: 1,
			Message: "the file is UTF-16", Fix: "save it as UTF-8"}}
	}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(src, '\r') >= 0 {
		src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
		src = bytes.ReplaceAll(src, []byte("\r"), []byte("\n"))
	}
	file.Text, file.ascii = string(src), true
	for i := 0; ; {
		i += plainRun(src[i:])
		for stop := min(i+8, len(src)); i < stop && printable[src[i]]; {
			i++
		}
		if i == len(src) {
			return file, nil
		}
		if printable[src[i]] {
			continue
		}
		r, size := utf8.DecodeRune(src[i:])
		if bad := unprintable(r, size); bad != "" {
			line := int32(bytes.Count(src[:i], []byte("\n")) + 1)
			start := bytes.LastIndexByte(src[:i], '\n') + 1
			return nil, []*Error{{Fault: BadEncoding, File: file, Line: line, Col: int32(utf8.RuneCount(src[start:i]) + 1), Width: 1,
				Message: bad, Why: "YAML and JSON are UTF-8 text", Fix: "delete it, or save the file as UTF-8"}}
		}
		file.ascii = false
		i += size
	}
}

// plainRun is how many bytes, in steps of eight, are characters from the space to the tilde, or line breaks.
func plainRun(src []byte) (n int) {
	for ; n+8 <= len(src); n += 8 {
		if x := binary.LittleEndian.Uint64(src[n:]); odd(x) && odd(unbroken(x)) {
			break
		}
	}
	return n
}

const (
	every = 0x0101010101010101
	low   = 0x7f * every
)

// odd reports a byte that is no character from the space to the tilde. Each of the three terms sets the top bit of one that is below,
// above, or no ASCII at all.
func odd(x uint64) bool { return ((x-' '*every)|(x+every)|x)&^low != 0 }

// unbroken has spaces for line breaks.
func unbroken(x uint64) uint64 {
	other := x ^ '\n'*every
	other = (other&low + low) | other | low // the top bit is set of all that are none
	return x + ^other>>7*(' '-'\n')
}

// printable are the bytes that are a character of their own.
var printable = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = true
	}
	t['\n'], t['\t'] = true, true
	return t
}()

func unprintable(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size <= 1:
		return "this byte is not UTF-8"
	case r < ' ', r >= 0x7f && r < 0xa0:
		return fmt.Sprintf("control character U+%04X", r)
	case r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
		// Line and paragraph separators are line breaks to YAML 1.1 and text to 1.2: nobody sees the difference in an editor.
		return fmt.Sprintf("invisible character U+%04X", r)
	}
	return ""
}

// chunk is the part of a file that holds one document.
type chunk struct {
	text  string
	line  int32 // lines before it
	ended bool  // by a line of ...
}

// split cuts a file at its document markers: lines that begin with --- or ..., which can stand nowhere else. Directives
// before a --- stay with it.
func split(text string) []chunk {
	if text != "" && !marked(text) {
		return []chunk{{text: text}}
	}
	var chunks []chunk
	start, startLine, line := 0, int32(0), int32(0)
	headOnly := true // so far only comments, directives and blank lines
	for at := 0; at < len(text); line++ {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += at + 1
		}
		switch row := text[at:end]; {
		case marker(row, "---"):
			if !headOnly {
				chunks = append(chunks, chunk{text[start:at], startLine, false})
				start, startLine = at, line
			}
			headOnly = false
		case marker(row, "..."):
			chunks = append(chunks, chunk{text[start:end], startLine, true})
			start, startLine, headOnly = end, line+1, true
		case headOnly && row[0] != '#' && row[0] != '%' && row[0] != '\n' && strings.TrimSpace(row) != "":
			headOnly = false
		}
		at = end
	}
	if start < len(text) {
		chunks = append(chunks, chunk{text[start:], startLine, false})
	}
	return chunks
}

// marked reports whether a line begins with a marker, or with what looks like one.
func marked(text string) bool {
	for {
		if strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
			return true
		}
		end := strings.IndexByte(text, '\n')
		if end < 0 {
			return false
		}
		text = text[end+1:]
	}
}

func marker(row, mark string) bool {
	return strings.HasPrefix(row, mark) && (len(row) == 3 || row[3] == ' ' || row[3] == '\t' || row[3] == '\n')
}
