package permitmodel

// Members is how many members the model has. They are numbered 0, 1, 2 and called a, b, c in stories.
const Members = 3

// nobody is the holder of a record that names none.
const nobody = Members

// set is a set of members, one bit each.
type set uint8

func (s set) has(i int) bool { return s>>i&1 == 1 }

func (s set) with(i int) set { return s | 1<<i }

func (s set) without(i int) set { return s &^ (1 << i) }

func (s set) size() int {
	n := 0
	for i := range Members {
		if s.has(i) {
			n++
		}
	}
	return n
}

// Two encodings of time, both in ticks. A right that lasts up to and including an instant is kept as the ticks that are left
// plus one, so that 1 is "until this very instant" and 0 is "gone". A wait is kept as the ticks that are left, 0 is "waited out".

// record is the one Lease. Versions are not numbered: what matters of a version is whether it is still the current one.
type record struct {
	exists   bool
	holder   uint8
	instance bool // the supervisor instance that is named still lives
	term     uint8
	members  set
	w        uint8 // votes a commit waits for; 0 is async
	n        set   // sync standbys
	released bool
}

// node is one member: its volume, its sidecar's memory and its supervisor.
type node struct {
	alive uint8 // processes that can write may live so long; the bound is deadline + kill latency

	// What the sidecar believes as the holder.
	believes uint8          // the term it holds; 0 when it does not think so
	named    bool           // the record, as last read or written, names the supervisor instance of now
	fenced   bool           // every older write of its own is known to be applied or dead
	required set            // members of the record, as last read or written
	pending  set            // members of a write whose outcome is not known, and of adds to come
	w        uint8          // sync of the record, as last read or written
	n        set            //
	pendingW uint8          // sync of a write whose outcome is not known; 0 is none
	pendingN set            //
	grants   [Members]uint8 // permit that each member's last grant gives
	api      uint8          // permit that the last successful CAS gives

	// What it owes others.
	promise     uint8 // wait
	promiseTerm uint8
	floor       uint8 // beats of terms below are refused
	voted       bool  // its vote is for replacing the version that is current now
	forgot      bool  // its sidecar does not know that it voted
	boot        uint8 // wait since the sidecar started

	// Its sight of the record.
	current bool  // what it has read or written last is the version of now
	absent  bool  // what it has read last is NotFound
	wait    uint8 // since it first saw this version
	members set   // of the record as last read
	term    uint8 // likewise
}

// beat is a beat under way, or its answer.
type beat struct {
	phase    uint8 // 0 free, 1 asked, 2 granted
	from, to uint8
	term     uint8
	age      uint8 // since it was sent
}

// write is a CAS under way, or its answer.
type write struct {
	phase    uint8 // 0 free, 1 sent, 2 applied and not yet answered
	kind     writeKind
	from     uint8
	base     bool // the version it was based on is still the current one
	instance bool // the supervisor instance of the sender still lives
	asked    bool // the sidecar that sent it still waits for the answer
	members  set
	w        uint8
	n        set
	term     uint8
	age      uint8
}

type writeKind uint8

const (
	refresh writeKind = iota
	take
	create
	claim // of a record that nobody holds, by the one that held the last
	add
	remove
	publish
	release
)

// faults counts down what may still go wrong, or be changed by hand.
type faults struct {
	sidecars, supervisors, deletes, edits, changes, phases uint8
}

const slots = 2

// State is one instant of the whole system. It is comparable; nothing in it is a pointer.
type State struct {
	rec    record
	nodes  [Members]node
	beats  [slots]beat
	writes [slots]write
	left   faults
}

// writers are the members that may write at this instant.
func (s *State) writers() set {
	var w set
	for i := range s.nodes {
		if s.nodes[i].alive > 0 {
			w = w.with(i)
		}
	}
	return w
}
