package spec

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/onggi-db/onggi/render/spec/node"
)

// open reads a mapping of anything. One that is a merge patch over the spec is held against the spec's types instead; it is merged as it was written, and
// read in what comes of that.
func (d *decoder) open(n *node.Node, r *rules, dst reflect.Value) {
	if n.Kind != node.Mapping {
		d.report(n, wrongType(n, &shape{class: open}, r.example))
		return
	}
	if r.patch != "" {
		d.patches(n, r)
		return
	}
	if m, ok := d.value(n, true).(map[string]any); ok {
		dst.Set(reflect.ValueOf(m))
	}
}

// patches checks the environments, a patch under each name, or the defaults, which are one patch.
func (d *decoder) patches(n *node.Node, r *rules) {
	if r.key.format == "" {
		d.patch(n)
		return
	}
	for i, key := range n.Keys {
		d.push(key.Value, 0)
		d.text(key, r.key)
		if patch := n.Items[i]; !patch.IsNull() {
			d.patch(patch)
		}
		d.pop()
	}
}

// patch reads a merge patch over the spec as a spec in which nothing is required, at the patch's own positions.
func (d *decoder) patch(n *node.Node) {
	scratch := reflect.New(reflect.TypeFor[Spec]()).Elem()
	was := d.partial
	d.partial = true
	d.decode(n, shapes().spec, anything, scratch)
	d.partial = was
}

// value is a node as a value of a Kubernetes manifest. With check it refuses scalars that YAML 1.1 reads differently.
func (d *decoder) value(n *node.Node, check bool) any {
	switch n.Kind {
	case node.Mapping:
		m := make(map[string]any, len(n.Keys))
		for i, key := range n.Keys {
			d.push(key.Value, 0)
			if check {
				d.text(key, anything)
			}
			m[key.Value] = d.value(n.Items[i], check)
			d.pop()
		}
		return m
	case node.Sequence:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			d.push("", i)
			l[i] = d.value(item, check)
			d.pop()
		}
		return l
	}
	return d.scalar(n, check)
}

func (d *decoder) scalar(n *node.Node, check bool) any {
	if legacy := node.Legacy(n.Value); check && legacy != "" && n.Style == node.Plain {
		fix := "write " + strconv.Quote(n.Value) + " for the string"
		switch legacy {
		case "the boolean true":
			fix += ", true for the boolean"
		case "the boolean false":
			fix += ", false for the boolean"
		}
		d.report(n, violation{codeTrap, fmt.Sprintf("unquoted %s is %s to YAML 1.1", n.Value, legacy), "Helm, kubectl and Argo CD read YAML 1.1", fix})
		return n.Value
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
	default:
		return n.Value
	}
	d.report(n, violation{codeRange, n.Value + " is not a number that JSON can hold", "", "write a smaller number, or a string in quotes"})
	return n.Value
}
