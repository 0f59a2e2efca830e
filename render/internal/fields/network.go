package fields

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

const namespaceLabel = "kubernetes.io/metadata.name"

// Ingress is the spec of a NetworkPolicy that closes the pods that have the labels but to the rules.
func Ingress(labels *manifest.Fields, rules []any) *manifest.Fields {
	spec := manifest.Of(
		"podSelector", manifest.Of("matchLabels", labels),
		"policyTypes", []any{"Ingress"},
	)
	if len(rules) > 0 {
		spec.Set("ingress", rules) // the API server drops an empty list, and tools that compare would see drift
	}
	return spec
}

// Clients is the rule for those whom the spec allows. It is no rule at all when nobody is allowed: a rule without peers would let
// everybody in.
func Clients(n *plan.Network, own string, ports ...int64) []any {
	if len(n.Allow) == 0 {
		return nil
	}
	peers := make([]any, len(n.Allow))
	for i, p := range n.Allow {
		peers[i] = peer(p, own)
	}
	return []any{Rule(peers, ports...)}
}

// Rule lets peers in to some ports.
func Rule(from []any, ports ...int64) *manifest.Fields {
	list := make([]any, len(ports))
	for i, port := range ports {
		list[i] = manifest.Of("port", port, "protocol", "TCP")
	}
	return manifest.Of("from", from, "ports", list)
}

func peer(p spec.Peer, own string) *manifest.Fields {
	switch {
	case p.CIDR != "":
		return manifest.Of("ipBlock", manifest.Of("cidr", p.CIDR))
	case p.Namespace == "*":
		out := manifest.Of("namespaceSelector", manifest.Of())
		if len(p.PodLabels) > 0 {
			out.Set("podSelector", manifest.Of("matchLabels", TextMap(p.PodLabels)))
		}
		return out
	case p.Namespace == "" || p.Namespace == own:
		return Pods(TextMap(p.PodLabels))
	}
	return InNamespace(p.Namespace, TextMap(p.PodLabels))
}

// InNamespace are the pods of a namespace that have the labels; without labels, all of them.
func InNamespace(namespace string, labels *manifest.Fields) *manifest.Fields {
	out := manifest.Of("namespaceSelector", manifest.Of("matchLabels", manifest.Of(namespaceLabel, namespace)))
	if labels.Len() > 0 {
		out.Set("podSelector", manifest.Of("matchLabels", labels))
	}
	return out
}

// Pods are those of the policy's own namespace that have the labels; without labels, all of them.
func Pods(labels *manifest.Fields) *manifest.Fields {
	if labels.Len() == 0 {
		return manifest.Of("podSelector", manifest.Of())
	}
	return manifest.Of("podSelector", manifest.Of("matchLabels", labels))
}
