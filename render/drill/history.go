package drill

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/onggi-db/onggi/render/manifest"
)

// Run is one attempt at a drill: what of Kubernetes it is.
type Run struct {
	Job    string `json:"job"`
	JobUID string `json:"jobUID"`
	Pod    string `json:"pod"`
	// Started tells the attempts of a container that was started again from each other.
	Started time.Time `json:"started"`
}

// ID names the attempt, on its scratch Cluster.
func (r Run) ID() string { return fmt.Sprintf("%s/%s/%d", r.JobUID, r.Pod, r.Started.UnixNano()) }

// Result is how one check went.
type Result struct {
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	// Detail is what was found, and what should have been where that is not it.
	Detail string `json:"detail,omitempty"`
}

// Bases of a recovered moment.
const (
	BasisTarget = "target" // the moment that was asked for; Postgres stops with an error when it cannot reach it
	BasisReplay = "replay" // the last transaction that was replayed, as the server remembers it until it is started again
	BasisWAL    = "wal"    // the last commit in the WAL before the restored server's own timeline begins
)

// Moment is the point in time that a database came back to.
type Moment struct {
	Time  time.Time `json:"time"`
	Basis string    `json:"basis"`
}

// Outcome is how a drill ended.
type Outcome struct {
	Run   Run       `json:"run"`
	Ended time.Time `json:"ended"`
	OK    bool      `json:"ok"`
	// Reason is why it failed, in words.
	Reason string `json:"reason,omitempty"`
	// Target is the moment that was asked for; nil is the newest.
	Target *time.Time `json:"target,omitempty"`
	// Backup is the snapshot that was restored, where one was named.
	Backup string `json:"backup,omitempty"`
	// Recovered is where the database came back to; nil when that is not known.
	Recovered *Moment  `json:"recovered,omitempty"`
	Checks    []Result `json:"checks,omitempty"`
}

// Duration is how long the drill took.
func (o Outcome) Duration() time.Duration { return max(0, o.Ended.Sub(o.Run.Started)) }

// History is what is kept from drill to drill.
type History struct {
	// Open is a drill that began and has no outcome yet. It is written before anything is made: one that is found here later,
	// without a living Job, was killed, even if the garbage collector removed all else of it.
	Open *Run `json:"open,omitempty"`
	// Last is the outcome of the last drill that has one, Success of the last good one.
	Last    *Outcome `json:"last,omitempty"`
	Success *Outcome `json:"success,omitempty"`
	// Failures since the last good drill.
	Failures int `json:"failures"`
}

// Begin opens a run.
func (h History) Begin(run Run) History {
	h.Open = &run
	return h
}

// Close gives a run its outcome. A good run may get a second one, a failure: its database was good, so it stays the last success,
// but what it made could not be removed.
func (h History) Close(o Outcome) History {
	again := h.Last != nil && h.Last.Run.ID() == o.Run.ID()
	if h.Open != nil && h.Open.ID() == o.Run.ID() {
		h.Open = nil
	}
	switch {
	case o.OK:
		h.Success, h.Failures = &o, 0
	case !again || h.Last.OK:
		h.Failures++
	}
	h.Last = &o
	return h
}

// reasonKilled is that of a run which nobody was left to close.
const reasonKilled = "was killed"

// started is when the last drill began, open or not.
func (h History) started() time.Time {
	if h.Open != nil {
		return h.Open.Started
	}
	if h.Last != nil {
		return h.Last.Run.Started
	}
	return time.Time{}
}

// ReadHistory reads what [RecordObject] wrote into its ConfigMap. A text that cannot be read is an empty history, told by the
// error: somebody edited it, and drills go on.
func ReadHistory(configMap map[string]any) (History, error) {
	s := manifest.Text(configMap, "data", historyKey)
	if s == "" {
		return History{}, nil
	}
	var h History
	if err := json.Unmarshal([]byte(s), &h); err != nil {
		return History{}, fmt.Errorf("read %s: %s", historyKey, err)
	}
	return h, nil
}
