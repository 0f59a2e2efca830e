package cloudnativepg

import (
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
)

// networkPolicies close the instances and the poolers but to themselves, the operator, Prometheus and the peers allowed.
func (b builder) networkPolicies() []manifest.Object {
	if b.Network == nil {
		return nil
	}
	ingress := []any{
		fields.Rule([]any{fields.Pods(manifest.Of(labelCluster, b.name))}, postgresPort, statusPort),
		fields.Rule([]any{fields.InNamespace(b.Network.OperatorNamespace, nil)}, postgresPort, statusPort),
		b.prometheus(metricsPort),
	}
	clients := b.clients()
	objs := []manifest.Object{b.policy(b.Name, manifest.Of(labelCluster, b.name, labelPodRole, "instance"), append(ingress, clients...))}
	objs = append(objs, b.drillNetwork()...)
	if b.Pooler == nil {
		return objs
	}
	ingress = append([]any{b.prometheus(poolerMetrics)}, clients...)
	for _, m := range b.Pooler.Members {
		objs = append(objs, b.policy(m.Name, manifest.Of(labelPooler, m.Name), ingress))
	}
	return objs
}

func (b builder) prometheus(port int64) *manifest.Fields {
	return fields.Rule([]any{fields.InNamespace(b.Network.MonitoringNamespace, nil)}, port)
}

// clients is the rule for those whom the spec allows.
func (b builder) clients() []any { return fields.Clients(b.Network, b.Namespace, postgresPort) }

func (b builder) policy(name string, selector *manifest.Fields, ingress []any) manifest.Object {
	return b.object(manifest.PartNetwork, "networking.k8s.io/v1", "NetworkPolicy", name, fields.Ingress(selector, ingress))
}
