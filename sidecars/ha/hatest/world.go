package hatest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Options of a run.
type Options struct {
	Seed  uint64
	Nodes int
	Mode  ha.Mode
	W     int
	// Profile names the timing: fast, default or relaxed.
	Profile string
	// Core is what decides; zero: the real one.
	Core Core
	// Trace keeps lines: 0 none, 1 what a person would tell of the run, 2 everything.
	Trace int
	// Buggify draws durations from their extremes now and then.
	Buggify bool
	// Ignorable: none of the faults may change a role or fail a write.
	Ignorable bool
	// CrashActions is the probability that a sidecar dies between two actions.
	CrashActions float64
	// Lag is how long a standby takes to flush what was sent, at most.
	Lag time.Duration
	// MaxOutage is how long clients may have to wait; zero: as long as it takes.
	MaxOutage time.Duration
	// Outside: a standby cluster, which follows a server elsewhere.
	Outside bool
	// Mistake is made by what is around the core.
	Mistake Mistake
}

// Core is the decision core under test. A mutant is another one.
type Core struct {
	Step   func(*ha.State, *ha.Observation, *ha.Config, []ha.Action) []ha.Action
	Permit func(*ha.State, ha.Instant, string, ha.Config) time.Duration
	New    func(ha.Durable, string, ha.Instant) ha.State
}

// Real is the core as it ships.
func Real() Core {
	return Core{
		Step:   (*ha.State).Advance,
		Permit: (*ha.State).Permit,
		New:    ha.New,
	}
}

// World is one simulated cluster.
type World struct {
	opt   Options
	core  Core
	rng   *rand.Rand // of small things
	fate  *rand.Rand // of what the story tells
	now   int64
	q     queue
	nodes []*node
	// outside is the log of the server elsewhere, and whether it can be reached.
	outside     point
	outsideDown bool
	outsideID   uint64
	api         api
	net         network
	msgs        []ha.Message
	free        []int32
	check       check
	stats       Stats
	lines       []string
	count       int
	// lastFault is what an outage is put down to.
	lastFault Kind
	ended     bool
	revision  int   // of the StatefulSet
	made      int   // the highest that ever was
	bad       []int // those whose pods never run
	files     int   // that PendingRestart wrote
}

// New is a cluster of empty volumes whose pods are just being started.
func New(o Options) *World {
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	if o.Core.Step == nil {
		o.Core = Real()
	}
	w := &World{opt: o, core: o.Core, rng: rand.New(rand.NewPCG(o.Seed, 0x6f6e676769)), fate: rand.New(rand.NewPCG(o.Seed, 0x66617465))}
	w.api.versions = 100
	for i := range o.Nodes {
		w.nodes = append(w.nodes, w.newNode(i))
	}
	if o.Outside {
		w.beginOutside()
	}
	for _, n := range w.nodes {
		n.createPod(w.between(0, time.Second))
		w.q.push(event{at: w.now + int64(w.between(0, time.Second)), kind: clientAct, a: int32(n.i)})
	}
	w.after(checkEvery, w.watchdog)
	return w
}

const maxNodes = 6

// config is that of a node.
func (w *World) config(ordinal int) ha.Config {
	timing, _ := ha.Profile(w.opt.Profile)
	return ha.Config{Timing: timing, Mode: w.opt.Mode, W: w.opt.W, Ordinal: ordinal, Instances: w.opt.Nodes, Outside: w.opt.Outside}.Defaults()
}

// Run lets the cluster live until true time t, or the first violation.
func (w *World) Run(t time.Duration) {
	for !w.ended && len(w.q.heap) > 0 && w.q.heap[0].at <= int64(t) {
		e := w.q.pop()
		w.now = e.at
		w.stats.Events++
		switch e.kind {
		case call:
			e.fn()
		case tick:
			w.nodes[e.a].tick(e.b)
		case wake:
			w.nodes[e.a].car.woken = false
			w.nodes[e.a].step()
		case arrive:
			w.deliver(e.a)
		case walFlush:
			w.nodes[e.a].flush(ha.LSN(e.c), e.b)
		case walReply:
			w.nodes[e.a].reply(int(e.c>>48), ha.LSN(e.c&(1<<48-1)), e.b)
		case clientAct:
			w.nodes[e.a].client()
		case deadline:
			w.nodes[e.a].sup.timer = false
			w.nodes[e.a].expire()
		}
	}
	w.now = max(w.now, int64(t))
	w.stats.Simulated = t
}

// Now is the true time.
func (w *World) Now() time.Duration { return time.Duration(w.now) }

// Violation is the first invariant that did not hold, nil if all did.
func (w *World) Violation() *Violation { return w.check.violation }

// Stats of the run so far.
func (w *World) Stats() *Stats { return &w.stats }

// Lines is the trace.
func (w *World) Lines() []string { return w.lines }

// tracing tells whether lines of a level are kept; callers ask, so that nothing is formatted in vain.
func (w *World) tracing(level int) bool { return w.opt.Trace >= level }

func (w *World) tracef(format string, args ...any) {
	s := float64(w.now) / 1e9
	w.lines = append(w.lines, fmt.Sprintf("%9.3fs %s", s, fmt.Sprintf(format, args...)))
}

// serial is a new name.
func (w *World) serial(prefix string) string {
	w.count++
	return prefix + strconv.Itoa(w.count)
}

// byID finds the node that has a volume now.
func (w *World) byID(id string) *node {
	for _, n := range w.nodes {
		if n.vol.id == id {
			return n
		}
	}
	return nil
}

func (w *World) byName(name string) *node {
	for _, n := range w.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}
