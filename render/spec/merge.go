package spec

import "github.com/onggi-db/onggi/render/spec/node"

// merge lays an RFC 7386 merge patch over a tree: mappings are merged key by key, a null takes a key away, anything else
// replaces what was there. Neither tree is changed; what is not touched is shared with the result, and every node keeps
// the position it was written at. nil is an absent tree. s is the trees' shape, in which a bare string and the mapping it
// stands for are one thing, or nil where no shape is known.
func merge(s *shape, target, patch *node.Node) *node.Node {
	if patch == nil {
		return target
	}
	if patch.Kind != node.Mapping {
		return patch
	}
	out := *patch
	out.Keys = make([]*node.Node, 0, len(patch.Keys)+8)
	out.Items = make([]*node.Node, 0, len(patch.Keys)+8)
	if target != nil && target.Kind == node.Mapping {
		// A problem of the merged mapping as a whole is shown where the base wrote it, not at a patch of one of its fields.
		out.Line, out.Col, out.Style, out.File = target.Line, target.Col, target.Style, target.File
		out.Keys = append(out.Keys, target.Keys...)
		out.Items = append(out.Items, target.Items...)
	}
	for i, key := range patch.Keys {
		at := indexOf(&out, key.Value)
		switch value := patch.Items[i]; {
		case value.IsNull():
			if at >= 0 {
				out.Keys = append(out.Keys[:at], out.Keys[at+1:]...)
				out.Items = append(out.Items[:at], out.Items[at+1:]...)
			}
		case at >= 0:
			below := s.child(key.Value)
			value = below.inFull(value)
			out.Items[at] = merge(below, below.inFull(out.Items[at]), value)
			if value.Kind != node.Mapping {
				out.Keys[at] = key
			}
		default:
			out.Keys = append(out.Keys, key)
			out.Items = append(out.Items, merge(nil, nil, value))
		}
	}
	return &out
}

// child is the shape of a field, nil when it has none that matters here.
func (s *shape) child(name string) *shape {
	if s == nil || s.class != object || s.named(name) == nil {
		return nil
	}
	return s.named(name).shape
}

// inFull is a bare string as the mapping that it stands for, and any other node as it is.
func (s *shape) inFull(n *node.Node) *node.Node {
	if s == nil || s.short == nil || n.Kind != node.Scalar || n.IsNull() {
		return n
	}
	return &node.Node{Kind: node.Mapping, Style: node.Block, Line: n.Line, Col: n.Col, File: n.File,
		Keys: []*node.Node{{Kind: node.Scalar, Type: node.String, Style: node.Plain, Value: s.short.name, Line: n.Line, Col: n.Col, File: n.File}}, Items: []*node.Node{n}}
}

func indexOf(n *node.Node, key string) int {
	for i, k := range n.Keys {
		if k.Value == key {
			return i
		}
	}
	return -1
}
