package cloudnativepg_test

import "testing"

// The image is a tag of CloudNativePG's own, pinned to a minor release: standard where the plugin takes backups, system where
// Barman has to be in the image.
func TestImages(t *testing.T) {
	const s3 = "\nbackup: {destination: s3://backups, credentials: {fromPod: true}, retention: 7d, schedules: [{name: daily, cron: 0 3 * * *}]"
	check(t, []row{
		{"14", `version: "14"`, map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:14.23-standard-trixie"}},
		{"15", `version: "15"`, map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:15.18-standard-trixie"}},
		{"16", `version: "16"`, map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:16.14-standard-trixie"}},
		{"17", `version: "17"`, map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie"}},
		{"18", `version: "18"`, map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:18.4-standard-trixie"}},
		{"a minor release", `version: "17.7"`, map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.7-standard-trixie"}},
		{"one from before trixie", `version: "17.5"`, map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.5-standard-bookworm"}},
		{"plugin", `version: "17"` + s3 + "}", map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie"}},
		{"in-tree", `version: "17"` + s3 + ", method: in-tree}", map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.10-system-trixie"}},
		{"in-tree because of the operator", "version: '17.5'\noperatorVersion: '1.25'" + s3 + "}", map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.5-system-bookworm"}},
		{"in-tree only to restore", "operatorVersion: '1.25'\nbootstrap: {recovery: {from: old}}\nexternalClusters: [{name: old, archive: {destination: s3://backups, credentials: {fromPod: true}}}]", map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.10-system-trixie"}},
		{"snapshots and an archive before the plugin", "operatorVersion: '1.25'\nbackup: {method: snapshot, destination: s3://backups, credentials: {fromPod: true}}", map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.10-system-trixie"}},
		{"an old operator without stores", "operatorVersion: '1.25'", map[string]string{"Cluster/shop spec.imageName": "ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie"}},
		{"one's own", "image: registry.example.com/pg:17.2\nimagePullPolicy: Always\nimagePullSecrets: [a, b]", map[string]string{
			"Cluster/shop spec.imageName":        "registry.example.com/pg:17.2",
			"Cluster/shop spec.imagePullPolicy":  "Always",
			"Cluster/shop spec.imagePullSecrets": "[{name: a}, {name: b}]",
		}},
		{"a catalog", "imageCatalog: {kind: ClusterImageCatalog, name: all}", map[string]string{
			"Cluster/shop spec.imageName":       nothing, // the two exclude each other
			"Cluster/shop spec.imageCatalogRef": "{apiGroup: postgresql.cnpg.io, kind: ClusterImageCatalog, name: all, major: 17}",
		}},
	})
}

func TestReplication(t *testing.T) {
	check(t, []row{
		{"async", "instances: 3", map[string]string{"Cluster/shop spec.postgresql.synchronous": nothing, "Cluster/shop spec.minSyncReplicas": nothing}},
		{"sync is by priority", "instances: 3\nreplication: {mode: sync}", map[string]string{
			"Cluster/shop spec.postgresql.synchronous": "{method: first, number: 1, dataDurability: required}",
		}},
		{"quorum is any", "instances: 5\nreplication: {mode: quorum, minSync: 2, durability: preferred}", map[string]string{
			"Cluster/shop spec.postgresql.synchronous": "{method: any, number: 2, dataDurability: preferred}",
		}},
		{"failover quorum", "instances: 3\nreplication: {mode: quorum, failoverQuorum: true}", map[string]string{
			"Cluster/shop spec.postgresql.synchronous.failoverQuorum": "true",
		}},
		{"1.24 has no durability", "operatorVersion: '1.24'\ninstances: 3\nreplication: {mode: sync}", map[string]string{
			"Cluster/shop spec.postgresql.synchronous": "{method: first, number: 1}",
		}},
		{"slots", "", map[string]string{
			"Cluster/shop spec.replicationSlots": "{highAvailability: {enabled: true}, synchronizeReplicas: {enabled: true}}",
		}},
		{"logical slots bring the parameters that they need", "replication: {logicalSlots: true}\nparameters: {sync_replication_slots: 'on', work_mem: 8MB}", map[string]string{
			"Cluster/shop spec.replicationSlots.highAvailability": "{enabled: true, synchronizeLogicalDecoding: true}",
			"Cluster/shop spec.postgresql.parameters":             "{hot_standby_feedback: 'on', sync_replication_slots: 'on', work_mem: 8MB}",
		}},
		{"logical slots before 17 are the extension's", "version: '16'\nreplication: {logicalSlots: true}\nparameters: {hot_standby_feedback: 'on', pg_failover_slots.version_check: 'on'}", map[string]string{
			"Cluster/shop spec.replicationSlots.highAvailability.synchronizeLogicalDecoding": "true",
			"Cluster/shop spec.postgresql.parameters":                                        "{hot_standby_feedback: 'on', pg_failover_slots.version_check: 'on'}",
		}},
	})
}

// A budget for one instance would block every drain of its node; without one, a drain may take all instances.
func TestDisruption(t *testing.T) {
	check(t, []row{
		{"one instance", "", map[string]string{"Cluster/shop spec.enablePDB": "false"}},
		{"two", "instances: 2", map[string]string{"Cluster/shop spec.enablePDB": "true"}},
		{"one, asked for", "disruption: {budget: true}", map[string]string{"Cluster/shop spec.enablePDB": "true"}},
		{"three, without", "instances: 3\ndisruption: {budget: false}", map[string]string{"Cluster/shop spec.enablePDB": "false"}},
	})
}

// Defaults inside list items are written out: lists are compared as a whole, so one that the API server fills in drifts.
func TestListItemsAreComplete(t *testing.T) {
	check(t, []row{
		{"roles", "roles: [{name: a}, {name: b, login: true, inherit: false, connectionLimit: 5, ensure: absent, secret: b, inRoles: [a], comment: B, validUntil: '2030-01-01T00:00:00Z'}]", map[string]string{
			"Cluster/shop spec.managed.roles[0]": "{name: a, ensure: present, inherit: true, connectionLimit: -1}",
			"Cluster/shop spec.managed.roles[1]": "{name: b, ensure: absent, inherit: false, connectionLimit: 5, login: true, passwordSecret: {name: b}, inRoles: [a], comment: B, validUntil: '2030-01-01T00:00:00Z'}",
		}},
		{"tablespaces", "storage: {size: 1Gi, class: fast, resizeInUse: false}\ntablespaces: [{name: a, size: 2Gi, owner: app}, {name: b, size: 3Gi, class: slow, temporary: true}]", map[string]string{
			"Cluster/shop spec.tablespaces[0]": "{name: a, temporary: false, owner: {name: app}, storage: {size: 2Gi, storageClass: fast, resizeInUseVolumes: false}}",
			"Cluster/shop spec.tablespaces[1]": "{name: b, temporary: true, storage: {size: 3Gi, storageClass: slow, resizeInUseVolumes: false}}",
		}},
		{"the archiver", "backup: {destination: s3://bucket, credentials: {fromPod: true}}", map[string]string{
			"Cluster/shop spec.plugins": "[{name: barman-cloud.cloudnative-pg.io, enabled: true, isWALArchiver: true, parameters: {barmanObjectName: shop}}]",
		}},
		{"external clusters", "externalClusters: [{name: old, archive: {destination: s3://bucket, credentials: {fromPod: true}}}]", map[string]string{
			"Cluster/shop spec.externalClusters": "[{name: old, plugin: {name: barman-cloud.cloudnative-pg.io, enabled: true, isWALArchiver: false, parameters: {barmanObjectName: shop-old, serverName: old}}}]",
		}},
		{"extensions and schemas", "databases: [{name: app, extensions: [a, {name: b, version: '1', schema: s}], schemas: [s, {name: t, owner: other}]}]", map[string]string{
			"Database/shop-app spec.extensions": "[{name: a, ensure: present}, {name: b, ensure: present, version: '1', schema: s}]",
			"Database/shop-app spec.schemas":    "[{name: s, owner: app, ensure: present}, {name: t, owner: other, ensure: present}]",
			"Database/shop-app spec.ensure":     "present",
		}},
		{"queries: the operator's own come first", "monitoring: {queries: [{configMap: mine, key: q}]}", map[string]string{
			"Cluster/shop spec.monitoring.customQueriesConfigMap": "[{name: cnpg-default-monitoring, key: queries}, {name: mine, key: q}]",
		}},
		{"without queries too", "", map[string]string{
			"Cluster/shop spec.monitoring": "{disableDefaultQueries: false, customQueriesConfigMap: [{name: cnpg-default-monitoring, key: queries}]}",
		}},
	})
}

func TestServer(t *testing.T) {
	check(t, []row{
		{"nothing asked for", "", map[string]string{
			"Cluster/shop spec.instances":             "1",
			"Cluster/shop spec.storage":               "{size: 10Gi, resizeInUseVolumes: true}",
			"Cluster/shop spec.walStorage":            nothing,
			"Cluster/shop spec.enableSuperuserAccess": "false",
			"Cluster/shop spec.superuserSecret":       nothing,
			"Cluster/shop spec.backup":                nothing,
			"Cluster/shop spec.plugins":               nothing,
			"Cluster/shop spec.env":                   nothing,
			"Cluster/shop spec.managed":               nothing,
			"Cluster/shop spec.resources":             nothing,
			"Cluster/shop spec.certificates":          nothing,
			"Cluster/shop metadata.annotations":       nothing,
		}},
		{"storage", "storage: {size: 1024Mi, class: fast, wal: {size: 5Gi, class: faster}}", map[string]string{
			"Cluster/shop spec.storage":    "{size: 1024Mi, storageClass: fast, resizeInUseVolumes: true}", // as written: it is a string there
			"Cluster/shop spec.walStorage": "{size: 5Gi, storageClass: faster, resizeInUseVolumes: true}",
		}},
		{"resources are quantities, which come back in canonical form", "resources: {requests: {cpu: '0.5', memory: 1024Mi}, limits: {cpu: 1000m, memory: 1.5Gi}}", map[string]string{
			"Cluster/shop spec.resources": "{requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: '1', memory: 1536Mi}}",
		}},
		{"configuration", "parameters: {work_mem: 8MB}\npreload: [pg_cron]\nhba: [hostssl all all 10.0.0.0/8 scram-sha-256]\nident: [a b c]", map[string]string{
			"Cluster/shop spec.postgresql": "{parameters: {work_mem: 8MB}, shared_preload_libraries: [pg_cron], pg_hba: [hostssl all all 10.0.0.0/8 scram-sha-256], pg_ident: [a b c]}",
		}},
		{"TLS only comes before every other line", "tls: {only: true}\nhba: [host all all 10.0.0.0/8 scram-sha-256]", map[string]string{
			"Cluster/shop spec.postgresql.pg_hba": "[hostnossl all all all reject, host all all 10.0.0.0/8 scram-sha-256]",
		}},
		{"superuser", "superuser: {secret: admin}", map[string]string{
			"Cluster/shop spec.enableSuperuserAccess": "true", "Cluster/shop spec.superuserSecret": "{name: admin}",
		}},
		{"timeouts are whole seconds, and none becomes 0", "timeouts: {start: 2h, stop: 1m30s, smartStop: 1500ms, switchover: 1h, failoverDelay: 5s}", map[string]string{
			"Cluster/shop spec.startDelay": "7200", "Cluster/shop spec.stopDelay": "90", "Cluster/shop spec.smartShutdownTimeout": "2",
			"Cluster/shop spec.switchoverDelay": "3600", "Cluster/shop spec.failoverDelay": "5",
		}},
		{"updates", "instances: 2\nupdates: {strategy: supervised, method: switchover}", map[string]string{
			"Cluster/shop spec.primaryUpdateStrategy": "supervised", "Cluster/shop spec.primaryUpdateMethod": "switchover",
		}},
		{"placement", "placement: {antiAffinity: required, topologyKey: zone, nodeSelector: {disk: ssd}, priorityClass: high, scheduler: mine, tolerations: [{key: db, operator: Exists, effect: NoExecute, seconds: 0}], spread: [{topologyKey: zone}]}", map[string]string{
			"Cluster/shop spec.affinity":                  "{enablePodAntiAffinity: true, podAntiAffinityType: required, topologyKey: zone, nodeSelector: {disk: ssd}, tolerations: [{key: db, operator: Exists, effect: NoExecute, tolerationSeconds: 0}]}",
			"Cluster/shop spec.topologySpreadConstraints": "[{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {cnpg.io/cluster: shop}}}]",
			"Cluster/shop spec.priorityClassName":         "high",
			"Cluster/shop spec.schedulerName":             "mine",
		}},
		{"no anti-affinity", "placement: {antiAffinity: none}", map[string]string{
			"Cluster/shop spec.affinity": "{enablePodAntiAffinity: false, topologyKey: kubernetes.io/hostname}",
		}},
		{"metadata: what Argo CD tracks objects by is never inherited by pods and volumes", "labels: {team: data}\nannotations: {a/b: c}\nserviceAccount: {annotations: {role: arn}}", map[string]string{
			"Cluster/shop metadata.labels":             "{app.kubernetes.io/name: postgresql, app.kubernetes.io/instance: shop, app.kubernetes.io/component: cluster, app.kubernetes.io/managed-by: onggi, team: data}",
			"Cluster/shop spec.inheritedMetadata":      "{labels: {team: data}, annotations: {a/b: c}}",
			"Cluster/shop spec.serviceAccountTemplate": "{metadata: {annotations: {role: arn}}}",
		}},
		{"hibernation is an annotation", "hibernate: true", map[string]string{
			"Cluster/shop metadata.annotations": "{cnpg.io/hibernation: 'on'}",
		}},
	})
}
