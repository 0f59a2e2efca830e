package native

import (
	"encoding/json"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/sidecars/config"
)

// Where things are in the containers.
const (
	configDir  = "/etc/onggi/config"
	configFile = "agent.yaml"
	secretsDir = "/etc/onggi/secrets"
	tlsDir     = "/etc/onggi/tls"
	runDir     = "/run/onggi"
	dataDir    = "/var/lib/postgresql/data"
	walDir     = "/var/lib/postgresql/wal" // with storage.wal
	programDir = "/onggi"
)

// stepIn is how many seconds after it was told to end a supervisor stops postgres by itself, handed over or not. What is left of the
// grace period is for the last checkpoint.
const stepIn = 100

// File is the agent's configuration of a plan.
func File(p *plan.Plan) config.File {
	f := config.File{
		Cluster: p.Name, Instances: int(p.Instances), Profile: p.Agent.Profile,
		Replication: config.Replication{Mode: "async"},
		Postgres: config.Postgres{
			Version: p.Version.Major, Volume: dataDir, Parameters: parameters(p), HBA: hba(p), Ident: p.Ident,
			ReplicationPasswordFile: secretsDir + "/replication/password", InitDB: initdb(p), Monitor: p.Monitoring != nil,
		},
		Listen: config.Listen{TokenFile: secretsDir + "/token/password"},
		Run:    config.Run{Dir: runDir, GraceSeconds: stepIn},
		Labels: map[string]string{labelCluster: p.Name}, Provision: provision(p),
		Backup: backups(p), Recover: recovery(p), LogLevel: logLevel(p), Supervised: p.Updates.Strategy == "supervised",
	}
	if p.Agent.Pooler != "" {
		f.Postgres.PoolerPasswordFile = secretsDir + "/pooler/password"
	}
	if p.Agent.Dump != "" {
		f.Postgres.DumpPasswordFile = secretsDir + "/dump/password"
	}
	if p.Superuser != "" {
		f.Postgres.SuperuserPasswordFile = secretsDir + "/superuser/password"
	}
	if r := p.Replication; r.Mode != "async" {
		f.Replication = config.Replication{Mode: r.Durability, MinSync: r.MinSync, Priority: r.Mode == "sync"}
	}
	f.Outside, f.Copy, f.Import = outsideFile(p), copyFile(p), importFile(p)
	if p.TLS != nil {
		f.Postgres.TLS = config.TLS{Cert: tlsDir + "/tls.crt", Key: tlsDir + "/tls.key"}
		if authority(p.TLS) {
			f.Postgres.TLS.CA = tlsDir + "/ca.crt"
		}
		if p.TLS.ClientCASecret != "" {
			f.Postgres.ClientCA = tlsDir + "/" + clientsFile
		}
	}
	return f
}

// logLevel is empty for what is taken without one.
func logLevel(p *plan.Plan) config.LogLevel {
	if p.LogLevel == "info" {
		return ""
	}
	return config.LogLevel(p.LogLevel)
}

func parameters(p *plan.Plan) map[string]string {
	out := make(map[string]string, len(p.Parameters)+1)
	for name, value := range p.Parameters {
		out[name] = value
	}
	if len(p.Preload) > 0 {
		out[preload] = strings.Join(p.Preload, ",")
	}
	return out
}

const preload = "shared_preload_libraries"

// hba ends with the line that every back end ends with: who is not refused before may log in with a password. To the agent, lines
// of one's own replace it.
// Before them comes what poolers and dumps need: whatever the lines say of clients, a pooler asks for their passwords, and a dump is made.
func hba(p *plan.Plan) []string {
	var lines []string
	kind := "host"
	if p.TLS != nil {
		kind = "hostssl"
	}
	if p.Pooler != nil {
		lines = append(lines, kind+" postgres "+config.PoolerRole+" all scram-sha-256", "host all "+config.PoolerRole+" all reject")
	}
	if p.Agent.Dump != "" {
		lines = append(lines, kind+" all "+config.DumpRole+" all scram-sha-256", "host all "+config.DumpRole+" all reject")
	}
	return append(append(lines, p.HBA...), "host all all all scram-sha-256")
}

// config is the ConfigMap of the agent's file. Its pods read it again when it changes.
func (b builder) config() manifest.Object {
	return b.object(manifest.PartCluster, "v1", "ConfigMap", b.configName(), manifest.Of("data", manifest.Of(configFile, write(File(b.Plan)))))
}

func (b builder) configName() string { return b.Name + "-config" }

// write leaves out what is empty, which encoding/json does not do for structs.
func write(file any) string {
	var tree manifest.Map
	text, err := json.Marshal(file)
	if err == nil {
		err = json.Unmarshal(text, &tree)
	}
	if err == nil {
		prune(tree)
		text, err = yaml.Marshal(tree)
	}
	if err != nil {
		panic("a struct of strings and numbers can be written: " + err.Error())
	}
	return string(text)
}

func prune(m manifest.Map) {
	for key, value := range m {
		inner, ok := value.(manifest.Map)
		if !ok {
			continue
		}
		if prune(inner); len(inner) == 0 {
			delete(m, key)
		}
	}
}

// secret is a Secret that only the agent reads, and where.
type secret struct{ volume, name string }

func (b builder) secrets() []secret {
	all := []secret{{"replication", b.Agent.Replication}, {"token", b.Agent.Token}}
	if b.Agent.Pooler != "" {
		all = append(all, secret{"pooler", b.Agent.Pooler})
	}
	if b.Agent.Dump != "" {
		all = append(all, secret{"dump", b.Agent.Dump})
	}
	if b.Superuser != "" {
		all = append(all, secret{"superuser", b.Superuser})
	}
	return all
}

// restricted are the modes of files with secrets: for the pod's group, which Postgres takes for a key of root's.
const restricted = int64(0o440)

func (s secret) source() *manifest.Fields {
	return manifest.Of("secretName", s.name, "defaultMode", restricted, "items", []any{manifest.Of("key", "password", "path", "password")})
}

// credentials are the volumes with the server's certificate and the agent's secrets.
func (b builder) credentials() []any {
	var out []any
	for _, s := range b.secrets() {
		out = append(out, manifest.Of("name", s.volume, "secret", s.source()))
	}
	out = append(out, b.rolesVolume()...)
	out = append(append(out, b.outsidePassword()...), b.outsideFiles()...)
	if b.TLS == nil {
		return out
	}
	return append(out, b.certificateFiles(b.TLS.ClientCASecret))
}

// clientsFile has the authorities of clients' certificates.
const clientsFile = "clients.crt"

// certificateFiles are the server's certificate, its key, and who signed it; with those who sign the clients', where a Secret is named.
func (b builder) certificateFiles(clients string) *manifest.Fields {
	pick := func(secret string, keys ...string) *manifest.Fields {
		var items []any
		for _, key := range keys {
			items = append(items, manifest.Of("key", key, "path", key))
		}
		return manifest.Of("secret", manifest.Of("name", secret, "items", items))
	}
	sources := []any{pick(b.certificate(), "tls.crt", "tls.key")}
	if ca := b.authority(); ca != "" {
		sources = append(sources, pick(ca, "ca.crt"))
	}
	if clients != "" {
		sources = append(sources, manifest.Of("secret", manifest.Of("name", clients, "items", []any{manifest.Of("key", "ca.crt", "path", clientsFile)})))
	}
	return manifest.Of("name", "tls", "projected", manifest.Of("defaultMode", restricted, "sources", sources))
}

// account is the token by which the agent asks the API server. Mounting it by hand keeps it from the database's container.
func account() *manifest.Fields {
	return manifest.Of("name", "account", "projected", manifest.Of(
		"defaultMode", restricted,
		"sources", []any{
			manifest.Of("serviceAccountToken", manifest.Of("path", "token", "expirationSeconds", int64(3607))),
			manifest.Of("configMap", manifest.Of("name", "kube-root-ca.crt", "items", []any{manifest.Of("key", "ca.crt", "path", "ca.crt")})),
		},
	))
}

// volumes of the pod, but for the data.
func (b builder) volumes() []any {
	own := []any{
		empty("program", manifest.Of("sizeLimit", "128Mi")),
		empty("run", manifest.Of("sizeLimit", "64Mi")),
		empty("tmp", manifest.Of()),
		empty("shm", manifest.Of("medium", "Memory")),
		manifest.Of("name", "config", "configMap", manifest.Of("name", b.configName(), "defaultMode", restricted)),
		account(),
	}
	own = append(own, repositoryVolumes(false, b.places()...)...)
	own = append(own, b.queriesVolume()...)
	return append(own, b.credentials()...)
}

func mount(name, path string, readOnly bool) *manifest.Fields {
	m := manifest.Of("name", name, "mountPath", path)
	fields.Put(m, "readOnly", readOnly)
	return m
}
