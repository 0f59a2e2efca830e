package ha

import "time"

// Durable is what a member must know again after every process of it has died. It lives on the volume.
type Durable struct {
	// Term is the highest ever seen: a record of a lower one was rolled back, and counts for nothing.
	Term uint64 `json:"term"`
	// Led is the last term in which this volume held the record; Streamed, the last under which it streamed from the holder.
	Led      uint64 `json:"led,omitempty"`
	Streamed uint64 `json:"streamed,omitempty"`
	// Claim is the stamp with which this volume last tried to take the record.
	Claim string `json:"claim,omitempty"`
	// Bound is a version of the record for which this member voted or which it tried to take. Until another version is seen, the
	// holder of that one gets no grant, because the write may still be applied.
	Bound string `json:"bound,omitempty"`
	// Changing is a version on which a write was based that changes who may lead. While that version stands, the write may still come
	// through, so a process that does not know it does not count on its peers.
	Changing string `json:"changing,omitempty"`
	// Own tells that the cluster, which once followed another, is one of its own: a record that says otherwise is an old one.
	Own bool `json:"own,omitempty"`
	// Fenced by a person, until unfenced.
	Fenced bool `json:"fenced,omitempty"`
	// Last is the record as last seen, for the day on which somebody deletes it.
	Last Record `json:"last"`
}

// Stage of a planned move.
type Stage uint8

// The stages.
const (
	NoMove Stage = iota
	Preparing
	Halting // the outage begins
)

// move is a planned move of the holder.
type move struct {
	Stage Stage
	To    string // member id; empty: to whoever can
	Why   string
	Since Instant // of the stage
	Here  bool    // a restart in place
}

// State is everything that a member remembers between two steps. Its zero value, with Durable and Nonce filled, is a process that has
// just started. It is a value: a step returns another.
type State struct {
	Durable Durable
	// Nonce is random, of this process: it makes stamps unique.
	Nonce string
	Born  Instant // the first step

	// As a granter.
	promised promise

	// As a holder, all of one (term, instance).
	lead lead

	peers []peer // by id
	seq   uint64

	// self is the member's id.
	self   string
	mutant mutant
	// inflight are the writes of the record that may yet be applied.
	inflight []flight
	// restartMe: the holder lets this replica restart.
	restartMe bool
	// The one write under way.
	writing *writing
	stamps  uint64
	reread  Instant // the last Read that was asked for
	readFor string  // the version that another member was seen to see, when it was for that

	// As a follower.
	streamedAt Instant  // last observed streaming under the record's term
	heard      Position // the furthest the holder told of
	heardAt    Instant
	// The highest that any member told of, whatever record it sees: for who leads by a person's word alone.
	termHeard     uint64
	timelineHeard uint32
	proved        Instant // last asked for proof
	election      election
	rejoin        rejoin

	kept      lead // the lead before the record was taken away
	crashed   bool // the primary of this lead ended by itself, or with its container
	tried     Instant
	pause     bool     // what the record should say
	mode      Mode     // what the record should say, empty for what it does
	published *Quorum  // what the record should say, nil for what it does
	slotsFor  []string // the names for which slots were asked for, as of version slotsAs
	slotsAs   string
	asked     []uint64
	moving    uint64  // the request that is being answered by a move
	forced    uint64  // the request to lead without proof
	told      bool    // the record said so when it was last looked at
	unasked   Instant // the last step in which the record asked nobody whether it lives
	role      string  // last asked for
	roleAt    Instant
	last      Instant
	stood     Instant // the last time that two steps were far apart
	mended    Instant // last had a pod evicted without leading
	why       string  // what it waits for, in words
}

type promise struct {
	Term uint64
	At   Instant // received
}

type lead struct {
	Term     uint64
	Instance string
	// Refreshed is when the newest write of the record was sent that was applied in this term and for this instance.
	Refreshed Instant
	Tried     Instant // the newest write, whatever became of it
	BeatAt    Instant
	Since     Instant // of the lead
	Opened    Instant // first write that succeeded
	CrashedAt Instant
	GiveUp    string // why this lead ends
	Releasing bool
	Failed    bool   // the last write did not come through
	Only      string // the name of the one that a person wants
	GatedTo   LSN
	Move      move
	Promoted  bool     // and has not written a checkpoint since
	Following bool     // as the holder of a standby cluster, until now
	Applying  *setting // what was asked to be in force, until it is
	Restart   string   // name of the replica that may restart
	RestartAt Instant
	PendingAt Instant // since when the primary waits for a restart
	AgreedAt  Instant // since when all run by the same file
	Evicted   string  // the pod whose eviction was asked for last
	EvictedOf string  // the supervisor that ran in it then: until another is heard of, the pod is not back
	EvictedAt Instant
	Awaited   string  // the pod that a rolling change waits for
	AwaitedAt Instant // since when
}

type peer struct {
	Member  Member
	SeqSent [4]sent // beats that may yet be answered
	// Granted is when the newest beat was sent that was granted, in the lead's term and instance.
	Granted  Instant
	Adding   bool // granted before it is on the record
	Heard    Instant
	Report   Report
	Streamed Instant // last seen streaming as a standby
	Vote     Message
	VoteAt   Instant
	Failing  Instant // since when it fails to start
	Failed   Instant // last said so; zero: not in this supervisor's life
}

type sent struct {
	Seq uint64
	At  Instant
}

type writing struct {
	Stamp  string
	Base   string
	Record Record
	Sent   Instant
	Lost   bool // its outcome is unknown
}

type election struct {
	Version string
	Since   Instant // began to stand
	PollAt  Instant
	Seq     uint64
}

type rejoin struct {
	Term     uint64 // for which the counts hold
	Redo     bool   // what is there must be rewound or copied
	Asked    bool   // by a person, whatever streams
	Gone     bool   // what it needs of the log is nowhere: a rewind does not bring it
	Lacks    string // what it was refused when it was last looked at, and how often it had been refused something
	Refused  uint64
	Rewinds  int
	Closed   Instant // since when there has been no primary to rejoin
	NotSince Instant // postgres runs as a standby but does not stream since
	HelloAt  Instant
	Tried    Instant
}

// New is the state of a process that starts at now. nonce must be random.
func New(d Durable, nonce string, now Instant) State {
	return State{Durable: d, Nonce: nonce, Born: now}
}

// Why tells in words what the member waits for or suffers from, for people.
func (s *State) Why() string { return s.why }

// Lead tells the term for which this member would answer its supervisor, 0 for none.
func (s *State) Lead() uint64 { return s.lead.Term }

// Refreshing tells whether this lead's writes of the record come through. While every peer grants, the record is refreshed more seldom than one refresh
// lasts, so the path by the record being out now says nothing of the API server.
func (s *State) Refreshing(now Instant, c Config) bool {
	return s.lead.Term != 0 && !s.lead.Refreshed.IsZero() && now.AtMost(s.lead.Refreshed) <= c.Timing.Lazy+c.Timing.Window
}

// Permit is how long from now the supervisor instance may run a primary. It is never negative.
func (s *State) Permit(now Instant, instance string, c Config) time.Duration {
	peers, api := s.Paths(now, instance, c)
	return max(0, peers, api)
}
