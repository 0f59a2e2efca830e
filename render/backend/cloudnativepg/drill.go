package cloudnativepg

import (
	"strings"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// origin is what a scratch cluster calls the archive that it is restored from.
const origin = "origin"

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
	return append(b.drillRights(), b.drillFile(), b.drillCron())
}

// drillLabels mark every object of the drill. Those of the scratch cluster and of the record have nothing that Argo CD tracks
// objects by: it would prune what is in no file, in the middle of a drill.
func (b builder) drillLabels() manifest.Map {
	return manifest.Map{"app.kubernetes.io/managed-by": "onggi", drill.LabelOf: b.Name}
}

// ofDrill is an object of the drill with a body of its own in place of a spec.
func (b builder) ofDrill(apiVersion, kind, name string, body manifest.Map) manifest.Object {
	o := b.object(manifest.PartBackup, apiVersion, kind, name, nil)
	o.Body["metadata"].(manifest.Map)["labels"].(manifest.Map)[drill.LabelOf] = b.Name
	delete(o.Body, "spec")
	for k, v := range body {
		o.Body[k] = v
	}
	return o
}

// drillFile is what the program reads.
func (b builder) drillFile() manifest.Object {
	return b.ofDrill("v1", "ConfigMap", b.drill().Name, manifest.Map{"data": manifest.Map{drillKey: string(b.drillConfig().Encode())}})
}

func (b builder) drillConfig() *drill.Config {
	d := b.drill()
	c := &drill.Config{
		Cluster: b.Name, Namespace: b.Namespace, Scratch: b.scratch(), Point: d.Point, Snapshot: b.Backup.Method == "snapshot",
		Amcheck: d.Amcheck, Timeout: drill.Duration(d.Timeout),
		Login:  drill.Login{Secret: d.Name + "-superuser", Host: d.Name + "-rw." + b.Namespace + ".svc", Port: int(postgresPort)},
		Record: drill.Record{ConfigMap: d.Metrics, Labels: map[string]string{"app.kubernetes.io/managed-by": "onggi", drill.LabelOf: b.Name}},
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

// scratch is the Cluster that a drill creates: one instance of the same server on the same volumes, that reads the archive and
// writes none. Nothing finds it by the labels of the real one, and it has no superuser password but the operator's own.
func (b builder) scratch() manifest.Map {
	d := b.drill()
	s := manifest.Map{
		"description":           "restore drill of " + b.Name,
		"instances":             int64(1),
		"enableSuperuserAccess": true, // pg_amcheck's extension, and tables of every owner
		"enablePDB":             false,
		"startDelay":            b.Timeouts.Start,
		"stopDelay":             int64(60), // nobody waits for it: what it holds is thrown away
		"smartShutdownTimeout":  int64(1),
		"logLevel":              b.LogLevel,
		"affinity":              b.scratchAffinity(),
		"bootstrap":             manifest.Map{"recovery": b.scratchRecovery()},
		"postgresql":            b.scratchServer(),
	}
	b.image(s)
	b.scratchVolumes(s)
	if b.Backup.Destination != "" {
		item := manifest.Map{"name": origin}
		b.reading(item, b.Backup.Archive)
		s["externalClusters"] = []any{item}
	}
	if b.InTree() {
		put(s, "env", clientEnv(b.Backup.Archive))
	}
	put(s, "resources", resources(d.Limits))
	put(s, "schedulerName", b.Placement.Scheduler)
	inherited := manifest.Map{}
	put(inherited, "annotations", textMap(b.Annotations))
	put(s, "inheritedMetadata", inherited)
	if len(b.ServiceAccount) > 0 {
		s["serviceAccountTemplate"] = manifest.Map{"metadata": manifest.Map{"annotations": textMap(b.ServiceAccount)}}
	}
	return manifest.Map{
		"apiVersion": apiVersion, "kind": "Cluster", "spec": s,
		"metadata": manifest.Map{"name": d.Name, "namespace": b.Namespace, "labels": b.drillLabels()},
	}
}

// scratchRecovery says where from. The backup of a snapshot is filled in by the program, which finds the newest.
func (b builder) scratchRecovery() manifest.Map {
	out := manifest.Map{"database": b.Bootstrap.Database, "owner": b.Bootstrap.Owner}
	if b.Backup.Destination != "" {
		out["source"] = origin
	}
	return out
}

func (b builder) scratchVolumes(s manifest.Map) {
	d := b.drill()
	s["storage"] = b.volume(d.Storage)
	if d.WAL != nil {
		s["walStorage"] = b.volume(*d.WAL)
	}
	put(s, "tablespaces", b.tablespaces(d.Spaces))
}

// scratchAffinity keeps the scratch instance where the storage is, and takes no node from anybody: it has no priority.
func (b builder) scratchAffinity() manifest.Map {
	p := b.Placement
	out := manifest.Map{"enablePodAntiAffinity": false}
	put(out, "nodeSelector", textMap(p.NodeSelector))
	put(out, "nodeAffinity", manifest.Clone(p.NodeAffinity))
	put(out, "tolerations", b.tolerations())
	return out
}

// scratchServer is what a replay of the log needs of the server, and what keeps the copy from acting like the original.
func (b builder) scratchServer() manifest.Map {
	parameters := manifest.Map{
		// Subscriptions are restored with the rest. Their workers would take changes from the publisher that the original waits for.
		"max_logical_replication_workers":   "0",
		"max_sync_workers_per_subscription": "0",
	}
	for name, value := range b.Parameters {
		if replayed(name) {
			parameters[name] = value
		}
	}
	var preload []string
	for _, library := range b.Preload {
		if library != "pg_cron" && library != "pg_failover_slots" { // jobs of the original would run twice
			preload = append(preload, library)
		}
	}
	out := manifest.Map{"parameters": parameters}
	put(out, "shared_preload_libraries", texts(preload))
	return out
}

// replayed are parameters that must not be lower than where the log was written, and those of extensions, without which their
// records or their data cannot be read.
func replayed(name string) bool {
	switch name {
	case "max_connections", "max_prepared_transactions", "max_locks_per_transaction", "max_wal_senders", "max_worker_processes":
		return true
	}
	extension, _, dotted := strings.Cut(name, ".")
	return dotted && extension != "cron" && extension != "pg_failover_slots"
}
