package permitmodel

// Times are the bounds of the protocol in ticks of true time, each at its worst for safety.
type Times struct {
	Hold int // a grant or CAS sent at t lets the holder's supervisor serve until t+Hold at the latest
	Kill int // and its processes are dead this much later at the latest
	Wait int // a wait of L(1+rho) takes at least this
}

// Profile is what is configured, in any one unit of time; the rates are fractions as num/den with one den.
type Profile struct {
	L, S, Kill     int
	Rho, Drift, Of int // rho and rho' in parts Of: 1 of 100 is one percent
}

// Times rounds against us: up what the holder may use, down what a challenger must wait.
func (p Profile) Times() Times {
	of := p.Of
	// (L(1-rho) - S) / (1-rho') and L(1+rho) / (1+rho'), all in parts.
	hold, slow := p.L*(of-p.Rho)-p.S*of, of-p.Drift
	wait, fast := p.L*(of+p.Rho), of+p.Drift
	return Times{Hold: (hold + slow - 1) / slow, Kill: p.Kill, Wait: wait / fast}
}

// Safe is the one inequality the argument of safety rests on. It is strict, since both bounds are met at the worst.
func (t Times) Safe() bool { return t.Hold+t.Kill < t.Wait }

// crude is the profile of the model: clocks that err by a quarter, so that few ticks show the whole argument.
var crude = Profile{L: 4, S: 2, Kill: 1, Rho: 25, Drift: 25, Of: 100}

// Scenario bounds one search: where it starts, and what may happen in it.
type Scenario struct {
	Name        string
	Members     set   // of the first record; member 0 holds it
	W           uint8 // 0 is async
	N           set
	MaxTerm     uint8
	SlowBeats   int    // beats under way at once; each may be late, lost or delivered again
	SlowWrites  int    // writes under way at once
	Late        Writes // which may be; none is all
	Sidecars    int    // restarts of sidecars
	Supervisors int    // restarts of supervisors
	Deletes     int    // of the Lease
	Edits       int    // of the Lease, that leave what it says
	Changes     int    // of members and of sync
	Release     bool
	Phases      int   // pods whose phase lies
	MaxDepth    int   // 0 is to the end
	Times       Times // of another profile than the crude one
}

// Writes is a set of kinds of writes.
type Writes uint16

func only(kinds ...writeKind) Writes {
	var w Writes
	for _, k := range kinds {
		w |= 1 << k
	}
	return w
}

// Protocol is the protocol as it should be when zero; each field takes one rule of it away.
type Protocol struct {
	// Faults that others have had, or that one could make here.
	DeadlineFromResponse   bool // the permit counts from when a grant arrived
	PromiseByWallClock     bool // the granter counts from the stamp in the beat, by a clock that is one and a half L ahead
	NoAmnesiaWait          bool
	CreateAtOnce           bool // NotFound is not waited out
	RemoveBeforeCAS        bool
	AddBeforeGrant         bool
	VoteInPromise          bool
	ShortWait              bool // the challenger waits for its own L, which is configured shorter than the holder's
	SmallR                 bool // R = W
	AdoptByPodName         bool // b's pod has the name of a's
	NoSlack                bool // S = 0
	PermitOutlivesInstance bool
	ProofByPhase           bool // the pod's phase is taken as proof of death
	PromiseOfItsTermOnly   bool // a promise is forgotten once the record shows another term, and its grant is not
	UnknownIsNo            bool // a write without an answer was not applied
	CachedSyncOnly         bool // the permit counts by the (W, N) that was known before the write
	GrantsOutliveLease     bool // grants of the term before count in the one after the Lease was created again

	// Rules that the design did not have.
	VoteForgotten     bool // a vote, or a take of one's own, is not on the volume
	UnfencedPeers     bool // the peers path counts before a write of one's own has gone through since the sidecar started or released
	LateAnswers       bool // the answer to a write from before a release counts after it
	LapsedMayCreate   bool // the holder may create the Lease again after its permit has lapsed
	CreateNamesHolder bool // whoever creates the Lease holds it, the holder at once and others after the wait
	MembersMayCreate  bool // whoever remembers to be a member may create the Lease
}
