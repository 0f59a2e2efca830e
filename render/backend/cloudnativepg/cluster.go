package cloudnativepg

import (
	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

func (b builder) cluster() []manifest.Object {
	s := manifest.Of(
		"instances", b.Instances,
		"enableSuperuserAccess", b.Superuser != "",
		"enablePDB", b.Budget,
		"primaryUpdateStrategy", b.Updates.Strategy,
		"primaryUpdateMethod", b.Updates.Method,
		"startDelay", b.Timeouts.Start,
		"stopDelay", b.Timeouts.Stop,
		"smartShutdownTimeout", b.Timeouts.SmartStop,
		"switchoverDelay", b.Timeouts.Switchover,
		"failoverDelay", b.Timeouts.FailoverDelay,
		"logLevel", b.LogLevel,
		"replicationSlots", b.slots(),
		"affinity", b.affinity(),
		"monitoring", b.metrics(),
		"bootstrap", b.bootstrap(),
		"postgresql", b.postgresql(),
	)
	b.image(s)
	b.volumes(s)
	b.archiving(s)
	fields.Put(s, "superuserSecret", fields.Named(b.Superuser))
	fields.Put(s, "managed", b.managed())
	fields.Put(s, "externalClusters", b.externalClusters())
	fields.Put(s, "replica", b.replica())
	fields.Put(s, "certificates", b.certificateNames())
	fields.Put(s, "resources", fields.Resources(b.Resources))
	fields.Put(s, "topologySpreadConstraints", fields.Spread(b.Placement, manifest.Of(labelCluster, b.name)))
	fields.Put(s, "priorityClassName", b.Placement.PriorityClass)
	fields.Put(s, "schedulerName", b.Placement.Scheduler)
	b.metadata(s)
	o := b.object(manifest.PartCluster, apiVersion, "Cluster", b.Name, s)
	if b.Hibernate {
		o.Fields().Below("metadata").Set("annotations", manifest.Of("cnpg.io/hibernation", "on"))
	}
	return []manifest.Object{o}
}

func (b builder) image(s *manifest.Fields) {
	fields.Put(s, "imageName", b.Image)
	if c := b.Catalog; c != nil {
		s.Set("imageCatalogRef", manifest.Of(
			"apiGroup", "postgresql.cnpg.io", "kind", c.Kind, "name", c.Name, "major", int64(b.Version.Major),
		))
	}
	fields.Put(s, "imagePullPolicy", b.PullPolicy)
	fields.Put(s, "imagePullSecrets", fields.NamedAll(b.PullSecrets))
}

func (b builder) volumes(s *manifest.Fields) {
	s.Set("storage", b.volume(b.Storage.Volume))
	if b.WAL != nil {
		s.Set("walStorage", b.volume(*b.WAL))
	}
	fields.Put(s, "tablespaces", b.tablespaces(b.Tablespaces))
}

func (b builder) tablespaces(list []spec.Tablespace) []any {
	var spaces []any
	for _, t := range list {
		space := manifest.Of(
			"name", t.Name, "temporary", t.Temporary,
			"storage", b.volume(plan.Volume{Size: t.Size, Class: t.Class}),
		)
		fields.Put(space, "owner", fields.Named(t.Owner))
		spaces = append(spaces, space)
	}
	return spaces
}

func (b builder) volume(v plan.Volume) *manifest.Fields {
	out := manifest.Of("size", v.Size, "resizeInUseVolumes", b.Storage.ResizeInUse)
	fields.Put(out, "storageClass", v.Class)
	return out
}

func (b builder) postgresql() *manifest.Fields {
	out := manifest.Of()
	fields.Put(out, "parameters", fields.TextMap(b.Parameters))
	fields.Put(out, "shared_preload_libraries", fields.Texts(b.Preload))
	fields.Put(out, "pg_hba", fields.Texts(b.HBA))
	fields.Put(out, "pg_ident", fields.Texts(b.Ident))
	r := b.Replication
	if r.Mode == "async" {
		return out
	}
	method := "any"
	if r.Mode == "sync" {
		method = "first"
	}
	synchronous := manifest.Of("method", method, "number", int64(r.MinSync))
	if b.Operator.AtLeast(1, 25) {
		synchronous.Set("dataDurability", r.Durability)
	}
	fields.Put(synchronous, "failoverQuorum", r.FailoverQuorum)
	out.Set("synchronous", synchronous)
	return out
}

func (b builder) slots() *manifest.Fields {
	ha := manifest.Of("enabled", true)
	fields.Put(ha, "synchronizeLogicalDecoding", b.Replication.LogicalSlots)
	return manifest.Of("highAvailability", ha, "synchronizeReplicas", manifest.Of("enabled", true))
}

// metrics names the operator's own queries first: its webhook puts them there, and the list is compared as a whole.
func (b builder) metrics() *manifest.Fields {
	queries := []any{manifest.Of("name", "cnpg-default-monitoring", "key", "queries")}
	out := manifest.Of("disableDefaultQueries", false)
	if m := b.Monitoring; m != nil {
		for _, q := range m.Queries {
			queries = append(queries, manifest.Of("name", q.ConfigMap, "key", q.Key))
		}
		if m.TLS {
			out.Set("tls", manifest.Of("enabled", true))
		}
	}
	if d := b.drill(); d != nil { // made by the first drill; until then the exporter goes on without it
		queries = append(queries, manifest.Of("name", d.Metrics, "key", drill.QueriesKey))
	}
	out.Set("customQueriesConfigMap", queries)
	return out
}

func (b builder) managed() *manifest.Fields {
	var roles []any
	for _, r := range b.Roles {
		roles = append(roles, role(r))
	}
	out := manifest.Of()
	fields.Put(out, "roles", roles)
	return out
}

func role(r spec.Role) *manifest.Fields {
	out := manifest.Of(
		"name", r.Name,
		"ensure", r.Ensure,
		"inherit", r.Inherit == nil || *r.Inherit,
		"connectionLimit", int64(-1),
	)
	if r.ConnectionLimit != nil {
		out.Set("connectionLimit", int64(*r.ConnectionLimit))
	}
	fields.Put(out, "login", r.Login)
	fields.Put(out, "superuser", r.Superuser)
	fields.Put(out, "createdb", r.CreateDB)
	fields.Put(out, "createrole", r.CreateRole)
	fields.Put(out, "replication", r.Replication)
	fields.Put(out, "bypassrls", r.BypassRLS)
	fields.Put(out, "inRoles", fields.Texts(r.InRoles))
	fields.Put(out, "validUntil", r.ValidUntil)
	fields.Put(out, "passwordSecret", fields.Named(r.Secret))
	fields.Put(out, "comment", r.Comment)
	return out
}

// metadata is what the operator copies onto everything it makes. Labels that Argo CD may track objects by must never be
// among it: an inherited one makes Argo CD take the pods and volumes for its own and prune them.
func (b builder) metadata(s *manifest.Fields) {
	inherited := manifest.Of()
	fields.Put(inherited, "labels", fields.TextMap(b.Labels))
	fields.Put(inherited, "annotations", fields.TextMap(b.Annotations))
	fields.Put(s, "inheritedMetadata", inherited)
	if len(b.ServiceAccount) > 0 {
		s.Set("serviceAccountTemplate", manifest.Of("metadata", manifest.Of("annotations", fields.TextMap(b.ServiceAccount))))
	}
}

func (b builder) affinity() *manifest.Fields {
	p := b.Placement
	out := manifest.Of("enablePodAntiAffinity", p.AntiAffinity != "none", "topologyKey", p.TopologyKey)
	if p.AntiAffinity != "none" {
		out.Set("podAntiAffinityType", p.AntiAffinity)
	}
	fields.Put(out, "nodeSelector", fields.TextMap(p.NodeSelector))
	fields.Put(out, "nodeAffinity", manifest.Clone(p.NodeAffinity))
	fields.Put(out, "tolerations", fields.Tolerations(b.Placement))
	return out
}
