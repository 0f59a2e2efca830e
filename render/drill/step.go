package drill

import (
	"time"

	"github.com/onggi-db/onggi/render/manifest"
)

// Do is what an [Action] asks the edge to do, once; whether to try again is for the machine to say.
type Do int

// The actions.
const (
	// Look reads the [World].
	Look Do = iota
	// ReadSource reads the [Source].
	ReadSource
	// Create makes Object.
	Create
	// Observe reads the scratch Cluster.
	Observe
	// Verify logs in to the restored database and runs the checks.
	Verify
	// Save writes Object over the record, if that still has Version; "" makes it.
	Save
	// Announce makes Object, an Event.
	Announce
	// Delete removes the Cluster with UID, and what it owns before it.
	Delete
	// Stop ends the program.
	Stop
)

// Action is the next thing to do.
type Action struct {
	Do Do
	// After is how long to wait before; a change of the scratch Cluster ends the wait of an Observe or a Look.
	After   time.Duration
	Object  manifest.Map
	Version string
	UID     string
	// Say is a line of progress for people; "" says nothing.
	Say string
	// By is when the action must have ended, tried again or not.
	By time.Time
	// Cleanup is set for what has to be done although the program was told to stop.
	Cleanup bool
	// Exit is set with Stop.
	Exit Exit
}

// Exit is how the program ends.
type Exit int

// The exits. The verb turns them into its exit codes.
const (
	ExitGood Exit = iota
	ExitFailed
	ExitTimeout // out of time, or told to stop
	ExitInOut   // the outcome could not be recorded
)

// Fault is how an action failed.
type Fault int

// The faults.
const (
	NoFault   Fault = iota
	Transient       // worth another try: no answer, an overloaded or broken server
	Conflict        // somebody was faster: it is there already, or has changed
	Refused         // asking again will not help: no right to, invalid, denied
)

// Input is what came of the last action.
type Input struct {
	Now   time.Time
	Stop  bool // the program was told to
	Fault Fault
	Err   string // in words, with a Fault

	World     *World   // of Look
	Version   string   // of Save: of the record as it is now
	Source    *Source  // of ReadSource
	Scratch   *Scratch // of Observe; nil when there is none
	Results   []Result // of Verify
	Recovered *Moment  // of Verify; nil when the server does not know
}

// World is what a drill finds when it looks around.
type World struct {
	// Owner is the uid of the Cluster that is drilled; "" when there is none.
	Owner string
	// Cluster is the one that is drilled.
	Cluster manifest.Map
	// History as recorded, and the version of its object; "" when there is none.
	History History
	Version string
	// Scratch is the Cluster of the scratch's name; nil when there is none. Maker is the state of the Job that owns it.
	Scratch *Scratch
	Maker   JobState
	// Volumes are how many claims the scratch Cluster has or had.
	Volumes int
	// Opener is the state of the Job of History.Open.
	Opener JobState
}

// clean reports whether nothing of a scratch Cluster is there.
func (w *World) clean() bool { return w.Scratch == nil && w.Volumes == 0 }

// Times of the machine.
const (
	pause      = 10 * time.Second // between two looks at a Cluster, if no change is seen before
	patience   = 2 * time.Minute  // with a phase that operators may get over
	recordTime = time.Minute      // to record an outcome, before removing goes first
	stopRecord = 15 * time.Second // the same, once told to stop
	stopRemove = Grace - 10*time.Second
	maxBackoff = 15 * time.Second
)

// backoff is how long to wait before the nth try after the first.
func backoff(n int) time.Duration {
	return min(time.Second<<min(n, 10), maxBackoff)
}
