package cloudnativepg

import (
	"slices"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// drill is the plan's drill, nil for none.
func (b builder) drill() *plan.Drill {
	if b.Backup == nil {
		return nil
	}
	return b.Backup.Drill
}

// drills are the objects of the restore drill: what it may do, what it does, and when.
func (b builder) drills() []manifest.Object {
	if b.drill() == nil {
		return nil
	}
	c := b.drillConfig()
	return append(b.drillRights(c), b.drillFile(c), b.drillCron(c))
}

// drillLabels mark every object of the drill. Those of the scratch cluster and of the record have nothing that Argo CD tracks
// objects by: it would prune what is in no file, in the middle of a drill.
func (b builder) drillLabels() *manifest.Fields {
	return manifest.Of("app.kubernetes.io/managed-by", "onggi", drill.LabelOf, b.Name)
}

// ofDrill is an object of the drill with a body of its own in place of a spec.
func (b builder) ofDrill(apiVersion, kind, name any, body *manifest.Fields) manifest.Object {
	o := b.object(manifest.PartBackup, apiVersion, kind, name, nil)
	o.Fields().Below("metadata").Below("labels").Set(drill.LabelOf, b.Name)
	o.Fields().Delete("spec")
	o.Fields().Add(body)
	return o
}

// drillFile is what the program reads.
func (b builder) drillFile(c *drill.Config) manifest.Object {
	return b.ofDrill("v1", "ConfigMap", b.drill().Name, manifest.Of("data", manifest.Of(drillKey, string(c.Encode()))))
}

// drillConfig names no namespace: a chart is installed in any, and what a drill restores is beside it.
func (b builder) drillConfig() *drill.Config {
	d := b.drill()
	c := &drill.Config{
		Cluster: b.Name, Scratch: b.scratch().Map(), Point: d.Point, Snapshot: b.Backup.Method == "snapshot",
		Amcheck: d.Amcheck, Timeout: drill.Duration(d.Timeout),
		Login:  drill.Login{Secret: d.Name + "-superuser", Host: d.Name + "-rw", Port: int(postgresPort)},
		Record: drill.Record{ConfigMap: d.Metrics, Labels: map[string]string{"app.kubernetes.io/managed-by": "onggi"}},
	}
	for _, check := range d.Checks {
		c.Checks = append(c.Checks, drill.Check{Name: check.Name, Database: check.Database, SQL: check.SQL, Expect: check.Expect})
	}
	if d.Point == drill.Random {
		c.Window = b.drillWindow()
	}
	return c
}

// drillWindow is the object whose status has the recovery window. The plugin knows it of the backups that it takes itself.
func (b builder) drillWindow() *drill.Window {
	if b.Backup.Method == "plugin" {
		return &drill.Window{Kind: "ObjectStore", Name: b.Backup.StoreName, ServerName: b.Backup.Server}
	}
	return &drill.Window{Kind: "Cluster", Name: b.Name}
}

// scratch is the Cluster that a drill creates: one instance that reads the archive and writes none. Server, volumes and place
// are those of the drilled Cluster as it runs then ([drill.Follow]), so that patches over that one reach this one too. It has no
// superuser password but one that the operator makes up for it.
func (b builder) scratch() *manifest.Fields {
	d := b.drill()
	recovery := manifest.Of()
	s := manifest.Of(
		"description", "restore drill of "+b.Name,
		"instances", int64(1),
		"enableSuperuserAccess", true, // amcheck is an extension, and tables have many owners
		"enablePDB", false,
		"stopDelay", int64(60), // nobody waits for it: what it holds is thrown away
		"smartShutdownTimeout", int64(1),
		"affinity", manifest.Of("enablePodAntiAffinity", false),
		"bootstrap", manifest.Of("recovery", recovery),
		// Subscriptions are restored with the rest. Their workers would take changes from the publisher that the original waits for.
		"postgresql", manifest.Of("parameters", manifest.Of("max_logical_replication_workers", "0")),
	)
	if b.Backup.Destination != "" {
		recovery.Set("source", drill.Origin)
		s.Set("externalClusters", []any{manifest.Of("name", drill.Origin)})
	}
	fields.Put(s, "resources", fields.Resources(d.Resources))
	b.scratchVolumes(s)
	return manifest.Of(
		"apiVersion", apiVersion, "kind", "Cluster", "spec", s,
		"metadata", manifest.Of("name", d.Name, "labels", b.drillLabels()),
	)
}

// scratchVolumes says what of the volumes is another than the drilled Cluster's.
func (b builder) scratchVolumes(s *manifest.Fields) {
	v := b.drill().Storage
	volume := manifest.Of()
	fields.Put(volume, "size", v.Size)
	fields.Put(volume, "storageClass", v.Class)
	fields.Put(s, "storage", volume)
	if v.Class == "" {
		return
	}
	if b.WAL != nil {
		s.Set("walStorage", manifest.Of("storageClass", v.Class))
	}
	spaces := slices.Clone(b.Tablespaces)
	for i := range spaces {
		spaces[i].Class = v.Class
	}
	fields.Put(s, "tablespaces", b.tablespaces(spaces))
}
