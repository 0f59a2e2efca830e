package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is what is wrong at one place of an input. Lines and columns count from 1, columns in characters.
type Problem struct {
	Name         string // the input's name, as given to [Decode]
	Line, Column int
	Message      string
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.Name, p.Line, p.Column, p.Message)
}

// Decode reads the objects of a stream of YAML or JSON documents. Name stands for the stream in errors and in each
// object's Origin, "name:line".
//
// Scalars mean what they mean to kubectl, Helm and Kustomize: unquoted yes, no, on, off, y and n are booleans, 017 and
// 0x1f are integers, dates are strings, and an unquoted key becomes the string of its value: on is "true", 0x10 is "16".
// Anchors, aliases and merge keys are resolved, a key beside the merge key winning over a merged one. Numbers are int64
// where they are integers that fit, else float64, as in [Canonical].
//
// Empty documents are skipped, and the items of a List are taken in its place. A duplicate key, a document that is not a
// mapping, an object without apiVersion, kind or metadata.name, and a value that JSON cannot hold (.inf, a binary key) are
// errors. The error joins all that were found, each a *[Problem], in the order of the input; up to one is about syntax,
// because nothing is read beyond it.
func Decode(name string, data []byte) ([]Object, error) {
	d := decoder{name: name}
	docs, ok := jsonDocuments(data)
	if !ok {
		docs = d.yamlDocuments(data)
	}
	for _, doc := range docs {
		d.document(doc)
	}
	if len(d.problems) == 0 {
		return d.objects, nil
	}
	slices.SortStableFunc(d.problems, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, len(d.problems))
	for i, p := range d.problems {
		errs[i] = p
	}
	return nil, errors.Join(errs...)
}

type decoder struct {
	name     string
	objects  []Object
	problems []*Problem
	aliases  aliases
}

func (d *decoder) problem(at *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, &Problem{Name: d.name, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...)})
}

// yamlDocuments parses up to the end or the first syntax error.
func (d *decoder) yamlDocuments(data []byte) []*yaml.Node {
	docs, err := parseYAML(data)
	if err != nil {
		d.problems = append(d.problems, syntaxProblem(d.name, data, err))
	}
	return docs
}

// parseYAML returns the documents before the first syntax error, and that.
func parseYAML(data []byte) (docs []*yaml.Node, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return docs, err
		}
		docs = append(docs, doc.Content...)
	}
}

// syntaxProblem finds the place of a syntax error. The parser names the line where the broken collection began, or the
// one before, or none. So we look for the first line that brings the error about, and point at its first character.
func syntaxProblem(name string, data []byte, err error) *Problem {
	message := syntaxMessage(err)
	lines := bytes.SplitAfter(data, []byte{'\n'})
	ends := make([]int, len(lines))
	for i, end := 0, 0; i < len(lines); i++ {
		end += len(lines[i])
		ends[i] = end
	}
	last := len(lines) - 1
	first := sort.Search(last, func(i int) bool {
		_, err := parseYAML(data[:ends[i]])
		return err != nil && syntaxMessage(err) == message
	})
	blanks := len(lines[first]) - len(bytes.TrimLeft(lines[first], " \t"))
	return &Problem{Name: name, Line: first + 1, Column: blanks + 1, Message: message}
}

// syntaxMessage is the parser's message without the line.
func syntaxMessage(err error) string {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if line, rest, found := strings.Cut(message, ": "); found && strings.HasPrefix(line, "line ") {
		return rest
	}
	return message
}

// document takes in one document.
func (d *decoder) document(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Style&^yaml.TaggedStyle == 0 && resolve(n.Value) == nil {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.problem(n, "a document has to be a mapping, not a %s", nodeKind(n))
		return
	}
	before := len(d.problems)
	v, ok := d.value(n, 0)
	if !ok || len(d.problems) > before {
		return
	}
	d.object(v.(Map), n, 0)
}

// object takes in one object or the items of a list. At is where it stands.
func (d *decoder) object(body Map, at *yaml.Node, depth int) {
	kind := str(body["kind"])
	items, listed := body["items"].([]any)
	meta, _ := body["metadata"].(Map)
	if listed && strings.HasSuffix(kind, "List") && meta["name"] == nil || kind == "List" && body["items"] == nil {
		list := childNode(at, "items")
		for i, item := range items {
			d.item(item, list, i, depth)
		}
		return
	}
	before := len(d.problems)
	d.requireString(body, at, "apiVersion")
	d.requireString(body, at, "kind")
	if _, isMap := body["metadata"].(Map); !isMap && body["metadata"] != nil {
		d.problem(childNode(at, "metadata"), "metadata has to be a mapping")
	} else {
		d.requireString(body, at, "metadata", "name")
		if meta["namespace"] != nil {
			d.requireString(body, at, "metadata", "namespace")
		}
	}
	if len(d.problems) == before {
		d.objects = append(d.objects, Object{Origin: d.name + ":" + strconv.Itoa(at.Line)}.With(body))
	}
}

func (d *decoder) item(item any, list *yaml.Node, i, depth int) {
	at := list
	if list.Kind == yaml.SequenceNode && i < len(list.Content) {
		at = target(list.Content[i])
	}
	body, isMap := item.(Map)
	if !isMap {
		d.problem(at, "an item of a list has to be a mapping")
		return
	}
	d.object(body, at, depth+1)
}

// requireString reports a field that is missing, empty or not a string.
func (d *decoder) requireString(body Map, at *yaml.Node, path ...string) {
	var v any = body
	for _, key := range path {
		m, _ := v.(Map)
		v = m[key]
		if m[key] != nil {
			at = childNode(at, key)
		}
	}
	field := strings.Join(path, ".")
	switch s, isString := v.(string); {
	case v == nil:
		d.problem(at, "%s is missing", field)
	case !isString:
		d.problem(at, "%s has to be a string, not %s: quote it", field, EncodeJSON(v))
	case s == "":
		d.problem(at, "%s is empty", field)
	}
}

// childNode is the node of a key's value, or n itself where the key came in by a merge.
func childNode(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return target(n.Content[i+1])
		}
	}
	return n
}

// target is the node that an alias stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func nodeKind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "list"
	case yaml.MappingNode:
		return "mapping"
	default:
		return "scalar"
	}
}
