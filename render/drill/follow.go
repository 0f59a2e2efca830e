package drill

import (
	"errors"
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// Origin is what a scratch Cluster calls the archive that it is restored from, among its externalClusters.
const Origin = "origin"

// followed are the fields that a scratch Cluster has from the Cluster that is drilled: the server that can read the backup, room for
// it, and a place to run. What could write anywhere, be found by clients, or be scraped is not among them; nor are labels, by which
// a Service may find pods.
func followed() [][]any {
	return [][]any{
		{"imageName"}, {"imageCatalogRef"}, {"imagePullPolicy"}, {"imagePullSecrets"},
		{"postgresUID"}, {"postgresGID"}, {"podSecurityContext"}, {"securityContext"}, {"seccompProfile"},
		{"storage"}, {"walStorage"}, {"tablespaces"}, {"ephemeralVolumesSizeLimit"},
		{"resources"}, {"env"}, {"startDelay"}, {"logLevel"}, {"schedulerName"},
		{"affinity", "nodeSelector"}, {"affinity", "nodeAffinity"}, {"affinity", "tolerations"},
		{"inheritedMetadata", "annotations"}, {"serviceAccountTemplate"}, {"postgresql", "extensions"},
	}
}

// Follow completes a scratch Cluster with what has to be as in the Cluster that is drilled, as that one runs: Git, patches over it
// and the operator have all had their say there. What the scratch Cluster says itself stays. Nothing is followed where cluster
// is nil.
func Follow(scratch, cluster manifest.Map) (manifest.Map, error) {
	out := manifest.Clone(scratch)
	if cluster == nil {
		return out, nil
	}
	own, _ := out["spec"].(manifest.Map)
	spec := manifest.Map{}
	set := func(value any, path ...any) {
		if err := manifest.Set(spec, manifest.Canonical(value), path...); err != nil {
			panic("drill: mappings are made on the way: " + err.Error())
		}
	}
	for _, path := range followed() {
		if value, found := manifest.Get(cluster, append([]any{"spec"}, path...)...); found && value != nil {
			set(value, path...)
		}
	}
	if own["resources"] != nil {
		delete(spec, "resources") // a limit of the one beside a request of the other could contradict it
	}
	server(cluster, set)
	owner(cluster, set)
	out["spec"] = manifest.MergePatch(spec, own)
	return out, origin(out, cluster)
}

// server is what the replay of the log needs of the server: settings that must not be lower than where it was written, and the
// libraries and settings of extensions, without which their records or their data cannot be read.
func server(cluster manifest.Map, set func(any, ...any)) {
	v, _ := manifest.Get(cluster, "spec", "postgresql", "parameters")
	parameters, _ := v.(manifest.Map)
	for name, value := range parameters {
		if replayed(name) {
			set(value, "postgresql", "parameters", name)
		}
	}
	v, _ = manifest.Get(cluster, "spec", "postgresql", "shared_preload_libraries")
	libraries, _ := v.([]any)
	var kept []any
	for _, library := range libraries {
		if name, _ := library.(string); !Acts(name) {
			kept = append(kept, library)
		}
	}
	if len(kept) > 0 {
		set(kept, "postgresql", "shared_preload_libraries")
	}
}

func replayed(parameter string) bool {
	switch parameter {
	case "max_connections", "max_prepared_transactions", "max_locks_per_transaction", "max_wal_senders", "max_worker_processes":
		return true
	}
	extension, _, dotted := strings.Cut(parameter, ".")
	return dotted && !Acts(extension)
}

// Acts reports extensions that reach out by themselves: the jobs of the original would be run a second time, and a subscription that
// is not Postgres' own takes the changes that the original waits for, whatever max_logical_replication_workers is.
func Acts(extension string) bool {
	switch extension {
	case "pg_cron", "cron", "pg_failover_slots", "pglogical", "spock", "pgactive", "bdr", "pg_net", "citus":
		return true
	}
	return false
}

// owner is whose password the operator sets in the restored database.
func owner(cluster manifest.Map, set func(any, ...any)) {
	for _, method := range []string{"initdb", "recovery", "pg_basebackup"} {
		for _, field := range []string{"database", "owner"} {
			if name := manifest.Text(cluster, "spec", "bootstrap", method, field); name != "" {
				set(name, "bootstrap", "recovery", field)
			}
		}
	}
}

// origin fills in where the Cluster archives, to be read.
func origin(scratch, cluster manifest.Map) error {
	v, _ := manifest.Get(scratch, "spec", "externalClusters")
	list, _ := v.([]any)
	for _, item := range list {
		entry, _ := item.(manifest.Map)
		if entry["name"] != Origin || len(entry) > 1 {
			continue
		}
		name := manifest.Text(cluster, "metadata", "name")
		if plugin := archiver(cluster); plugin != nil {
			entry["plugin"] = reading(plugin, name)
			return nil
		}
		v, _ := manifest.Get(cluster, "spec", "backup", "barmanObjectStore")
		store, _ := manifest.Canonical(v).(manifest.Map)
		if store == nil {
			return fmt.Errorf("there is nothing to restore: Cluster %s archives nowhere", name)
		}
		if manifest.Text(store, "serverName") == "" {
			store["serverName"] = name
		}
		entry["barmanObjectStore"] = store
	}
	return nil
}

// archiver is the plugin that a Cluster archives with, nil for none.
func archiver(cluster manifest.Map) manifest.Map {
	v, _ := manifest.Get(cluster, "spec", "plugins")
	list, _ := v.([]any)
	for _, item := range list {
		plugin, _ := item.(manifest.Map)
		if plugin["isWALArchiver"] == true && plugin["enabled"] != false {
			return plugin
		}
	}
	return nil
}

// reading is a plugin that reads what another one writes.
func reading(plugin manifest.Map, server string) manifest.Map {
	parameters := manifest.Map{}
	if given, ok := plugin["parameters"].(manifest.Map); ok {
		parameters = manifest.Clone(given)
	}
	if manifest.Text(parameters, "serverName") == "" {
		parameters["serverName"] = server
	}
	return manifest.Map{"name": plugin["name"], "enabled": true, "isWALArchiver": false, "parameters": parameters}
}

// errNamespace is returned by [Config.In].
var errNamespace = errors.New("the config names no namespace, and neither does the pod")

// In settles the namespace of a Config that was written without one: it is wherever the program runs, as a chart is installed in
// any.
func (c *Config) In(namespace string) error {
	if c.Namespace != "" {
		return nil
	}
	if namespace == "" {
		return errNamespace
	}
	c.Namespace = namespace
	return manifest.Set(c.Scratch, namespace, "metadata", "namespace")
}
