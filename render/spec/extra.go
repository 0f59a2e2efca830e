package spec

import (
	"github.com/onggi-db/onggi/render/spec/node"
)

// legacyValue is a node of a foreign manifest as kubectl reads it: by the YAML 1.1 rules of its library, so that what is
// taken in is the object the author has been applying.
func legacyValue(n *node.Node) any {
	switch n.Kind {
	case node.Mapping:
		m := make(map[string]any, len(n.Keys))
		for i, key := range n.Keys {
			m[key.Value] = legacyValue(n.Items[i])
		}
		return m
	case node.Sequence:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = legacyValue(item)
		}
		return l
	}
	switch n.Type {
	case node.Null:
		return nil
	case node.Bool:
		return n.True()
	case node.Int:
		if i, ok := n.Integer(); ok {
			return i
		}
	case node.Float:
		if f, ok := n.Number(); ok {
			return f
		}
	}
	if n.Style == node.Plain {
		switch node.Legacy(n.Value) {
		case "the boolean true":
			return true
		case "the boolean false":
			return false
		}
	}
	return n.Value
}

// plainSecret refuses a Secret that has its values in the file.
func (l *loader) plainSecret(root *node.Node) {
	at := root
	found := spills{}
	for _, field := range []string{"stringData", "data"} {
		if k, v := root.Pair(field); k != nil {
			at = k
			found.all(v)
		}
	}
	l.spills(found)
	l.report(at, "", violation{codeSecretObject, "a Secret in plain text", "whoever can read the repository can read it, for as long as its history lives; base64 hides nothing",
		"seal it with onggi seal and delete this document, then change the password"})
}
