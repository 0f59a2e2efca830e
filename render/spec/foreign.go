package spec

import "strings"

// withoutIndexes is a path without its [0].
func withoutIndexes(path string) string {
	for {
		before, rest, found := strings.Cut(path, "[")
		_, after, closed := strings.Cut(rest, "]")
		if !found || !closed {
			return path
		}
		path = before + after
	}
}

// foreignWord says where the word of another tool went that did not become one field of the same object.
func foreignWord(s *shape, parent, name string) (fix string, ok bool) {
	parent = withoutIndexes(parent)
	if rest, found := strings.CutPrefix(parent, "environments."); found {
		_, parent, _ = strings.Cut(rest, ".")
	}
	parent = strings.TrimPrefix(parent, "defaults")
	parent = strings.TrimPrefix(strings.TrimPrefix(parent, "spec"), ".")
	if s == shapes().cluster || s == shapes().project {
		parent = "top"
	}
	fix, ok = foreign[parent+"/"+name]
	return fix, ok
}

// synonyms are words of the operators and of Kubernetes for fields of ours, wherever an object has such a field.
var synonyms = map[string]string{
	"affinity":                  "placement",
	"barmanObjectStore":         "archive",
	"certificates":              "tls",
	"cidrBlock":                 "cidr",
	"connectionParameters":      "connection",
	"connectionPooler":          "pooler",
	"customQueriesConfigMap":    "queries",
	"dataChecksums":             "checksums",
	"databaseName":              "name",
	"dbname":                    "database",
	"destinationPath":           "destination",
	"enablePodMonitor":          "scrape",
	"enabled":                   "scrape",
	"endpointURL":               "endpoint",
	"existingSecret":            "secret",
	"imageCatalogRef":           "imageCatalog",
	"imageName":                 "image",
	"inheritFromIAMRole":        "fromPod",
	"loadBalancerClass":         "class",
	"loadBalancerIP":            "ip",
	"loadBalancerSourceRanges":  "sourceRanges",
	"localeCollate":             "locale",
	"numberOfInstances":         "instances",
	"persistence":               "storage",
	"pgVersion":                 "version",
	"pg_basebackup":             "basebackup",
	"pg_hba":                    "hba",
	"pgbouncer":                 "pooler",
	"podAntiAffinityType":       "antiAffinity",
	"poolMode":                  "mode",
	"postInitSQL":               "sql",
	"postgresVersion":           "version",
	"postgresqlVersion":         "version",
	"priorityClassName":         "priorityClass",
	"prometheusRule":            "alerts",
	"proxy":                     "pooler",
	"pvc":                       "storage",
	"recoveryTarget":            "target",
	"replicas":                  "instances",
	"replicationTLSSecret":      "replicationSecret",
	"resizeInUseVolumes":        "resizeInUse",
	"retentionPolicy":           "retention",
	"schedule":                  "cron",
	"schedulerName":             "scheduler",
	"secretName":                "secret",
	"selectorType":              "role",
	"serverAltDNSNames":         "dnsNames",
	"serverCASecret":            "caSecret",
	"serverTLSSecret":           "secret",
	"service":                   "expose",
	"services":                  "expose",
	"shared_preload_libraries":  "preload",
	"source":                    "from",
	"sslmode":                   "sslMode",
	"storageClass":              "class",
	"storageClassName":          "class",
	"storage_class":             "class",
	"targetImmediate":           "immediate",
	"targetLSN":                 "lsn",
	"targetName":                "name",
	"targetTime":                "time",
	"targetXID":                 "xid",
	"tolerationSeconds":         "seconds",
	"topologySpreadConstraints": "spread",
	"user_name":                 "user",
	"users":                     "roles",
	"volume":                    "storage",
	"walSegmentSize":            "walSegmentMB",
}

// foreign are words that became something else than one field, as parent/name with the parent below spec.
var foreign = map[string]string{
	"/postgresql":                        "write its parameters under parameters, pg_hba under hba, shared_preload_libraries under preload",
	"/postgres":                          "write its parameters under parameters and the version under version",
	"/superuserSecret":                   "write superuser: {secret: NAME}",
	"/enableSuperuserAccess":             "write superuser: {secret: NAME}, or leave it out for no superuser login",
	"/walStorage":                        "write storage: {wal: {size: 5Gi}}",
	"/size":                              "write storage: {size: 10Gi}",
	"/storageClass":                      "write storage: {class: NAME}",
	"/storageClassName":                  "write storage: {class: NAME}",
	"/extensions":                        "extensions belong to a database: databases: [{name: app, extensions: [NAME]}]",
	"/nodeSelector":                      "write placement: {nodeSelector: {…}}",
	"/tolerations":                       "write placement: {tolerations: […]}",
	"/topologySpreadConstraints":         "write placement: {spread: [{topologyKey: topology.kubernetes.io/zone}]}",
	"/podAntiAffinity":                   "write placement: {antiAffinity: preferred}",
	"/priorityClassName":                 "write placement: {priorityClass: NAME}",
	"/schedulerName":                     "write placement: {scheduler: NAME}",
	"/minSyncReplicas":                   "write replication: {mode: quorum, minSync: 1}",
	"/maxSyncReplicas":                   "write replication: {mode: quorum, minSync: 1}",
	"/synchronous":                       "write replication: {mode: quorum, minSync: 1}",
	"/primaryUpdateStrategy":             "write updates: {strategy: unsupervised}",
	"/primaryUpdateMethod":               "write updates: {method: restart}",
	"/startDelay":                        "write timeouts: {start: 1h}",
	"/stopDelay":                         "write timeouts: {stop: 30m}",
	"/smartShutdownTimeout":              "write timeouts: {smartStop: 3m}",
	"/switchoverDelay":                   "write timeouts: {switchover: 1h}",
	"/failoverDelay":                     "write timeouts: {failoverDelay: 30s}",
	"/enablePDB":                         "write disruption: {budget: true}",
	"/podDisruptionBudget":               "write disruption: {budget: true}",
	"/inheritedMetadata":                 "write labels and annotations",
	"/serviceAccountTemplate":            "write serviceAccount: {annotations: {…}}",
	"/managed":                           "roles are under roles, services under expose",
	"/scheduledBackup":                   "write backup: {schedules: [{name: daily, cron: \"0 0 * * *\"}]}",
	"/retentionPolicy":                   "write backup: {retention: 90d}",
	"/retention":                         "write backup: {retention: 90d}",
	"/patroni":                           "its settings are under replication and timeouts, postgresql.conf under parameters",
	"/initdb":                            "write bootstrap: {initdb: {…}}",
	"backup/schedule":                    "write schedules: [{name: daily, cron: \"0 0 * * *\"}]",
	"backup/cron":                        "write schedules: [{name: daily, cron: \"0 0 * * *\"}]",
	"backup/s3Credentials":               "write credentials: {secret: NAME, accessKey: KEY, secretKey: KEY}",
	"backup/bucket":                      "write destination: s3://BUCKET/PATH",
	"backup/barmanObjectStore":           "its fields stand directly under backup: destination, endpoint, credentials",
	"backup/volumeSnapshot":              "write method: snapshot and snapshot: {class: NAME}",
	"backup/wal":                         "write walCompression and walParallel",
	"backup/data":                        "write compression and jobs",
	"backup.credentials/accessKeyId":     "that is called accessKey: the key in the Secret",
	"backup.credentials/secretAccessKey": "that is called secretKey: the key in the Secret",
	"placement/nodeName":                 "write nodeSelector: {kubernetes.io/hostname: NODE}",
	"roles/passwordSecret":               "write secret: NAME",
	"roles/password":                     "write secret: NAME, and seal the password with onggi seal",
	"databases/password":                 "write secret: NAME, and seal the password with onggi seal",
	"superuser/password":                 "write secret: NAME, and seal the password with onggi seal",
	"bootstrap.initdb/database":          "write databases: [{name: app, owner: app}]",
	"bootstrap.initdb/owner":             "write databases: [{name: app, owner: app}]",
}
