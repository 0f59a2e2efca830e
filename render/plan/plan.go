package plan

import (
	"github.com/onggi-db/onggi/render/spec"
)

// Plan is the resolved spec of one database in one environment.
type Plan struct {
	Name, Namespace, Env string
	Engine               string
	Backend              string
	Version              Version // of the engine
	Operator             Version // of the back end's operator
	Image                string  // full reference; "" when Catalog is set
	Catalog              *spec.ImageCatalog
	PullPolicy           string
	PullSecrets          []string

	Instances   int64
	Storage     Storage
	WAL         *Volume
	Tablespaces []spec.Tablespace
	Replication spec.Replication

	Databases  []Database // the first is the application's; with native there may be none
	Roles      []spec.Role
	Parameters map[string]string
	Preload    []string
	HBA        []string // with the line that refuses plain connections, if asked for
	Ident      []string
	Superuser  string // name of the Secret; "" is no superuser login

	Bootstrap        Bootstrap
	Replica          *Replica
	ExternalClusters []ExternalCluster

	Services   []Service
	Pooler     *Pooler
	Backup     *Backup
	Dumps      *Dumps
	Monitoring *Monitoring
	TLS        *TLS
	Network    *Network

	Resources      *spec.Resources
	Placement      spec.Placement
	Budget         bool // a PodDisruptionBudget
	Updates        spec.Updates
	Timeouts       Timeouts
	Labels         map[string]string // the user's, for objects and pods
	Annotations    map[string]string // the user's, for pods
	ServiceAccount map[string]string // annotations of the pods' ServiceAccount
	Hibernate      bool
	LogLevel       string
	Agent          *Agent // of the native back end; nil for all others
	Secrets        spec.Secrets

	// Needs are the Secrets that the objects read, in the order of the spec.
	Needs []Need
}

// Need is a Secret that must exist before the database can start.
type Need struct {
	Name string
	Keys []string
	Type string // "kubernetes.io/basic-auth", "kubernetes.io/tls" or "Opaque"
	User string // what its username must be; "" when it does not matter
	Why  string // what it is for, in words
	Path string // the spec field that names it
}

// Storage is a volume. Size is a Kubernetes quantity.
type Storage struct {
	Volume
	AccessMode  string // "" for what the back end takes for the safest
	ResizeInUse bool
}

// Volume is a size and a class; an empty class is the API server's default.
type Volume struct{ Size, Class string }

// Database is a database with its owner resolved.
type Database struct {
	Name, Owner, Secret string
	Extensions          []spec.Extension
	Schemas             []spec.Schema // with owners
	Tablespace          string
	Encoding, Locale    string
	ConnectionLimit     *int
	Reclaim             string
}

// Managed says whether the database needs an object of its own beyond being born with the cluster.
func (d Database) Managed(first bool) bool {
	return !first || len(d.Extensions) > 0 || len(d.Schemas) > 0 || d.ConnectionLimit != nil || d.Tablespace != "" || d.Reclaim == "delete"
}

// Timeouts in whole seconds.
type Timeouts struct{ Start, Stop, SmartStop, Switchover, FailoverDelay int64 }

// Bootstrap is what the first instance starts from: exactly one of the pointers is set.
type Bootstrap struct {
	Initdb     *spec.Initdb
	Recovery   *spec.Recovery
	Basebackup *spec.Basebackup
	// Database and Owner are what the application Secret names.
	Database, Owner, Secret string
}

// Replica is a standby cluster.
type Replica struct {
	spec.Replica
	On bool
}

// ExternalCluster is another database to start from or to follow.
type ExternalCluster struct {
	Name       string
	Connection *spec.Connection
	Archive    *Archive
}

// Service is one Service beyond those that every cluster has.
type Service struct {
	spec.Expose
	FullName string // <cluster>-<name>
}

// Pooler is PgBouncer in front of the cluster.
type Pooler struct {
	spec.Pooler
	Members []PoolerMember
}

// PoolerMember is one set of PgBouncer pods.
type PoolerMember struct {
	Name      string // <cluster>-pooler, <cluster>-pooler-ro
	ReadOnly  bool
	Instances int64
}

// Monitoring with its times resolved.
type Monitoring struct {
	spec.Monitoring
	Scrape bool
	// BackupMaxAge in seconds: how old the newest backup may be. 0 without backups.
	BackupMaxAge int64
	// Exporter is nil for a back end that brings its own.
	Exporter *Exporter
}

// Exporter is postgres_exporter beside each instance.
type Exporter struct {
	Image     string
	Resources *spec.Resources // nil for what it is known to need
}

// TLS says which certificates the server shows.
type TLS struct {
	spec.TLS
	// Duration and RenewBefore are Go durations for cert-manager, e.g. "2160h0m0s".
	Duration, RenewBefore string
}

// Network restricts who may open connections.
type Network struct {
	Allow                                  []spec.Peer
	OperatorNamespace, MonitoringNamespace string
}
