package rest

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"
)

// Backups is the document of GET /backup: what the repository holds, as it was last read, and what became of the last runs.
type Backups struct {
	Stanza string `json:"stanza"`
	// Repository is the place, for people: s3://bucket/path.
	Repository string `json:"repository"`
	// State is ok, missing (no stanza yet), foreign (it belongs to another system identifier), or unknown.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	// Read is when the repository was last read; zero: never.
	Read    time.Time `json:"read,omitzero"`
	Backups []Backup  `json:"backups"`
	Archive Archive   `json:"archive"`
	// Running is the run under way; Runs are those that ended, the newest last, of each type at least the last.
	Running *BackupRun  `json:"running,omitempty"`
	Runs    []BackupRun `json:"runs,omitempty"`
	// RetentionDays and RetentionFull are what expiry is asked to keep.
	RetentionDays int `json:"retention_days,omitempty"`
	RetentionFull int `json:"retention_full,omitempty"`
	// MaxAge is how old the newest backup may be, in seconds; 0: not said.
	MaxAge int `json:"max_age,omitempty"`
	// Restore is a restore in its place, or a recovery, that is under way or was the last.
	Restore *RestoreRun `json:"restore,omitempty"`
}

// Backup is one backup in the repository. Sizes are bytes.
type Backup struct {
	Label string `json:"label"`
	Type  string `json:"type"` // full, diff or incr
	// Prior is the label of the backup that this one is a difference to.
	Prior string    `json:"prior,omitempty"`
	Start time.Time `json:"start"`
	Stop  time.Time `json:"stop"`
	// Size is that of the database, Delta what was copied of it; Stored and StoredDelta are the same, compressed, in the repository.
	Size        uint64 `json:"size"`
	Delta       uint64 `json:"delta"`
	Stored      uint64 `json:"stored"`
	StoredDelta uint64 `json:"stored_delta"`
	WALStart    string `json:"wal_start,omitempty"`
	WALStop     string `json:"wal_stop,omitempty"`
	// Error tells that pages failed their checksums.
	Error bool `json:"error,omitempty"`
}

// Archive is the archive of the log, as the repository and the primary tell of it.
type Archive struct {
	Min string `json:"min,omitempty"` // the oldest segment in the repository
	Max string `json:"max,omitempty"` // the newest
	// Ready is how many segments wait; OldestReady is since when the oldest of them does.
	Ready       int       `json:"ready"`
	OldestReady time.Time `json:"oldest_ready,omitzero"`
	Archived    uint64    `json:"archived"` // since the statistics were last reset
	Failed      uint64    `json:"failed"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastFailure time.Time `json:"last_failure,omitzero"`
}

// BackupRun is a backup that was asked for.
type BackupRun struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"`
	Member string    `json:"member"` // that makes it
	State  string    `json:"state"`  // running, done, failed
	Begun  time.Time `json:"begun"`
	Ended  time.Time `json:"ended,omitzero"`
	Label  string    `json:"label,omitempty"` // of the backup that was made
	Text   string    `json:"text,omitempty"`  // why it failed
}

// RestoreRun is a restore of this cluster's data.
type RestoreRun struct {
	State string    `json:"state"` // none (a new cluster was made instead), waiting, running, done, failed
	From  string    `json:"from"`
	Begun time.Time `json:"begun"`
	Ended time.Time `json:"ended,omitzero"`
	Text  string    `json:"text,omitempty"`
}

// BackupSource is what a [Source] has beside it where backups are configured: unlike a View, all of it may take as long as its context
// lets it, since another member may have to be asked.
type BackupSource interface {
	// Backups is false where none are configured.
	Backups(context.Context) (Backups, bool)
	// Backup begins a run of type full, diff or incr. Done: the run has begun; Conflict: the run that is told is under way already.
	Backup(ctx context.Context, kind string) (BackupRun, Outcome)
	// Restore begins a restore in place.
	Restore(context.Context, Restore) Outcome
}

// Restore is the body of POST /restore: one target, and which backup to begin with.
type Restore struct {
	Time      string `json:"time,omitempty"`
	LSN       string `json:"lsn,omitempty"`
	XID       string `json:"xid,omitempty"`
	Name      string `json:"name,omitempty"`
	Immediate bool   `json:"immediate,omitempty"`
	Exclusive bool   `json:"exclusive,omitempty"`
	Timeline  string `json:"timeline,omitempty"`
	Set       string `json:"set,omitempty"`
	// WithoutCopy removes the data that is there now first, where there is no room to keep it.
	WithoutCopy bool `json:"without_copy,omitempty"`
}

// notConfigured is told where there are no backups.
const notConfigured = "this cluster has no backups: give its spec a backup section"

// backups is the source as one that knows of backups. Where it does not, that is answered, and backups is nil.
func (h *Handler) backups(w http.ResponseWriter) BackupSource {
	source, ok := h.source.(BackupSource)
	if !ok {
		writeText(w, http.StatusNotFound, notConfigured)
		return nil
	}
	return source
}

// readBackups answers GET /backup. It is the one GET that may ask another member, for a moment.
func (h *Handler) readBackups(w http.ResponseWriter, r *http.Request) {
	source := h.backups(w)
	if source == nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	document, ok := source.Backups(ctx)
	if !ok {
		writeText(w, http.StatusNotFound, notConfigured)
		return
	}
	if document.Backups == nil {
		document.Backups = []Backup{}
	}
	writeJSON(w, http.StatusOK, document)
}

// writeBackup answers POST /backup: 202 with the run that has begun, 409 with the one that is under way.
func (h *Handler) writeBackup(w http.ResponseWriter, r *http.Request) {
	fields, err := readObject(r, true)
	kind := "incr"
	for _, f := range fields {
		if f.name != "type" {
			err = refuse(http.StatusBadRequest, "Unknown field of a backup: %q", f.name)
			break
		}
		kind = unquote(f.value)
	}
	if err == nil && !slices.Contains(backupTypes[:], kind) {
		err = refuse(http.StatusBadRequest, "type is %q: full, diff or incr", kind)
	}
	if err != nil {
		writeRefusal(w, err)
		return
	}
	source := h.backups(w)
	if source == nil {
		return
	}
	ctx, cancel := patiently(w, r)
	defer cancel()
	run, outcome := source.Backup(ctx, kind)
	w.Header().Set("Onggi-Result", outcome.Result.String())
	switch outcome.Result {
	case Done:
		writeJSON(w, http.StatusAccepted, run)
	case Conflict:
		writeJSON(w, http.StatusConflict, run)
	case Absent:
		writeText(w, http.StatusNotFound, notConfigured)
	default:
		status, text := http.StatusServiceUnavailable, outcome.Text
		if outcome.Result == Precondition {
			status = http.StatusPreconditionFailed
		}
		if text == "" {
			text = "backup status unknown"
		}
		writeText(w, status, text)
	}
}

// writeRestore answers POST /restore: 202 where it has begun. GET /backup tells how it does.
func (h *Handler) writeRestore(w http.ResponseWriter, r *http.Request) {
	fields, err := readObject(r, false)
	var want Restore
	for _, f := range fields {
		texts := map[string]*string{"time": &want.Time, "lsn": &want.LSN, "xid": &want.XID, "name": &want.Name, "timeline": &want.Timeline, "set": &want.Set}
		bools := map[string]*bool{"immediate": &want.Immediate, "exclusive": &want.Exclusive, "without_copy": &want.WithoutCopy}
		if into := bools[f.name]; into != nil && err == nil {
			*into, err = parseBool(f.name, f.value)
		} else if into := texts[f.name]; into != nil && err == nil {
			*into = unquote(f.value)
		} else if err == nil {
			err = refuse(http.StatusBadRequest, "Unknown field of a restore: %q", f.name)
		}
	}
	if err != nil {
		writeRefusal(w, err)
		return
	}
	source := h.backups(w)
	if source == nil {
		return
	}
	ctx, cancel := patiently(w, r)
	defer cancel()
	outcome := source.Restore(ctx, want)
	w.Header().Set("Onggi-Result", outcome.Result.String())
	status := map[Result]int{
		Done: http.StatusAccepted, Invalid: http.StatusBadRequest, Absent: http.StatusNotFound, Precondition: http.StatusPreconditionFailed,
	}[outcome.Result]
	writeText(w, cmp.Or(status, http.StatusServiceUnavailable), cmp.Or(outcome.Text, "restore "+outcome.Result.String()))
}
