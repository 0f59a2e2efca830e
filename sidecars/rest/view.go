package rest

import (
	"context"
	"time"
)

// Source is what answers are made of. View must not block; Do may, until its context ends.
type Source interface {
	View() View
	Do(context.Context, Request) Outcome
}

// Role is what postgres is, by its own account, whoever may think otherwise.
type Role string

const (
	NoRole  Role = ""        // not known, or there is no postgres yet
	Primary Role = "primary" // out of recovery
	Replica Role = "replica"
)

// State is the state of postgres. The numbers are Patroni's, as dashboards know them from patroni_postgres_state.
type State int

const (
	Initializing State = iota
	InitFailed
	Bootstrapping
	BootstrapFailed
	CreatingReplica
	Running
	Starting
	StartingAfterBootstrap
	StartFailed
	Restarting
	RestartFailed
	Stopping
	Stopped
	StopFailed
	Crashed
)

var stateNames = [...]string{
	"initializing new cluster", "initdb failed", "running custom bootstrap script", "custom bootstrap failed",
	"creating replica", "running", "starting", "starting after custom bootstrap", "start failed",
	"restarting", "restart failed", "stopping", "stopped", "stop failed", "crashed",
}

// String is the state as Patroni's documents spell it.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// Sync is what a replica is to the commits of its primary.
type Sync string

const (
	Async  Sync = ""
	Synced Sync = "sync"   // every commit waits for this one
	Quorum Sync = "quorum" // commits wait for some of a set that this one is in
)

// Position is a place in the WAL, in bytes from its beginning. Zero is not known.
type Position uint64

// View is all that is known at one moment. It is a value: whoever holds one may read it for ever, and nobody may change what its
// maps and slices hold.
type View struct {
	Scope, Name string // the cluster and this member, as people call them
	Version     string // of the agent
	Member      string // identity of this member: that of its volume
	Node        string // where it runs
	Instances   int    // members that the configuration asks for
	SystemID    string // of the database; empty before there is one

	Role             Role
	StandbyLeader    bool // a replica that leads a standby cluster: it follows a server outside
	State            State
	Permit           func() time.Duration // how long it is valid from this instant on; nil or not above zero is no permit
	Gated            bool                 // clients are not let in, although postgres may be a primary with a permit
	TickAge          func() time.Duration // since the loop last turned; nil is for ever
	TickLimit        time.Duration        // a loop that is older is dead
	Term             int64
	Timeline         int64
	ServerVersion    int       // 150018 for 15.18; 0 unknown
	PostmasterStart  time.Time // zero unknown
	Location         Position  // flushed, of a primary
	Received         Position  // of a replica
	Replayed         Position  // of a replica
	ReplayedAt       time.Time // of the last transaction replayed; zero unknown
	ReplayPaused     bool
	ReplicationState string   // "streaming", "in archive recovery" or empty, of a replica
	LeaderLocation   Position // the newest position of the leader that is known here
	MaximumLag       Position // of a replica that is ready, unless the caller says otherwise
	Sync             Sync
	Replication      []Walsender

	Tags           map[string]string // as they are compared with tag_K=V
	NoLoadBalance  bool
	NoFailover     bool
	Priority       int // of failover; 0 never
	Paused         bool
	Fenced         bool
	Unlocked       bool // nobody holds the record
	Failsafe       bool // the API is away, and the permit is kept by the peers alone
	Supervised     bool // changes that end the primary wait for a person
	PendingRestart []Parameter
	Restart        *ScheduledRestart    // of this member
	Switchover     *ScheduledSwitchover // of the cluster
	RecordSeen     time.Time            // when the record was last read
	Leader         string               // name of its holder; empty is nobody or unknown
	Members        []Member
	History        []Switch
	Config         any               // what /config shows, encoded as JSON; nil is not known
	FailsafePeers  map[string]string // name to address of the members that grant permits; nil is that there are none yet

	Counters Counters
	// Backup is asked for the metrics alone; nil where nobody looks after backups.
	Backup    func() *BackupView
	Provision Provision
	Rollout   Rollout
}

// Rollout is how a rolling change of the pods gets on.
type Rollout struct {
	Outdated int // pods of another revision than the newest
	// Awaits is the pod that the change waits for, and For how long; only the member that leads it knows. Reason is one word, Detail more; empty until it
	// was found out.
	Awaits         string
	For            time.Duration
	Reason, Detail string
}

// Walsender is a row of pg_stat_replication.
type Walsender struct {
	User         string `json:"usename"`
	Application  string `json:"application_name"`
	Address      string `json:"client_addr"`
	State        string `json:"state"`
	SyncState    string `json:"sync_state"`
	SyncPriority int    `json:"sync_priority"`
}

// Parameter is a setting that a restart would change.
type Parameter struct{ Name, Old, New string }

// Member is a row of the table of members.
type Member struct {
	Name             string
	Leader           bool
	Sync             Sync
	State            string // as [State] spells it, or "streaming"; empty unknown
	Host             string
	Port             int
	API              string // URL of its /patroni
	Timeline         int64  // 0 unknown
	Received         Position
	Replayed         Position
	Tags             map[string]string
	PendingRestart   []Parameter
	ScheduledRestart *ScheduledRestart
	Outdated         bool // its pod is of another revision than its StatefulSet
}

// Switch is the end of one timeline.
type Switch struct {
	Timeline  int64
	Location  Position
	Reason    string
	At        time.Time
	NewLeader string
}

// ScheduledRestart is a restart to come, and what must hold for it.
type ScheduledRestart struct {
	At time.Time
	RestartFilter
}

// ScheduledSwitchover is a switchover to come. To may be empty: whoever is best then.
type ScheduledSwitchover struct {
	At       time.Time
	From, To string
}

// permit is how long the permit is valid from now on.
func (v *View) permit() time.Duration {
	if v.Permit == nil {
		return 0
	}
	return v.Permit()
}

// open says whether clients may write here now. The permit is asked last, so that the answer is not older than it.
func (v *View) open() bool {
	return v.Role == Primary && v.State == Running && !v.Gated && !v.Fenced && v.permit() > 0
}

// lag is how far a position is behind the leader; known is false when either is not known.
func (v *View) lag(at Position) (bytes Position, known bool) {
	switch {
	case at == 0 || v.LeaderLocation == 0:
		return 0, false
	case at >= v.LeaderLocation:
		return 0, true
	}
	return v.LeaderLocation - at, true
}

// tag is the value of a tag as it is compared in a query: those with a meaning of their own are tags too.
func (v *View) tag(name string) (string, bool) {
	switch {
	case name == "noloadbalance" && v.NoLoadBalance, name == "nofailover" && v.NoFailover:
		return "true", true
	}
	value, ok := v.Tags[name]
	return value, ok
}
