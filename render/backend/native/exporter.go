package native

import (
	"fmt"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

const (
	queriesDir  = "/etc/onggi/exporter"
	queriesFile = "queries.yaml"
	// Queries of the spec's own: their files, what the exporter is run by then, and where the one file is that it reads.
	ownQueriesDir = "/etc/onggi/queries"
	exporterFile  = "exporter.yaml"
	mergedDir     = "/run/exporter"
	// nobody is the user of the exporter: another than the server's, whom the server takes for its superuser. Every image knows this one by the
	// name that the agent lets in.
	nobody = int64(65534)
)

// exporter is postgres_exporter, which comes over the socket without a password: the server knows it by its user. It sees no other socket
// of the pod and no secret.
func (b builder) exporter() []any {
	if b.Monitoring == nil {
		return nil
	}
	c := b.container("exporter", b.Monitoring.Exporter.Image)
	security := c.Below("securityContext")
	security.Set("runAsUser", nobody)
	security.Set("runAsGroup", nobody)
	listen := fmt.Sprintf("--web.listen-address=:%d", exporterPort)
	if b.ownQueries() {
		c.Set("command", []any{programDir + "/onggi-agent", "exporter", "--config", queriesDir + "/" + exporterFile})
	} else {
		c.Set("args", []any{listen, "--extend.query-path=" + queriesDir + "/" + queriesFile})
	}
	c.Set("env", []any{
		manifest.Of("name", "DATA_SOURCE_NAME", "value", fmt.Sprintf("host=%s/postgres port=%d user=onggi_monitor dbname=postgres sslmode=disable application_name=onggi_exporter", runDir, postgresPort)),
		// Its old queries fail on standbys, and what alerts read is in ours. Its collectors stay on, for dashboards that people have.
		manifest.Of("name", "PG_EXPORTER_DISABLE_DEFAULT_METRICS", "value", "true"),
		manifest.Of("name", "PG_EXPORTER_DISABLE_SETTINGS_METRICS", "value", "true"), // some 300 series that never change
	})
	c.Set("ports", []any{manifest.Of("name", "metrics", "containerPort", exporterPort, "protocol", "TCP")})
	sockets := mount("run", runDir+"/postgres", true)
	sockets.Set("subPath", "postgres")
	mounts := []any{sockets, mount("queries", queriesDir, true)}
	if b.ownQueries() {
		mounts = append(mounts, mount("program", programDir, true), mount("own-queries", ownQueriesDir, true), mount("exporter", mergedDir, false))
	}
	c.Set("volumeMounts", mounts)
	c.Set("resources", b.exporterResources())
	return []any{c}
}

func (b builder) exporterResources() *manifest.Fields {
	return resources(manifest.Of(
		"requests", manifest.Of("cpu", "10m", "memory", "32Mi", "ephemeral-storage", "16Mi"),
		"limits", manifest.Of("cpu", "250m", "memory", "128Mi", "ephemeral-storage", "64Mi"),
	), b.Monitoring.Exporter.Resources)
}

// ownQueries tells that the spec has queries of its own. The exporter reads one file, so the agent's program then makes one of all and runs it.
func (b builder) ownQueries() bool { return b.Monitoring != nil && len(b.Monitoring.Queries) > 0 }

// ownQueryFile is where a ConfigMap's key is below ownQueriesDir.
func ownQueryFile(k spec.ConfigMapKey) string { return k.ConfigMap + "/" + k.Key }

// exporterRun is how the agent's program runs it.
func (b builder) exporterRun() config.Exporter {
	e := config.Exporter{
		Args: []string{fmt.Sprintf("--web.listen-address=:%d", exporterPort)}, Own: queriesDir + "/" + queriesFile, Merged: mergedDir + "/" + queriesFile,
		LogLevel: logLevel(b.Plan),
	}
	for _, k := range b.Monitoring.Queries {
		e.Queries = append(e.Queries, ownQueriesDir+"/"+ownQueryFile(k))
	}
	return e
}

// queries is the ConfigMap of what it asks.
func (b builder) queries() []manifest.Object {
	if b.Monitoring == nil {
		return nil
	}
	data := manifest.Of(queriesFile, b.asked())
	if b.ownQueries() {
		data.Set(exporterFile, write(b.exporterRun()))
	}
	return []manifest.Object{b.object(manifest.PartCluster, "v1", "ConfigMap", b.queriesName(), manifest.Of("data", data))}
}

// asked is the file of the exporter's questions.
func (b builder) asked() string {
	text := monitoring.Queries(b.Version.Major)
	if b.Dumps != nil {
		text += monitoring.DumpQueries()
	}
	return text
}

func (b builder) queriesName() string { return b.Name + "-queries" }

// queriesVolume are the volumes of its queries. ConfigMaps of one's own are optional: without one the database runs, and the exporter tells.
func (b builder) queriesVolume() []any {
	if b.Monitoring == nil {
		return nil
	}
	out := []any{manifest.Of("name", "queries", "configMap", manifest.Of("name", b.queriesName(), "defaultMode", int64(0o444)))}
	if !b.ownQueries() {
		return out
	}
	var sources []any
	for _, k := range b.Monitoring.Queries {
		sources = append(sources, manifest.Of("configMap", manifest.Of(
			"name", k.ConfigMap, "optional", true, "items", []any{manifest.Of("key", k.Key, "path", ownQueryFile(k))},
		)))
	}
	return append(out,
		manifest.Of("name", "own-queries", "projected", manifest.Of("defaultMode", int64(0o444), "sources", sources)),
		manifest.Of("name", "exporter", "emptyDir", manifest.Of("sizeLimit", "16Mi")),
	)
}
