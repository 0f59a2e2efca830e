package cloudnativepg_test

import "testing"

func TestInitdb(t *testing.T) {
	const initdb = "Cluster/shop spec.bootstrap.initdb"
	check(t, []row{
		{"what the operator's webhook would fill in is written out", "", map[string]string{
			"Cluster/shop spec.bootstrap": "{initdb: {database: app, owner: app, encoding: UTF8, localeCollate: C, localeCType: C, dataChecksums: true}}",
		}},
		{"everything", "bootstrap: {initdb: {encoding: SQL_ASCII, locale: en_US.UTF-8, localeProvider: icu, icuLocale: ko-KR, checksums: false, walSegmentMB: 64, sql: [SELECT 1]}}", map[string]string{
			initdb: "{database: app, owner: app, encoding: SQL_ASCII, localeCollate: en_US.UTF-8, localeCType: en_US.UTF-8, localeProvider: icu, icuLocale: ko-KR, dataChecksums: false, walSegmentSize: 64, postInitApplicationSQL: [SELECT 1]}",
		}},
		{"built-in locale", "bootstrap: {initdb: {localeProvider: builtin, builtinLocale: C.UTF-8}}", map[string]string{initdb + ".builtinLocale": "C.UTF-8"}},
		{"import of one", "bootstrap: {initdb: {import: {from: old, databases: [a], schemaOnly: true}}}\nexternalClusters: [{name: old, connection: {host: h}}]", map[string]string{
			initdb + ".import": "{type: microservice, databases: [a], source: {externalCluster: old}, schemaOnly: true}",
		}},
		{"import of all", "bootstrap: {initdb: {import: {from: old, type: monolith, databases: ['*'], roles: ['*']}}}\nexternalClusters: [{name: old, connection: {host: h}}]", map[string]string{
			initdb + ".import": "{type: monolith, databases: ['*'], roles: ['*'], source: {externalCluster: old}}",
		}},
	})
}

// A recovery names the application's database, as the operator's webhook would: otherwise it would be called app.
func TestRecovery(t *testing.T) {
	const recovery, target = "Cluster/shop spec.bootstrap.recovery", "Cluster/shop spec.bootstrap.recovery.recoveryTarget"
	from := func(t string) string {
		return "bootstrap: {recovery: {from: before, target: {" + t + "}}}\nexternalClusters: [{name: before, archive: {destination: s3://before, credentials: {fromPod: true}}}]"
	}
	check(t, []row{
		{"to the end", "databases: [{name: orders, owner: o}]\nbootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before, archive: {destination: s3://before, credentials: {fromPod: true}, serverName: shop}}]", map[string]string{
			"Cluster/shop spec.bootstrap":                             "{recovery: {source: before, database: orders, owner: o}}",
			"Cluster/shop spec.externalClusters[0].plugin.parameters": "{barmanObjectName: shop-before, serverName: shop}",
			"ObjectStore/shop-before spec.retentionPolicy":            nothing, // nobody prunes what is only read
		}},
		{"with other names", "bootstrap: {recovery: {backup: shop-1, database: d, owner: o}}", map[string]string{recovery: "{backup: {name: shop-1}, database: d, owner: o}"}},
		{"from snapshots", "storage: {size: 1Gi, wal: {size: 1Gi}}\nbootstrap: {recovery: {snapshot: {storage: s, wal: w}}}", map[string]string{
			recovery + ".volumeSnapshots": "{storage: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: s}, walStorage: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: w}}",
		}},
		{"to a time", from("time: '2026-11-22T06:00:00Z', exclusive: true"), map[string]string{target: "{targetTime: '2026-11-22T06:00:00Z', exclusive: true}"}},
		{"to a position", from("lsn: 0/3000000, timeline: '3'"), map[string]string{target: "{targetLSN: 0/3000000, targetTLI: '3'}"}},
		{"to a transaction", from("xid: '1234', backupID: 20261122T030000"), map[string]string{target: "{targetXID: '1234', backupID: 20261122T030000}"}},
		{"to a restore point", from("name: before-upgrade, backupID: 20261122T030000"), map[string]string{target: "{targetName: before-upgrade, backupID: 20261122T030000}"}},
		{"as soon as consistent", from("immediate: true, backupID: 20261122T030000"), map[string]string{target: "{targetImmediate: true, backupID: 20261122T030000}"}},
		{"a copy of a server", "bootstrap: {basebackup: {from: old, database: d, owner: o}}\nexternalClusters: [{name: old, connection: {host: h}}]", map[string]string{
			"Cluster/shop spec.bootstrap": "{pg_basebackup: {source: old, database: d, owner: o}}",
		}},
	})
}

func TestExternalClusters(t *testing.T) {
	check(t, []row{
		{"a server", "externalClusters: [{name: old, connection: {host: h, port: 5433, user: u, database: d, sslMode: require, password: {secret: p, key: k}, certificate: {secret: c, key: tls.crt}, key: {secret: c, key: tls.key}, rootCert: {secret: ca, key: ca.crt}}}]", map[string]string{
			"Cluster/shop spec.externalClusters": "[{name: old, connectionParameters: {host: h, port: '5433', user: u, dbname: d, sslmode: require}, password: {name: p, key: k}, sslCert: {name: c, key: tls.crt}, sslKey: {name: c, key: tls.key}, sslRootCert: {name: ca, key: ca.crt}}]",
		}},
		{"a server of which little is known is verified", "externalClusters: [{name: old, connection: {host: h}}]", map[string]string{
			"Cluster/shop spec.externalClusters[0].connectionParameters": "{host: h, port: '5432', user: postgres, dbname: postgres, sslmode: verify-full}",
		}},
	})
}

func TestReplicaClusters(t *testing.T) {
	const sites = "\nbootstrap: {basebackup: {from: west}}\nexternalClusters: [{name: west, connection: {host: w}}, {name: east, connection: {host: e}}]"
	const replica = "Cluster/shop spec.replica"
	check(t, []row{
		{"follows", "replica: {from: west}" + sites, map[string]string{replica: "{source: west, enabled: true}"}},
		{"promoted", "replica: {from: west, enabled: false, promotionToken: e30=}" + sites, map[string]string{replica: "{source: west, enabled: false, promotionToken: e30=}"}},
		{"behind on purpose", "replica: {from: west, applyDelay: 1h30m}" + sites, map[string]string{replica: "{source: west, enabled: true, minApplyDelay: 1h30m0s}"}},
		{"one of several sites: primary decides, and enabled may not stand beside it", "replica: {from: west, self: east, primary: west}" + sites, map[string]string{replica: "{source: west, self: east, primary: west}"}},
		{"a site that does not know the primary", "replica: {from: west, self: east}" + sites, map[string]string{replica: "{source: west, self: east, enabled: true}"}},
		{"not one", "", map[string]string{replica: nothing}},
	})
}
