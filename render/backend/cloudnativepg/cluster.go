package cloudnativepg

import (
	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

func (b builder) cluster() manifest.Object {
	s := manifest.Map{
		"instances":             b.Instances,
		"enableSuperuserAccess": b.Superuser != "",
		"enablePDB":             b.Budget,
		"primaryUpdateStrategy": b.Updates.Strategy,
		"primaryUpdateMethod":   b.Updates.Method,
		"startDelay":            b.Timeouts.Start,
		"stopDelay":             b.Timeouts.Stop,
		"smartShutdownTimeout":  b.Timeouts.SmartStop,
		"switchoverDelay":       b.Timeouts.Switchover,
		"failoverDelay":         b.Timeouts.FailoverDelay,
		"logLevel":              b.LogLevel,
		"replicationSlots":      b.slots(),
		"affinity":              b.affinity(),
		"monitoring":            b.metrics(),
		"bootstrap":             b.bootstrap(),
		"postgresql":            b.postgresql(),
	}
	b.image(s)
	b.volumes(s)
	b.archiving(s)
	put(s, "superuserSecret", named(b.Superuser))
	put(s, "managed", b.managed())
	put(s, "externalClusters", b.externalClusters())
	put(s, "replica", b.replica())
	put(s, "certificates", b.certificateNames())
	put(s, "resources", resources(b.Resources))
	put(s, "topologySpreadConstraints", b.spread())
	put(s, "priorityClassName", b.Placement.PriorityClass)
	put(s, "schedulerName", b.Placement.Scheduler)
	b.metadata(s)
	o := b.object(manifest.PartCluster, apiVersion, "Cluster", b.Name, s)
	if b.Hibernate {
		o.Body["metadata"].(manifest.Map)["annotations"] = manifest.Map{"cnpg.io/hibernation": "on"}
	}
	return o
}

func (b builder) image(s manifest.Map) {
	put(s, "imageName", b.Image)
	if c := b.Catalog; c != nil {
		s["imageCatalogRef"] = manifest.Map{
			"apiGroup": "postgresql.cnpg.io", "kind": c.Kind, "name": c.Name, "major": int64(b.Version.Major),
		}
	}
	put(s, "imagePullPolicy", b.PullPolicy)
	var secrets []any
	for _, name := range b.PullSecrets {
		secrets = append(secrets, named(name))
	}
	put(s, "imagePullSecrets", secrets)
}

func (b builder) volumes(s manifest.Map) {
	s["storage"] = b.volume(b.Storage.Volume)
	if b.WAL != nil {
		s["walStorage"] = b.volume(*b.WAL)
	}
	put(s, "tablespaces", b.tablespaces(b.Tablespaces))
}

func (b builder) tablespaces(list []spec.Tablespace) []any {
	var spaces []any
	for _, t := range list {
		space := manifest.Map{
			"name": t.Name, "temporary": t.Temporary,
			"storage": b.volume(plan.Volume{Size: t.Size, Class: t.Class}),
		}
		put(space, "owner", named(t.Owner))
		spaces = append(spaces, space)
	}
	return spaces
}

func (b builder) volume(v plan.Volume) manifest.Map {
	out := manifest.Map{"size": v.Size, "resizeInUseVolumes": b.Storage.ResizeInUse}
	put(out, "storageClass", v.Class)
	return out
}

func (b builder) postgresql() manifest.Map {
	out := manifest.Map{}
	put(out, "parameters", textMap(b.Parameters))
	put(out, "shared_preload_libraries", texts(b.Preload))
	put(out, "pg_hba", texts(b.HBA))
	put(out, "pg_ident", texts(b.Ident))
	r := b.Replication
	if r.Mode == "async" {
		return out
	}
	method := "any"
	if r.Mode == "sync" {
		method = "first"
	}
	synchronous := manifest.Map{"method": method, "number": int64(r.MinSync)}
	if b.Operator.AtLeast(1, 25) {
		synchronous["dataDurability"] = r.Durability
	}
	put(synchronous, "failoverQuorum", r.FailoverQuorum)
	out["synchronous"] = synchronous
	return out
}

func (b builder) slots() manifest.Map {
	ha := manifest.Map{"enabled": true}
	put(ha, "synchronizeLogicalDecoding", b.Replication.LogicalSlots)
	return manifest.Map{"highAvailability": ha, "synchronizeReplicas": manifest.Map{"enabled": true}}
}

// metrics names the operator's own queries first: its webhook puts them there, and the list is compared as a whole.
func (b builder) metrics() manifest.Map {
	queries := []any{manifest.Map{"name": "cnpg-default-monitoring", "key": "queries"}}
	out := manifest.Map{"disableDefaultQueries": false}
	if m := b.Monitoring; m != nil {
		for _, q := range m.Queries {
			queries = append(queries, manifest.Map{"name": q.ConfigMap, "key": q.Key})
		}
		if m.TLS {
			out["tls"] = manifest.Map{"enabled": true}
		}
	}
	if d := b.drill(); d != nil { // made by the first drill; until then the exporter goes on without it
		queries = append(queries, manifest.Map{"name": d.Metrics, "key": drill.QueriesKey})
	}
	out["customQueriesConfigMap"] = queries
	return out
}

func (b builder) managed() manifest.Map {
	var roles []any
	for _, r := range b.Roles {
		roles = append(roles, role(r))
	}
	out := manifest.Map{}
	put(out, "roles", roles)
	return out
}

func role(r spec.Role) manifest.Map {
	out := manifest.Map{
		"name":            r.Name,
		"ensure":          r.Ensure,
		"inherit":         r.Inherit == nil || *r.Inherit,
		"connectionLimit": int64(-1),
	}
	if r.ConnectionLimit != nil {
		out["connectionLimit"] = int64(*r.ConnectionLimit)
	}
	put(out, "login", r.Login)
	put(out, "superuser", r.Superuser)
	put(out, "createdb", r.CreateDB)
	put(out, "createrole", r.CreateRole)
	put(out, "replication", r.Replication)
	put(out, "bypassrls", r.BypassRLS)
	put(out, "inRoles", texts(r.InRoles))
	put(out, "validUntil", r.ValidUntil)
	put(out, "passwordSecret", named(r.Secret))
	put(out, "comment", r.Comment)
	return out
}

// metadata is what the operator copies onto everything it makes. Labels that Argo CD may track objects by must never be
// among it: an inherited one makes Argo CD take the pods and volumes for its own and prune them.
func (b builder) metadata(s manifest.Map) {
	inherited := manifest.Map{}
	put(inherited, "labels", textMap(b.Labels))
	put(inherited, "annotations", textMap(b.Annotations))
	put(s, "inheritedMetadata", inherited)
	if len(b.ServiceAccount) > 0 {
		s["serviceAccountTemplate"] = manifest.Map{"metadata": manifest.Map{"annotations": textMap(b.ServiceAccount)}}
	}
}

func (b builder) affinity() manifest.Map {
	p := b.Placement
	out := manifest.Map{"enablePodAntiAffinity": p.AntiAffinity != "none", "topologyKey": p.TopologyKey}
	if p.AntiAffinity != "none" {
		out["podAntiAffinityType"] = p.AntiAffinity
	}
	put(out, "nodeSelector", textMap(p.NodeSelector))
	put(out, "nodeAffinity", manifest.Clone(p.NodeAffinity))
	put(out, "tolerations", b.tolerations())
	return out
}

func (b builder) tolerations() []any {
	var out []any
	for _, t := range b.Placement.Tolerations {
		item := manifest.Map{"operator": t.Operator}
		put(item, "key", t.Key)
		put(item, "value", t.Value)
		put(item, "effect", t.Effect)
		if t.Seconds != nil {
			item["tolerationSeconds"] = int64(*t.Seconds)
		}
		out = append(out, item)
	}
	return out
}

func (b builder) spread() []any {
	var out []any
	for _, s := range b.Placement.Spread {
		out = append(out, manifest.Map{
			"maxSkew": int64(s.MaxSkew), "topologyKey": s.TopologyKey, "whenUnsatisfiable": s.WhenUnsatisfiable,
			"labelSelector": manifest.Map{"matchLabels": manifest.Map{labelCluster: b.Name}},
		})
	}
	return out
}

func resources(r *spec.Resources) manifest.Map {
	out := manifest.Map{}
	if r != nil {
		put(out, "requests", quantities(r.Requests))
		put(out, "limits", quantities(r.Limits))
	}
	return out
}

// quantities are written as the operator's webhook will write them back.
func quantities(m map[string]string) manifest.Map {
	if len(m) == 0 {
		return nil
	}
	out := make(manifest.Map, len(m))
	for k, v := range m {
		out[k] = plan.Quantity(v)
	}
	return out
}
