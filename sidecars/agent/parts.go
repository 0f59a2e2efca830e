package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Parts are what the loop works with.
type Parts struct {
	Store   Store
	Fence   Fence
	Server  Server
	Hands   Hands
	Wire    Wire
	Cluster Cluster
	Memory  Memory
	Clock   func() ha.Instant
	Nonce   string // random, of this process
	Log     *slog.Logger
	// Fetch lets a standby ask the archive, or forbids it. Nil where there is none.
	Fetch func(bool) error
}

// Store keeps the one record.
type Store interface {
	// Watch tells every version of the record until ctx ends; changes that follow each other fast may be told as one.
	Watch(ctx context.Context, seen func(ha.Record))
	// Read reads it past every cache.
	Read(ctx context.Context) (ha.Record, error)
	// Write puts r in the place of version base, or creates it where base is empty. The version is that of the record as it is now,
	// where Applied. The error is for people.
	Write(ctx context.Context, base string, r ha.Record) (ha.Outcome, string, error)
	// Heard is how long ago the API server said anything; negative for never.
	Heard() time.Duration
}

// FenceStatus is what the supervisor says.
type FenceStatus struct {
	ha.Supervisor
	Terminating bool   // the container was told to end
	Guarded     bool   // the guard lives
	Announced   bool   // it runs as a primary, or is about to by a promotion that the supervisor was told of
	Starts      int    // how many postmasters were started; another number is another postmaster
	Exit        string // how the last one ended, in words
	Disk        Disk   // the volume
	WAL         Disk   // that of the log, where it has one of its own
	Killed      Kill   // the last kill by the supervisor
	Lines       uint64 // that postgres printed so far
	Canceled    uint64 // commits whose wait for standbys was cancelled, as far as the supervisor saw
}

// Disk is the room of a volume, in bytes. Total 0: it is not known, or there is no such volume.
type Disk struct{ Free, Total uint64 }

// below tells a volume that has less room than that.
func (d Disk) below(bytes uint64) bool { return d.Total > 0 && d.Free < bytes }

// Kill is an end that the supervisor made. Reason is empty where postgres ended otherwise.
type Kill struct {
	Start  int
	Reason string
	Took   time.Duration
}

// Fence is the supervisor of the database container.
type Fence interface {
	// Run stays connected until ctx ends. It tells each status, a zero one while there is no connection, and asks permit how long the
	// instance may go on as a primary.
	Run(ctx context.Context, permit func(instance string) time.Duration, told func(FenceStatus))
	// Kill kills everything, now.
	Kill(ctx context.Context, why string) error
	// Exit lets the container end, once postgres is down.
	Exit(ctx context.Context) error
}

// Server is postgres to look at.
type Server interface {
	// Status asks the running server. Of one that lets nobody in yet it tells that, beside the error.
	Status(ctx context.Context) (ha.Postgres, Detail, error)
	// Probe writes through a new connection.
	Probe(ctx context.Context) error
	// Data reads what the volume holds while the server is down.
	Data(ctx context.Context) (ha.Data, error)
}

// Hands change postgres.
type Hands interface {
	// Do does a StartPrimary, StartStandby, Stop, Promote, Follow, SetSync, Checkpoint, Open, Init, Clone, Rewind or Slots, and
	// returns when it is done.
	Do(ctx context.Context, a ha.Action, f Facts) error
}

// Facts are what is known beside an action when it is begun.
type Facts struct {
	SystemID uint64 // of the cluster; 0: not known
	Term     uint64
	Timeline uint32 // the holder's
	Replayed ha.LSN // of a standby
	// Leads tells, whenever it is asked, whether this member still holds the record of this term.
	Leads func() bool
	Log   *slog.Logger
}

// Wire carries messages to peers.
type Wire interface {
	// Send returns the answer, which is zero where the kind has none.
	Send(ctx context.Context, to ha.Member, m ha.Message) (ha.Message, error)
}

// Cluster is what Kubernetes says of pods.
type Cluster interface {
	// Watch tells what is meant to become of our pod until ctx ends.
	Watch(ctx context.Context, told func(ha.Pod))
	// Dead tells whether the kubelet reports of a pod that the instance has terminated.
	Dead(ctx context.Context, pod, instance string) (bool, error)
	// Address is where a pod is now; empty where there is no such pod, or it has no address yet.
	Address(ctx context.Context, pod string) (string, error)
	// Labelled tells whether Label would change nothing, as far as is known.
	Labelled(role string) bool
	// Label gives our pod the role, and takes the role primary from the other pods first where it is primary.
	Label(ctx context.Context, role string) error
	// Evict asks for the end of a pod, which its StatefulSet makes again. It is nil also where the pod is ending or gone.
	Evict(ctx context.Context, pod string) error
	// Hindrance is why a pod does not come up, as far as Kubernetes knows: one word, and more of them. Both are empty where nothing is known to be wrong.
	Hindrance(ctx context.Context, pod string) (reason, detail string, err error)
	// TellAll writes an event that people find at the StatefulSet.
	TellAll(ctx context.Context, warning bool, reason, message string)
	// Tell writes an event that people find at our pod.
	Tell(ctx context.Context, warning bool, reason, message string)
}

// Memory is the part of the volume that outlives every process.
type Memory interface {
	// Open gives the volume's identity, made once, and what was remembered. Only who holds the volume's lock may call it.
	Open() (id string, d ha.Durable, err error)
	// Remember returns when d is on the disk.
	Remember(d ha.Durable) error
}

// Settings are what people chose, as far as the loop needs it.
type Settings struct {
	Core ha.Config
	// Self is the member without its ID, which the volume has.
	Self ha.Member
	// LowBytes is how little room makes a volume low.
	LowBytes uint64
}
