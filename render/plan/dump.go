package plan

import (
	"fmt"
	"time"

	"github.com/onggi-db/onggi/render/spec"
)

// methodDumps is backup.method where logical dumps are all there is.
const methodDumps = "dumps"

// Dumps are the series of logical dumps and where they are kept.
type Dumps struct {
	Archive
	Series []Dump
	// Primary is to be dumped, and no standby.
	Primary bool
	// Image has PostgreSQL's programs and what reaches the store. It is the database's where that has the latter too.
	Image string
}

// Dump is one series.
type Dump struct {
	Name      string // of the series
	FullName  string // <cluster>-dump-<name>
	Cron      Cron
	Suspend   bool
	Databases []string // none are all
	Globals   bool
	Keep      int    // how many; 0 is not said
	Retention string // for how long, e.g. "30d"; "" is not said
	Timeout   time.Duration
	MaxAge    int64  // of the last good dump, in seconds
	Image     string // of the program
	Storage   spec.DumpStorage
	Resources *spec.Resources
}

// dumpName is a series' part of the names of its objects.
func dumpName(series string) string { return "dump-" + series }

func (r *resolver) dumps(p *Plan) *Dumps {
	b := r.spec.Backup
	if b == nil {
		return nil
	}
	r.dumpsAlone(b)
	if len(b.Dumps) == 0 {
		return nil
	}
	out := &Dumps{Archive: r.archive(b.Archive, r.name, r.name), Primary: b.Target == "primary", Image: r.spec.Image}
	if out.Image == "" {
		out.Image = pgBackRestImage(p.Version)
	}
	for i, d := range b.Dumps {
		out.Series = append(out.Series, r.dump(p, index("backup.dumps", i), d))
	}
	return out
}

func (r *resolver) dump(p *Plan, path string, d spec.Dump) Dump {
	timeout, _ := spec.ParseDuration(d.Timeout)
	out := Dump{
		Name: d.Name, FullName: r.name + "-" + dumpName(d.Name), Cron: cron(d.Schedule), Suspend: d.Suspend || r.spec.Hibernate,
		Databases: d.Databases, Globals: d.Globals == nil || *d.Globals, Keep: d.Keep, Retention: d.Retention,
		Timeout: timeout, MaxAge: seconds(d.MaxAge), Image: orElse(d.Image, programImage), Resources: d.Resources,
	}
	if d.Storage != nil {
		out.Storage = *d.Storage
	}
	if d.Keep != 0 && d.Retention != "" {
		r.problem("ONG2236", path+".keep", "a time and a number both say what is kept", "whichever counts, the other one would promise what nobody keeps", "take one of the two out")
	}
	for j, name := range d.Databases {
		if !r.hasDatabase(p, name) {
			r.problem("ONG2235", index(path+".databases", j), fmt.Sprintf("databases has no %s", name), "every dump would fail: a part of what was asked for is none", "write "+databaseNames(p)+", or add it to spec.databases")
		}
	}
	r.dumpTimes(path, d, &out)
	return out
}

// dumpTimes finds dumps that never come round or leave no time to one another, and alerts that would always fire.
func (r *resolver) dumpTimes(path string, d spec.Dump, out *Dump) {
	gap, ok := out.Cron.LongestGap()
	switch {
	case !ok:
		r.problem("ONG2234", path+".schedule", fmt.Sprintf("%q does not come round twice in four years", d.Schedule), "nobody would miss what it never made", "write a schedule such as \"0 2 * * *\"")
		return
	case out.Timeout < time.Minute:
		r.problem("ONG2234", path+".timeout", fmt.Sprintf("nothing is dumped within %s", d.Timeout), "every dump would be given up", "write a time that a dump takes, such as 6h")
	}
	if d.MaxAge == "" {
		out.MaxAge = int64((gap + gap/4 + 2*time.Hour) / time.Second)
	}
	if limit := time.Duration(out.MaxAge) * time.Second; limit < gap {
		r.problem("ONG2234", path+".maxAge", fmt.Sprintf("dumps are %s apart, which is more than %s", span(gap), d.MaxAge), "the alert would fire between two good dumps", "write a longer time, or dump more often")
	}
}

// dumpsAlone: with method dumps, what is said of base backups would be done by nobody.
func (r *resolver) dumpsAlone(b *spec.Backup) {
	if b.Method != methodDumps {
		return
	}
	if len(b.Dumps) == 0 {
		r.problem("ONG2237", "backup.method", "dumps are all there is to be, and there are none", "nothing would ever be kept", "add dumps: [{name: nightly, schedule: \"0 2 * * *\"}], or take method out")
	}
	for _, name := range [...]string{"schedules", "drill", "retention", "retentionFull", "compression", "walCompression", "jobs"} {
		if r.cluster.Has("spec.backup." + name) {
			r.problem("ONG2237", "backup."+name, name+" is about base backups and the archive", "with method dumps there are none", "take it out, or take method: dumps out")
		}
	}
}
