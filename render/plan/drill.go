package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/spec"
)

// Drill is a restore that is tried on a schedule.
type Drill struct {
	// Name of the scratch cluster and of all objects of the drill: <cluster>-drill, so that no two drills of one database can
	// run at once.
	Name string
	// Metrics is the ConfigMap that the program leaves its results in.
	Metrics   string
	Cron      Cron
	Suspend   bool
	Point     string            // drill.Newest or drill.Random
	Checks    []spec.DrillCheck // each with its database
	Amcheck   bool              // read every table and index
	Timeout   time.Duration     // of a restore and its checks
	MaxAge    int64             // of the last good drill, in seconds
	Image     string            // of the program
	Storage   spec.DrillStorage // what of the volumes is another than the cluster's
	Resources *spec.Resources   // of the scratch cluster, nil for the cluster's
}

// programImage is onggi itself, which runs drills. A release is built under its own name; the tag here is the release that
// this one was tested with, and `onggi drill run` reads what any newer one writes.
const programImage = "ghcr.io/onggi-db/onggi:0.1.0"

// maxCluster is the longest name that an operator gives a cluster: pods, Services and Secrets append to it.
const maxCluster = 50

func (r *resolver) drill(p *Plan) *Drill {
	if r.spec.Backup == nil || r.spec.Backup.Drill == nil {
		return nil
	}
	d := r.spec.Backup.Drill
	timeout, _ := spec.ParseDuration(d.Timeout)
	out := &Drill{
		Name: drill.ScratchName(r.name), Metrics: drill.RecordName(r.name), Cron: cron(d.Schedule), Suspend: r.spec.Hibernate,
		Point: d.Point, Amcheck: d.Amcheck == nil || *d.Amcheck, Timeout: timeout, MaxAge: seconds(d.MaxAge),
		Image: orElse(d.Image, programImage), Resources: d.Resources,
	}
	for _, check := range d.Checks {
		check.Database = orElse(orElse(check.Database, p.Bootstrap.Database), "postgres")
		out.Checks = append(out.Checks, check)
	}
	if d.Storage != nil {
		out.Storage = *d.Storage
	}
	r.drillTimes(d, out)
	r.drillChecks(p, d)
	r.drillSource(d)
	if len(out.Name) > maxCluster {
		r.problem("ONG2214", "backup.drill", fmt.Sprintf("%s has %d characters", out.Name, len(out.Name)), fmt.Sprintf("the scratch cluster is called so, and names of clusters have at most %d", maxCluster),
			fmt.Sprintf("give the cluster a name that is %d shorter", len(out.Name)-maxCluster))
	}
	return out
}

// drillTimes finds drills that never run, that leave no time to one another, or whose alert would always fire.
func (r *resolver) drillTimes(d *spec.Drill, out *Drill) {
	gap, ok := out.Cron.LongestGap()
	switch {
	case !ok:
		r.problem("ONG2230", "backup.drill.schedule", fmt.Sprintf("%q does not come round twice in four years", d.Schedule), "a restore that is not tried is not known to work", "write a schedule such as \"0 6 * * 0\"")
		return
	case out.Timeout < time.Minute:
		r.problem("ONG2230", "backup.drill.timeout", fmt.Sprintf("nothing is restored within %s", d.Timeout), "every drill would be given up", "write a time that a restore takes, such as 1h")
	case out.Timeout >= gap:
		r.problem("ONG2230", "backup.drill.timeout", fmt.Sprintf("a drill may take %s and the next one begins within %s", d.Timeout, span(gap)), "drills never run at once, so the next one would be skipped",
			"lower the timeout, or drill less often")
	}
	if d.MaxAge == "" {
		out.MaxAge = int64(2 * gap / time.Second)
	}
	if limit := time.Duration(out.MaxAge) * time.Second; limit < gap+out.Timeout {
		r.problem("ONG2230", "backup.drill.maxAge", fmt.Sprintf("drills are %s apart and take up to %s, which is more than %s", span(gap), d.Timeout, d.MaxAge), "the alert would fire between two good drills",
			"write a longer time, or drill more often")
	}
}

// span is a time as a spec writes it.
func span(d time.Duration) string {
	if day := 24 * time.Hour; d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return drill.Duration(d).String()
}

// drillChecks finds checks that could not be asked, or not be answered.
func (r *resolver) drillChecks(p *Plan, d *spec.Drill) {
	for i, check := range d.Checks {
		path := index("backup.drill.checks", i)
		if check.Name == drill.AmcheckName {
			r.problem("ONG2232", path+".name", "amcheck is the name of onggi's own check", "its result could not be told from this one's", "choose another name")
		}
		if _, err := drill.ParseExpect(check.Expect); err != nil {
			r.problem("ONG2232", path+".expect", err.Error(), "the check could never pass", `write a number behind the operator, such as "> 0"`)
		}
		if name := check.Database; name != "" && !r.hasDatabase(p, name) {
			r.problem("ONG2233", path+".database", fmt.Sprintf("databases has no %s", name), "the check could not log in", "write "+databaseNames(p)+", or add it to spec.databases")
		}
	}
}

// hasDatabase reports a database that is there or may be: one that came with an import or a recovery is in no list.
func (r *resolver) hasDatabase(p *Plan, name string) bool {
	if b := p.Bootstrap; b.Initdb == nil || b.Initdb.Import != nil || name == "postgres" || name == "template1" {
		return true
	}
	for _, d := range p.Databases {
		if d.Name == name {
			return true
		}
	}
	return false
}

func databaseNames(p *Plan) string {
	names := make([]string, len(p.Databases))
	for i, d := range p.Databases {
		names[i] = d.Name
	}
	return strings.Join(names, " or ")
}

// drillSource finds drills that have nothing to restore.
func (r *resolver) drillSource(d *spec.Drill) {
	b := r.spec.Backup
	taken := false
	for _, s := range b.Schedules {
		taken = taken || !s.Suspend
	}
	if !taken {
		r.problem("ONG2231", "backup.drill", "no schedule takes the backups that this drill restores", "a restore begins with a base backup, and WAL alone is none", "add schedules: [{name: daily, cron: \"0 0 * * *\"}]")
	}
	switch {
	case d.Point != drill.Random:
	case b.Destination == "":
		r.problem("ONG2231", "backup.drill.point", "snapshots alone have no moments between them", "a random moment is reached by replaying WAL from an archive", "add destination: s3://bucket/path, or write point: newest")
	case b.Retention == "" && b.RetentionFull == 0:
		r.problem("ONG2231", "backup.drill.point", "there is no recovery window to choose a moment from", "without retention nothing says how far back a restore must be possible", "add retention: 30d, or write point: newest")
	}
}
