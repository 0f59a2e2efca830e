package spec

// Storage is the volume of an instance.
type Storage struct {
	// Size of the data volume, e.g. 10Gi. It can grow, never shrink.
	Size string `json:"size" onggi:"required;format=size;example=10Gi"`
	// Class is the StorageClass. Left out: the default of the API server.
	Class string `json:"class" onggi:"format=dns1123subdomain;example=longhorn-ssd"`
	// WAL gives the write-ahead log a volume of its own. It can be added later and never be taken away; with backend native by hand, since
	// a StatefulSet's claims are fixed.
	WAL *Volume `json:"wal"`
	// AccessMode of the volume, with backend native: ReadWriteOncePod for a volume that no second pod can ever mount, or ReadWriteOnce
	// for a driver that lacks it. Left out: ReadWriteOncePod.
	AccessMode string `json:"accessMode" onggi:"enum=ReadWriteOncePod|ReadWriteOnce"`
	// ResizeInUse lets the backend grow volumes while they are mounted.
	ResizeInUse *bool `json:"resizeInUse" onggi:"default=true"`
}

// Volume is a size and a class.
type Volume struct {
	// Size of the volume, e.g. 5Gi.
	Size string `json:"size" onggi:"required;format=size;example=5Gi"`
	// Class is the StorageClass. Left out: that of the data volume.
	Class string `json:"class" onggi:"format=dns1123subdomain"`
}

// Tablespace is a volume with a tablespace on it.
type Tablespace struct {
	// Name of the tablespace.
	Name string `json:"name" onggi:"required;format=identifier;maxLength=63"`
	// Size of its volume.
	Size string `json:"size" onggi:"required;format=size"`
	// Class is the StorageClass. Left out: that of the data volume.
	Class string `json:"class" onggi:"format=dns1123subdomain"`
	// Owner is the role that owns the tablespace.
	Owner string `json:"owner" onggi:"format=identifier"`
	// Temporary adds it to temp_tablespaces.
	Temporary bool `json:"temporary"`
}

// Replication says when a commit counts as done.
type Replication struct {
	// Mode is async: the primary does not wait; sync: it waits for minSync standbys, fixed by priority; quorum: it waits for
	// any minSync of them.
	Mode string `json:"mode" onggi:"enum=async|sync|quorum;default=async"`
	// MinSync is how many standbys must have a commit before it is acknowledged.
	MinSync int `json:"minSync" onggi:"min=1;max=98;default=1"`
	// Durability is required to stop writes when too few standbys are there, preferred to go on without them.
	Durability string `json:"durability" onggi:"enum=required|preferred;default=required"`
	// FailoverQuorum forbids a failover that could lose an acknowledged commit.
	FailoverQuorum bool `json:"failoverQuorum"`
	// LogicalSlots keeps logical decoding slots on the standbys, so that they survive a failover.
	LogicalSlots bool `json:"logicalSlots"`
}

// Database is a database and what stands in it.
type Database struct {
	// Name of the database.
	Name string `json:"name" onggi:"required;format=identifier;maxLength=63;example=app"`
	// Owner is the role that owns it. It is made if roles does not name it.
	Owner string `json:"owner" onggi:"format=identifier;maxLength=63;example=app"`
	// Secret holds the owner's password (kubernetes.io/basic-auth; username must be the owner). Left out for the first
	// database: the backend makes one. Only the first database may have one; give other owners theirs under roles.
	Secret string `json:"secret" onggi:"format=dns1123subdomain"`
	// Extensions to create in it: names, or {name, version, schema}.
	Extensions []Extension `json:"extensions" onggi:"unique=name"`
	// Schemas to create in it.
	Schemas []Schema `json:"schemas" onggi:"unique=name"`
	// Tablespace is its default tablespace.
	Tablespace string `json:"tablespace" onggi:"format=identifier"`
	// Encoding, for databases after the first; the first takes bootstrap.initdb's.
	Encoding string `json:"encoding"`
	// Locale, for databases after the first.
	Locale string `json:"locale"`
	// ConnectionLimit is how many sessions may be open at once; -1 is no limit.
	ConnectionLimit *int `json:"connectionLimit" onggi:"min=-1;max=2147483647"`
	// Reclaim is delete to drop the database with its object, retain to keep it.
	Reclaim string `json:"reclaim" onggi:"enum=retain|delete;default=retain"`
}

// Extension is an extension of a database. A bare name means that extension as the image has it.
type Extension struct {
	// Name of the extension.
	Name string `json:"name" onggi:"required;short;format=extension;example=pg_trgm"`
	// Version to have. Left out: the image's default.
	Version string `json:"version"`
	// Schema to install it into.
	Schema string `json:"schema" onggi:"format=identifier"`
}

// Schema is a schema of a database. A bare name leaves it to the database's owner.
type Schema struct {
	// Name of the schema.
	Name string `json:"name" onggi:"required;short;format=identifier"`
	// Owner of the schema. Left out: the database's owner.
	Owner string `json:"owner" onggi:"format=identifier"`
}

// Role is a login role or a group.
type Role struct {
	// Name of the role.
	Name string `json:"name" onggi:"required;format=identifier;maxLength=63"`
	// Login lets it open sessions.
	Login bool `json:"login"`
	// Superuser gives it every right.
	Superuser bool `json:"superuser"`
	// CreateDB lets it make databases.
	CreateDB bool `json:"createdb"`
	// CreateRole lets it make roles.
	CreateRole bool `json:"createrole"`
	// Replication lets it open replication connections.
	Replication bool `json:"replication"`
	// BypassRLS exempts it from row security.
	BypassRLS bool `json:"bypassrls"`
	// Inherit gives it the rights of the roles it is in.
	Inherit *bool `json:"inherit" onggi:"default=true"`
	// InRoles are the groups it belongs to.
	InRoles []string `json:"inRoles" onggi:"items=identifier"`
	// ConnectionLimit is how many sessions it may have at once; -1 is no limit.
	ConnectionLimit *int `json:"connectionLimit" onggi:"min=-1;max=2147483647;default=-1"`
	// ValidUntil is when its password stops working (RFC 3339).
	ValidUntil string `json:"validUntil" onggi:"format=rfc3339"`
	// Secret holds its password (kubernetes.io/basic-auth; username must be the role).
	Secret string `json:"secret" onggi:"format=dns1123subdomain"`
	// Comment is kept on the role in the database.
	Comment string `json:"comment"`
	// Ensure is present to keep the role, absent to drop it.
	Ensure string `json:"ensure" onggi:"enum=present|absent;default=present"`
}

// Bootstrap says what the first instance starts from: exactly one of its fields.
type Bootstrap struct {
	// Initdb starts an empty database with these settings.
	Initdb *Initdb `json:"initdb" onggi:"oneof=method"`
	// Recovery starts from a backup, up to a moment. Remove it again once the cluster is up.
	Recovery *Recovery `json:"recovery" onggi:"oneof=method"`
	// Basebackup copies a running server.
	Basebackup *Basebackup `json:"basebackup" onggi:"oneof=method"`
}

// Initdb are settings that a database keeps from its birth.
type Initdb struct {
	// Encoding of the databases.
	Encoding string `json:"encoding" onggi:"default=UTF8"`
	// Locale for collation and character types, e.g. C or en_US.UTF-8.
	Locale string `json:"locale" onggi:"default=C"`
	// LocaleProvider is who compares strings.
	LocaleProvider string `json:"localeProvider" onggi:"enum=libc|icu|builtin"`
	// IcuLocale is the ICU locale, with localeProvider icu.
	IcuLocale string `json:"icuLocale"`
	// BuiltinLocale is the built-in locale, with localeProvider builtin.
	BuiltinLocale string `json:"builtinLocale"`
	// Checksums lets the server notice damaged pages.
	Checksums *bool `json:"checksums" onggi:"default=true"`
	// WALSegmentMB is the size of a WAL segment in MiB, a power of two.
	WALSegmentMB int `json:"walSegmentMB" onggi:"min=1;max=1024"`
	// SQL is run once as superuser in the first database. It must not hold secrets.
	SQL []string `json:"sql"`
	// Import copies databases out of a running server with pg_dump.
	Import *Import `json:"import"`
}

// Import copies databases out of a running server.
type Import struct {
	// From names one of externalClusters.
	From string `json:"from" onggi:"required"`
	// Type is microservice for one database without roles, monolith for many with their roles.
	Type string `json:"type" onggi:"enum=microservice|monolith;default=microservice"`
	// Databases to copy. monolith also takes "*".
	Databases []string `json:"databases" onggi:"required"`
	// Roles to copy, with monolith.
	Roles []string `json:"roles"`
	// SchemaOnly leaves the rows behind.
	SchemaOnly bool `json:"schemaOnly"`
}

// Recovery starts from a backup.
type Recovery struct {
	// From names one of externalClusters, whose archive is read. Exactly one of from, backup and snapshot.
	From string `json:"from" onggi:"oneof=source"`
	// Backup names a Backup object in the same namespace.
	Backup string `json:"backup" onggi:"format=dns1123subdomain;oneof=source"`
	// Snapshot names VolumeSnapshots in the same namespace.
	Snapshot *SnapshotSource `json:"snapshot" onggi:"oneof=source"`
	// Target is the moment to stop at. Left out: the end of the archive.
	Target *RecoveryTarget `json:"target"`
	// OrInit starts an empty database where the archive holds no backup. Without it, the database waits for one and says so. From the
	// place that backup archives to, it makes a cluster that comes back by itself: restored if it ever was backed up, empty if not.
	OrInit bool `json:"orInit"`
	// Database that the application Secret names. Left out: the first of databases.
	Database string `json:"database" onggi:"format=identifier"`
	// Owner of that database.
	Owner string `json:"owner" onggi:"format=identifier"`
}

// SnapshotSource are VolumeSnapshots to start from.
type SnapshotSource struct {
	// Storage is the snapshot of the data volume.
	Storage string `json:"storage" onggi:"required;format=dns1123subdomain"`
	// WAL is the snapshot of the WAL volume.
	WAL string `json:"wal" onggi:"format=dns1123subdomain"`
}

// RecoveryTarget is the moment to stop at: exactly one of time, lsn, xid, name and immediate.
type RecoveryTarget struct {
	// Time is RFC 3339 with a zone, e.g. 2026-11-22T06:00:00Z.
	Time string `json:"time" onggi:"format=rfc3339;oneof=target"`
	// LSN is a log position, e.g. 0/3000000.
	LSN string `json:"lsn" onggi:"pattern=^[0-9A-Fa-f]+/[0-9A-Fa-f]+$;oneof=target"`
	// XID is a transaction id.
	XID string `json:"xid" onggi:"pattern=^[0-9]+$;oneof=target"`
	// Name is a restore point made with pg_create_restore_point.
	Name string `json:"name" onggi:"oneof=target"`
	// Immediate stops as soon as the backup is consistent.
	Immediate bool `json:"immediate" onggi:"oneof=target"`
	// Timeline to follow: a number or latest.
	Timeline string `json:"timeline" onggi:"pattern=^(latest|current|[0-9]+)$"`
	// BackupID is the base backup to start from. Needed with xid, name and immediate.
	BackupID string `json:"backupID"`
	// Exclusive stops just before the target.
	Exclusive bool `json:"exclusive"`
}

// Basebackup copies a running server over a replication connection.
type Basebackup struct {
	// From names one of externalClusters.
	From string `json:"from" onggi:"required"`
	// Database that the application Secret names. Left out: the first of databases.
	Database string `json:"database" onggi:"format=identifier"`
	// Owner of that database.
	Owner string `json:"owner" onggi:"format=identifier"`
}

// Replica makes the cluster a standby of another one.
type Replica struct {
	// From names one of externalClusters: the one to follow.
	From string `json:"from" onggi:"required"`
	// Enabled is false to promote this cluster.
	Enabled *bool `json:"enabled" onggi:"default=true"`
	// Self is this cluster's name in externalClusters, for planned moves of the primary between sites.
	Self string `json:"self"`
	// Primary is which of externalClusters is the primary site now.
	Primary string `json:"primary"`
	// PromotionToken proves that the old primary site has stopped at the point this one continues from.
	PromotionToken string `json:"promotionToken"`
	// ApplyDelay keeps this cluster behind by that long, e.g. 1h, as a shield against mistakes.
	ApplyDelay string `json:"applyDelay" onggi:"format=duration"`
}

// ExternalCluster is another database: a server to connect to, an archive to read, or both.
type ExternalCluster struct {
	// Name by which bootstrap and replica mean it.
	Name string `json:"name" onggi:"required;format=dns1123label"`
	// Connection to a running server.
	Connection *Connection `json:"connection"`
	// Archive of backups and WAL.
	Archive *Archive `json:"archive"`
}

// Connection is how to reach a running server. Passwords and keys come from Secrets.
type Connection struct {
	// Host name or address.
	Host string `json:"host" onggi:"required"`
	// Port of the server.
	Port int `json:"port" onggi:"min=1;max=65535;default=5432"`
	// User to connect as.
	User string `json:"user" onggi:"default=postgres"`
	// Database to connect to.
	Database string `json:"database" onggi:"default=postgres"`
	// SSLMode as libpq has it.
	SSLMode string `json:"sslMode" onggi:"enum=disable|allow|prefer|require|verify-ca|verify-full;default=verify-full"`
	// Password is the key of a Secret.
	Password *SecretKey `json:"password"`
	// Certificate and Key of the client, and the authority that signed the server.
	Certificate *SecretKey `json:"certificate"`
	// Key of the client certificate.
	Key *SecretKey `json:"key"`
	// RootCert is the authority that signed the server's certificate.
	RootCert *SecretKey `json:"rootCert"`
}

// SecretKey is one key of one Secret.
type SecretKey struct {
	// Secret is the Secret's name.
	Secret string `json:"secret" onggi:"required;format=dns1123subdomain"`
	// Key in the Secret.
	Key string `json:"key" onggi:"required;example=password"`
}
