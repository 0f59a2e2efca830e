package spec

// Backup archives WAL all the time and takes base backups on schedules.
type Backup struct {
	Archive
	// Method is plugin for the barman-cloud plugin, in-tree for the form that CloudNativePG is removing, snapshot for volume
	// snapshots, dumps for logical dumps alone: no archive and no base backups. Left out: the backend's best.
	Method string `json:"method" onggi:"enum=plugin|in-tree|snapshot|dumps"`
	// Schedules of base backups.
	Schedules []Schedule `json:"schedules" onggi:"unique=name"`
	// Retention is how far back a restore must be possible, e.g. 90d, 12w or 6m (months).
	Retention string `json:"retention" onggi:"pattern=^[1-9][0-9]*[dwm]$;example=90d"`
	// RetentionFull is how many full backups are kept, with all that hangs on them, in place of a time.
	RetentionFull int `json:"retentionFull" onggi:"min=1;max=9999;example=4"`
	// Target is where base backups are taken: a standby if there is one, or the primary.
	Target string `json:"target" onggi:"enum=prefer-standby|primary;default=prefer-standby"`
	// Snapshot settings, with method snapshot.
	Snapshot *SnapshotBackup `json:"snapshot"`
	// Dumps are series of logical dumps, kept beside the backups.
	Dumps []Dump `json:"dumps" onggi:"unique=name"`
	// Drill restores a backup into a scratch cluster, checks it, and removes it again.
	Drill *Drill `json:"drill"`
}

// Archive is a place in an object store and the way into it.
type Archive struct {
	// Destination is s3://bucket/path, gs://bucket/path, azblob://account/container/path or pvc://claim/path.
	Destination string `json:"destination" onggi:"format=destination;example=s3://lemon-backup/cnpg-backup"`
	// ServerName is the folder below destination. Left out: the cluster's name.
	ServerName string `json:"serverName" onggi:"pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	// Endpoint of an S3-compatible store, e.g. https://minio.lan:9000; with backend native also of a Google or Azure store that is not
	// the cloud's usual one.
	Endpoint string `json:"endpoint" onggi:"format=url"`
	// EndpointCA is the authority that signed the endpoint's certificate.
	EndpointCA *SecretKey `json:"endpointCA"`
	// Region of the bucket.
	Region string `json:"region"`
	// Credentials for the store.
	Credentials *Credentials `json:"credentials"`
	// Compression of base backups.
	Compression string `json:"compression" onggi:"enum=none|bzip2|gzip|lz4|snappy|xz|zstd"`
	// WALCompression of archived WAL.
	WALCompression string `json:"walCompression" onggi:"enum=none|bzip2|gzip|lz4|snappy|xz|zstd;default=gzip"`
	// Encryption that the store is asked for.
	Encryption string `json:"encryption" onggi:"enum=AES256|aws:kms"`
	// EncryptionKey is a passphrase by which everything is encrypted before it is sent (AES-256), whatever the store does. Who loses it
	// has no backups.
	EncryptionKey *SecretKey `json:"encryptionKey"`
	// Jobs is how many files are sent at once.
	Jobs int `json:"jobs" onggi:"min=1;max=64;default=2"`
	// WALParallel is how many WAL files are archived at once.
	WALParallel int `json:"walParallel" onggi:"min=1;max=64"`
}

// Credentials for an object store: keys of one Secret, or the identity of the pod.
type Credentials struct {
	// Secret that holds the keys below.
	Secret string `json:"secret" onggi:"format=dns1123subdomain;example=aws-secrets"`
	// AccessKey is the key of the S3 access key id in the Secret.
	AccessKey string `json:"accessKey" onggi:"default=ACCESS_KEY_ID"`
	// SecretKey is the key of the S3 secret access key in the Secret.
	SecretKey string `json:"secretKey" onggi:"default=SECRET_ACCESS_KEY"`
	// SessionToken is the key of an S3 session token in the Secret.
	SessionToken string `json:"sessionToken"`
	// ApplicationCredentials is the key of the Google service account file in the Secret.
	ApplicationCredentials string `json:"applicationCredentials" onggi:"default=gcs-key.json"`
	// ConnectionString is the key of the Azure connection string in the Secret.
	ConnectionString string `json:"connectionString" onggi:"default=AZURE_CONNECTION_STRING"`
	// AccountKey is the key of the Azure storage account's key in the Secret, for backends that take it in place of a connection string.
	// Left out with backend native, and without sasToken: AZURE_STORAGE_KEY.
	AccountKey string `json:"accountKey" onggi:"example=AZURE_STORAGE_KEY"`
	// SASToken is the key of an Azure shared access signature in the Secret.
	SASToken string `json:"sasToken" onggi:"example=AZURE_STORAGE_SAS_TOKEN"`
	// FromPod uses the cloud identity of the pod (IRSA, workload identity, managed identity) and no Secret.
	FromPod bool `json:"fromPod"`
}

// Schedule is one series of base backups.
type Schedule struct {
	// Name of the series.
	Name string `json:"name" onggi:"required;format=dns1123label;example=daily"`
	// Cron is when: five fields, UTC. Each backend gets it in its own form.
	Cron string `json:"cron" onggi:"required;format=cron;example=0 0 * * *"`
	// Suspend keeps the series and takes no backups.
	Suspend bool `json:"suspend"`
	// Immediate takes one backup as soon as the series exists; with backend native, as soon as the cluster has none.
	Immediate bool `json:"immediate"`
	// Type of backup, for backends that know incremental ones.
	Type string `json:"type" onggi:"enum=full|differential|incremental;default=full"`
}

// Dump is a series of logical dumps: pg_dump of each database, in its custom format, checked and kept beside the backups. They are taken where
// backup.target says.
type Dump struct {
	// Name of the series.
	Name string `json:"name" onggi:"required;format=dns1123label;example=nightly"`
	// Schedule is when: five cron fields, UTC.
	Schedule string `json:"schedule" onggi:"required;format=cron;example=0 2 * * *"`
	// Databases to dump. Left out: all that take connections, but for templates.
	Databases []string `json:"databases" onggi:"items=identifier;example=[app]"`
	// Globals dumps roles, with what the server stores of their passwords, and tablespaces too.
	Globals *bool `json:"globals" onggi:"default=true"`
	// Keep is how many good dumps are kept.
	Keep int `json:"keep" onggi:"min=1;max=9999;example=14"`
	// Retention is how long dumps are kept, in place of a number. The last good one stays in any case; without both, all stay.
	Retention string `json:"retention" onggi:"pattern=^[1-9][0-9]*[dwm]$;example=30d"`
	// Suspend keeps the series and makes no dumps.
	Suspend bool `json:"suspend"`
	// Timeout is how long a dump may take.
	Timeout string `json:"timeout" onggi:"format=duration;default=6h"`
	// MaxAge is how old the last good dump may be before the alert fires. Left out: from the schedule.
	MaxAge string `json:"maxAge" onggi:"format=duration;example=36h"`
	// Storage is the volume that one database's dump is written to before it is sent, and which ends with the pod.
	Storage *DumpStorage `json:"storage"`
	// Resources of the pod.
	Resources *Resources `json:"resources"`
	// Image is that of the program which makes dumps. Left out: the one of this release of onggi.
	Image string `json:"image" onggi:"format=image;example=registry.lan/onggi:0.1.0"`
}

// DumpStorage is the volume that a dump passes through.
type DumpStorage struct {
	// Size that the largest database's dump, compressed, fits into. Left out: that of the cluster's volume.
	Size string `json:"size" onggi:"format=size;example=20Gi"`
	// Class is the StorageClass. Left out: this cluster's.
	Class string `json:"class" onggi:"format=dns1123subdomain;example=local-path"`
}

// SnapshotBackup are settings of volume snapshots.
type SnapshotBackup struct {
	// Class is the VolumeSnapshotClass of the data volume.
	Class string `json:"class" onggi:"format=dns1123subdomain"`
	// WALClass is the VolumeSnapshotClass of the WAL volume.
	WALClass string `json:"walClass" onggi:"format=dns1123subdomain"`
	// Online takes the snapshot while the server runs.
	Online *bool `json:"online" onggi:"default=true"`
	// Owner decides what takes the snapshots with it when it is deleted.
	Owner string `json:"owner" onggi:"enum=none|backup|cluster;default=backup"`
}

// Monitoring adds scraping, alerts and dashboards.
type Monitoring struct {
	// Scrape adds PodMonitors for the Prometheus operator.
	Scrape *bool `json:"scrape" onggi:"default=true"`
	// Alerts adds a PrometheusRule; each alert has a runbook.
	Alerts bool `json:"alerts"`
	// Dashboards adds a Grafana dashboard as a ConfigMap.
	Dashboards bool `json:"dashboards"`
	// DashboardNamespace is where Grafana looks for dashboards. Left out: the cluster's own.
	DashboardNamespace string `json:"dashboardNamespace" onggi:"format=dns1123label"`
	// DashboardFolder is the Grafana folder.
	DashboardFolder string `json:"dashboardFolder"`
	// Interval between scrapes.
	Interval string `json:"interval" onggi:"format=duration;default=30s"`
	// Labels that the Prometheus operator selects monitors and rules by, e.g. {release: kube-prometheus-stack}.
	Labels map[string]string `json:"labels" onggi:"key=labelKey;values=labelValue"`
	// RunbookURL is where the runbooks are; the alert's name and .md are put behind it.
	RunbookURL string `json:"runbookURL" onggi:"format=url"`
	// BackupMaxAge is how old the newest backup may be before the alert fires. Left out: from the schedules.
	BackupMaxAge string `json:"backupMaxAge" onggi:"format=duration;example=36h"`
	// Queries are ConfigMaps with queries of your own for the exporter.
	Queries []ConfigMapKey `json:"queries"`
	// TLS encrypts the metrics port.
	TLS bool `json:"tls"`
	// Exporter runs beside each instance, with backend native.
	Exporter *Exporter `json:"exporter"`
}

// Exporter is postgres_exporter, which reads the server's statistics for Prometheus.
type Exporter struct {
	// Image that has it. Left out: the one that this release of onggi pins.
	Image string `json:"image" onggi:"format=image;example=registry.lan/postgres-exporter:v0.17.1"`
	// Resources of its container.
	Resources *Resources `json:"resources"`
}

// ConfigMapKey is one key of one ConfigMap.
type ConfigMapKey struct {
	// ConfigMap is its name.
	ConfigMap string `json:"configMap" onggi:"required;format=dns1123subdomain"`
	// Key in it.
	Key string `json:"key" onggi:"required"`
}
