package status

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// repository is what `onggi-agent ctl backups -o json` prints.
type repository struct {
	State, Reason string
	Read          time.Time
	Backups       []struct {
		Label, Type string
		Start, Stop time.Time
		StoredDelta int64 `json:"stored_delta"`
		Error       bool
	}
	Archive struct {
		Max         string // the newest segment that is there
		Ready       int
		OldestReady time.Time `json:"oldest_ready"`
		LastSuccess time.Time `json:"last_success"`
		LastFailure time.Time `json:"last_failure"`
	}
	Restore *struct{ State, Text string }
	Running *run
	Runs    []run // that ended, the newest last
}

// run is a backup that was asked for.
type run struct {
	ID, Type, Member, State, Label, Text string
	Begun, Ended                         time.Time
}

// repository reads the backups of native.
func (s *Status) repository(answer *Answer) {
	var r repository
	switch {
	case answer == nil:
		return
	case answer.Err != "":
		s.Notes = append(s.Notes, "the backups are not known: "+answer.Err)
		return
	case json.Unmarshal(answer.Document, &r) != nil:
		return
	}
	b := &Backups{}
	b.Archiving, b.Detail = r.archiving()
	for _, one := range r.Backups {
		backup := Backup{Name: one.Label, Type: one.Type, State: stateCompleted, Started: moment(one.Start), Ended: moment(one.Stop), Bytes: one.StoredDelta}
		if one.Error {
			backup.Error = "pages failed their checksums"
		}
		b.List = append(b.List, backup)
	}
	if len(r.Backups) > 0 {
		b.Earliest = moment(r.Backups[0].Stop)
	}
	for _, one := range r.Runs {
		if one.State == stateFailed {
			b.List = append(b.List, Backup{Name: one.ID, Type: one.Type, State: stateFailed, Started: moment(one.Begun), Ended: moment(one.Ended), Error: one.Text})
		}
	}
	if one := r.Running; one != nil {
		b.List = append(b.List, Backup{Name: one.ID, Type: one.Type, State: stateRunning, Started: moment(one.Begun)})
	}
	slices.SortStableFunc(b.List, func(x, y Backup) int { return cmp.Compare(y.Started, x.Started) })
	s.Backups = b
	if one := r.Restore; one != nil && one.State != "done" && one.State != "" {
		s.degraded(strings.TrimSuffix("a restore is "+one.State+": "+one.Text, ": "), "onggi logs "+s.Name)
	}
	if r.State != "ok" && r.State != "" {
		s.degraded(fmt.Sprintf("the repository of the backups is %s: %s", r.State, r.Reason), "onggi backup list "+s.Name)
	}
	if !r.refuses() { // else that is why, and was said
		s.judgeArchive()
	}
	s.judgeBackups()
}

// archiving is how the archive does. That the last segment was taken says nothing where the repository is not ours any more, or was emptied since: then
// nothing is known until the next one.
func (r *repository) archiving() (state, detail string) {
	a := &r.Archive
	switch {
	case r.refuses():
		return failing, fmt.Sprintf("the repository is %s: %s", r.State, r.Reason)
	case a.Ready > 0 && a.LastFailure.After(a.LastSuccess):
		return failing, fmt.Sprintf("%d segments wait, the oldest since %s", a.Ready, moment(a.OldestReady))
	case a.LastSuccess.IsZero(), r.State == "ok" && a.Max == "" && r.Read.After(a.LastSuccess):
		return "", ""
	}
	return working, ""
}

// refuses tells whether the repository takes nothing of this database, as it was read.
func (r *repository) refuses() bool { return r.State == "missing" || r.State == "foreign" }

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
