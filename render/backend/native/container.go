package native

import (
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// container begins one that the restricted pod security standard lets in, with nothing to write to but its volumes.
func (b builder) container(name, image string) *manifest.Fields {
	c := manifest.Of(
		"name", name, "image", image,
		"securityContext", manifest.Of(
			"allowPrivilegeEscalation", false, "readOnlyRootFilesystem", true, "runAsNonRoot", true,
			"capabilities", manifest.Of("drop", []any{"ALL"}),
			"seccompProfile", manifest.Of("type", "RuntimeDefault"),
		),
	)
	fields.Put(c, "imagePullPolicy", b.PullPolicy)
	return c
}

// install puts the agent where the database's container can run it, as that one's image does not have it.
func (b builder) install() *manifest.Fields {
	c := b.container("install", b.Agent.Image)
	c.Set("args", []any{"install", programDir})
	c.Set("volumeMounts", []any{mount("program", programDir, false)})
	c.Set("resources", b.agentResources())
	return c
}

// agent is the sidecar: started before the database and stopped after it, and restarted by itself alone.
func (b builder) agent() *manifest.Fields {
	c := b.container("agent", b.Agent.Image)
	c.Set("args", []any{"run", "--config", configDir + "/" + configFile})
	c.Set("restartPolicy", "Always")
	c.Set("env", b.environment())
	c.Set("ports", []any{manifest.Of("name", agentPortIs, "containerPort", agentPort, "protocol", "TCP")})
	c.Set("livenessProbe", probe("/liveness", manifest.Of("initialDelaySeconds", int64(10), "periodSeconds", int64(10), "timeoutSeconds", int64(5), "failureThreshold", int64(6))))
	c.Set("resources", b.agentResources())
	mounts := append(b.shared(), mount("account", "/var/run/secrets/kubernetes.io/serviceaccount", true))
	for _, s := range b.secrets() {
		mounts = append(mounts, mount(s.volume, secretsDir+"/"+s.volume, true))
	}
	if b.outsidePassword() != nil {
		mounts = append(mounts, mount("outside", secretsDir+"/outside", true))
	}
	if b.rolePasswords() != nil {
		mounts = append(mounts, mount("roles", rolesDir, true))
	}
	c.Set("volumeMounts", append(mounts, keyMounts(b.places()...)...))
	return c
}

// database is the stock image. It has no liveness probe: whether postgres lives is the agent's to find out, and a kubelet that kills it
// for being slow makes an outage of a bad hour.
func (b builder) database() *manifest.Fields {
	c := b.container("database", b.Image)
	c.Set("command", []any{programDir + "/onggi-agent", "supervise", "--config", configDir + "/" + configFile})
	c.Set("env", b.environment())
	c.Set("ports", []any{manifest.Of("name", "postgres", "containerPort", postgresPort, "protocol", "TCP")})
	c.Set("readinessProbe", probe("/readiness", manifest.Of("periodSeconds", int64(5), "timeoutSeconds", int64(3), "failureThreshold", int64(3))))
	mounts := append(b.shared(), mount("program", programDir, true), mount("tmp", "/tmp", false), mount("shm", "/dev/shm", false))
	c.Set("volumeMounts", append(mounts, claimMounts(false, b.places()...)...))
	fields.Put(c, "resources", fields.Resources(b.Resources))
	return c
}

// shared is what both containers see: the volumes, the sockets, the configuration, and the certificates, which standbys connect with.
func (b builder) shared() []any {
	mounts := []any{mount("data", dataDir, false), mount("run", runDir, false), mount("config", configDir, true)}
	if b.WAL != nil {
		mounts = append(mounts, mount(walClaim, walDir, false))
	}
	if b.TLS != nil {
		mounts = append(mounts, mount("tls", tlsDir, true))
	}
	if b.outsideFiles() != nil {
		mounts = append(mounts, mount("outside-tls", outsideDir, true))
	}
	return mounts
}

// probe asks the sidecar, which answers from memory: a probe that waited for the database would fail whenever that is busy.
func probe(path string, times *manifest.Fields) *manifest.Fields {
	times.Set("httpGet", manifest.Of("path", path, "port", agentPort, "scheme", "HTTP"))
	return times
}

// environment names the pod, which nothing else can, and the volume of the log where it has one. The agent's file does not: it reaches pods
// that were made before there was one.
func (b builder) environment() []any {
	var out []any
	for _, v := range []struct{ name, field string }{
		{"POD_NAME", "metadata.name"}, {"POD_UID", "metadata.uid"}, {"POD_NAMESPACE", "metadata.namespace"},
		{"POD_IP", "status.podIP"}, {"NODE_NAME", "spec.nodeName"},
	} {
		out = append(out, manifest.Of("name", v.name, "valueFrom", manifest.Of("fieldRef", manifest.Of("apiVersion", "v1", "fieldPath", v.field))))
	}
	if b.WAL != nil {
		out = append(out, manifest.Of("name", config.WALVolume, "value", walDir))
	}
	return out
}

// agentResources are what the agent is measured to need, more than twice over, and what the spec says instead.
func (b builder) agentResources() *manifest.Fields {
	return resources(manifest.Of(
		"requests", manifest.Of("cpu", "10m", "memory", "32Mi", "ephemeral-storage", "64Mi"),
		"limits", manifest.Of("cpu", "500m", "memory", "64Mi", "ephemeral-storage", "128Mi"),
	), b.Agent.Resources)
}

// resources are what a container needs, and over that what the spec says.
func resources(needed *manifest.Fields, said *spec.Resources) *manifest.Fields {
	for part, quantities := range fields.Resources(said).All() {
		needed.Below(part).Add(quantities.(*manifest.Fields))
	}
	return needed
}
