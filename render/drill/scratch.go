package drill

import (
	"errors"
	"fmt"
	"time"

	"github.com/onggi-db/onggi/render/manifest"
)

// annotationRun names, on a scratch Cluster, the run that made it.
const annotationRun = "onggi.dev/drill-run"

// Span is a recovery window.
type Span struct{ From, To time.Time }

// Backup is a completed base backup.
type Backup struct {
	Name    string
	Stopped time.Time
}

// Source is what there is to restore from.
type Source struct {
	Window  *Span
	Backups []Backup // completed volume snapshots, in no order
}

// Target is what a drill restores: a moment (nil is the end of the archive), from a named Backup or from whichever fits.
type Target struct {
	Time   *time.Time
	Backup string
}

// ReadWindow reads the recovery window from the object that [Window] names.
//
// Its end is the last good base backup, not now: Postgres recognizes that a moment is reached by a commit after it, and behind the
// last backup an idle database may have none. Before it, what was committed since is in the archive too.
func ReadWindow(w Window, object manifest.Map) (Span, error) {
	from, to := "", ""
	if w.Kind == "ObjectStore" {
		from = manifest.Text(object, "status", "serverRecoveryWindow", w.ServerName, "firstRecoverabilityPoint")
		to = manifest.Text(object, "status", "serverRecoveryWindow", w.ServerName, "lastSuccessfulBackupTime")
	} else {
		from = manifest.Text(object, "status", "firstRecoverabilityPoint")
		to = manifest.Text(object, "status", "lastSuccessfulBackup")
	}
	if from == "" || to == "" {
		return Span{}, fmt.Errorf("%s %s has no recovery window in its status yet: no base backup was completed", w.Kind, w.Name)
	}
	var s Span
	var err error
	if s.From, err = time.Parse(time.RFC3339, from); err != nil {
		return Span{}, fmt.Errorf("%s %s begins its recovery window at %q, which is no time", w.Kind, w.Name, from)
	}
	if s.To, err = time.Parse(time.RFC3339, to); err != nil {
		return Span{}, fmt.Errorf("%s %s has its last backup at %q, which is no time", w.Kind, w.Name, to)
	}
	return s, nil
}

// ReadBackups reads the completed volume snapshots of a Cluster out of Backup objects.
func ReadBackups(cluster string, objects []manifest.Map) []Backup {
	var out []Backup
	for _, o := range objects {
		method := manifest.Text(o, "status", "method")
		if method == "" {
			method = manifest.Text(o, "spec", "method")
		}
		stopped, err := time.Parse(time.RFC3339, manifest.Text(o, "status", "stoppedAt"))
		if err != nil || method != "volumeSnapshot" || manifest.Text(o, "status", "phase") != "completed" || manifest.Text(o, "spec", "cluster", "name") != cluster {
			continue
		}
		out = append(out, Backup{Name: manifest.Text(o, "metadata", "name"), Stopped: stopped})
	}
	return out
}

// Choose settles what a drill restores. Draw is a random number in [0, 1).
func Choose(c *Config, s Source, draw float64) (Target, error) {
	var t Target
	if c.Point == Random {
		if s.Window == nil {
			return t, errors.New("no recovery window was read")
		}
		from := s.Window.From
		if oldest := oldest(s.Backups); c.Snapshot && oldest.After(from) {
			from = oldest // what is older has WAL, and no snapshot to begin with
		}
		// A window of one backup has no width: what there is, is the newest.
		if width := s.Window.To.Sub(from); width > 0 {
			// A second after its beginning at the least: the first point is the end of a backup, cut to a second.
			at := from.Add(time.Second + time.Duration(draw*float64(width))).Truncate(time.Second)
			if at.After(s.Window.To) {
				at = s.Window.To
			}
			at = at.UTC()
			t.Time = &at
		}
	}
	if !c.Snapshot {
		return t, nil
	}
	var best Backup
	for _, b := range s.Backups {
		if t.Time != nil && b.Stopped.After(*t.Time) {
			continue
		}
		if best.Name == "" || b.Stopped.After(best.Stopped) || b.Stopped.Equal(best.Stopped) && b.Name > best.Name {
			best = b
		}
	}
	if best.Name == "" {
		return t, fmt.Errorf("there is no completed snapshot of Cluster %s to restore", c.Cluster)
	}
	t.Backup = best.Name
	return t, nil
}

func oldest(backups []Backup) time.Time {
	var first time.Time
	for _, b := range backups {
		if first.IsZero() || b.Stopped.Before(first) {
			first = b.Stopped
		}
	}
	return first
}

// Build completes the scratch Cluster for a run. It is owned by the run's Job, so that the garbage collector removes it when
// nothing else ever will. Cluster is the one that is drilled, which it follows. It is an error if it would archive, whatever made
// it so.
func Build(c *Config, run Run, t Target, cluster manifest.Map) (manifest.Map, error) {
	out, err := Follow(c.Scratch, cluster)
	if err != nil {
		return nil, err
	}
	set := func(value any, path ...any) {
		if err := manifest.Set(out, value, path...); err != nil {
			panic("drill: a validated config has mappings there: " + err.Error())
		}
	}
	set([]any{owned("batch/v1", "Job", run.Job, run.JobUID)}, "metadata", "ownerReferences")
	set(run.ID(), "metadata", "annotations", annotationRun)
	if t.Time != nil {
		set(t.Time.Format(time.RFC3339), "spec", "bootstrap", "recovery", "recoveryTarget", "targetTime")
	}
	if t.Backup != "" {
		set(t.Backup, "spec", "bootstrap", "recovery", "backup", "name")
	}
	if err := Archives(out); err != nil {
		return nil, err
	}
	return out, nil
}
