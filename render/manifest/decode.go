package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// Decode reads objects from a YAML or JSON stream, as kubectl reads it: documents without content are skipped, a List is
// its items, a plain yes, no, on or off is a boolean. A duplicate key, a document that is not an object, or an object
// without apiVersion, kind or metadata.name is an error that begins with name:line:column. Each object's Origin is
// name:line.
func Decode(name string, data []byte) ([]Object, error) {
	var objs []Object
	dec := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return objs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
		}
		r := reader{name: name, left: 1 << 22}
		v, err := r.value(&doc)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		if objs, err = r.object(objs, doc.Content[0], v); err != nil {
			return nil, err
		}
	}
}

type reader struct {
	name string
	left int // nodes that may still be read: aliases can name more than fits in memory
}

func (r *reader) errorf(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %s", r.name, n.Line, n.Column, fmt.Sprintf(format, args...))
}

func (r *reader) object(objs []Object, n *yaml.Node, v any) ([]Object, error) {
	m, ok := v.(Map)
	if !ok {
		return nil, r.errorf(n, "this is not an object")
	}
	o := Object{Body: m, Origin: fmt.Sprintf("%s:%d", r.name, n.Line)}
	ref := o.Ref()
	if items, isList := m["items"].([]any); isList && strings.HasSuffix(ref.Kind, "List") && ref.Name == "" {
		for _, item := range items {
			var err error
			if objs, err = r.object(objs, n, item); err != nil {
				return nil, err
			}
		}
		return objs, nil
	}
	switch {
	case ref.APIVersion == "":
		return nil, r.errorf(n, "the object has no apiVersion")
	case ref.Kind == "":
		return nil, r.errorf(n, "the object has no kind")
	case ref.Name == "":
		return nil, r.errorf(n, "the object has no metadata.name")
	}
	return append(objs, o), nil
}

func (r *reader) value(n *yaml.Node) (any, error) {
	if r.left--; r.left < 0 {
		return nil, r.errorf(n, "its aliases stand for too much")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return nil, nil
		}
		return r.value(n.Content[0])
	case yaml.AliasNode:
		return r.value(n.Alias)
	case yaml.MappingNode:
		return r.mapping(n)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = r.value(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return r.scalar(n)
}

func (r *reader) mapping(n *yaml.Node) (any, error) {
	m := make(Map, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return nil, r.errorf(k, "a key must be a string")
		}
		if k.Tag == "!!merge" {
			return nil, r.errorf(k, "merge keys are not read; write the fields out")
		}
		if _, again := m[k.Value]; again {
			return nil, r.errorf(k, "the key %q is there twice", k.Value)
		}
		v, err := r.value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		m[validString(k.Value)] = v
	}
	return m, nil
}

func (r *reader) scalar(n *yaml.Node) (any, error) {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || n.Tag == "!!str" && !legacyBool(n.Value) {
		return validString(n.Value), nil
	}
	switch n.Value {
	case "y", "Y", "n", "N": // the library that kubectl reads with keeps these as strings
		return n.Value, nil
	}
	if n.Tag == "!!timestamp" {
		return n.Value, nil
	}
	var v any
	if legacyBool(n.Value) {
		switch strings.ToLower(n.Value) {
		case "yes", "on":
			return true, nil
		}
		return false, nil
	}
	if err := n.Decode(&v); err != nil {
		return nil, r.errorf(n, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return Canonical(v), nil
}

// legacyBool is a plain scalar that YAML 1.1 reads as a boolean and YAML 1.2 as a string.
func legacyBool(s string) bool {
	switch s {
	case "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF":
		return true
	}
	return false
}
