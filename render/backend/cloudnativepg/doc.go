// Package cloudnativepg turns a plan into the objects of the CloudNativePG operator, 1.24 and newer, and its barman-cloud
// plugin.
//
// [Parts] is pure. It emits what the plan asks for and, besides, every default that sits inside a list item: lists of a
// custom resource are compared as a whole, so a default that the API server adds to an item would show as drift for ever.
// Defaults of plain fields are written only where leaving them to the operator's release would change behaviour.
package cloudnativepg

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

const (
	apiVersion       = "postgresql.cnpg.io/v1"
	barmanAPIVersion = "barmancloud.cnpg.io/v1"
	barmanPlugin     = "barman-cloud.cloudnative-pg.io"
	labelCluster     = "cnpg.io/cluster"
	labelRole        = "cnpg.io/instanceRole"
	labelPodRole     = "cnpg.io/podRole"
	labelPooler      = "cnpg.io/poolerName"
	postgresPort     = int64(5432)
	statusPort       = int64(8000)
	metricsPort      = int64(9187)
	poolerMetrics    = int64(9127)
)

// Build makes every object of the plan, in about the order that they are applied in.
func Build(p *plan.Plan) []manifest.Object {
	b := newBuilder(p)
	var objs []manifest.Object
	for _, part := range []func() []manifest.Object{
		b.certificates,
		b.stores,
		b.cluster,
		b.databases,
		b.networkPolicies,
		b.poolers,
		b.services,
		b.schedules,
		b.drills,
		b.dashboards,
		b.monitors,
		b.rules,
	} {
		objs = append(objs, part()...)
	}
	return objs
}

type builder struct {
	*plan.Plan
	// What every object has, held as any once.
	name, namespace any
	// common are the labels of every object; the component comes to them where the spec has none of its own.
	common *manifest.Fields
}

func newBuilder(p *plan.Plan) builder {
	common := manifest.Of(
		"app.kubernetes.io/name", "postgresql",
		"app.kubernetes.io/instance", p.Name,
		"app.kubernetes.io/managed-by", "onggi",
	)
	for k, v := range p.Labels {
		common.Set(k, v)
	}
	return builder{p, p.Name, p.Namespace, common}
}

const componentLabel = "app.kubernetes.io/component"

// object wraps a spec with the identity and labels that every object of the cluster has. The texts are any: a constant becomes one
// without an allocation.
func (b builder) object(part manifest.Part, apiVersion, kind, name any, spec *manifest.Fields) manifest.Object {
	return manifest.Object{Part: part}.Made(manifest.Of(
		"apiVersion", apiVersion,
		"kind", kind,
		"metadata", manifest.Of("name", name, "namespace", b.namespace, "labels", b.labels(part)),
		"spec", spec,
	))
}

// labels are the object's own: some get more.
func (b builder) labels(part manifest.Part) *manifest.Fields {
	if b.common.Get(componentLabel) != nil {
		return b.common.With()
	}
	return b.common.With(componentLabel, string(part))
}
