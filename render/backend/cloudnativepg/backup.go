package cloudnativepg

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// archives are those that the Cluster writes or reads.
func (b builder) archives() []plan.Archive {
	var out []plan.Archive
	if b.Backup != nil && b.Backup.Destination != "" {
		out = append(out, b.Backup.Archive)
	}
	for _, e := range b.ExternalClusters {
		if e.Archive != nil {
			out = append(out, *e.Archive)
		}
	}
	return out
}

// archiving is the part of backups that stands in the Cluster.
func (b builder) archiving(s *manifest.Fields) {
	if b.InTree() {
		fields.Put(s, "env", clientEnv(b.archives()...))
	}
	k := b.Backup
	if k == nil {
		return
	}
	out := manifest.Of("target", k.Target)
	if k.Destination != "" {
		switch {
		case b.InTree():
			store := b.store(k.Archive)
			fields.Put(store, "serverName", k.ServerName)
			out.Set("barmanObjectStore", store)
			fields.Put(out, "retentionPolicy", k.Retention)
		default:
			parameters := manifest.Of("barmanObjectName", k.StoreName)
			fields.Put(parameters, "serverName", k.ServerName)
			s.Set("plugins", []any{manifest.Of(
				"name", barmanPlugin, "enabled", true, "isWALArchiver", true, "parameters", parameters,
			)})
		}
	}
	if k.Method == "snapshot" {
		out.Set("volumeSnapshot", snapshots(k))
	}
	s.Set("backup", out)
}

func snapshots(k *plan.Backup) *manifest.Fields {
	out := manifest.Of("online", true, "snapshotOwnerReference", "backup")
	if c := k.Snapshot; c != nil {
		fields.Put(out, "className", c.Class)
		fields.Put(out, "walClassName", c.WALClass)
		fields.Put(out, "snapshotOwnerReference", c.Owner)
		out.Set("online", c.Online == nil || *c.Online)
	}
	return out
}

// clientEnv is what Barman's client of the stores has to be told by its environment.
func clientEnv(archives ...plan.Archive) []any {
	var out []any
	foreign := func(a plan.Archive) bool { return a.Scheme == plan.S3 && a.Endpoint != "" }
	if slices.ContainsFunc(archives, foreign) {
		// Stores other than AWS refuse the checksums that newer clients add to every request.
		out = append(out, env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"), env("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required"))
	}
	if i := slices.IndexFunc(archives, func(a plan.Archive) bool { return a.Region != "" }); i >= 0 {
		out = append(out, env("AWS_DEFAULT_REGION", archives[i].Region))
	}
	return out
}

func env(name, value string) *manifest.Fields { return manifest.Of("name", name, "value", value) }

// store describes an object store in the words that the plugin and the in-tree form share.
func (b builder) store(a plan.Archive) *manifest.Fields {
	out := manifest.Of("destinationPath", destination(a))
	fields.Put(out, "endpointURL", a.Endpoint)
	if a.EndpointCA != nil {
		out.Set("endpointCA", manifest.Of("name", a.EndpointCA.Secret, "key", a.EndpointCA.Key))
	}
	credentials(out, a)
	wal := manifest.Of()
	if a.WALCompression != "none" {
		fields.Put(wal, "compression", a.WALCompression)
	}
	fields.Put(wal, "encryption", a.Encryption)
	fields.Put(wal, "maxParallel", int64(a.WALParallel))
	fields.Put(out, "wal", wal)
	data := manifest.Of()
	if a.Compression != "none" {
		fields.Put(data, "compression", a.Compression)
	}
	fields.Put(data, "encryption", a.Encryption)
	fields.Put(data, "jobs", int64(a.Jobs))
	fields.Put(out, "data", data)
	return out
}

// destination is the URL as Barman wants it: azblob://account/container/path is an https URL there.
func destination(a plan.Archive) string {
	if a.Scheme != plan.Azure {
		return a.Destination
	}
	account, path, _ := strings.Cut(strings.TrimPrefix(a.Destination, "azblob://"), "/")
	return "https://" + account + ".blob.core.windows.net/" + path
}

func credentials(out *manifest.Fields, a plan.Archive) {
	c := a.Credentials
	if c == nil {
		return
	}
	ref := func(key string) *manifest.Fields { return manifest.Of("name", c.Secret, "key", key) }
	switch {
	case a.Scheme == plan.S3 && c.FromPod:
		out.Set("s3Credentials", manifest.Of("inheritFromIAMRole", true))
	case a.Scheme == plan.S3:
		s3 := manifest.Of("accessKeyId", ref(c.AccessKey), "secretAccessKey", ref(c.SecretKey))
		if c.SessionToken != "" {
			s3.Set("sessionToken", ref(c.SessionToken))
		}
		out.Set("s3Credentials", s3)
	case a.Scheme == plan.GCS && c.FromPod:
		out.Set("googleCredentials", manifest.Of("gkeEnvironment", true))
	case a.Scheme == plan.GCS:
		out.Set("googleCredentials", manifest.Of("applicationCredentials", ref(c.ApplicationCredentials)))
	case a.Scheme == plan.Azure && c.FromPod:
		out.Set("azureCredentials", manifest.Of("inheritFromAzureAD", true))
	case a.Scheme == plan.Azure:
		out.Set("azureCredentials", manifest.Of("connectionString", ref(c.ConnectionString)))
	}
}

// stores are the objects that describe object stores to the plugin: what is archived to, and what is only read.
func (b builder) stores() []manifest.Object {
	if b.InTree() {
		return nil
	}
	var objs []manifest.Object
	if k := b.Backup; k != nil && k.Destination != "" {
		objs = append(objs, b.objectStore(manifest.PartBackup, k.Archive, k.Retention))
	}
	for _, e := range b.ExternalClusters {
		if e.Archive != nil {
			objs = append(objs, b.objectStore(manifest.PartCluster, *e.Archive, ""))
		}
	}
	return objs
}

func (b builder) schedules() []manifest.Object {
	if b.Backup == nil {
		return nil
	}
	var objs []manifest.Object
	for _, s := range b.Backup.Schedules {
		objs = append(objs, b.scheduledBackup(s))
	}
	return objs
}

func (b builder) objectStore(part manifest.Part, a plan.Archive, retention string) manifest.Object {
	s := manifest.Of("configuration", b.store(a))
	fields.Put(s, "retentionPolicy", retention)
	if vars := clientEnv(a); len(vars) > 0 {
		s.Set("instanceSidecarConfiguration", manifest.Of("env", vars))
	}
	return b.object(part, barmanAPIVersion, "ObjectStore", a.StoreName, s)
}

func (b builder) scheduledBackup(sch plan.Schedule) manifest.Object {
	k := b.Backup
	s := manifest.Of(
		"cluster", fields.Named(b.Name),
		"schedule", sch.Cron.Six(),
		"backupOwnerReference", "cluster", // the default, none, keeps every Backup object for ever
		"immediate", sch.Immediate,
		"suspend", sch.Suspend,
		"target", k.Target,
	)
	switch k.Method {
	case "plugin":
		s.Set("method", "plugin")
		s.Set("pluginConfiguration", manifest.Of("name", barmanPlugin))
	case "snapshot":
		s.Set("method", "volumeSnapshot")
	default:
		s.Set("method", "barmanObjectStore")
	}
	return b.object(manifest.PartBackup, apiVersion, "ScheduledBackup", sch.FullName, s)
}
