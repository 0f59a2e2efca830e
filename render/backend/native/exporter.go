package native

import (
	"fmt"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

const (
	queriesDir  = "/etc/onggi/exporter"
	queriesFile = "queries.yaml"
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
	security := c["securityContext"].(manifest.Map)
	security["runAsUser"], security["runAsGroup"] = nobody, nobody
	c["args"] = []any{fmt.Sprintf("--web.listen-address=:%d", exporterPort), "--extend.query-path=" + queriesDir + "/" + queriesFile}
	c["env"] = []any{
		manifest.Map{"name": "DATA_SOURCE_NAME", "value": fmt.Sprintf("host=%s/postgres port=%d user=onggi_monitor dbname=postgres sslmode=disable application_name=onggi_exporter", runDir, postgresPort)},
		// Its old queries fail on standbys, and what alerts read is in ours. Its collectors stay on, for dashboards that people have.
		manifest.Map{"name": "PG_EXPORTER_DISABLE_DEFAULT_METRICS", "value": "true"},
		manifest.Map{"name": "PG_EXPORTER_DISABLE_SETTINGS_METRICS", "value": "true"}, // some 300 series that never change
	}
	c["ports"] = []any{manifest.Map{"name": "metrics", "containerPort": exporterPort, "protocol": "TCP"}}
	sockets := mount("run", runDir+"/postgres", true)
	sockets["subPath"] = "postgres"
	c["volumeMounts"] = []any{sockets, mount("queries", queriesDir, true)}
	c["resources"] = b.exporterResources()
	return []any{c}
}

func (b builder) exporterResources() manifest.Map {
	return resources(manifest.Map{
		"requests": manifest.Map{"cpu": "10m", "memory": "32Mi", "ephemeral-storage": "16Mi"},
		"limits":   manifest.Map{"cpu": "250m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
	}, b.Monitoring.Exporter.Resources)
}

// queries is the ConfigMap of what it asks.
func (b builder) queries() []manifest.Object {
	if b.Monitoring == nil {
		return nil
	}
	return []manifest.Object{b.object(manifest.PartCluster, "v1", "ConfigMap", b.queriesName(), manifest.Map{"data": manifest.Map{queriesFile: monitoring.Queries(b.Version.Major)}})}
}

func (b builder) queriesName() string { return b.Name + "-queries" }

func (b builder) queriesVolume() []any {
	if b.Monitoring == nil {
		return nil
	}
	return []any{manifest.Map{"name": "queries", "configMap": manifest.Map{"name": b.queriesName(), "defaultMode": int64(0o444)}}}
}
