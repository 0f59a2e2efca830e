package hatest

import (
	"fmt"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Kind of a fault, or of something that people do.
type Kind uint8

// The kinds. Each has an effect of its own; see hit.
const (
	NoFault        Kind = iota
	KillPostmaster      // kill -9
	CrashBackend
	KillSidecar    // back after For
	KillSupervisor // the kubelet starts the container again
	LoseNode       // the machine is gone with all that ran on it; back after For
	KillPod
	StopSidecar // SIGSTOP, until For is over
	StopPostmaster
	StopSupervisor
	FreezePod // the whole machine
	SuspendPod
	CutAll // from peers and the API server
	CutAPI
	CutPeers
	CutOneWay // Node to Other
	CutLink   // Node and Other
	APIDown
	APIFlaky
	APISlow
	FreezeWatch
	DeleteRecord
	EditRecord // the holder becomes Other
	RestoreRecord
	LosePVC
	LoseLog     // the volume of the log, and not that of the data
	LoseSegment // of the log, everywhere: what the server needs to be consistent again after a crash, or a rewind
	LongReplay  // of For, after a crash; of Level 1 after a segment that an archive had, of 2 from an archive
	DeletePod
	ForceDelete
	Drain
	Uncordon
	Switchover // to Other, or to whoever can where it is Node
	Failover
	RestartRequest
	PendingRestart // everywhere
	ReinitRequest
	FenceRequest // for For
	PauseRequest // for For
	SlewClock    // BOOTTIME by Level
	LossyNetwork
	SlowNetwork
	FullDisk
	PromoteByHand
	KillAll
	SetMode     // Mode and W
	SetScale    // Level instances
	NewRevision // of the pods
	BadRevision // of which none comes up, for For: then the one before is back
	OutsideDown // the server that a standby cluster follows cannot be reached
	OnItsOwn    // a standby cluster is to be one of its own
	kinds
)

var kindNames = [kinds]string{"none", "kill postmaster", "crash backend", "kill sidecar", "kill supervisor", "lose node", "kill pod", "stop sidecar", "stop postmaster",
	"stop supervisor", "freeze", "suspend", "cut all", "cut api", "cut peers", "cut one way", "cut link", "api down", "api flaky", "api slow", "freeze watch",
	"delete record", "edit record", "restore record", "lose pvc", "lose log", "lose segment", "long replay", "delete pod", "force delete", "drain", "uncordon", "switchover", "failover", "restart", "pending restart",
	"reinit", "fence", "pause", "slew clock", "lossy network", "slow network", "full disk", "promote by hand", "kill all", "set mode", "set scale", "new revision", "bad revision", "outside down", "on its own"}

func (k Kind) String() string { return kindNames[k] }

// Fault is one of them at a time.
type Fault struct {
	At, For     time.Duration
	Kind        Kind
	Node, Other int
	// Holder: Node is whoever holds the record then, Other the next.
	Holder bool
	Level  float64
	Mode   ha.Mode
	W      int
}

func (f Fault) String() string {
	who := fmt.Sprintf("n%d", f.Node)
	if f.Holder {
		who = "the holder"
	}
	return fmt.Sprintf("%.1fs %v %s (n%d) for %.1fs, level %.2f %s", f.At.Seconds(), f.Kind, who, f.Other, f.For.Seconds(), f.Level, f.Mode)
}

// Plan has faults happen.
func (w *World) Plan(faults []Fault) {
	for _, f := range faults {
		w.after(f.At-w.Now(), func() { w.hit(f) })
	}
}

func (w *World) hit(f Fault) {
	if f.Holder && w.api.exists {
		if n := w.byID(w.api.rec.Holder.ID); n != nil {
			f.Node = n.i
			f.Other = (n.i + 1 + f.Other) % len(w.nodes)
		}
	}
	if f.Node >= len(w.nodes) || f.Other >= len(w.nodes) {
		return
	}
	if w.tracing(1) {
		w.tracef("FAULT %v: %v", f.Kind, f)
	}
	w.stats.Faults[f.Kind]++
	w.lastFault, w.check.quiet = f.Kind, max(w.check.quiet, w.now+int64(f.For))
	n := w.nodes[f.Node]
	switch {
	case f.Kind <= SuspendPod:
		w.hitProcess(n, f)
	case f.Kind <= RestoreRecord:
		w.hitNetwork(n, f)
	case f.Kind <= Uncordon:
		w.hitPod(n, f)
	default:
		w.ask(n, f)
	}
}

func (w *World) hitProcess(n *node, f Fault) {
	switch f.Kind {
	case KillPostmaster:
		n.crash("the postmaster is killed")
	case CrashBackend:
		n.cycle()
	case KillSidecar:
		n.sidecarDied(f.For)
	case KillSupervisor:
		if !n.frozen {
			n.supervisorDied("killed")
		}
	case LoseNode:
		n.lost(f.For)
	case KillPod:
		if n.pod.running {
			n.podDied("killed")
			n.createPod(w.between(2*time.Second, 5*time.Second))
		}
	case StopSidecar:
		n.stopFor(&n.car.stopped, f.For, n.nudge)
	case StopPostmaster:
		n.stopFor(&n.pg.stopped, f.For, w.availability)
		w.availability()
	case StopSupervisor:
		n.stopFor(&n.sup.stopped, f.For, n.nudge)
	case FreezePod, SuspendPod:
		if !n.frozen {
			n.freeze(f.For, f.Kind == SuspendPod)
		}
	}
}

// stopFor is SIGSTOP and SIGCONT of a process.
func (n *node) stopFor(flag *bool, d time.Duration, then func()) {
	*flag = true
	n.later(d, func() {
		*flag = false
		then()
	})
}

// lost: the machine is gone, and comes back some day. The pod's object stays meanwhile.
func (n *node) lost(d time.Duration) {
	if n.gone || n.frozen {
		return
	}
	n.gone = true
	n.podDied("its machine is lost")
	n.pod.exists = true
	n.w.after(d, func() {
		n.gone = false
		n.createPod(n.w.between(0, time.Second))
	})
}

func (w *World) hitNetwork(n *node, f Fault) {
	var undo func()
	switch f.Kind {
	case CutAll, CutPeers:
		undo = w.cutPeers(n, f.Kind == CutAll)
	case CutAPI:
		w.net.api[n.i]++
		undo = func() { w.net.api[n.i]-- }
	case CutOneWay, CutLink:
		a, b := f.Node, f.Other
		if a == b {
			return
		}
		w.net.cut[a][b]++
		if f.Kind == CutLink {
			w.net.cut[b][a]++
		}
		undo = func() {
			w.net.cut[a][b]--
			if f.Kind == CutLink {
				w.net.cut[b][a]--
			}
		}
	case APIDown:
		w.api.down++
		undo = func() { w.api.down-- }
	case APIFlaky:
		w.api.flaky++
		w.api.faults = faults{lostRequest: f.Level / 4, lostResponse: f.Level / 4, late: f.Level / 4, throttled: f.Level / 8, failed: f.Level / 8}
		undo = func() {
			if w.api.flaky--; w.api.flaky == 0 {
				w.api.faults = faults{}
			}
		}
	case APISlow:
		w.api.slow = time.Duration(f.Level * float64(time.Second))
		undo = func() { w.api.slow = 0 }
	case FreezeWatch:
		w.api.frozenWatch |= 1 << n.i
		undo = func() {
			w.api.frozenWatch &^= 1 << n.i
			n.car.watching = false
		}
	default:
		w.hitRecord(n, f)
		return
	}
	w.after(f.For, undo)
}

func (w *World) cutPeers(n *node, api bool) (undo func()) {
	change := func(by int) {
		for i := range maxNodes {
			if i != n.i {
				w.net.cut[n.i][i] += by
				w.net.cut[i][n.i] += by
			}
		}
		if api {
			w.net.api[n.i] += by
		}
	}
	change(1)
	return func() { change(-1) }
}

func (w *World) hitRecord(n *node, f Fault) {
	switch f.Kind {
	case DeleteRecord:
		// Where nobody is left who remembers the cluster, a new one is made: that cannot be helped.
		if len(w.nodes) > 1 && w.sick() == "" {
			w.remove()
		}
	case EditRecord:
		if w.api.exists && w.api.rec.SystemID != 0 {
			rec := w.api.rec
			if was := w.byID(rec.Holder.ID); was != nil {
				w.check.held[was.i] = w.now
			}
			rec.Holder = ha.Holder{ID: n.vol.id}
			w.store(rec)
		}
	case RestoreRecord:
		// One of the same term would be a record that nobody can tell from the true one.
		for _, rec := range w.api.old {
			if w.sick() == "" && w.api.exists && rec.Term < w.api.rec.Term && rec.SystemID != 0 {
				w.store(rec)
				break
			}
		}
	}
}

// others tells that there is another than n, which where nothing is sick streams all. An ordinal that the cluster was scaled down from is none:
// its pod is gone, it is no member any more, and what was committed since is on the volumes of those that are left.
func (w *World) others(n *node) bool {
	return slices.ContainsFunc(w.nodes, func(other *node) bool { return other != n && other.i < other.cfg.Instances && other.pod.exists })
}

func (w *World) hitPod(n *node, f Fault) {
	switch f.Kind {
	case LosePVC, LoseLog:
		// A volume is lost only while another has all, and every other: nothing could bring back what was on two, or what one had alone.
		// In a mode that lets only the holder lead, the holder's volume is the cluster.
		if w.sick() == "" && w.others(n) && (w.api.rec.Mode == ha.Async || w.api.rec.Sync.W > 0) && !n.gone && !n.frozen {
			n.losePVC(f.Kind == LoseLog)
		}
	case LoseSegment, LongReplay:
		// As above: until it is copied again, what it has is of no use to anybody.
		if w.sick() == "" && w.others(n) && (w.api.rec.Mode == ha.Async || w.api.rec.Sync.W > 0) && !n.gone && !n.frozen && !(w.api.rec.Outside && w.api.rec.Holder.ID == n.vol.id) {
			n.crashInconsistent(f)
		}
	case DeletePod:
		n.deletePod()
	case ForceDelete:
		// The object goes at once; what ran in the pod ends when its kubelet hears of it.
		if n.pod.running && n.pod.exists {
			n.pod.exists, n.pod.dead, n.pod.label = false, "", ""
			n.later(f.For, func() {
				if !n.pod.exists {
					n.podDied("deleted by force")
					n.createPod(w.between(time.Second, 3*time.Second))
				}
			})
		}
	case Drain:
		n.pod.cordoned = true
		n.nudge()
		n.later(f.For, n.deletePod)
		w.after(f.For+30*time.Second, func() {
			n.pod.cordoned = false
			n.nudge()
		})
	}
}
