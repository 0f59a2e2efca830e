package rest

import (
	"slices"
	"time"
)

// BackupView is what is known of backups, for the metrics.
type BackupView struct {
	Configured bool
	Leader     bool // this member looks after them
	Archiving  bool
	Backups    Backups
	Done       map[[2]string]uint64 // runs by type and result
	Gaps       uint64
}

// The label values that are always there, so that a rule finds its series before something happens.
var (
	backupTypes   = [...]string{"full", "diff", "incr"}
	recoverStates = [...]string{"none", "waiting", "running", "done", "failed"}
)

// backupMetrics are complete, also where no backups are configured.
func backupMetrics(w *exposition, v *BackupView) {
	if v == nil {
		v = &BackupView{}
	}
	b := &v.Backups
	gauge := func(name, help string, value float64, labels ...string) {
		w.family(name, "gauge", help)
		w.sample(name, value, labels...)
	}
	gauge("onggi_backup_configured", "Whether backups are configured.", bit(v.Configured))
	gauge("onggi_backup_leader", "Whether this member looks after backups.", bit(v.Leader))
	reason := b.State
	if reason == "ok" || !v.Leader {
		reason = ""
	}
	gauge("onggi_backup_repository_ok", "Whether the stanza is there and ours, as this leader saw it last.", bit(v.Leader && b.State == "ok"), "reason", reason)
	gauge("onggi_backup_repository_read_timestamp_seconds", "When the repository was last read.", epoch(b.Read))
	gauge("onggi_backup_max_age_seconds", "How old the newest backup may be, 0 if not said.", float64(b.MaxAge))
	lastMetrics(w, b)
	runMetrics(w, v)
	archiveMetrics(w, v)
	recovery := "none"
	if b.Restore != nil {
		recovery = b.Restore.State
	}
	w.family("onggi_recover_state", "gauge", "1 for the state of a recovery from a backup.")
	for _, state := range recoverStates {
		w.sample("onggi_recover_state", bit(state == recovery), "state", state)
	}
}

// lastMetrics are of the newest backup of each type, and of all.
func lastMetrics(w *exposition, b *Backups) {
	counts, last := map[string]int{}, map[string]Backup{}
	for _, one := range b.Backups {
		counts[one.Type]++
		for _, kind := range []string{one.Type, "any"} {
			if !one.Stop.Before(last[kind].Stop) {
				last[kind] = one
			}
		}
	}
	w.family("onggi_backups", "gauge", "Backups in the repository.")
	for _, kind := range backupTypes {
		w.sample("onggi_backups", float64(counts[kind]), "type", kind)
	}
	for _, m := range []struct {
		name, help string
		value      func(Backup) float64
	}{
		{"onggi_backup_last_timestamp_seconds", "End of the newest backup, 0 if there is none.", func(b Backup) float64 { return epoch(b.Stop) }},
		{"onggi_backup_last_duration_seconds", "How long the newest backup took.", func(b Backup) float64 { return b.Stop.Sub(b.Start).Seconds() }},
		{"onggi_backup_last_size_bytes", "Size of the database in the newest backup.", func(b Backup) float64 { return float64(b.Size) }},
		{"onggi_backup_last_stored_bytes", "What the newest backup takes in the repository by itself.", func(b Backup) float64 { return float64(b.StoredDelta) }},
		{"onggi_backup_last_error", "Whether the newest backup holds pages with wrong checksums.", func(b Backup) float64 { return bit(b.Error) }},
	} {
		w.family(m.name, "gauge", m.help)
		for _, kind := range append([]string{"any"}, backupTypes[:]...) {
			w.sample(m.name, m.value(last[kind]), "type", kind)
		}
	}
}

// runMetrics are of the runs that this member knows of.
func runMetrics(w *exposition, v *BackupView) {
	w.family("onggi_backup_running", "gauge", "Whether a backup is under way.")
	for _, kind := range backupTypes {
		w.sample("onggi_backup_running", bit(v.Backups.Running != nil && v.Backups.Running.Type == kind), "type", kind)
	}
	w.family("onggi_backup_runs_total", "counter", "Backups that ended, since this sidecar started.")
	for _, kind := range backupTypes {
		for _, result := range []string{"done", "failed"} {
			w.sample("onggi_backup_runs_total", float64(v.Done[[2]string{kind, result}]), "type", kind, "result", result)
		}
	}
	ended := func(name, help, state string) {
		w.family(name, "gauge", help)
		for _, kind := range backupTypes {
			var at time.Time
			for _, r := range v.Backups.Runs {
				if r.Type == kind && r.State == state && r.Ended.After(at) {
					at = r.Ended
				}
			}
			w.sample(name, epoch(at), "type", kind)
		}
	}
	ended("onggi_backup_last_success_timestamp_seconds", "When a run last succeeded, 0 if none has.", "done")
	ended("onggi_backup_last_failure_timestamp_seconds", "When a run last failed, 0 if none has.", "failed")
}

func archiveMetrics(w *exposition, v *BackupView) {
	a := &v.Backups.Archive
	one := func(name, kind, help string, value float64) {
		w.family(name, kind, help)
		w.sample(name, value)
	}
	waits := 0.0
	if !a.OldestReady.IsZero() {
		waits = max(0, time.Since(a.OldestReady).Seconds())
	}
	one("onggi_archive_enabled", "gauge", "Whether this server archives its log.", bit(v.Archiving))
	one("onggi_archive_ready_segments", "gauge", "Segments of the log that wait to be archived.", float64(a.Ready))
	one("onggi_archive_oldest_ready_seconds", "gauge", "For how long the oldest segment has been waiting to be archived.", waits)
	one("onggi_archive_archived_total", "counter", "Segments that were archived, by pg_stat_archiver.", float64(a.Archived))
	one("onggi_archive_failed_total", "counter", "Tries to archive a segment that failed, by pg_stat_archiver.", float64(a.Failed))
	one("onggi_archive_last_success_timestamp_seconds", "gauge", "When a segment was last archived.", epoch(a.LastSuccess))
	one("onggi_archive_last_failure_timestamp_seconds", "gauge", "When archiving a segment last failed.", epoch(a.LastFailure))
	one("onggi_archive_gap_total", "counter", "Changes of the primary after which segments of the log are in no archive.", float64(v.Gaps))
	w.family("onggi_archive_segments", "gauge", "1 for the oldest and the newest segment in the archive.")
	if bounds := []string{a.Min, a.Max}; slices.ContainsFunc(bounds, func(s string) bool { return s != "" }) {
		w.sample("onggi_archive_segments", 1, "min", a.Min, "max", a.Max)
	}
}
