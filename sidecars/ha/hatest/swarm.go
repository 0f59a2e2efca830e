package hatest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// drawn is a kind as the swarm draws it: how long it lasts, and how severe it is, at most.
type drawn struct {
	kind     Kind
	low, top time.Duration
	level    float64
}

const second = time.Second

// repertoire is what may happen to any cluster.
var repertoire = []drawn{
	{KillPostmaster, 0, 0, 0}, {CrashBackend, 0, 0, 0}, {KillSidecar, second / 2, 20 * second, 0}, {KillSupervisor, 0, 0, 0},
	{LoseNode, 5 * second, 60 * second, 0}, {KillPod, 0, 0, 0}, {StopSidecar, second, 30 * second, 0}, {StopPostmaster, 5 * second, 40 * second, 0},
	{StopSupervisor, second, 30 * second, 0}, {FreezePod, second, 60 * second, 0}, {SuspendPod, second, 60 * second, 0},
	{CutAll, second, 60 * second, 0}, {CutAPI, second, 90 * second, 0}, {CutPeers, second, 60 * second, 0}, {CutOneWay, second, 60 * second, 0}, {CutLink, second, 60 * second, 0},
	{APIDown, second, 90 * second, 0}, {APIFlaky, 10 * second, 90 * second, 1}, {APISlow, 5 * second, 60 * second, 6}, {FreezeWatch, 5 * second, 90 * second, 0},
	{DeleteRecord, 0, 0, 0}, {EditRecord, 0, 0, 0}, {RestoreRecord, 0, 0, 0}, {LosePVC, 0, 0, 0}, {LoseLog, 0, 0, 0}, {DeletePod, 0, 0, 0}, {ForceDelete, second, 30 * second, 0},
	{Drain, second, 20 * second, 0}, {Switchover, 0, 0, 0}, {Switchover, 0, 0, 0}, {Failover, 0, 0, 0}, {RestartRequest, 0, 0, 0}, {PendingRestart, 0, 0, 0},
	{ReinitRequest, 0, 0, 0}, {FenceRequest, 5 * second, 40 * second, 0}, {PauseRequest, 5 * second, 40 * second, 0}, {SlewClock, 10 * second, 120 * second, 0.08},
	{LossyNetwork, 10 * second, 90 * second, 0.4}, {SlowNetwork, 10 * second, 60 * second, 2.5}, {FullDisk, 5 * second, 40 * second, 0}, {KillAll, 0, 0, 0},
	{SetMode, 0, 0, 0}, {SetScale, 0, 0, 0},
}

// harmless is what must not be noticed by clients.
var harmless = []drawn{
	{KillSidecar, second / 2, 2 * second, 0}, {StopSidecar, second / 2, 3 * second, 0}, {CutAPI, second, 120 * second, 0}, {APIDown, second, 120 * second, 0},
	{APIFlaky, 10 * second, 90 * second, 1}, {APISlow, 5 * second, 60 * second, 5}, {FreezeWatch, 5 * second, 90 * second, 0}, {CutOneWay, second, 60 * second, 0},
	{SlewClock, 10 * second, 120 * second, 0.08},
}

// Length of a run of the swarm, and the time from which its faults are over.
const (
	Length = 10 * time.Minute
	calmAt = 7*time.Minute + 30*time.Second
)

// Swarm draws a cluster and its faults. Each seed takes some kinds only, so that they meet in ever other company.
func Swarm(seed uint64) (Options, []Fault) { return ground{}.draw(seed) }

// ground is where a kind of mistake is likely to show: what it sets is not drawn.
type ground struct {
	kinds   []drawn
	modes   []ha.Mode
	nodes   int
	profile string
	buggify bool
	crash   float64
	lag     time.Duration
	gap     time.Duration
	outside bool
	// outage is how long clients may have to wait.
	outage time.Duration
}

func (g ground) draw(seed uint64) (Options, []Fault) {
	r := rand.New(rand.NewPCG(seed, 0x737761726d))
	o := Options{Seed: seed, Nodes: [...]int{1, 2, 3, 3, 3, 3, 5}[r.IntN(7)], Mode: [...]ha.Mode{ha.Async, ha.Required, ha.Preferred}[r.IntN(3)], W: 1,
		Profile: [...]string{"fast", "default", "default", "relaxed"}[r.IntN(4)], Buggify: r.IntN(2) == 0}
	if o.Nodes == 5 {
		o.W = 1 + r.IntN(2)
	}
	if o.Nodes == 1 && o.Mode == ha.Required {
		o.Mode = ha.Preferred
	}
	if r.IntN(4) == 0 {
		o.CrashActions = 0.01
	}
	if r.IntN(4) == 0 {
		o.Lag = time.Duration(r.IntN(300)) * time.Millisecond
	}
	from := repertoire
	if r.IntN(5) == 0 && g.kinds == nil {
		o.Ignorable, o.CrashActions, from = true, 0, harmless
	}
	if g.kinds != nil {
		g.set(&o, r)
		gap := g.gap
		if gap == 0 {
			gap = 15 * second
		}
		return o, o.faults(r, g.kinds, gap)
	}
	kinds := make([]drawn, 1+r.IntN(6))
	for i := range kinds {
		kinds[i] = from[r.IntN(len(from))]
	}
	faults := o.faults(r, kinds, time.Duration(5+r.IntN(60))*second)
	if r.IntN(4) == 0 && !o.Ignorable {
		// Whatever else happens, it meets a rolling change.
		faults = append(faults, Fault{At: 60*second + time.Duration(r.Int64N(int64(calmAt-90*second))), Kind: NewRevision})
	}
	if r.IntN(4) == 0 && !o.Ignorable {
		faults = o.impatient(r, faults)
	}
	if r.IntN(8) == 0 && !o.Ignorable {
		at := 60*second + time.Duration(r.Int64N(int64(calmAt-90*second)))
		faults = append(faults, Fault{At: at, For: min(calmAt-at, 20*second+time.Duration(r.Int64N(int64(100*second)))), Kind: BadRevision})
	}
	// A cluster that is made smaller meanwhile may be left with those that are not consistent yet, and the others' volumes are gone: no core can mend that.
	scaled := slices.ContainsFunc(faults, func(f Fault) bool { return f.Kind == SetScale })
	if r.IntN(4) == 0 && !o.Ignorable && !scaled {
		faults = append(faults, o.inconsistent(r)...)
	}
	return o, faults
}

// inconsistent are servers that crash before they are consistent again, whatever else happens: some have much to replay, some not all that they need.
func (o *Options) inconsistent(r *rand.Rand) []Fault {
	return o.faults(r, []drawn{{LoseSegment, 0, 0, 0}, {LongReplay, 10 * second, 80 * second, 3}}, 60*second)
}

// impatient are people who, some time after whatever went wrong, have a member lead that may lack commits.
func (o *Options) impatient(r *rand.Rand, faults []Fault) []Fault {
	for _, f := range slices.Clone(faults) {
		if at := f.At + time.Duration(r.Int64N(int64(impatience))); f.For >= second && at < calmAt && r.IntN(2) == 0 {
			faults = append(faults, Fault{At: at, Kind: Failover, Node: r.IntN(o.Nodes), Level: 1})
		}
	}
	return faults
}

func (g ground) set(o *Options, r *rand.Rand) {
	o.Ignorable, o.CrashActions, o.Lag, o.MaxOutage, o.Outside = false, g.crash, g.lag, g.outage, g.outside
	o.Buggify = o.Buggify || g.buggify
	if g.nodes > 0 {
		o.Nodes, o.W = g.nodes, 1
	}
	if g.modes != nil {
		o.Mode = g.modes[r.IntN(len(g.modes))]
	}
	if g.profile != "" {
		o.Profile = g.profile
	}
}

// faults draws when and where.
func (o *Options) faults(r *rand.Rand, kinds []drawn, gap time.Duration) []Fault {
	var all []Fault
	at := 40 * second
	for {
		at += time.Duration(r.Int64N(int64(2 * gap)))
		d := kinds[r.IntN(len(kinds))]
		f := Fault{At: at, Kind: d.kind, Node: r.IntN(o.Nodes), Other: r.IntN(o.Nodes), Holder: r.IntN(2) == 0, For: d.low, Level: r.Float64() * d.level}
		if d.top > d.low {
			f.For += time.Duration(r.Int64N(int64(d.top - d.low)))
		}
		f.particular(o, r)
		if f.At+f.For > calmAt {
			break
		}
		all = append(all, f)
		if o.Ignorable {
			// One at a time, so that the other path is whole.
			at += f.For + 20*second
		}
	}
	return all
}

// particular fills in what only some kinds have.
func (f *Fault) particular(o *Options, r *rand.Rand) {
	switch f.Kind {
	case StopSidecar:
		if o.Ignorable {
			// As long as the permit of the last beat, or of the one before, outlasts it.
			t, _ := ha.Profile(o.Profile)
			f.For = min(f.For, t.Holds()-t.Margin-2*t.Beat-second/2)
		}
	case SlewClock:
		f.Level = 1 - 0.08 + 0.16*r.Float64()
	case Switchover:
		if r.IntN(2) == 0 {
			f.Other = f.Node
		}
	case SetMode:
		f.Mode, f.W = [...]ha.Mode{ha.Async, ha.Required, ha.Preferred}[r.IntN(3)], o.W
	case SetScale:
		f.Level = float64(1 + r.IntN(5))
	}
}

// Seed runs one seed of the swarm.
func Seed(seed uint64, core Core, trace int) *World {
	o, faults := Swarm(seed)
	o.Core, o.Trace = core, trace
	return play(o, faults)
}

func play(o Options, faults []Fault) *World {
	w := New(o)
	w.Plan(faults)
	last := 40 * second
	for _, f := range faults {
		last = max(last, f.At+f.For)
	}
	w.Heal(last + 30*second)
	w.Run(Length)
	return w
}

// Shrink takes faults away for as long as the same invariant does not hold, and gives what is left with its run.
func Shrink(o Options, faults []Fault) ([]Fault, *World) {
	best := play(o, faults)
	v := best.Violation()
	if v == nil {
		return faults, best
	}
	faults = slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return f.At > v.At })
	for step := max(1, len(faults)/2); step > 0; step /= 2 {
		for i := 0; i+step <= len(faults); {
			fewer := slices.Delete(slices.Clone(faults), i, i+step)
			if w := play(o, fewer); w.Violation() != nil && w.Violation().Invariant == v.Invariant {
				faults, best = fewer, w
			} else {
				i += step
			}
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return faults, best
}
