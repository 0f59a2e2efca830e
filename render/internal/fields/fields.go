// Package fields writes the parts of Kubernetes' own objects that more than one back end has: Services, network policies, and what
// a pod template says of resources and placement. Each is a value of the plan in Kubernetes' words, and knows no back end.
package fields

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// Put sets an optional field: a zero value is left out.
func Put(m *manifest.Fields, key string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case bool:
		if !v {
			return
		}
	case int64:
		if v == 0 {
			return
		}
	case *manifest.Fields:
		if v.Len() == 0 {
			return
		}
	case manifest.Map:
		if len(v) == 0 {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	}
	m.Set(key, value)
}

// Texts is a list of strings as a manifest holds it.
func Texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// TextMap is a mapping of strings as a manifest holds it; nil for an empty one.
func TextMap(m map[string]string) *manifest.Fields {
	if len(m) == 0 {
		return nil
	}
	out := manifest.Room(len(m))
	for k, v := range m {
		out.Set(k, v)
	}
	return out
}

// Named is a reference by name; nil without one.
func Named(name string) any {
	if name == "" {
		return nil
	}
	return manifest.Of("name", name)
}

// NamedAll is a list of references by name.
func NamedAll(names []string) []any {
	var out []any
	for _, name := range names {
		out = append(out, Named(name))
	}
	return out
}

// Resources are requests and limits, with quantities as the API server will write them back.
func Resources(r *spec.Resources) *manifest.Fields {
	out := manifest.Of()
	if r != nil {
		Put(out, "requests", quantities(r.Requests))
		Put(out, "limits", quantities(r.Limits))
	}
	return out
}

func quantities(m map[string]string) *manifest.Fields {
	if len(m) == 0 {
		return nil
	}
	out := manifest.Room(len(m))
	for k, v := range m {
		out.Set(k, plan.Quantity(v))
	}
	return out
}

// Tolerations of a pod.
func Tolerations(p spec.Placement) []any {
	var out []any
	for _, t := range p.Tolerations {
		item := manifest.Of("operator", t.Operator)
		Put(item, "key", t.Key)
		Put(item, "value", t.Value)
		Put(item, "effect", t.Effect)
		if t.Seconds != nil {
			item.Set("tolerationSeconds", int64(*t.Seconds))
		}
		out = append(out, item)
	}
	return out
}

// Spread are the topology spread constraints of the pods that have the labels.
func Spread(p spec.Placement, labels *manifest.Fields) []any {
	var out []any
	for _, s := range p.Spread {
		out = append(out, manifest.Of(
			"maxSkew", int64(s.MaxSkew), "topologyKey", s.TopologyKey, "whenUnsatisfiable", s.WhenUnsatisfiable,
			"labelSelector", manifest.Of("matchLabels", labels),
		))
	}
	return out
}
