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
			b.object(manifest.PartPooler, "v1", "ConfigMap", m.Name, manifest.Map{"data": b.poolerFiles(m)}),
			b.object(manifest.PartPooler, "apps/v1", "Deployment", m.Name, manifest.Map{"spec": b.poolerDeployment(m)}),
			b.object(manifest.PartPooler, "v1", "Service", m.Name, manifest.Map{"spec": fields.Service(
				plan.Service{FullName: m.Name, Expose: spec.Expose{Type: "ClusterIP", Port: int(postgresPort)}}, poolerSelector(m.Name), postgresPort)}),
		)
		if b.Budget {
			objs = append(objs, b.object(manifest.PartPooler, "policy/v1", "PodDisruptionBudget", m.Name, manifest.Map{"spec": manifest.Map{
				"maxUnavailable": int64(1), "unhealthyPodEvictionPolicy": "AlwaysAllow",
				"selector": manifest.Map{"matchLabels": poolerSelector(m.Name)},
			}}))
		}
	}
	return objs
}

func poolerSelector(name string) manifest.Map { return manifest.Map{LabelPooler: name} }

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
			manifest.Map{"spec": fields.Ingress(poolerSelector(m.Name), rules)}))
	}
	return objs
}

// poolerDeployment replaces pods one by one, each new one before an old one goes.
func (b builder) poolerDeployment(m plan.PoolerMember) manifest.Map {
	replicas := m.Instances
	if b.Hibernate {
		replicas = 0
	}
	labels := b.labels(manifest.PartPooler)
	labels[LabelPooler] = m.Name
	meta := manifest.Map{"labels": labels}
	fields.Put(meta, "annotations", fields.TextMap(b.Annotations))
	return manifest.Map{
		"replicas": replicas,
		"selector": manifest.Map{"matchLabels": poolerSelector(m.Name)},
		"strategy": manifest.Map{"type": "RollingUpdate", "rollingUpdate": manifest.Map{"maxSurge": int64(1), "maxUnavailable": int64(0)}},
		"template": manifest.Map{"metadata": meta, "spec": b.poolerPod(m)},
	}
}

func (b builder) poolerPod(m plan.PoolerMember) manifest.Map {
	p := b.Placement
	s := manifest.Map{
		"automountServiceAccountToken":  false,
		"enableServiceLinks":            false,
		"terminationGracePeriodSeconds": poolerGrace,
		"securityContext": manifest.Map{
			"runAsNonRoot": true, "runAsUser": poolerUser, "runAsGroup": poolerUser, "fsGroup": poolerUser,
			"seccompProfile": manifest.Map{"type": "RuntimeDefault"},
		},
		"initContainers": []any{b.install()},
		"containers":     []any{b.pgbouncer()},
		"volumes":        b.poolerVolumes(m),
		"affinity": manifest.Map{"podAntiAffinity": manifest.Map{"preferredDuringSchedulingIgnoredDuringExecution": []any{manifest.Map{
			"weight":          int64(100),
			"podAffinityTerm": manifest.Map{"topologyKey": p.TopologyKey, "labelSelector": manifest.Map{"matchLabels": poolerSelector(m.Name)}},
		}}}},
	}
	fields.Put(s, "nodeSelector", fields.TextMap(p.NodeSelector))
	fields.Put(s, "tolerations", fields.Tolerations(p))
	fields.Put(s, "priorityClassName", p.PriorityClass)
	fields.Put(s, "imagePullSecrets", fields.NamedAll(b.PullSecrets))
	return s
}

// pgbouncer has no limits of its own: it takes 2 kB for each client.
func (b builder) pgbouncer() manifest.Map {
	image := b.Pooler.Image
	if image == "" {
		image = poolerImage
	}
	c := b.container("pgbouncer", image)
	c["command"] = []any{path.Join(programDir, "onggi-agent"), "pooler", "--config", path.Join(configDir, poolerFile)}
	c["ports"] = []any{
		manifest.Map{"name": "postgres", "containerPort": postgresPort, "protocol": "TCP"},
		manifest.Map{"name": "metrics", "containerPort": poolerMetrics, "protocol": "TCP"},
	}
	ask := func(path string, times manifest.Map) manifest.Map {
		times["httpGet"] = manifest.Map{"path": path, "port": poolerMetrics, "scheme": "HTTP"}
		return times
	}
	c["readinessProbe"] = ask("/readiness", manifest.Map{"periodSeconds": int64(5), "timeoutSeconds": int64(3), "failureThreshold": int64(3)})
	c["livenessProbe"] = ask("/liveness", manifest.Map{"initialDelaySeconds": int64(10), "periodSeconds": int64(10), "timeoutSeconds": int64(5), "failureThreshold": int64(6)})
	mounts := []any{mount("program", programDir, true), mount("run", runDir, false), mount("config", configDir, true), mount("pooler", secretsDir+"/pooler", true)}
	if b.TLS != nil {
		mounts = append(mounts, mount("tls", tlsDir, true))
	}
	c["volumeMounts"] = mounts
	fields.Put(c, "resources", fields.Resources(b.Pooler.Resources))
	return c
}

func (b builder) poolerVolumes(m plan.PoolerMember) []any {
	volumes := []any{
		manifest.Map{"name": "program", "emptyDir": manifest.Map{"sizeLimit": "128Mi"}},
		manifest.Map{"name": "run", "emptyDir": manifest.Map{"medium": "Memory", "sizeLimit": "16Mi"}},
		manifest.Map{"name": "config", "configMap": manifest.Map{"name": m.Name, "defaultMode": restricted}},
		manifest.Map{"name": "pooler", "secret": secret{"pooler", b.Agent.Pooler}.source()},
	}
	if b.TLS != nil {
		volumes = append(volumes, b.certificateFiles(""))
	}
	return volumes
}

// poolerFiles are what the pods read, again when it changes: the settings of who runs PgBouncer, PgBouncer's own, and its HBA.
func (b builder) poolerFiles(m plan.PoolerMember) manifest.Map {
	ini := PoolerIni(b.Plan, m)
	files := manifest.Map{poolerFile: write(PoolerFile(b.Plan)), poolerIni: ini}
	if len(b.Pooler.HBA) > 0 {
		files[poolerHBA] = lines(b.Pooler.HBA)
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
