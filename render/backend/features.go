package backend

import (
	"slices"
	"strings"
	"sync"

	"github.com/onggi-db/onggi/render/spec"
)

func since(major, minor int) Support { return Support{Yes: true, Major: major, Minor: minor} }

// Features is the table; it is shared and must not be changed. A field without a row is one that every back end has.
func Features() []Feature { return features() }

// features is built when the first spec is checked, and once: it is read for every spec of a fleet.
var features = sync.OnceValue(func() []Feature {
	yes := Support{Yes: true}
	all := map[Name]Support{CloudNativePG: yes, Crunchy: yes, Zalando: yes, Native: yes}
	with := func(changes map[Name]Support) map[Name]Support {
		out := make(map[Name]Support, len(all))
		for n, s := range all {
			out[n] = s
		}
		for n, s := range changes {
			out[n] = s
		}
		return out
	}
	only := func(cells map[Name]Support) map[Name]Support { return cells }
	rows := []Feature{
		{"engine=mysql", "MySQL", func(s *spec.Spec) bool { return s.Engine == "mysql" }, only(map[Name]Support{MySQLOperator: yes})},
		{"imageCatalog", "image catalogs", func(s *spec.Spec) bool { return s.ImageCatalog != nil }, only(map[Name]Support{CloudNativePG: yes})},
		{"storage.wal", "WAL volumes", func(s *spec.Spec) bool { return s.Storage.WAL != nil }, with(map[Name]Support{Zalando: {}})},
		{"tablespaces", "tablespaces", func(s *spec.Spec) bool { return len(s.Tablespaces) > 0 }, only(map[Name]Support{CloudNativePG: yes, Crunchy: yes})},
		{"replication.mode=quorum", "quorum replication", func(s *spec.Spec) bool { return s.Replication.Mode == "quorum" }, only(map[Name]Support{CloudNativePG: yes, Native: yes})},
		{"replication.durability=preferred", "synchronous replication that gives way", func(s *spec.Spec) bool {
			return s.Replication.Mode != "async" && s.Replication.Durability == "preferred"
		}, with(map[Name]Support{CloudNativePG: since(1, 25)})},
		{"replication.failoverQuorum", "failover quorums", func(s *spec.Spec) bool { return s.Replication.FailoverQuorum }, only(map[Name]Support{CloudNativePG: since(1, 28), Native: yes})},
		{"replication.logicalSlots", "logical slots on standbys", func(s *spec.Spec) bool { return s.Replication.LogicalSlots }, only(map[Name]Support{CloudNativePG: since(1, 27), Crunchy: yes, Zalando: yes})},
		{"databases", "databases as objects", databaseObjects, with(map[Name]Support{CloudNativePG: since(1, 25)})},
		{"databases", "extensions and schemas in databases", databaseContents, with(map[Name]Support{CloudNativePG: since(1, 26)})},
		{"bootstrap.initdb.localeProvider", "locale providers", localeProvider, only(map[Name]Support{CloudNativePG: since(1, 25), Zalando: yes, Native: yes})},
		{"bootstrap.initdb.import", "imports from running servers", func(s *spec.Spec) bool { return initdb(s).Import != nil }, only(map[Name]Support{CloudNativePG: yes, Native: yes})},
		{"bootstrap.recovery.snapshot", "recovery from volume snapshots", func(s *spec.Spec) bool {
			return s.Bootstrap != nil && s.Bootstrap.Recovery != nil && s.Bootstrap.Recovery.Snapshot != nil
		}, only(map[Name]Support{CloudNativePG: yes, Crunchy: yes})},
		{"pooler.readOnly", "poolers for standbys", func(s *spec.Spec) bool { return s.Pooler != nil && s.Pooler.ReadOnly != nil }, only(map[Name]Support{CloudNativePG: yes, Zalando: yes, Native: yes})},
		{"backup.destination=pvc", "backups to a volume", backupVolume, only(map[Name]Support{Crunchy: yes, MySQLOperator: yes, Native: yes})},
		{"externalClusters", "archives on a volume", archiveVolume, only(map[Name]Support{Crunchy: yes, Native: yes})},
		{"backup.method=plugin", "the barman-cloud plugin", method("plugin"), only(map[Name]Support{CloudNativePG: since(1, 26)})},
		{"backup.method=in-tree", "in-tree Barman backups", method("in-tree"), only(map[Name]Support{CloudNativePG: {Yes: true, UntilMajor: 1, UntilMinor: 31}})},
		{"backup.method=snapshot", "backups by volume snapshot", method("snapshot"), only(map[Name]Support{CloudNativePG: yes, Crunchy: yes})},
		{"backup.schedules", "differential and incremental backups", deltaBackups, only(map[Name]Support{Crunchy: yes, Native: yes})},
		{"backup.retentionFull", "retention by number", func(s *spec.Spec) bool { return s.Backup != nil && s.Backup.RetentionFull != 0 }, only(map[Name]Support{Crunchy: yes, Native: yes})},
		{"backup.encryptionKey", "backups encrypted before they are sent", anyArchive(func(a *spec.Archive) bool { return a.EncryptionKey != nil }), only(map[Name]Support{Crunchy: yes, Native: yes})},
		{"backup.encryption", "encryption that the store is asked for", anyArchive(func(a *spec.Archive) bool { return a.Encryption != "" }), with(map[Name]Support{Native: {}})},
		{"backup.walParallel", "numbers of WAL files that are archived at once", anyArchive(func(a *spec.Archive) bool { return a.WALParallel != 0 }), with(map[Name]Support{Native: {}})},
		{"backup.credentials.accountKey", "keys and signatures of Azure accounts", anyArchive(accountKeys), only(map[Name]Support{Crunchy: yes, Native: yes})},
		{"backup.dumps", "logical dumps", func(s *spec.Spec) bool { return s.Backup != nil && len(s.Backup.Dumps) > 0 }, only(map[Name]Support{Native: yes})},
		{"backup.method=dumps", "dumps in place of backups", method("dumps"), only(map[Name]Support{Native: yes})},
		{"backup.drill", "restore drills", func(s *spec.Spec) bool { return s.Backup != nil && s.Backup.Drill != nil }, only(map[Name]Support{CloudNativePG: yes, Native: yes})},
		{"secrets.provider=external-secrets", "ExternalSecrets made by onggi", func(s *spec.Spec) bool { return s.Secrets.Provider == "external-secrets" },
			with(map[Name]Support{MySQLOperator: yes})},
		{"updates.strategy=supervised", "supervised updates", func(s *spec.Spec) bool { return s.Updates.Strategy == "supervised" }, only(map[Name]Support{CloudNativePG: yes, Native: yes})},
		{"placement.spread", "topology spread constraints", func(s *spec.Spec) bool { return len(s.Placement.Spread) > 0 }, with(map[Name]Support{Zalando: since(2, 0)})},
		{"hibernate", "hibernation", func(s *spec.Spec) bool { return s.Hibernate }, all},
		{"monitoring.tls", "TLS on the metrics port", func(s *spec.Spec) bool { return s.Monitoring != nil && s.Monitoring.TLS }, only(map[Name]Support{CloudNativePG: yes, Crunchy: yes})},
		{"monitoring.queries", "exporter queries of one's own", func(s *spec.Spec) bool { return s.Monitoring != nil && len(s.Monitoring.Queries) > 0 }, only(map[Name]Support{CloudNativePG: yes, Crunchy: yes, Native: yes})},
	}
	return append(rows, agentFeatures(with, only)...)
})

func initdb(s *spec.Spec) spec.Initdb {
	if s.Bootstrap == nil || s.Bootstrap.Initdb == nil {
		return spec.Initdb{}
	}
	return *s.Bootstrap.Initdb
}

func method(name string) func(*spec.Spec) bool {
	return func(s *spec.Spec) bool { return s.Backup != nil && s.Backup.Method == name }
}

// databaseObjects: the first database is born with the cluster, and needs an object of its own only for what that cannot say.
func databaseObjects(s *spec.Spec) bool {
	if len(s.Databases) != 1 {
		return len(s.Databases) > 1
	}
	first := s.Databases[0]
	return first.ConnectionLimit != nil || first.Tablespace != "" || first.Reclaim == "delete"
}

func localeProvider(s *spec.Spec) bool {
	i := initdb(s)
	return i.LocaleProvider != "" || i.IcuLocale != "" || i.BuiltinLocale != ""
}

func backupVolume(s *spec.Spec) bool { return s.Backup != nil && onVolume(&s.Backup.Archive) }

func archiveVolume(s *spec.Spec) bool {
	return slices.ContainsFunc(s.ExternalClusters, func(e spec.ExternalCluster) bool { return e.Archive != nil && onVolume(e.Archive) })
}

func onVolume(a *spec.Archive) bool { return strings.HasPrefix(a.Destination, "pvc://") }

func databaseContents(s *spec.Spec) bool {
	for _, d := range s.Databases {
		if len(d.Extensions) > 0 || len(d.Schemas) > 0 {
			return true
		}
	}
	return false
}

// anyArchive looks at the archive that is written and at those that are read.
func anyArchive(has func(*spec.Archive) bool) func(*spec.Spec) bool {
	return func(s *spec.Spec) bool {
		read := func(e spec.ExternalCluster) bool { return e.Archive != nil && has(e.Archive) }
		return s.Backup != nil && has(&s.Backup.Archive) || slices.ContainsFunc(s.ExternalClusters, read)
	}
}

func accountKeys(a *spec.Archive) bool {
	return a.Credentials != nil && (a.Credentials.AccountKey != "" || a.Credentials.SASToken != "")
}

func deltaBackups(s *spec.Spec) bool {
	if s.Backup == nil {
		return false
	}
	for _, sch := range s.Backup.Schedules {
		if sch.Type != "" && sch.Type != "full" {
			return true
		}
	}
	return false
}
