package plan

import (
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/spec"
)

// Backup is the archive and the schedules of base backups.
type Backup struct {
	Archive
	Method    string // "plugin", "in-tree" or "snapshot"
	Schedules []Schedule
	Retention string // e.g. "90d"
	Target    string // "prefer-standby" or "primary"
	Snapshot  *spec.SnapshotBackup
	Drill     *Drill
}

// Schedule is one series of base backups.
type Schedule struct {
	FullName  string // <cluster>-<name>
	Cron      Cron
	Suspend   bool
	Immediate bool
	Type      string
}

// Scheme is the kind of store that a destination names.
type Scheme string

// The stores.
const (
	S3    Scheme = "s3"
	GCS   Scheme = "gs"
	Azure Scheme = "azblob"
	PVC   Scheme = "pvc"
)

// Archive is a place in an object store.
type Archive struct {
	spec.Archive
	Scheme Scheme
	// StoreName is the name of the object that describes the store, for back ends that have one.
	StoreName string
	// Server is the folder below the destination: serverName, or the cluster's name.
	Server string
}

// Place is where an archive's files end up; two archives with the same place overwrite each other.
func (a Archive) Place() string {
	return a.Endpoint + " " + strings.TrimSuffix(a.Destination, "/") + "/" + a.Server
}

func archive(a spec.Archive, storeName, server string) Archive {
	scheme, _, _ := strings.Cut(a.Destination, "://")
	if a.ServerName != "" {
		server = a.ServerName
	}
	return Archive{Archive: a, Scheme: Scheme(scheme), StoreName: storeName, Server: server}
}

func (r *resolver) backup() *Backup {
	b := r.spec.Backup
	if b == nil {
		return nil
	}
	out := &Backup{
		Archive: archive(b.Archive, r.name, r.name), Method: b.Method,
		Retention: b.Retention, Target: b.Target, Snapshot: b.Snapshot,
	}
	if out.Method == "" {
		out.Method = "plugin"
		if r.spec.Backend == "cloudnative-pg" && !r.operator.AtLeast(1, 26) {
			out.Method = "in-tree" // the plugin came with 1.26
		}
	}
	for _, s := range b.Schedules {
		out.Schedules = append(out.Schedules, Schedule{
			FullName: r.name + "-" + s.Name, Cron: cron(s.Cron), Immediate: s.Immediate, Type: s.Type,
			Suspend: s.Suspend || r.spec.Hibernate, // a hibernated cluster can only fail its backups
		})
	}
	return out
}

// maxAge is how old the newest base backup may be before somebody has to know: the longest gap that the schedules leave,
// a quarter of it and two hours for the backup itself.
func (b *Backup) maxAge() int64 {
	var shortest time.Duration
	for _, s := range b.Schedules {
		if gap, ok := s.Cron.LongestGap(); ok && !s.Suspend && (shortest == 0 || gap < shortest) {
			shortest = gap
		}
	}
	if shortest == 0 {
		return 0
	}
	return int64((shortest + shortest/4 + 2*time.Hour) / time.Second)
}
