package ha

import (
	"cmp"
	"fmt"
)

// Do is what is to be done.
type Do uint8

// The actions. All are idempotent: they are given again until what they are for is observed.
const (
	Send         Do = iota + 1 // Message
	Write                      // Record, by compare-and-swap on Base; its outcome comes back as Written
	Read                       // the record, past every cache
	Remember                   // Durable, on the volume, before what follows
	Prove                      // ask the kubelet's report of the holder's pod whether Instance is dead
	StartPrimary               // Gated: let only agents in
	StartStandby               // following Upstream, or nobody
	Stop                       // fast, then by force
	Kill                       // everything, now
	Promote                    // to a timeline after Beyond
	Follow                     // Upstream, or nobody: the walreceiver ends
	SetSync
	Checkpoint
	Open // the gate
	Init
	Clone  // from Upstream
	Rewind // to Upstream
	Label  // Role, and take the role from the others where it is primary
	Slots  // Names
	Answer // a request
	Evict  // Pod, which is made again of the newest revision
)

var doNames = [...]string{"none", "send", "write", "read", "remember", "prove", "start primary", "start standby", "stop", "kill", "promote", "follow",
	"set sync", "checkpoint", "open", "init", "clone", "rewind", "label", "slots", "answer", "evict"}

func (d Do) String() string { return doNames[d] }

// Action is one thing to do, with its reason.
type Action struct {
	Do     Do
	Why    string
	Term   uint64
	To     *Message
	Record *Record
	Base   string
	Stamp  string
	// Durable is what to remember.
	Durable  *Durable
	Upstream Member
	Sync     SyncSetting
	Gated    bool
	// Beyond is the highest timeline that somebody may have begun.
	Beyond   uint32
	Role     string
	Names    []string
	Instance string
	Pod      string
	Request  uint64
	OK       bool
}

// String is for traces.
func (a Action) String() string {
	s := a.Do.String()
	switch a.Do {
	case Send:
		s += fmt.Sprintf(" %v to %s", a.To.Kind, a.To.To)
	case StartStandby, Follow, Clone, Rewind:
		s += " " + cmp.Or(a.Upstream.Name, "nobody")
	case Label:
		s += " " + a.Role
	case Evict:
		s += " " + a.Pod
	case SetSync:
		s += fmt.Sprintf(" %d of %v", a.Sync.W, a.Sync.Names)
	}
	if a.Why != "" {
		s += ": " + a.Why
	}
	return s
}
