package restore

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec/node"
)

// clone copies a tree, since what was read is shared and never changed.
func clone(n *node.Node) *node.Node {
	if n == nil {
		return nil
	}
	out := *n
	out.Keys, out.Items = make([]*node.Node, len(n.Keys)), make([]*node.Node, len(n.Items))
	for i, k := range n.Keys {
		out.Keys[i] = clone(k)
	}
	for i, item := range n.Items {
		out.Items[i] = clone(item)
	}
	return &out
}

// scalar is a string, quoted when some reader would take it for something else.
func scalar(value string) *node.Node {
	n := &node.Node{Kind: node.Scalar, Type: node.String, Style: node.Plain, Value: value}
	if string(manifest.AppendYAML(nil, value)) != value+"\n" {
		n.Style = node.DoubleQuoted
	}
	return n
}

// block is a mapping of names and nodes by turns, written over several lines.
func block(pairs ...any) *node.Node {
	n := &node.Node{Kind: node.Mapping, Style: node.Block}
	for i := 0; i < len(pairs); i += 2 {
		set(n, pairs[i].(string), pairs[i+1].(*node.Node))
	}
	return n
}

// flow is a mapping written on one line.
func flow(pairs ...any) *node.Node {
	n := block(pairs...)
	n.Style = node.Flow
	return n
}

// set gives a mapping a field, in the place of the old one or at the end.
func set(n *node.Node, key string, value *node.Node) {
	for i, k := range n.Keys {
		if k.Value == key {
			n.Items[i] = value
			return
		}
	}
	n.Keys, n.Items = append(n.Keys, scalar(key)), append(n.Items, value)
}

func remove(n *node.Node, key string) {
	for i, k := range n.Keys {
		if k.Value == key {
			n.Keys, n.Items = append(n.Keys[:i], n.Keys[i+1:]...), append(n.Items[:i], n.Items[i+1:]...)
			return
		}
	}
}

func text(n *node.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}
