package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// jsonDocuments parses a stream of JSON objects into the nodes that a YAML parser would make of them. YAML is not quite
// the superset of JSON that it says: it refuses surrogate pairs, long keys and the DEL character. What is not JSON after
// all gives false: it may be YAML in flow style.
func jsonDocuments(data []byte) ([]*yaml.Node, bool) {
	if start := bytes.TrimLeft(data, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return nil, false
	}
	r := jsonReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1, column: 1}
	r.dec.UseNumber()
	var docs []*yaml.Node
	for {
		doc, err := r.value(0)
		if errors.Is(err, io.EOF) {
			return docs, true
		}
		if err != nil {
			return nil, false
		}
		docs = append(docs, doc)
	}
}

// jsonReader reads tokens and keeps count of where they stand.
type jsonReader struct {
	data         []byte
	dec          *json.Decoder
	offset       int // line and column are those of data[offset]
	line, column int
}

var errTooDeep = errors.New("nested too deep")

func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	n := r.next()
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errTooDeep
	}
	n.Kind = yaml.ScalarNode
	switch t := token.(type) {
	case json.Delim:
		n.Kind = yaml.MappingNode
		if t == '[' {
			n.Kind = yaml.SequenceNode
		}
		return n, r.children(n, depth)
	case string:
		n.Style, n.Value = yaml.DoubleQuotedStyle, t
	case json.Number:
		n.Value = t.String()
	case bool:
		n.Value = strconv.FormatBool(t)
	default:
		n.Value = "null"
	}
	return n, nil
}

// children reads the items, or the keys and values in turn, and the closing bracket.
func (r *jsonReader) children(n *yaml.Node, depth int) error {
	for r.dec.More() {
		child, err := r.value(depth + 1)
		if err != nil {
			return unexpectedEnd(err)
		}
		n.Content = append(n.Content, child)
	}
	_, err := r.dec.Token()
	return unexpectedEnd(err)
}

// unexpectedEnd keeps an end of input within a value from being taken for the end of the stream.
func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next returns a node that stands where the next token begins.
func (r *jsonReader) next() *yaml.Node {
	end := int(r.dec.InputOffset())
	for end < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[end]) >= 0 {
		end++
	}
	passed := r.data[r.offset:end]
	if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
		r.line += bytes.Count(passed, []byte{'\n'})
		r.column = 1
		passed = passed[i+1:]
	}
	r.column += utf8.RuneCount(passed)
	r.offset = end
	return &yaml.Node{Line: r.line, Column: r.column}
}
