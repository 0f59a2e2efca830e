// Package native turns a plan into a cluster without operator, CRDs or rights beyond its namespace: a StatefulSet whose pods run
// PostgreSQL under onggi's agent, and what stands around it. docs/agent.md tells how the agent works, docs/native.md how to run it.
//
// A pod has three containers. "install" copies the agent out of its image into an emptyDir; "agent", a sidecar (an init container that
// is restarted), observes and decides; "database" is a stock image with the agent's supervisor as PID 1. Only the agent's
// container sees the token for the API server and the passwords.
//
// [Parts] is pure. It emits what the plan asks for and, inside lists, the defaults that an API server would fill in where a comparison
// would otherwise show them for ever.
//
// What may be changed while pods run is in the ConfigMap, which the agents read again by themselves; what stands in the pod template
// restarts the pods one by one, the primary after its role has moved.
package native

import (
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

const (
	// labelCluster is on all pods, and what everything selects them by. It is not app.kubernetes.io/instance, since volumes get the
	// labels of the StatefulSet's selector, and Argo CD may take what has that one for its own and prune it.
	labelCluster = "onggi.dev/cluster"
	// RoleLabel is primary or replica, set by the agents.
	RoleLabel = "onggi.dev/role"

	postgresPort = int64(5432)
	agentPort    = int64(8008)
	agentPortIs  = "agent"
	exporterPort = int64(9187)
)

// Build makes every object of the plan.
func Build(p *plan.Plan) []manifest.Object {
	b := builder{p}
	var objs []manifest.Object
	for _, part := range []func() []manifest.Object{
		b.rights,
		func() []manifest.Object { return []manifest.Object{b.config(), b.statefulSet()} },
		b.queries,
		b.budget,
		b.services,
		b.schedules,
		b.drills,
		b.dumps,
		b.certificates,
		b.poolers,
		b.network,
		b.poolerNetwork,
		b.monitoring,
	} {
		objs = append(objs, part()...)
	}
	return objs
}

type builder struct{ *plan.Plan }

// object is one object of the cluster, with the identity and the labels that all have, and the rest of its body.
func (b builder) object(part manifest.Part, apiVersion, kind, name string, rest *manifest.Fields) manifest.Object {
	body := manifest.Of(
		"apiVersion", apiVersion, "kind", kind,
		"metadata", manifest.Of("name", name, "namespace", b.Namespace, "labels", b.labels(part)),
	)
	body.Add(rest)
	return manifest.Object{Part: part}.Made(body)
}

func (b builder) labels(part manifest.Part) *manifest.Fields {
	labels := manifest.Of(
		"app.kubernetes.io/name", "postgresql",
		"app.kubernetes.io/instance", b.Name,
		"app.kubernetes.io/component", string(part),
		"app.kubernetes.io/managed-by", "onggi",
	)
	for k, v := range b.Labels {
		labels.Set(k, v)
	}
	return labels
}

// selector picks the pods that answer for a role; "" is all of them.
func (b builder) selector(role string) *manifest.Fields {
	labels := manifest.Of(labelCluster, b.Name)
	fields.Put(labels, RoleLabel, role)
	return labels
}
