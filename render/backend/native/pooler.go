package native

import (
	"path"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

const (
	// LabelPooler is on the pods of a pooler and names it. They do not have the cluster's label: they are none of its members.
	LabelPooler = "onggi.dev/pooler"

	// poolerImage is CloudNativePG's, which is built of Debian's packages for amd64 and arm64 and asks for no root.
	poolerImage   = "ghcr.io/cloudnative-pg/pgbouncer:1.25.1"
	poolerUser    = int64(998)
	poolerMetrics = int64(9127)
	poolerFile    = "pooler.yaml"
	poolerIni     = "pgbouncer.ini"
	poolerHBA     = "pg_hba.conf"
	// poolerDrain is how long clients may stay when a pod ends, in seconds, and poolerGrace what the kubelet waits.
	poolerDrain, poolerGrace = 60, int64(90)
)

// poolers are, for each set of PgBouncer pods, what they read, the pods, and how clients find them.
func (b builder) poolers() []manifest.Object {
	if b.Pooler == nil {
		return nil
	}
	var objs []manifest.Object
	for _, m := range b.Pooler.Members {
		objs = append(objs,
			b.object(manifest.PartPooler, "v1", "ConfigMap", m.Name, manifest.Of("data", b.poolerFiles(m))),
			b.object(manifest.PartPooler, "apps/v1", "Deployment", m.Name, manifest.Of("spec", b.poolerDeployment(m))),
			b.object(manifest.PartPooler, "v1", "Service", m.Name, manifest.Of("spec", fields.Service(
				plan.Service{FullName: m.Name, Expose: spec.Expose{Type: "ClusterIP", Port: int(postgresPort)}}, poolerSelector(m.Name), postgresPort))),
		)
		if b.Budget {
			objs = append(objs, b.object(manifest.PartPooler, "policy/v1", "PodDisruptionBudget", m.Name, manifest.Of("spec", manifest.Of(
				"maxUnavailable", int64(1), "unhealthyPodEvictionPolicy", "AlwaysAllow",
				"selector", manifest.Of("matchLabels", poolerSelector(m.Name)),
			))))
		}
	}
	return objs
}

func poolerSelector(name string) *manifest.Fields { return manifest.Of(LabelPooler, name) }

// poolerNetwork closes the pods but to Prometheus and to the clients that the database has.
func (b builder) poolerNetwork() []manifest.Object {
	if b.Network == nil || b.Pooler == nil {
		return nil
	}
	var objs []manifest.Object
	for _, m := range b.Pooler.Members {
		rules := []any{fields.Rule([]any{fields.InNamespace(b.Network.MonitoringNamespace, nil)}, poolerMetrics)}
		rules = append(rules, fields.Clients(b.Network, b.Namespace, postgresPort)...)
		objs = append(objs, b.object(manifest.PartNetwork, "networking.k8s.io/v1", "NetworkPolicy", m.Name,
			manifest.Of("spec", fields.Ingress(poolerSelector(m.Name), rules))))
	}
	return objs
}

// poolerDeployment replaces pods one by one, each new one before an old one goes.
func (b builder) poolerDeployment(m plan.PoolerMember) *manifest.Fields {
	replicas := m.Instances
	if b.Hibernate {
		replicas = 0
	}
	labels := b.labels(manifest.PartPooler)
	labels.Set(LabelPooler, m.Name)
	meta := manifest.Of("labels", labels)
	fields.Put(meta, "annotations", fields.TextMap(b.Annotations))
	return manifest.Of(
		"replicas", replicas,
		"selector", manifest.Of("matchLabels", poolerSelector(m.Name)),
		"strategy", manifest.Of("type", "RollingUpdate", "rollingUpdate", manifest.Of("maxSurge", int64(1), "maxUnavailable", int64(0))),
		"template", manifest.Of("metadata", meta, "spec", b.poolerPod(m)),
	)
}

func (b builder) poolerPod(m plan.PoolerMember) *manifest.Fields {
	p := b.Placement
	s := manifest.Of(
		"automountServiceAccountToken", false,
		"enableServiceLinks", false,
		"terminationGracePeriodSeconds", poolerGrace,
		"securityContext", manifest.Of(
			"runAsNonRoot", true, "runAsUser", poolerUser, "runAsGroup", poolerUser, "fsGroup", poolerUser,
			"seccompProfile", manifest.Of("type", "RuntimeDefault"),
		),
		"initContainers", []any{b.install()},
		"containers", []any{b.pgbouncer()},
		"volumes", b.poolerVolumes(m),
		"affinity", manifest.Of("podAntiAffinity", manifest.Of("preferredDuringSchedulingIgnoredDuringExecution", []any{manifest.Of(
			"weight", int64(100),
			"podAffinityTerm", manifest.Of("topologyKey", p.TopologyKey, "labelSelector", manifest.Of("matchLabels", poolerSelector(m.Name))),
		)})),
	)
	fields.Put(s, "nodeSelector", fields.TextMap(p.NodeSelector))
	fields.Put(s, "tolerations", fields.Tolerations(p))
	fields.Put(s, "priorityClassName", p.PriorityClass)
	fields.Put(s, "imagePullSecrets", fields.NamedAll(b.PullSecrets))
	return s
}

// pgbouncer has no limits of its own: it takes 2 kB for each client.
func (b builder) pgbouncer() *manifest.Fields {
	image := b.Pooler.Image
	if image == "" {
		image = poolerImage
	}
	c := b.container("pgbouncer", image)
	c.Set("command", []any{path.Join(programDir, "onggi-agent"), "pooler", "--config", path.Join(configDir, poolerFile)})
	c.Set("ports", []any{
		manifest.Of("name", "postgres", "containerPort", postgresPort, "protocol", "TCP"),
		manifest.Of("name", "metrics", "containerPort", poolerMetrics, "protocol", "TCP"),
	})
	ask := func(path string, times *manifest.Fields) *manifest.Fields {
		times.Set("httpGet", manifest.Of("path", path, "port", poolerMetrics, "scheme", "HTTP"))
		return times
	}
	c.Set("readinessProbe", ask("/readiness", manifest.Of("periodSeconds", int64(5), "timeoutSeconds", int64(3), "failureThreshold", int64(3))))
	c.Set("livenessProbe", ask("/liveness", manifest.Of("initialDelaySeconds", int64(10), "periodSeconds", int64(10), "timeoutSeconds", int64(5), "failureThreshold", int64(6))))
	mounts := []any{mount("program", programDir, true), mount("run", runDir, false), mount("config", configDir, true), mount("pooler", secretsDir+"/pooler", true)}
	if b.TLS != nil {
		mounts = append(mounts, mount("tls", tlsDir, true))
	}
	c.Set("volumeMounts", mounts)
	fields.Put(c, "resources", fields.Resources(b.Pooler.Resources))
	return c
}

func (b builder) poolerVolumes(m plan.PoolerMember) []any {
	volumes := []any{
		manifest.Of("name", "program", "emptyDir", manifest.Of("sizeLimit", "128Mi")),
		manifest.Of("name", "run", "emptyDir", manifest.Of("medium", "Memory", "sizeLimit", "16Mi")),
		manifest.Of("name", "config", "configMap", manifest.Of("name", m.Name, "defaultMode", restricted)),
		manifest.Of("name", "pooler", "secret", secret{"pooler", b.Agent.Pooler}.source()),
	}
	if b.TLS != nil {
		volumes = append(volumes, b.certificateFiles(""))
	}
	return volumes
}

// poolerFiles are what the pods read, again when it changes: the settings of who runs PgBouncer, PgBouncer's own, and its HBA.
func (b builder) poolerFiles(m plan.PoolerMember) *manifest.Fields {
	ini := PoolerIni(b.Plan, m)
	files := manifest.Of(poolerFile, write(PoolerFile(b.Plan)), poolerIni, ini)
	if len(b.Pooler.HBA) > 0 {
		files.Set(poolerHBA, lines(b.Pooler.HBA))
	}
	return files
}

// PoolerFile is the configuration of onggi-agent pooler.
func PoolerFile(p *plan.Plan) config.Pooler {
	f := config.Pooler{
		Ini: path.Join(configDir, poolerIni), PasswordFile: secretsDir + "/pooler/password", Run: runDir,
		Port: int(postgresPort), Listen: int(poolerMetrics), Paused: p.Pooler.Paused, DrainSeconds: poolerDrain,
		LogLevel: logLevel(p),
	}
	if len(p.Pooler.HBA) > 0 {
		f.Watch = append(f.Watch, path.Join(configDir, poolerHBA))
	}
	if p.TLS != nil {
		f.Watch = append(f.Watch, tlsDir+"/tls.crt", tlsDir+"/tls.key")
		if authority(p.TLS) {
			f.Watch = append(f.Watch, tlsDir+"/ca.crt")
		}
	}
	return f
}
