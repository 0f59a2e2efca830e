package cloudnativepg

import (
	"strconv"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

func (b builder) bootstrap() *manifest.Fields {
	switch s := b.Bootstrap; {
	case s.Recovery != nil:
		return manifest.Of("recovery", b.recovery(s.Recovery))
	case s.Basebackup != nil:
		return manifest.Of("pg_basebackup", b.application(manifest.Of("source", s.Basebackup.From)))
	default:
		return manifest.Of("initdb", b.initdb(s.Initdb))
	}
}

// application names the database that the application Secret is for.
func (b builder) application(m *manifest.Fields) *manifest.Fields {
	m.Set("database", b.Bootstrap.Database)
	m.Set("owner", b.Bootstrap.Owner)
	fields.Put(m, "secret", fields.Named(b.Bootstrap.Secret))
	return m
}

func (b builder) initdb(i *spec.Initdb) *manifest.Fields {
	out := b.application(manifest.Of(
		"encoding", i.Encoding,
		"localeCollate", i.Locale,
		"localeCType", i.Locale,
		"dataChecksums", i.Checksums == nil || *i.Checksums,
	))
	fields.Put(out, "localeProvider", i.LocaleProvider)
	fields.Put(out, "icuLocale", i.IcuLocale)
	fields.Put(out, "builtinLocale", i.BuiltinLocale)
	fields.Put(out, "walSegmentSize", int64(i.WALSegmentMB))
	fields.Put(out, "postInitApplicationSQL", fields.Texts(i.SQL))
	if m := i.Import; m != nil {
		imp := manifest.Of(
			"type", m.Type, "databases", fields.Texts(m.Databases), "source", manifest.Of("externalCluster", m.From),
		)
		fields.Put(imp, "roles", fields.Texts(m.Roles))
		fields.Put(imp, "schemaOnly", m.SchemaOnly)
		out.Set("import", imp)
	}
	return out
}

func (b builder) recovery(r *spec.Recovery) *manifest.Fields {
	out := b.application(manifest.Of())
	fields.Put(out, "source", r.From)
	fields.Put(out, "backup", fields.Named(r.Backup))
	if s := r.Snapshot; s != nil {
		snapshots := manifest.Of("storage", snapshot(s.Storage))
		if s.WAL != "" {
			snapshots.Set("walStorage", snapshot(s.WAL))
		}
		out.Set("volumeSnapshots", snapshots)
	}
	if t := r.Target; t != nil {
		target := manifest.Of()
		fields.Put(target, "targetTime", t.Time)
		fields.Put(target, "targetLSN", t.LSN)
		fields.Put(target, "targetXID", t.XID)
		fields.Put(target, "targetName", t.Name)
		fields.Put(target, "targetImmediate", t.Immediate)
		fields.Put(target, "targetTLI", t.Timeline)
		fields.Put(target, "backupID", t.BackupID)
		fields.Put(target, "exclusive", t.Exclusive)
		fields.Put(out, "recoveryTarget", target)
	}
	return out
}

func snapshot(name string) *manifest.Fields {
	return manifest.Of("apiGroup", "snapshot.storage.k8s.io", "kind", "VolumeSnapshot", "name", name)
}

func (b builder) replica() *manifest.Fields {
	r := b.Replica
	if r == nil {
		return nil
	}
	out := manifest.Of("source", r.From)
	fields.Put(out, "self", r.Self)
	fields.Put(out, "primary", r.Primary)
	if r.Primary == "" { // which otherwise decides, and may not stand beside it
		out.Set("enabled", r.On)
	}
	fields.Put(out, "promotionToken", r.PromotionToken)
	if r.ApplyDelay != "" {
		d, _ := spec.ParseDuration(r.ApplyDelay)
		out.Set("minApplyDelay", d.String())
	}
	return out
}

func (b builder) externalClusters() []any {
	var out []any
	for _, e := range b.ExternalClusters {
		item := manifest.Of("name", e.Name)
		if e.Connection != nil {
			connection(item, e.Connection)
		}
		if e.Archive != nil {
			b.reading(item, *e.Archive)
		}
		out = append(out, item)
	}
	return out
}

// reading is how an archive is read by a cluster that does not write it.
func (b builder) reading(item *manifest.Fields, a plan.Archive) {
	if b.InTree() {
		store := b.store(a)
		store.Set("serverName", a.Server)
		item.Set("barmanObjectStore", store)
		return
	}
	item.Set("plugin", manifest.Of(
		"name", barmanPlugin, "enabled", true, "isWALArchiver", false,
		"parameters", manifest.Of("barmanObjectName", a.StoreName, "serverName", a.Server),
	))
}

func connection(item *manifest.Fields, c *spec.Connection) {
	item.Set("connectionParameters", manifest.Of(
		"host", c.Host, "port", strconv.Itoa(c.Port), "user", c.User, "dbname", c.Database, "sslmode", c.SSLMode,
	))
	for _, s := range []struct {
		field string
		key   *spec.SecretKey
	}{{"password", c.Password}, {"sslCert", c.Certificate}, {"sslKey", c.Key}, {"sslRootCert", c.RootCert}} {
		if s.key != nil {
			item.Set(s.field, manifest.Of("name", s.key.Secret, "key", s.key.Key))
		}
	}
}
