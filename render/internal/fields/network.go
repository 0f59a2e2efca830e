package fields

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

const namespaceLabel = "kubernetes.io/metadata.name"

// Ingress is the spec of a NetworkPolicy that closes the pods that have the labels but to the rules.
func Ingress(labels manifest.Map, rules []any) manifest.Map {
	spec := manifest.Map{
		"podSelector": manifest.Map{"matchLabels": labels},
		"policyTypes": []any{"Ingress"},
	}
	if len(rules) > 0 {
		spec["ingress"] = rules // the API server drops an empty list, and tools that compare would see drift
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
func Rule(from []any, ports ...int64) manifest.Map {
	list := make([]any, len(ports))
	for i, port := range ports {
		list[i] = manifest.Map{"port": port, "protocol": "TCP"}
	}
	return manifest.Map{"from": from, "ports": list}
}

func peer(p spec.Peer, own string) manifest.Map {
	switch {
	case p.CIDR != "":
		return manifest.Map{"ipBlock": manifest.Map{"cidr": p.CIDR}}
	case p.Namespace == "*":
		out := manifest.Map{"namespaceSelector": manifest.Map{}}
		if len(p.PodLabels) > 0 {
			out["podSelector"] = manifest.Map{"matchLabels": TextMap(p.PodLabels)}
		}
		return out
	case p.Namespace == "" || p.Namespace == own:
		return Pods(TextMap(p.PodLabels))
	}
	return InNamespace(p.Namespace, TextMap(p.PodLabels))
}

// InNamespace are the pods of a namespace that have the labels; without labels, all of them.
func InNamespace(namespace string, labels manifest.Map) manifest.Map {
	out := manifest.Map{"namespaceSelector": manifest.Map{"matchLabels": manifest.Map{namespaceLabel: namespace}}}
	if len(labels) > 0 {
		out["podSelector"] = manifest.Map{"matchLabels": labels}
	}
	return out
}

// Pods are those of the policy's own namespace that have the labels; without labels, all of them.
func Pods(labels manifest.Map) manifest.Map {
	if len(labels) == 0 {
		return manifest.Map{"podSelector": manifest.Map{}}
	}
	return manifest.Map{"podSelector": manifest.Map{"matchLabels": labels}}
}
