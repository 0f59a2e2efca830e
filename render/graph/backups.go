package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

const idStore = "store"

func (a *artist) backups() {
	if a.Backup == nil {
		return
	}
	b := a.Backup
	var schedules []Node
	for _, s := range b.Schedules {
		lines := []string{cronWords(s.Cron.Five()), "cron " + s.Cron.Five() + ", UTC"}
		if s.Suspend {
			lines = append(lines, "suspended")
		}
		title := strings.TrimPrefix(s.FullName, a.Name+"-")
		schedules = append(schedules, Node{
			ID: "schedule:" + title, Lane: Backups, Kind: KindSchedule, Title: title, Lines: lines,
			Object: a.orCluster(a.series(s.FullName)), Idle: s.Suspend,
		})
	}
	for _, n := range schedules {
		a.add(n)
	}
	a.add(a.store())
	if b.Method != "snapshot" {
		a.join(idCluster, idStore, Archive, "WAL")
	} else {
		a.join(idCluster, idStore, Archive, "snapshots")
	}
	for _, n := range schedules {
		a.join(n.ID, idStore, Archive, "")
	}
	a.drills()
}

func (a *artist) store() Node {
	b := a.Backup
	n := Node{ID: idStore, Lane: Backups, Kind: KindStore, Title: b.Destination, Object: a.orCluster(a.find("ObjectStore", b.StoreName))}
	switch {
	case b.Method == "snapshot":
		n.Title = "Volume snapshots"
		if b.Snapshot != nil && b.Snapshot.Class != "" {
			n.Lines = append(n.Lines, "class "+b.Snapshot.Class)
		}
	default:
		n.Title = strings.TrimSuffix(b.Destination, "/") + "/" + b.Server
		n.Lines = append(n.Lines, storeWords(b.Archive))
	}
	if b.Retention != "" {
		n.Lines = append(n.Lines, "kept "+retentionWords(b.Retention))
	} else {
		n.Lines = append(n.Lines, "kept for ever")
	}
	target := "taken from a standby"
	if b.Target == "primary" || a.Instances == 1 {
		target = "taken from the primary"
	}
	n.Lines = append(n.Lines, target)
	return n
}

// series is the object of a series of backups: a CronJob where nothing else takes them.
func (a *artist) series(name string) manifest.Ref {
	if a.Backend == "native" {
		return a.find("CronJob", name)
	}
	return a.find("ScheduledBackup", name)
}

func (a *artist) isSeries(name string) bool {
	return slices.ContainsFunc(a.Backup.Schedules, func(s plan.Schedule) bool { return s.FullName == name })
}

// drills are CronJobs of the backup part: restores that are tried.
func (a *artist) drills() {
	for _, o := range a.of("CronJob") {
		if o.Origin != "" || a.isSeries(o.Ref().Name) || a.isDump(o.Ref().Name) {
			continue
		}
		ref, cron := o.Ref(), text(o.Body(), "spec", "schedule")
		id := a.add(Node{
			ID: "drill:" + ref.Name, Lane: Backups, Kind: KindDrill, Title: "Restore drill", Object: ref,
			Lines: []string{cronWords(cron), "cron " + cron, "restores into a scratch cluster"},
		})
		a.join(idStore, id, Archive, "")
	}
}

func (a *artist) sources() {
	for _, e := range a.ExternalClusters {
		if !a.usesSource(e.Name) {
			continue
		}
		lines := a.sourceLines(e.Name)
		if e.Connection != nil {
			lines = append(lines, fmt.Sprintf("%s:%d", e.Connection.Host, e.Connection.Port))
		}
		object := a.cluster
		if e.Archive != nil {
			lines = append(lines, e.Archive.Place())
			object = a.orCluster(a.find("ObjectStore", e.Archive.StoreName))
		}
		id := a.add(Node{ID: "source:" + e.Name, Lane: Sources, Kind: KindSource, Title: e.Name, Lines: lines, Object: object})
		if len(a.sourceLines(e.Name)) > 0 {
			a.join(id, idCluster, Replication, "")
		}
	}
}

// usesSource leaves out the entry that a distributed cluster has for itself.
func (a *artist) usesSource(name string) bool {
	return a.Replica == nil || a.Replica.Self != name || a.Replica.From == name
}

// sourceLines say what the cluster takes from an external one.
func (a *artist) sourceLines(name string) []string {
	var lines []string
	if r := a.Replica; r != nil && r.From == name && r.On {
		line := "followed"
		if r.ApplyDelay != "" {
			line += ", " + r.ApplyDelay + " behind"
		}
		lines = append(lines, line)
	}
	switch b := a.Bootstrap; {
	case b.Recovery != nil && b.Recovery.From == name:
		moment := "restored from"
		if t := b.Recovery.Target; t != nil && t.Time != "" {
			moment += " as of " + t.Time
		}
		lines = append(lines, moment)
	case b.Basebackup != nil && b.Basebackup.From == name:
		lines = append(lines, "copied with pg_basebackup")
	case b.Initdb != nil && b.Initdb.Import != nil && b.Initdb.Import.From == name:
		lines = append(lines, "imported with pg_dump")
	}
	return lines
}

func storeWords(ar plan.Archive) string {
	where := map[plan.Scheme]string{plan.S3: "S3", plan.GCS: "Google Cloud Storage", plan.Azure: "Azure Blob Storage", plan.PVC: "a volume"}[ar.Scheme]
	switch {
	case ar.Endpoint != "":
		where += " at " + strings.TrimPrefix(strings.TrimPrefix(ar.Endpoint, "https://"), "http://")
	case ar.Region != "":
		where += " in " + ar.Region
	}
	return where
}

func retentionWords(s string) string {
	units := map[byte]string{'d': " days", 'w': " weeks", 'm': " months"}
	if unit, ok := units[s[len(s)-1]]; ok {
		if s[:len(s)-1] == "1" {
			unit = strings.TrimSuffix(unit, "s")
		}
		return s[:len(s)-1] + unit
	}
	return s
}
