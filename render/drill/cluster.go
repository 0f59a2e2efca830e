package drill

import (
	"fmt"

	"github.com/onggi-db/onggi/render/manifest"
)

// Scratch is what matters of a scratch Cluster, or of one that stands where it should.
type Scratch struct {
	UID      string
	Ours     bool // has LabelOf, with the right Cluster
	Run      string
	Owner    string // the Job that owns it
	OwnerUID string
	Deleting bool
	Health   Health
}

// Health is how far a Cluster has come.
type Health struct {
	Phase       string // in the operator's words; "" before it reacted
	Detail      string
	Ready, Want int64
	Good        bool
	Failing     bool // waits for somebody to repair something; operators get over some of it
	Irreparable bool
}

// ReadScratch reads a Cluster that has the name of c's scratch Cluster.
func ReadScratch(c *Config, cluster manifest.Map) *Scratch {
	s := &Scratch{
		UID:    manifest.Text(cluster, "metadata", "uid"),
		Ours:   manifest.Text(cluster, "metadata", "labels", LabelOf) == c.Cluster,
		Run:    manifest.Text(cluster, "metadata", "annotations", annotationRun),
		Health: ReadHealth(cluster),
	}
	_, s.Deleting = manifest.Get(cluster, "metadata", "deletionTimestamp")
	owners, _ := manifest.Get(cluster, "metadata", "ownerReferences")
	list, _ := owners.([]any)
	for _, owner := range list {
		if manifest.Text(owner, "kind") == "Job" && manifest.Text(owner, "apiVersion") == "batch/v1" {
			s.Owner, s.OwnerUID = manifest.Text(owner, "name"), manifest.Text(owner, "uid")
		}
	}
	return s
}

// ReadHealth reads a Cluster's status. It is good when the operator says so in all its ways at once: the phase alone is also
// that of a Cluster which has just been touched.
func ReadHealth(cluster manifest.Map) Health {
	h := Health{
		Phase: manifest.Text(cluster, "status", "phase"), Detail: manifest.Text(cluster, "status", "phaseReason"),
		Ready: number(cluster, "status", "readyInstances"), Want: number(cluster, "spec", "instances"),
	}
	h.Good = h.Phase == "Cluster in healthy state" && h.Want > 0 && h.Ready >= h.Want && isReady(cluster)
	switch h.Phase {
	case "Cluster is unrecoverable and needs manual intervention", "Invalid cluster definition":
		h.Irreparable = true
	case "Cluster cannot proceed to reconciliation due to an unknown plugin being required",
		"Cluster cannot proceed to reconciliation due to an error while interacting with plugins",
		"Cluster has incomplete or invalid image catalog",
		"Cluster cannot execute instance online upgrade due to missing architecture binary",
		"Unable to create required cluster objects",
		"Waiting for user action":
		h.Failing = true
	}
	return h
}

// String is one line for people.
func (h Health) String() string {
	phase := h.Phase
	if phase == "" {
		phase = "the operator has not reacted yet"
	}
	if h.Detail != "" && h.Detail != h.Phase {
		phase += ": " + h.Detail
	}
	return fmt.Sprintf("%s (%d of %d ready)", phase, h.Ready, h.Want)
}

func isReady(cluster manifest.Map) bool {
	v, _ := manifest.Get(cluster, "status", "conditions")
	list, _ := v.([]any)
	for _, c := range list {
		if manifest.Text(c, "type") == "Ready" {
			return manifest.Text(c, "status") == "True"
		}
	}
	return false
}

func number(v any, path ...any) int64 {
	found, _ := manifest.Get(v, path...)
	switch n := found.(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// JobState is whether a Job may still have a program running.
type JobState int

// The states. A Job that is deleted but still there, or has failed but still has pods, is alive: its program may be removing what
// it made.
const (
	JobGone JobState = iota // none of that name and uid
	JobDone                 // finished, and none of its pods runs
	JobAlive
)

// ReadJob reads the state of the Job that has a uid; job is nil when there is none of its name.
func ReadJob(job manifest.Map, uid string) JobState {
	if job == nil || manifest.Text(job, "metadata", "uid") != uid {
		return JobGone
	}
	v, _ := manifest.Get(job, "status", "conditions")
	list, _ := v.([]any)
	for _, c := range list {
		if kind := manifest.Text(c, "type"); (kind == "Complete" || kind == "Failed") && manifest.Text(c, "status") == "True" &&
			number(job, "status", "active") == 0 && number(job, "status", "terminating") == 0 {
			return JobDone
		}
	}
	return JobAlive
}
