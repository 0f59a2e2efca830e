package hatest

import (
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// node is an ordinal of the StatefulSet: its machine, its volume, and the pod that is there now.
type node struct {
	w     *World
	i     int
	name  string
	clock clock
	cfg   ha.Config
	vol   *volume
	pod   pod
	sup   supervisor
	pg    postgres
	car   sidecar
	job   job

	frozen   bool // the whole machine stands still
	thawed   int64
	manual   int64 // when somebody promoted it by hand
	diskFull bool
	gone     bool // the machine is lost: nobody reports, nothing restarts
	pending  bool // parameters wait for a restart
	// Since the record last asked whether its holder lives: when this sidecar saw it, and that it did not get through to the API server.
	askedAt  int64
	troubled bool
}

// volume is what survives a pod.
type volume struct {
	id      string
	durable ha.Durable
	exists  bool
	data    point
	sysid   uint64
	standby bool
	clean   bool
	broken  bool
	logLost bool
	ckpt    ha.Position
	replay  replay
	// conf on the volume
	upstream     string // id
	upstreamHost string
	sync         ha.SyncSetting
	gated        bool
}

// pod is an object of the API server and the kubelet's work on it.
type pod struct {
	gen         int32 // of everything that runs in it
	exists      bool
	running     bool
	terminating bool
	cordoned    bool
	revision    int // of the StatefulSet when it was made
	addr, host  string
	label       string
	dead        string // the instance that the kubelet reports as terminated
	restarts    int
	restarted   int64
}

func (w *World) newNode(i int) *node {
	n := &node{w: w, i: i, name: "n" + string(rune('0'+i)), cfg: w.config(i)}
	n.clock = clock{raw: w.rng.Int64N(1 << 50), boot: w.rng.Int64N(1 << 50), rawRate: 1, bootRate: 1, mistake: w.opt.Mistake}
	n.vol = &volume{id: w.serial("v")}
	n.pg.from = -1
	return n
}

// createPod makes the pod of the ordinal, on the volume that is there.
func (n *node) createPod(in time.Duration) {
	if n.i >= n.cfg.Instances {
		n.pod.exists = false
		return
	}
	n.pod.gen++
	gen := n.pod.gen
	n.pod.exists, n.pod.running, n.pod.terminating, n.pod.dead, n.pod.label = true, false, false, "", ""
	n.pod.revision = n.w.revision
	n.w.after(in, func() {
		if n.pod.gen != gen || n.gone || slices.Contains(n.w.bad, n.pod.revision) {
			return
		}
		n.pod.running = true
		n.pod.addr, n.pod.host = n.w.serial("10.0.0.")+":8008", n.w.serial("10.0.0.")
		n.startSupervisor()
		n.startSidecar()
		n.w.q.push(event{at: n.w.now + int64(n.w.between(0, tickEvery)), kind: tick, a: int32(n.i), b: gen})
	})
}

const tickEvery = 500 * time.Millisecond

// tick is the supervisor's and the sidecar's clockwork.
func (n *node) tick(gen int32) {
	if n.pod.gen != gen {
		return
	}
	n.w.q.push(event{at: n.w.now + int64(tickEvery) + n.w.rng.Int64N(int64(20*time.Millisecond)), kind: tick, a: int32(n.i), b: gen})
	if n.frozen {
		return
	}
	n.ask()
	n.replication()
	n.rewatch()
	n.relabel()
	n.pollPostgres()
	n.step()
	n.endIfTold()
}

// supervisorDied: the container's PID 1 is gone, and by the kernel with it everything else in the container. The kubelet reports it and
// starts another.
func (n *node) supervisorDied(why string) {
	if !n.sup.up {
		return
	}
	if n.w.tracing(1) {
		n.w.tracef("%s: supervisor %s is gone: %s", n.name, n.sup.instance, why)
	}
	instance, gen := n.sup.instance, n.pod.gen
	n.killed(false)
	n.sup = supervisor{}
	n.nudge()
	n.w.after(n.w.between(200*time.Millisecond, 1500*time.Millisecond), func() {
		if n.pod.gen == gen && !n.gone && n.pod.exists {
			n.pod.dead = instance
		}
	})
	if n.w.now-n.pod.restarted > int64(time.Minute) {
		n.pod.restarts = 0
	}
	backoff := min(time.Second<<n.pod.restarts, 20*time.Second)
	n.pod.restarts++
	n.w.after(backoff+n.w.between(100*time.Millisecond, time.Second), func() {
		if n.pod.gen == gen && n.pod.running && !n.gone && !n.sup.up && !n.pod.terminating {
			n.pod.restarted = n.w.now
			n.startSupervisor()
		}
	})
}

// podDied ends everything of the pod at once, without a word.
func (n *node) podDied(why string) {
	if n.w.tracing(1) {
		n.w.tracef("%s: pod is gone: %s", n.name, why)
	}
	n.killed(false)
	n.sup = supervisor{}
	n.stopSidecar()
	n.pod.gen++
	n.pod.running, n.pod.exists = false, false
}

// deletePod is what kubectl delete pod does: the supervisor is told to end, and waits for the sidecar's leave.
func (n *node) deletePod() {
	if n.pod.terminating {
		return
	}
	if !n.pod.running {
		if n.pod.exists && slices.Contains(n.w.bad, n.pod.revision) && !n.gone { // nothing runs in it that would have to end
			n.createPod(n.w.between(time.Second, 3*time.Second))
		}
		return
	}
	n.pod.terminating = true
	gen := n.pod.gen
	n.nudge()
	n.w.after(100*time.Second, func() {
		if n.pod.gen == gen && n.pod.terminating {
			n.podDied("its grace is over")
			n.createPod(n.w.between(time.Second, 3*time.Second))
		}
	})
}

// endIfTold ends a terminating pod once nothing of Postgres runs.
func (n *node) endIfTold() {
	if !n.pod.terminating || n.sup.up && (n.sup.phase != ha.Down || n.job.running) {
		n.sup.idle = 0
		return
	}
	if n.sup.idle++; n.sup.idle < 3 {
		return
	}
	n.podDied("deleted, and it has ended")
	if n.i < n.cfg.Instances {
		n.createPod(n.w.between(time.Second, 3*time.Second))
	}
}

// freeze stops the whole machine; both of its clocks go on, unless it is suspended.
func (n *node) freeze(d time.Duration, suspend bool) {
	n.frozen = true
	start := n.w.now
	n.w.after(d, func() {
		n.frozen = false
		n.thawed = n.w.now
		if suspend {
			n.clock.suspended(time.Duration(n.w.now - start))
		}
		n.thaw()
	})
}

// thaw: the supervisor finds its deadline in the past within a moment; the sidecar goes on with what it had.
func (n *node) thaw() {
	n.w.after(n.w.between(0, 60*time.Millisecond), n.expire)
	n.w.after(staleAfterThaw, func() {
		if n.writable() {
			n.checkSingle()
		}
	})
	n.nudge()
}

// losePVC leaves an empty volume, or data without a log, and with it another member.
func (n *node) losePVC(log bool) {
	old := n.vol
	n.vol = &volume{id: n.w.serial("v")}
	what := "its volume is lost"
	if log && old.exists {
		n.vol.exists, n.vol.broken, n.vol.logLost, n.vol.sysid, n.vol.ckpt, n.vol.data = true, true, true, old.sysid, old.ckpt, point{old.data.on, 0}
		what = "the volume of its log is lost"
	}
	n.podDied(what)
	n.createPod(n.w.between(2*time.Second, 10*time.Second))
}
