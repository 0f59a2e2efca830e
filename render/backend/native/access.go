package native

import (
	"github.com/onggi-db/onggi/render/dump"
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// headless is the Service that gives pods their names.
func (b builder) headless() string { return b.Name + "-pods" }

// services are the headless one, those that every cluster has, and those that the spec asks for. They follow the primary by the label
// that the agents put on it, and by nothing else: see service.
func (b builder) services() []manifest.Object {
	headless := manifest.Of(
		"type", "ClusterIP", "clusterIP", "None", "publishNotReadyAddresses", true, "selector", b.selector(""),
		"ports", []any{
			manifest.Of("name", "postgres", "port", postgresPort, "targetPort", postgresPort, "protocol", "TCP"),
			manifest.Of("name", agentPortIs, "port", agentPort, "targetPort", agentPort, "protocol", "TCP"),
		},
	)
	objs := []manifest.Object{b.object(manifest.PartCluster, "v1", "Service", b.headless(), manifest.Of("spec", headless))}
	for _, own := range []struct{ suffix, role string }{{"rw", "primary"}, {"ro", "replica"}, {"r", "any"}} {
		e := plan.Service{FullName: b.Name + "-" + own.suffix, Expose: spec.Expose{Type: "ClusterIP", Role: own.role, Port: int(postgresPort)}}
		objs = append(objs, b.service(manifest.PartCluster, e))
	}
	for _, e := range b.Services {
		objs = append(objs, fields.Dress(b.service(manifest.PartExpose, e), e))
	}
	return objs
}

func (b builder) service(part manifest.Part, e plan.Service) manifest.Object {
	labels := b.selector(e.Role)
	switch e.Role {
	case "any":
		labels = b.selector("")
	case "pooler":
		labels = poolerSelector(b.Name + "-pooler")
	}
	s := fields.Service(e, labels, postgresPort)
	if e.Role == "primary" {
		// The agent gives its pod this label once the server has written as the primary, and takes it off the others before. A kubelet says up to a period
		// of its probe later that the pod is ready; and where the node is cut off from the API server, it is taken for not ready while it serves on.
		s.Set("publishNotReadyAddresses", true)
	}
	return b.object(part, "v1", "Service", e.FullName, manifest.Of("spec", s))
}

// network closes the pods but to each other, to Prometheus and to the peers allowed. The kubelet's probes are let in by every
// network plugin.
func (b builder) network() []manifest.Object {
	if b.Network == nil {
		return nil
	}
	scraped := []int64{agentPort}
	if b.Monitoring != nil {
		scraped = append(scraped, exporterPort)
	}
	rules := []any{
		fields.Rule([]any{fields.Pods(b.selector(""))}, postgresPort, agentPort),
		fields.Rule([]any{fields.InNamespace(b.Network.MonitoringNamespace, nil)}, scraped...),
	}
	if b.Pooler != nil {
		for _, m := range b.Pooler.Members {
			rules = append(rules, fields.Rule([]any{fields.Pods(poolerSelector(m.Name))}, postgresPort))
		}
	}
	if b.Backup != nil && len(b.Backup.Schedules) > 0 {
		rules = append(rules, fields.Rule([]any{fields.Pods(manifest.Of(labelBackup, b.Name))}, agentPort))
	}
	if b.Dumps != nil {
		rules = append(rules, fields.Rule([]any{fields.Pods(manifest.Of(dump.Label, b.Name))}, postgresPort))
	}
	rules = append(rules, fields.Clients(b.Network, b.Namespace, postgresPort)...)
	return []manifest.Object{b.object(manifest.PartNetwork, "networking.k8s.io/v1", "NetworkPolicy", b.Name,
		manifest.Of("spec", fields.Ingress(b.selector(""), rules)))}
}
