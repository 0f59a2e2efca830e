package ha

import "time"

// Observation is everything that is known at one instant. Nothing in it is asked for by the core: a shell gathers it, a simulation
// makes it up. What is not known says so (Known, or a zero instant); the core takes no action on what it does not know.
type Observation struct {
	Now        Instant
	Self       Member // as the pod and its volume are now
	Supervisor Supervisor
	Postgres   Postgres
	Data       Data
	Record     Seen
	Job        Job
	Heard      []Message
	Written    *Written
	Pod        Pod
	Requests   []Request
	// DiskLow tells that a volume has too little room to go on writing.
	DiskLow bool
}

// Phase is what the supervisor runs.
type Phase uint8

// The phases of the database container.
const (
	PhaseUnknown Phase = iota // not connected
	Down                      // no process but the supervisor's own
	Standby                   // started with standby.signal
	Primary                   // started, or promoted, to write
	Stopping
)

func (p Phase) String() string {
	return [...]string{"unknown", "down", "standby", "primary", "stopping"}[p]
}

// Supervisor is the state of the database container.
type Supervisor struct {
	Instance string // empty: not connected
	Locked   bool   // it holds the volume
	Phase    Phase
	// Crashed tells that the last postmaster ended without being asked to.
	Crashed bool
	// Lacks is the segment of the log that the running server asked its upstream for last and that is there no more; empty where there was none,
	// or where it is not known. Refused counts such answers: a server asks only once it has replayed all that it has.
	Lacks   string
	Refused uint64
}

// Postgres is the last answer of the server.
type Postgres struct {
	At Instant // zero: none since it was started
	// Replaying tells, while there was none, that it was asked and said that it lets nobody in yet. Of all else only Upstream is known then.
	Replaying  bool
	InRecovery bool
	Position   Position // flushed, or for a standby received and flushed
	Replayed   LSN
	SystemID   uint64
	// Upstream is the member that it is configured to follow, empty for none. Receiver tells that a walreceiver runs; Streaming
	// that it gets WAL.
	Upstream            string
	Receiver, Streaming bool
	// Fetching tells that it gets on by the archive meanwhile.
	Fetching bool
	Standbys []Walsender // of a primary, by name
	// Sync is the quorum in force as postgres runs it, with names in place of ids. Blocked tells a setting that lets no commit
	// through; Foreign, a setting that is not ours.
	Sync SyncSetting
	// Wrote is when the newest real write through a new connection was begun that succeeded.
	Wrote Instant
	// Gated tells that only the agents are let in.
	Gated          bool
	PendingRestart bool
	// Stalled is how long the oldest commit has been waiting for standbys.
	Stalled time.Duration
}

// Walsender is a standby as its primary sees it.
type Walsender struct {
	Name      string
	Streaming bool
	Flushed   LSN
}

// SyncSetting is synchronous_standby_names: ANY W (Names), or empty.
type SyncSetting struct {
	W     int
	Names []string // sorted
	// Applied is the end of the log when it had come into force: everything after it was acknowledged under it.
	Applied LSN
}

// Blocked is the setting under which no commit is acknowledged: it waits for a standby that cannot be.
const Blocked = "onggi_nobody"

// Data is what the volume holds, from files.
type Data struct {
	Known    bool
	Exists   bool   // a whole data directory
	SystemID uint64 // of pg_control
	// Standby tells that standby.signal is there and the server stopped as a standby: it may follow as it is.
	Standby bool
	// Clean tells a clean stop; End is then where the log ends. Otherwise End is the last that pg_control knows.
	Clean bool
	End   Position
	// Broken is an interrupted rewind, or a lost log: nothing may start from it.
	Broken bool
	// LogLost tells that the log was on a volume that is gone, or that a standby has replayed another than the cluster's. There is nothing to rewind
	// then, and no saying what else was lost with it: the volumes are another member's by now.
	LogLost bool
}

// Seen is the record as last read, by watch or by get.
type Seen struct {
	Known  bool
	Record Record
	// First is when this version was first seen. It restarts with the process.
	First Instant
	// At is when the API server was last heard of.
	At Instant
}

// JobKind is a long work on postgres, of which one runs at a time.
type JobKind uint8

// The kinds of jobs.
const (
	NoJob JobKind = iota
	JobStart
	JobStop
	JobPromote
	JobInit
	JobClone
	JobRewind
	JobCheckpoint
)

func (k JobKind) String() string {
	return [...]string{"none", "start", "stop", "promote", "init", "clone", "rewind", "checkpoint"}[k]
}

// Job is the running or the last one.
type Job struct {
	Kind    JobKind
	Running bool
	Failed  bool
	Begun   Instant
	Ended   Instant
}

// Outcome of a write of the record.
type Outcome uint8

// The outcomes. Only Applied and Refused say what became of it.
const (
	Applied Outcome = iota + 1
	Refused         // by comparison: another version is there
	Unknown         // may have been applied, or may yet be
	NotSent
)

// Written is the outcome of the write that was under way. Where it is Applied, Observation.Record already shows what was written, or
// something newer.
type Written struct {
	Stamp   string
	Outcome Outcome
	Version string // where Applied
}

// Pod is what Kubernetes means to do with us.
type Pod struct {
	Terminating bool // the pod is being deleted, or the supervisor was told to end
	Cordoned    bool // the node takes no new pods
	Updated     bool // the pod is of the newest revision
	// Outdated are the names of the cluster's pods that are not; nil for none, or where the newest is not known.
	Outdated []string
	// Newest are those that are, as far as they are not ending.
	Newest []string
	// Dead is an instance of which the kubelet reports that its container has terminated. It is asked for when it would help.
	Dead string
}

// Verb of a request by a person.
type Verb uint8

// The verbs.
const (
	Switchover Verb = iota + 1
	Failover
	Restart
	Reinit
	Pause
	Resume
	Fence
	Unfence
)

// Request of a person, given until it is answered.
type Request struct {
	ID   uint64
	Verb Verb
	To   string // a member's name, where the verb takes one
	// Loss allows a failover to a member that may lack acknowledged commits.
	Loss bool
}
