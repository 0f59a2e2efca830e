// Package config is the one file that both processes of a pod read: what the native back end writes into its ConfigMap, and what
// the supervisor and the sidecar are started with (--config FILE). It is YAML; JSON is YAML too.
//
//	cluster: shop
//	instances: 3
//	profile: default               # fast | default | relaxed
//	replication: {mode: required, minSync: 1}
//	postgres:
//	  version: 17
//	  parameters: {max_connections: "200"}
//	  hba: ["hostssl all all 10.0.0.0/8 scram-sha-256"]
//
// What is left out has the default that Defaults fills in. Validate tells everything that is wrong at once. Only the environment
// names the pod: POD_NAME, POD_UID, POD_IP, POD_NAMESPACE and NODE_NAME, and with WAL_VOLUME where a volume for the log is mounted: the file
// reaches pods that are of before there was one.
package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// File is the whole file.
type File struct {
	Cluster     string      `json:"cluster"`
	Instances   int         `json:"instances,omitempty"`
	Profile     string      `json:"profile,omitempty"`
	Replication Replication `json:"replication,omitempty"`
	Postgres    Postgres    `json:"postgres,omitempty"`
	Listen      Listen      `json:"listen,omitempty"`
	Kubernetes  Kubernetes  `json:"kubernetes,omitempty"`
	Run         Run         `json:"run,omitempty"`
	Tags        Tags        `json:"tags,omitempty"`
	LogLevel    LogLevel    `json:"logLevel,omitempty"` // of the sidecar
	// Supervised: what would move or end a primary for a change waits until a person moves it.
	Supervised bool              `json:"supervised,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"` // the pods' selector; default app.kubernetes.io/instance: <cluster>
	Backup     *Backup           `json:"backup,omitempty"` // nil: none are taken, and nothing is archived
	// Outside: a standby cluster, until it is taken out.
	Outside *Outside `json:"outside,omitempty"`
	// Copy is read by a cluster that has no data and no record yet, once: the running server that it begins as a copy of, and does not follow.
	Copy *Outside `json:"copy,omitempty"`
	// Import is read by a cluster that was born with it, until everything is copied.
	Import *Import `json:"import,omitempty"`
	// Recover is read by a cluster that has no data and no record yet, once.
	Recover *Recover `json:"recover,omitempty"`
	// Provision is what the primary keeps in the server; nil: nothing but the superuser's and the replicator's passwords.
	Provision *Provision `json:"provision,omitempty"`
}

// Replication is what an acknowledged commit is worth.
type Replication struct {
	// Mode: async, required or preferred.
	Mode string `json:"mode,omitempty"`
	// MinSync is how many standbys have a commit before it is acknowledged.
	MinSync int `json:"minSync,omitempty"`
	// Priority: commits wait for the first MinSync of the standbys that are connected, in the order of their ordinals, and not for any. Elections do not
	// mind: whoever waits for the first of some waits for some.
	Priority bool `json:"priority,omitempty"`
	// MaxLagBytes: a standby further behind is not elected (async), or not counted on.
	MaxLagBytes uint64 `json:"maxLagBytes,omitempty"`
}

// Postgres is the server.
type Postgres struct {
	Version    int               `json:"version,omitempty"` // the major; 0: whatever the binaries say
	Volume     string            `json:"volume,omitempty"`  // default /var/lib/postgresql/data
	Data       string            `json:"data,omitempty"`    // default <volume>/pgdata
	Bin        string            `json:"bin,omitempty"`     // folder of the binaries; default: found through PATH
	Port       int               `json:"port,omitempty"`    // default 5432
	Listen     string            `json:"listen,omitempty"`  // listen_addresses; default *
	Parameters map[string]string `json:"parameters,omitempty"`
	HBA        []string          `json:"hba,omitempty"`
	// Ident are lines of pg_ident.conf, after the agent's own.
	Ident []string `json:"ident,omitempty"`
	// Files that hold one password each, and no newline that counts.
	SuperuserPasswordFile   string `json:"superuserPasswordFile,omitempty"`
	ReplicationPasswordFile string `json:"replicationPasswordFile,omitempty"`
	// PoolerPasswordFile: with it, the primary keeps the role by which poolers ask for the passwords of others.
	PoolerPasswordFile string `json:"poolerPasswordFile,omitempty"`
	// DumpPasswordFile: with it, the primary keeps the role by which logical dumps are made.
	DumpPasswordFile string `json:"dumpPasswordFile,omitempty"`
	// RotationSeconds is how long the primary knows a new replication password before it is in force, so that every standby has read it by
	// then; default 180. A kubelet brings a changed Secret to its pods within about a minute.
	RotationSeconds int `json:"rotationSeconds,omitempty"`
	// TLS of the server: paths of certificate, key and the authority that signed it.
	TLS TLS `json:"tls,omitempty"`
	// ClientCA is the path of the authorities that certificates of clients are held against; default: that of the server's certificate.
	ClientCA string `json:"clientCA,omitempty"`
	// Monitor lets an exporter in that runs beside the server as the user nobody: as the role onggi_monitor, over the socket, without a
	// password.
	Monitor bool `json:"monitor,omitempty"`
	// InitDB is what initdb is told.
	InitDB InitDB `json:"initdb,omitempty"`
}

// TLS names files.
type TLS struct {
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
	CA   string `json:"ca,omitempty"`
}

// Listen is where the agents and the load balancers ask.
type Listen struct {
	Port int `json:"port,omitempty"` // REST, metrics and peers; default 8008
	// TokenFile holds what members, and people who change something, show. Required unless TLS is mutual.
	TokenFile string `json:"tokenFile,omitempty"`
	TLS       TLS    `json:"tls,omitempty"`
}

// Kubernetes is how the API server is reached; empty: as from any pod.
type Kubernetes struct {
	Server    string `json:"server,omitempty"`
	CAFile    string `json:"caFile,omitempty"`
	TokenFile string `json:"tokenFile,omitempty"`
	Namespace string `json:"namespace,omitempty"` // default: POD_NAMESPACE
	Lease     string `json:"lease,omitempty"`     // default <cluster>-primary
	// Container is the database container's name in the pod; default database.
	Container string `json:"container,omitempty"`
	// StatefulSet of the pods; default <cluster>. The agents replace its pods when its revision changes, so its updateStrategy is OnDelete.
	StatefulSet string `json:"statefulSet,omitempty"`
	// WatchNode asks for the node's cordon, which needs a cluster role.
	WatchNode bool `json:"watchNode,omitempty"`
}

// Run holds the sockets that the two containers share.
type Run struct {
	Dir            string `json:"dir,omitempty"`            // default /run/onggi
	TerminationLog string `json:"terminationLog,omitempty"` // default /dev/termination-log
	// GraceSeconds is how long a told end may take before the supervisor stops by itself; default 100.
	GraceSeconds int `json:"graceSeconds,omitempty"`
}

// Tags are Patroni's.
type Tags struct {
	NoFailover    bool `json:"nofailover,omitempty"`
	NoLoadbalance bool `json:"noloadbalance,omitempty"`
	Priority      int  `json:"failover_priority,omitempty"`
}

// WALVolume is the variable that names the mount of the log's own volume; unset, the log is inside the data directory.
const WALVolume = "WAL_VOLUME"

// Pod is what the environment tells.
type Pod struct {
	Name, UID, IP, Namespace, Node string
	WAL                            string // a mount, or ""
}

// FromEnv reads it. lookup is os.Getenv.
func FromEnv(lookup func(string) string) (Pod, error) {
	p := Pod{Name: lookup("POD_NAME"), UID: lookup("POD_UID"), IP: lookup("POD_IP"), Namespace: lookup("POD_NAMESPACE"), Node: lookup("NODE_NAME"), WAL: lookup(WALVolume)}
	var missing []string
	for _, v := range []struct{ name, value string }{{"POD_NAME", p.Name}, {"POD_UID", p.UID}, {"POD_IP", p.IP}, {"POD_NAMESPACE", p.Namespace}} {
		if v.value == "" {
			missing = append(missing, v.name)
		}
	}
	if missing != nil {
		return p, fmt.Errorf("the environment lacks %s: set them by the downward API", strings.Join(missing, ", "))
	}
	if net.ParseIP(p.IP) == nil {
		return p, fmt.Errorf("POD_IP is %q: not an address", p.IP)
	}
	if p.WAL != "" && !path.IsAbs(p.WAL) {
		return p, fmt.Errorf("%s is %q: not absolute, as a mount is", WALVolume, p.WAL)
	}
	return p, nil
}

// Ordinal is the number at the end of a StatefulSet's pod; -1 where there is none.
func (p Pod) Ordinal() int {
	n, err := strconv.Atoi(p.Name[strings.LastIndexByte(p.Name, '-')+1:])
	if err != nil {
		return -1
	}
	return n
}

// Read reads, fills and checks a file.
func Read(name string) (File, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return File{}, fmt.Errorf("read the agent's configuration: %w", err)
	}
	f, err := Parse(data)
	if err != nil {
		return File{}, fmt.Errorf("read %s: %w", name, err)
	}
	return f, nil
}

// Parse is Read of bytes. Unknown fields are errors.
func Parse(data []byte) (File, error) {
	var f File
	if err := yaml.UnmarshalStrict(data, &f); err != nil {
		return File{}, err
	}
	f = f.Defaults()
	return f, f.Validate()
}

// Defaults fills what is empty.
func (f File) Defaults() File {
	or := func(s *string, by string) {
		if *s == "" {
			*s = by
		}
	}
	orInt := func(n *int, by int) {
		if *n == 0 {
			*n = by
		}
	}
	orInt(&f.Instances, 3)
	or(&f.Profile, "default")
	or(&f.Replication.Mode, "async")
	if f.Replication.Mode != "async" {
		orInt(&f.Replication.MinSync, 1)
	}
	or(&f.Postgres.Volume, "/var/lib/postgresql/data")
	or(&f.Postgres.Data, path.Join(f.Postgres.Volume, "pgdata"))
	orInt(&f.Postgres.Port, 5432)
	or(&f.Postgres.Listen, "*")
	orInt(&f.Postgres.RotationSeconds, 180)
	orInt(&f.Listen.Port, 8008)
	or(&f.Kubernetes.Lease, f.Cluster+"-primary")
	or(&f.Kubernetes.Container, "database")
	or(&f.Kubernetes.StatefulSet, f.Cluster)
	or(&f.Run.Dir, "/run/onggi")
	or(&f.Run.TerminationLog, "/dev/termination-log")
	orInt(&f.Run.GraceSeconds, 100)
	f.Backup = f.Backup.defaults(f.Cluster)
	f.Outside = f.Outside.defaults()
	f.Copy = f.Copy.defaults()
	f.Import = f.Import.defaults()
	if f.Labels == nil {
		f.Labels = map[string]string{"app.kubernetes.io/instance": f.Cluster}
	}
	return f
}

// Validate tells everything that is wrong.
func (f File) Validate() error {
	var wrong []error
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if f.Cluster == "" {
		bad("cluster is empty: name it as the StatefulSet")
	}
	if f.Instances < 1 {
		bad("instances is %d: at least 1", f.Instances)
	}
	if err := f.LogLevel.validate(); err != nil {
		wrong = append(wrong, err)
	}
	if !slices.Contains([]string{"fast", "default", "relaxed"}, f.Profile) {
		bad("profile is %q: fast, default or relaxed", f.Profile)
	}
	switch r := f.Replication; {
	case !slices.Contains([]string{"async", "required", "preferred"}, r.Mode):
		bad("replication.mode is %q: async, required or preferred", r.Mode)
	case r.Mode == "async" && r.MinSync != 0:
		bad("replication.minSync is %d in mode async: leave it out, or choose required or preferred", r.MinSync)
	case r.Mode == "async" && r.Priority:
		bad("replication.priority is set in mode async: leave it out, or choose required or preferred")
	case r.Mode != "async" && (r.MinSync < 1 || r.MinSync >= f.Instances):
		bad("replication.minSync is %d of %d instances: from 1 to %d", r.MinSync, f.Instances, f.Instances-1)
	}
	if v := f.Postgres.Version; v != 0 && (v < 13 || v > 18) {
		bad("postgres.version is %d: 13 to 18", v)
	}
	if !path.IsAbs(f.Postgres.Volume) {
		bad("postgres.volume %q is not absolute: it is a mount", f.Postgres.Volume)
	}
	if !strings.HasPrefix(path.Clean(f.Postgres.Data), strings.TrimSuffix(path.Clean(f.Postgres.Volume), "/")+"/") {
		bad("postgres.data %q is not below postgres.volume %q: a copy is made beside it", f.Postgres.Data, f.Postgres.Volume)
	}
	for _, p := range []struct {
		name string
		port int
	}{{"postgres.port", f.Postgres.Port}, {"listen.port", f.Listen.Port}} {
		if p.port < 1 || p.port > 65535 {
			bad("%s is %d: 1 to 65535", p.name, p.port)
		}
	}
	if f.Postgres.Port == f.Listen.Port {
		bad("postgres.port and listen.port are both %d: they share the pod's address", f.Listen.Port)
	}
	wrong = append(wrong, f.Backup.validate()...)
	wrong = append(wrong, f.Recover.validate()...)
	wrong = append(wrong, apart(f.Backup, f.Recover)...)
	wrong = append(wrong, f.Provision.validate()...)
	wrong = append(wrong, f.Postgres.InitDB.validate()...)
	wrong = append(wrong, f.Outside.validate("outside")...)
	wrong = append(wrong, f.Copy.validate("copy")...)
	wrong = append(wrong, f.Import.validate()...)
	if n := begins(f.Copy != nil, f.Outside != nil || f.Recover != nil, f.Import != nil); n > 1 {
		bad("copy, import, outside and recover: a cluster begins once")
	}
	return errors.Join(wrong...)
}

// begins counts the ways to begin.
func begins(ways ...bool) (n int) {
	for _, one := range ways {
		if one {
			n++
		}
	}
	return n
}

// SupervisorSocket is where the supervisor listens.
func (f File) SupervisorSocket() string { return path.Join(f.Run.Dir, "supervisor.sock") }

// PostgresSocket is the folder of the server's sockets.
func (f File) PostgresSocket() string { return path.Join(f.Run.Dir, "postgres") }

// ControlSocket is where onggi-agent ctl asks.
func (f File) ControlSocket() string { return path.Join(f.Run.Dir, "agent.sock") }
