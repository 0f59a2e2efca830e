package cloudnativepg_test

import "testing"

const nightly = "retention: 30d, schedules: [{name: nightly, cron: 30 2 * * *}]"

// The plugin came with 1.26, and is the default since. Before it, and when asked for, stores stand in the Cluster.
func TestMethods(t *testing.T) {
	check(t, []row{
		{"plugin", "backup: {destination: s3://backups/shop, credentials: {secret: keys}, " + nightly + "}", map[string]string{
			"Cluster/shop spec.backup":                              "{target: prefer-standby}",
			"Cluster/shop spec.plugins[0].parameters":               "{barmanObjectName: shop}",
			"ObjectStore/shop spec.retentionPolicy":                 "30d", // not in the configuration, where upstream's documentation once had it
			"ObjectStore/shop spec.configuration.serverName":        nothing,
			"ScheduledBackup/shop-nightly spec.method":              "plugin",
			"ScheduledBackup/shop-nightly spec.pluginConfiguration": "{name: barman-cloud.cloudnative-pg.io}",
		}},
		{"a folder of its own is the plugin's parameter", "backup: {destination: s3://backups, serverName: shop-2, credentials: {secret: keys}}", map[string]string{
			"Cluster/shop spec.plugins[0].parameters":        "{barmanObjectName: shop, serverName: shop-2}",
			"ObjectStore/shop spec.configuration.serverName": nothing,
		}},
		{"in-tree", "backup: {method: in-tree, destination: s3://backups, serverName: shop-2, region: eu-central-1, credentials: {secret: keys}, " + nightly + "}", map[string]string{
			"Cluster/shop spec.backup.barmanObjectStore.destinationPath": "s3://backups",
			"Cluster/shop spec.backup.barmanObjectStore.serverName":      "shop-2",
			"Cluster/shop spec.backup.retentionPolicy":                   "30d",
			"Cluster/shop spec.env":                                      "[{name: AWS_DEFAULT_REGION, value: eu-central-1}]",
			"Cluster/shop spec.plugins":                                  nothing,
			"ObjectStore/shop":                                           nothing,
			"ScheduledBackup/shop-nightly spec.method":                   "barmanObjectStore",
			"ScheduledBackup/shop-nightly spec.pluginConfiguration":      nothing,
		}},
		{"1.25 has no plugin", "operatorVersion: '1.25'\nbackup: {destination: s3://backups, credentials: {secret: keys}, " + nightly + "}", map[string]string{
			"Cluster/shop spec.backup.barmanObjectStore.destinationPath": "s3://backups",
			"Cluster/shop spec.plugins":                                  nothing,
			"ScheduledBackup/shop-nightly spec.method":                   "barmanObjectStore",
		}},
		{"1.26 has it", "operatorVersion: '1.26'\nbackup: {destination: s3://backups, credentials: {secret: keys}, " + nightly + "}", map[string]string{
			"Cluster/shop spec.backup.barmanObjectStore": nothing,
			"ScheduledBackup/shop-nightly spec.method":   "plugin",
		}},
		{"snapshots", "backup: {method: snapshot, snapshot: {class: ceph, walClass: ceph-wal, online: false, owner: none}, schedules: [{name: hourly, cron: 0 * * * *}]}", map[string]string{
			"Cluster/shop spec.backup":                             "{target: prefer-standby, volumeSnapshot: {className: ceph, walClassName: ceph-wal, online: false, snapshotOwnerReference: none}}",
			"Cluster/shop spec.plugins":                            nothing,
			"ObjectStore/shop":                                     nothing,
			"ScheduledBackup/shop-hourly spec.method":              "volumeSnapshot",
			"ScheduledBackup/shop-hourly spec.pluginConfiguration": nothing,
		}},
		{"snapshots and an archive of WAL", "backup: {method: snapshot, destination: s3://backups, credentials: {secret: keys}}", map[string]string{
			"Cluster/shop spec.backup":                            "{target: prefer-standby, volumeSnapshot: {online: true, snapshotOwnerReference: backup}}",
			"Cluster/shop spec.plugins[0].isWALArchiver":          "true",
			"ObjectStore/shop spec.configuration.destinationPath": "s3://backups",
		}},
		{"stores of other clusters", "operatorVersion: '1.25'\nexternalClusters: [{name: old, archive: {destination: s3://old, region: r, endpoint: 'https://minio', credentials: {secret: keys}}}]", map[string]string{
			"Cluster/shop spec.externalClusters[0].barmanObjectStore.serverName": "old",
			"Cluster/shop spec.externalClusters[0].plugin":                       nothing,
			"Cluster/shop spec.env":                                              "[{name: AWS_REQUEST_CHECKSUM_CALCULATION, value: when_required}, {name: AWS_RESPONSE_CHECKSUM_VALIDATION, value: when_required}, {name: AWS_DEFAULT_REGION, value: r}]",
			"ObjectStore/shop-old":                                               nothing,
		}},
	})
}

// CloudNativePG's cron has six fields, seconds first. Five of them would be read shifted by one place: a daily backup would
// become an hourly one.
func TestSchedules(t *testing.T) {
	schedule := func(cron, more string) string {
		return "backup: {destination: s3://bucket, credentials: {fromPod: true}, schedules: [{name: s, cron: '" + cron + "'" + more + "}]}"
	}
	check(t, []row{
		{"daily", schedule("0 3 * * *", ""), map[string]string{
			"ScheduledBackup/shop-s spec": "{cluster: {name: shop}, schedule: 0 0 3 * * *, backupOwnerReference: cluster, immediate: false, suspend: false, target: prefer-standby, method: plugin, pluginConfiguration: {name: barman-cloud.cloudnative-pg.io}}",
		}},
		{"every five minutes, not seconds", schedule("*/5 * * * *", ""), map[string]string{"ScheduledBackup/shop-s spec.schedule": "'0 */5 * * * *'"}},
		{"Mondays, not in January", schedule("0 1 * * 1", ""), map[string]string{"ScheduledBackup/shop-s spec.schedule": "0 0 1 * * 1"}},
		{"Sundays, which five fields could not say", schedule("0 3 * * 0", ""), map[string]string{"ScheduledBackup/shop-s spec.schedule": "0 0 3 * * 0"}},
		{"spaces", schedule("0  3\t* * *", ""), map[string]string{"ScheduledBackup/shop-s spec.schedule": "0 0 3 * * *"}},
		{"at once", schedule("0 3 * * *", ", immediate: true"), map[string]string{"ScheduledBackup/shop-s spec.immediate": "true"}},
		{"suspended", schedule("0 3 * * *", ", suspend: true"), map[string]string{"ScheduledBackup/shop-s spec.suspend": "true"}},
		{"a hibernated cluster can only fail its backups", "hibernate: true\n" + schedule("0 3 * * *", ""), map[string]string{"ScheduledBackup/shop-s spec.suspend": "true"}},
		{"from the primary", "backup: {destination: s3://bucket, credentials: {fromPod: true}, target: primary, schedules: [{name: s, cron: 0 3 * * *}]}", map[string]string{
			"ScheduledBackup/shop-s spec.target": "primary", "Cluster/shop spec.backup.target": "primary",
		}},
	})
}

func TestStores(t *testing.T) {
	const at = "ObjectStore/shop spec."
	check(t, []row{
		{"S3 with keys", "backup: {destination: s3://bucket/p, region: eu, credentials: {secret: k, accessKey: A, secretKey: S, sessionToken: T}}", map[string]string{
			at + "configuration.s3Credentials":  "{accessKeyId: {name: k, key: A}, secretAccessKey: {name: k, key: S}, sessionToken: {name: k, key: T}}",
			at + "instanceSidecarConfiguration": "{env: [{name: AWS_DEFAULT_REGION, value: eu}]}",
		}},
		{"S3 with the pod's role", "backup: {destination: s3://bucket, credentials: {fromPod: true}}", map[string]string{
			at + "configuration.s3Credentials":  "{inheritFromIAMRole: true}",
			at + "instanceSidecarConfiguration": nothing,
		}},
		{"stores other than AWS refuse the checksums of new clients", "backup: {destination: s3://bucket, endpoint: 'https://minio:9000', endpointCA: {secret: ca, key: ca.crt}, credentials: {secret: k}}", map[string]string{
			at + "configuration.endpointURL":    "https://minio:9000",
			at + "configuration.endpointCA":     "{name: ca, key: ca.crt}",
			at + "instanceSidecarConfiguration": "{env: [{name: AWS_REQUEST_CHECKSUM_CALCULATION, value: when_required}, {name: AWS_RESPONSE_CHECKSUM_VALIDATION, value: when_required}]}",
		}},
		{"GCS with a key file", "backup: {destination: gs://bucket/p, credentials: {secret: k}}", map[string]string{
			at + "configuration.destinationPath":   "gs://bucket/p",
			at + "configuration.googleCredentials": "{applicationCredentials: {name: k, key: gcs-key.json}}",
		}},
		{"GCS with workload identity", "backup: {destination: gs://bucket, credentials: {fromPod: true}}", map[string]string{at + "configuration.googleCredentials": "{gkeEnvironment: true}"}},
		{"Azure is an https URL to Barman", "backup: {destination: azblob://storage1/container/p, credentials: {secret: k}}", map[string]string{
			at + "configuration.destinationPath":  "https://storage1.blob.core.windows.net/container/p",
			at + "configuration.azureCredentials": "{connectionString: {name: k, key: AZURE_CONNECTION_STRING}}",
		}},
		{"Azure with a managed identity", "backup: {destination: azblob://storage1/container, credentials: {fromPod: true}}", map[string]string{at + "configuration.azureCredentials": "{inheritFromAzureAD: true}"}},
		{"defaults of compression", "backup: {destination: s3://bucket, credentials: {fromPod: true}}", map[string]string{
			at + "configuration.wal": "{compression: gzip}", at + "configuration.data": "{jobs: 2}",
		}},
		{"compression and encryption", "backup: {destination: s3://bucket, credentials: {fromPod: true}, compression: lz4, walCompression: zstd, encryption: AES256, jobs: 4, walParallel: 8}", map[string]string{
			at + "configuration.wal": "{compression: zstd, encryption: AES256, maxParallel: 8}", at + "configuration.data": "{compression: lz4, encryption: AES256, jobs: 4}",
		}},
		{"no compression", "backup: {destination: s3://bucket, credentials: {fromPod: true}, compression: none, walCompression: none}", map[string]string{
			at + "configuration.wal": nothing, at + "configuration.data": "{jobs: 2}",
		}},
	})
}
