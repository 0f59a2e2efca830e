package cloudnativepg

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

const namespaceLabel = "kubernetes.io/metadata.name"

// networkPolicies close the instances and the poolers but to themselves, the operator, Prometheus and the peers allowed.
func (b builder) networkPolicies() []manifest.Object {
	if b.Network == nil {
		return nil
	}
	ingress := []any{
		rule([]any{pods(manifest.Map{labelCluster: b.name})}, postgresPort, statusPort),
		rule([]any{inNamespace(b.Network.OperatorNamespace, nil)}, postgresPort, statusPort),
		b.prometheus(metricsPort),
	}
	objs := []manifest.Object{b.policy(b.Name, manifest.Map{labelCluster: b.name, labelPodRole: "instance"}, append(ingress, b.clients()...))}
	objs = append(objs, b.drillNetwork()...)
	if b.Pooler == nil {
		return objs
	}
	for _, m := range b.Pooler.Members {
		ingress := []any{b.prometheus(poolerMetrics)}
		objs = append(objs, b.policy(m.Name, manifest.Map{labelPooler: m.Name}, append(ingress, b.clients()...)))
	}
	return objs
}

func (b builder) prometheus(port int64) manifest.Map {
	return rule([]any{inNamespace(b.Network.MonitoringNamespace, nil)}, port)
}

// clients is no rule at all when nobody is allowed: a rule without peers would let everybody in.
func (b builder) clients() []any {
	if len(b.Network.Allow) == 0 {
		return nil
	}
	peers := make([]any, len(b.Network.Allow))
	for i, peer := range b.Network.Allow {
		peers[i] = b.peer(peer)
	}
	return []any{rule(peers, postgresPort)}
}

func (b builder) policy(name string, selector manifest.Map, ingress []any) manifest.Object {
	return b.object(manifest.PartNetwork, "networking.k8s.io/v1", "NetworkPolicy", name, manifest.Map{
		"podSelector": manifest.Map{"matchLabels": selector},
		"policyTypes": []any{"Ingress"},
		"ingress":     ingress,
	})
}

func rule(from []any, ports ...int64) manifest.Map {
	list := make([]any, len(ports))
	for i, port := range ports {
		list[i] = manifest.Map{"port": port, "protocol": "TCP"}
	}
	return manifest.Map{"from": from, "ports": list}
}

func (b builder) peer(p spec.Peer) manifest.Map {
	switch {
	case p.CIDR != "":
		return manifest.Map{"ipBlock": manifest.Map{"cidr": p.CIDR}}
	case p.Namespace == "*":
		out := manifest.Map{"namespaceSelector": manifest.Map{}}
		if len(p.PodLabels) > 0 {
			out["podSelector"] = manifest.Map{"matchLabels": textMap(p.PodLabels)}
		}
		return out
	case p.Namespace == "" || p.Namespace == b.Namespace:
		return pods(textMap(p.PodLabels))
	}
	return inNamespace(p.Namespace, textMap(p.PodLabels))
}

func inNamespace(namespace string, labels manifest.Map) manifest.Map {
	out := manifest.Map{"namespaceSelector": manifest.Map{"matchLabels": manifest.Map{namespaceLabel: namespace}}}
	if len(labels) > 0 {
		out["podSelector"] = manifest.Map{"matchLabels": labels}
	}
	return out
}

func pods(labels manifest.Map) manifest.Map {
	if len(labels) == 0 {
		return manifest.Map{"podSelector": manifest.Map{}}
	}
	return manifest.Map{"podSelector": manifest.Map{"matchLabels": labels}}
}
