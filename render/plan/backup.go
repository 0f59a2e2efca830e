package plan

import (
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/spec"
)

// Backup is the archive and the schedules of base backups.
type Backup struct {
	Archive
	Method    string // "plugin", "in-tree", "snapshot" or "pgbackrest"
	Schedules []Schedule
	Retention string // e.g. "90d"
	// RetentionFull is how many full backups are kept in place of a time; 0 is not said.
	RetentionFull int
	// MaxAge is how old the newest base backup may be, in seconds, before somebody has to know; 0 without schedules.
	MaxAge   int64
	Target   string // "prefer-standby" or "primary"
	Snapshot *spec.SnapshotBackup
	Drill    *Drill
}

// Schedule is one series of base backups.
type Schedule struct {
	FullName  string // <cluster>-<name>
	Cron      Cron
	Suspend   bool
	Immediate bool
	Type      string // "full", "differential" or "incremental"
}

// AtOnce reports a series whose first backup does not wait for its time.
func (s Schedule) AtOnce() bool { return s.Immediate && !s.Suspend }

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

func (r *resolver) archive(a spec.Archive, storeName, server string) Archive {
	scheme, _, _ := strings.Cut(a.Destination, "://")
	if c := a.Credentials; r.spec.Backend == native && Scheme(scheme) == Azure && c != nil && c.AccountKey == "" && c.SASToken == "" {
		own := *c
		own.AccountKey = "AZURE_STORAGE_KEY" // as Azure's own tools call it
		a.Credentials = &own
	}
	if a.ServerName != "" {
		server = a.ServerName
	}
	return Archive{Archive: a, Scheme: Scheme(scheme), StoreName: storeName, Server: server}
}

func (r *resolver) backup() *Backup {
	b := r.spec.Backup
	if b == nil || b.Method == methodDumps {
		return nil
	}
	out := &Backup{
		Archive: r.archive(b.Archive, r.name, r.name), Method: b.Method,
		Retention: b.Retention, RetentionFull: b.RetentionFull, Target: b.Target, Snapshot: b.Snapshot,
	}
	if out.Method == "" {
		out.Method = r.method()
	}
	for _, s := range b.Schedules {
		out.Schedules = append(out.Schedules, Schedule{
			FullName: r.name + "-" + s.Name, Cron: cron(s.Cron), Immediate: s.Immediate, Type: s.Type,
			Suspend: s.Suspend || r.spec.Hibernate, // a hibernated cluster can only fail its backups
		})
	}
	out.MaxAge = out.maxAge()
	if m := r.spec.Monitoring; m != nil && m.BackupMaxAge != "" {
		out.MaxAge = seconds(m.BackupMaxAge)
	}
	return out
}

// method is the best that the back end has.
func (r *resolver) method() string {
	switch {
	case r.spec.Backend == native:
		return "pgbackrest"
	case r.spec.Backend == "cloudnative-pg" && !r.operator.AtLeast(1, 26):
		return "in-tree" // the plugin came with 1.26
	}
	return "plugin"
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
