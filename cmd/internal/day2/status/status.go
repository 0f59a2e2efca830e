package status

import (
	"slices"
	"time"
)

// Health is whether the database does its work.
type Health string

const (
	// Healthy: clients may write, and everything that was asked for is there.
	Healthy Health = "healthy"
	// Degraded: clients may write, and something is missing that a failure would show.
	Degraded Health = "degraded"
	// Down: clients may not write.
	Down Health = "down"
	// Unknown: nobody could be asked.
	Unknown Health = "unknown"
	// Hibernated: there are no members, and none are asked for.
	Hibernated Health = "hibernated"
)

// Roles of a member. A standby that commits wait for is a SyncStandby, and one of several that may be waited for a QuorumStandby.
const (
	Primary       = "primary"
	Replica       = "replica"
	SyncStandby   = "sync standby"
	QuorumStandby = "quorum standby"
	NoRole        = "unknown"
)

// Status is a database at one moment. Its JSON form only ever gains fields.
type Status struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Backend   string `json:"backend"`
	Health    Health `json:"health"`
	// Reasons say why it is not healthy, the gravest first.
	Reasons []Reason `json:"reasons,omitempty"`
	Phase   string   `json:"phase,omitempty"` // in the operator's own words
	// Version of the server, such as 17.6, and the identifier of its data.
	Version  string `json:"version,omitempty"`
	SystemID string `json:"systemID,omitempty"`
	Primary  string `json:"primary,omitempty"` // who takes writes; empty is nobody, or unknown
	Timeline int64  `json:"timeline,omitempty"`
	Wanted   int    `json:"instances"`
	Ready    int    `json:"readyInstances"`
	Paused   bool   `json:"paused,omitempty"` // nobody fails over, or reconciles
	// Awaits is why a person should move the primary, where updates are supervised.
	Awaits string `json:"awaitsSwitchover,omitempty"`

	Commits    *Commits  `json:"commits,omitempty"`
	Record     *Record   `json:"record,omitempty"`
	Switchover *Planned  `json:"switchover,omitempty"`
	Rollout    *Rollout  `json:"rollout,omitempty"`
	Poolers    []Pooler  `json:"poolers,omitempty"`
	Backups    *Backups  `json:"backups,omitempty"`
	Members    []Member  `json:"members"`
	History    []History `json:"history,omitempty"` // the newest last
	Notes      []string  `json:"notes,omitempty"`   // what could not be found out, and why
}

// Reason is one thing that is not as it should be.
type Reason struct {
	Health Health `json:"health"` // what it makes of the database: degraded or down
	Text   string `json:"text"`
	Do     string `json:"do,omitempty"` // what may be done about it
}

// Commits is what an acknowledged commit is worth.
type Commits struct {
	Mode string   `json:"mode"` // async, required, preferred
	Wait int      `json:"wait"` // for how many standbys
	Of   []string `json:"of,omitempty"`
}

// Record is what says who may write.
type Record struct {
	Lease   string    `json:"lease"`
	Holder  string    `json:"holder,omitempty"`
	Term    int64     `json:"term"`
	Renewed time.Time `json:"renewed,omitzero"`
}

// Planned is a switchover to come.
type Planned struct {
	At   string `json:"at,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Settled tells whether nothing is missing and nothing is under way. What hibernates, as asked for, is.
func (s Status) Settled() bool {
	return s.Health == Hibernated || s.Health == Healthy && (s.Rollout == nil || s.Rollout.Done)
}

// Rollout is how far a change of the pods has come.
type Rollout struct {
	Updated int  `json:"updated"`
	Wanted  int  `json:"wanted"`
	Done    bool `json:"done"`
	// Held is what it waits for; nil where it gets on, or nobody knows.
	Held *Held `json:"held,omitempty"`
}

// Held is a pod that a rollout waits for.
type Held struct {
	Member  string  `json:"member"`
	Seconds float64 `json:"seconds,omitempty"` // as long as the agent that leads has been waiting; 0: it was not asked
	Reason  string  `json:"reason,omitempty"`  // one word, such as ImagePullBackOff
	Detail  string  `json:"detail,omitempty"`
}

func (h Held) text() string {
	text := "waits for " + h.Member
	if h.Seconds > 0 {
		text += " for " + Age(time.Duration(h.Seconds*float64(time.Second)))
	}
	if h.Reason != "" {
		text += ": " + h.Reason
	}
	return text
}

// Pooler is a set of connection poolers.
type Pooler struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"` // rw, ro, r
	Ready  int    `json:"ready"`
	Wanted int    `json:"wanted"`
}

// Member is one instance of the database.
type Member struct {
	Name     string `json:"name"`
	Role     string `json:"role"`
	State    string `json:"state"` // streaming, running, starting …, or unknown
	Timeline int64  `json:"timeline,omitempty"`
	// Lag and ReplayLag are bytes behind the primary, received and replayed; nil is unknown, or the primary.
	Lag       *int64 `json:"lagBytes,omitempty"`
	ReplayLag *int64 `json:"replayLagBytes,omitempty"`
	// Candidate says whether it may take over; Unfit is why not.
	Candidate      bool           `json:"candidate"`
	Unfit          string         `json:"unfit,omitempty"`
	PendingRestart []Pending      `json:"pendingRestart,omitempty"`
	Restart        string         `json:"scheduledRestart,omitempty"` // when
	Tags           map[string]any `json:"tags,omitempty"`
	Fenced         bool           `json:"fenced,omitempty"`
	Permit         *float64       `json:"permitSeconds,omitempty"` // how long a primary may write without asking again
	Started        string         `json:"started,omitempty"`       // of the server
	Version        string         `json:"version,omitempty"`

	Pod      string `json:"pod"` // phase of the pod, Terminating, or none
	Ready    bool   `json:"ready"`
	Node     string `json:"node,omitempty"`
	Restarts int    `json:"restarts"` // of its containers
	Outdated bool   `json:"outdated,omitempty"`
	// Waiting is why the pod does not come up, in Kubernetes' word, such as ImagePullBackOff, and Detail more of it.
	Waiting string `json:"waiting,omitempty"`
	Detail  string `json:"waitingDetail,omitempty"`
	// Volume is how large the volume of the data is, in bytes, and Free what is left of it; nil is unknown.
	Volume *int64 `json:"volumeBytes,omitempty"`
	Free   *int64 `json:"freeBytes,omitempty"`
	// The same of the volume of the log, where that has one of its own.
	WALVolume *int64 `json:"walVolumeBytes,omitempty"`
	WALFree   *int64 `json:"walFreeBytes,omitempty"`
}

// Pending is a setting that a restart would change.
type Pending struct {
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// History is the end of a timeline.
type History struct {
	Timeline int64  `json:"timeline"`
	LSN      int64  `json:"lsn"`
	Reason   string `json:"reason,omitempty"`
	At       string `json:"at,omitempty"`
	Primary  string `json:"primary,omitempty"` // who began the next one
}

// Backups is what a restore could start from.
type Backups struct {
	List []Backup `json:"list,omitempty"` // the newest first
	// Archiving is "working", "failing" or "" for unknown, and Detail says what of.
	Archiving string `json:"archiving,omitempty"`
	Detail    string `json:"detail,omitempty"`
	// Earliest is the first moment that can be restored to.
	Earliest string `json:"earliest,omitempty"`
}

// Backup is one base backup.
type Backup struct {
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"`   // full, differential, incremental
	Method  string `json:"method,omitempty"` // of an operator that has several
	State   string `json:"state"`            // completed, running, failed
	Started string `json:"started,omitempty"`
	Ended   string `json:"ended,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Failed tells whether a backup came to no good end.
func (b Backup) Failed() bool { return b.State == stateFailed }

const (
	stateCompleted = "completed"
	stateFailed    = "failed"
	stateRunning   = "running"
	unknown        = "unknown"
	working        = "working"
	failing        = "failing"
)

// Member finds one by its name.
func (s *Status) Member(name string) (Member, bool) {
	for _, m := range s.Members {
		if m.Name == name {
			return m, true
		}
	}
	return Member{}, false
}

// Names are those of all members.
func (s *Status) Names() []string {
	var names []string
	for _, m := range s.Members {
		names = append(names, m.Name)
	}
	return names
}

// Last is the newest backup that has ended, well or not.
func (b Backups) Last() (Backup, bool) {
	i := slices.IndexFunc(b.List, func(one Backup) bool { return one.State != stateRunning })
	if i < 0 {
		return Backup{}, false
	}
	return b.List[i], true
}

// Failing tells whether the archive of the log is known not to work.
func (b Backups) Failing() bool { return b.Archiving == failing }
