package hatest

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// job is a long work of the supervisor's container. It outlives the sidecar that asked for it, but not the supervisor.
type job struct {
	kind            ha.JobKind
	running, failed bool
	begun, ended    ha.Instant
	gen             int32
}

// later has fn called in d, or when the node has thawed, unless its pod is another by then.
func (n *node) later(d time.Duration, fn func()) {
	gen := n.pod.gen
	var run func()
	run = func() {
		switch {
		case n.pod.gen != gen:
		case n.frozen:
			n.w.after(50*time.Millisecond, run)
		default:
			fn()
		}
	}
	n.w.after(d, run)
}

// begin starts a job, unless one runs.
func (n *node) begin(kind ha.JobKind, d time.Duration, done func() bool) bool {
	if n.job.running || !n.sup.up || n.sup.stopped || n.sup.killing {
		return false
	}
	n.job = job{kind: kind, running: true, begun: n.clock.now(n.w.now), gen: n.job.gen + 1}
	n.finish(d, done)
	return true
}

func (n *node) finish(d time.Duration, done func() bool) {
	gen := n.job.gen
	n.later(d, func() {
		if n.job.running && n.job.gen == gen {
			n.end(done())
		}
	})
}

func (n *node) end(ok bool) {
	n.job.running, n.job.failed, n.job.ended = false, !ok, n.clock.now(n.w.now)
	if n.w.tracing(2) {
		n.w.tracef("%s: %v ends, ok %v", n.name, n.job.kind, ok)
	}
	n.pollPostgres()
	n.nudge()
}

// abort ends the running job, as everything in the container.
func (n *node) abort() {
	if n.job.running {
		n.job.gen++
		n.end(false)
	}
}

func (n *node) startPrimary(a *ha.Action) {
	if n.pg.alive || !n.sup.up || n.job.running || !n.vol.exists || n.vol.broken || n.vol.replay.lacks {
		return
	}
	n.renew()
	if n.left() <= 0 {
		return
	}
	n.vol.standby, n.vol.gated, n.vol.sync = false, a.Gated, plain(a.Sync)
	started := n.begin(ha.JobStart, n.w.between(200*time.Millisecond, 2*time.Second), func() bool {
		n.expire()
		if !n.pg.alive || n.sup.killing {
			return false
		}
		n.pg.ready, n.pg.recovery, n.vol.replay = true, false, replay{}
		n.opened()
		return true
	})
	if !started {
		return
	}
	clean := n.vol.clean
	n.boot()
	n.pg.term, n.pg.unclean, n.pending = a.Term, !clean, false
	n.w.check.resumed(n)
	n.sup.phase, n.sup.crashed = ha.Primary, false
	n.arm()
}

func (n *node) startStandby(a *ha.Action) {
	if n.pg.alive || !n.sup.up || n.job.running || !n.vol.exists || n.vol.broken {
		return
	}
	n.vol.standby, n.vol.gated, n.vol.upstream, n.vol.upstreamHost = true, false, a.Upstream.ID, a.Upstream.Host
	started := n.begin(ha.JobStart, n.w.between(200*time.Millisecond, 1500*time.Millisecond), func() bool {
		if n.pg.alive {
			n.recovers()
		}
		return n.pg.alive
	})
	if started {
		n.boot()
		n.pending = false
		n.sup.phase, n.sup.crashed = ha.Standby, false
	}
}

func (n *node) promote(a *ha.Action) {
	if !n.pg.alive || !n.pg.ready || !n.pg.recovery || n.sup.phase != ha.Standby && n.sup.phase != ha.Primary || n.pg.stopped {
		return
	}
	if n.job.running {
		return
	}
	n.renew()
	if n.left() <= 0 {
		return
	}
	term, up, gated, beyond := a.Term, n.pg.up, a.Gated, a.Beyond
	n.setSync(plain(a.Sync))
	took := n.w.between(50*time.Millisecond, 800*time.Millisecond)
	if n.w.opt.Buggify && n.w.chance(0.1) {
		took *= 5
	}
	if n.begin(ha.JobPromote, took, func() bool {
		if n.pg.up != up || !n.pg.alive {
			return false
		}
		n.promoted(term, gated, beyond)
		return true
	}) {
		n.sup.phase = ha.Primary
		n.arm()
	}
}

// promoted begins a timeline: the number after the highest that the volume knows of, or was told of.
func (n *node) promoted(term uint64, gated bool, beyond uint32) {
	n.unfollow()
	if n.w.outsideID != 0 && !n.w.check.own && n.manual != n.w.now {
		n.w.fail("I18", "%s is promoted, and the record says that its cluster follows another", n.name)
	}
	from := n.vol.data
	on := &branch{parent: from.on, fork: from.lsn, tli: max(from.on.tli, beyond) + 1, node: n.i, term: term}
	n.vol.data = point{on, from.lsn + 64}
	n.vol.standby = false
	n.pg.recovery, n.pg.term, n.pg.gated = false, term, gated
	n.vol.gated = gated
	n.w.stats.Failovers++
	if n.w.tracing(1) {
		n.w.tracef("%s: promoted in term %d, timeline %d from %v", n.name, term, on.tli, from.lsn)
	}
	n.w.check.promoted(n, from)
	for i := range n.pg.senders {
		if n.pg.senders[i].streaming {
			n.hangup(i) // standbys of it come back for the new timeline
		}
	}
	n.opened()
	n.later(n.w.between(2*time.Second, 30*time.Second), func() { on.checkpointed = true })
}

// stop is fast: sessions end, standbys get the shutdown checkpoint; after a while it is forced.
func (n *node) stop() {
	if !n.pg.alive || !n.sup.up || n.job.running && n.job.kind == ha.JobStop {
		return
	}
	if n.job.running {
		n.abort()
	}
	d := n.w.between(50*time.Millisecond, 900*time.Millisecond)
	if n.w.opt.Buggify && n.w.chance(0.05) {
		d = n.w.between(time.Second, 12*time.Second)
	}
	limit := n.cfg.StopWithin
	clean := d < limit && !n.pg.stopped && n.pg.ready
	if !n.begin(ha.JobStop, min(d, limit), func() bool {
		n.stopped(clean)
		return true
	}) {
		return
	}
	n.sup.phase = ha.Stopping
	n.pg.waiting = n.pg.waiting[:0]
	if n.writable() {
		n.pg.halting = true
		n.closed()
	}
	if clean && !n.pg.recovery {
		up := n.pg.up
		n.later(d/2, func() {
			if n.pg.up == up && n.pg.halting {
				n.vol.data.lsn += 100
				n.push()
			}
		})
	}
}

func (n *node) stopped(clean bool) {
	n.vol.ckpt = n.vol.data.position()
	n.endPostgres(clean)
	n.sup.phase, n.sup.crashed, n.sup.granted = ha.Down, false, 0
	if n.w.tracing(1) {
		n.w.tracef("%s: stopped at %v, clean %v", n.name, n.vol.data.position(), clean)
	}
}

func (n *node) kill() {
	if !n.sup.up || n.sup.killing || n.sup.phase == ha.Down && !n.job.running {
		return
	}
	n.sup.granted = 0
	n.sup.killing = true
	instance := n.sup.instance
	n.later(n.killTime(), func() {
		if n.sup.instance == instance {
			n.sup.killing = false
			n.killed(false)
			n.nudge()
		}
	})
}

func (n *node) initdb() {
	if n.vol.exists {
		return
	}
	n.begin(ha.JobInit, n.w.between(time.Second, 3*time.Second), func() bool {
		n.w.check.initialised(n)
		n.vol.sysid = 7_000_000_000 + n.w.rng.Uint64N(1e9)
		n.vol.exists, n.vol.clean, n.vol.standby = true, true, false
		n.vol.data = point{&branch{tli: 1, node: n.i, checkpointed: true}, 0x1000000}
		n.vol.ckpt = n.vol.data.position()
		if n.w.tracing(1) {
			n.w.tracef("%s: initdb", n.name)
		}
		return true
	})
}

func (n *node) clone(a *ha.Action) {
	if n.pg.alive {
		return
	}
	if a.Upstream.ID == ha.Outside {
		n.cloneOutside()
		return
	}
	source := n.w.byID(a.Upstream.ID)
	d := n.w.between(2*time.Second, 20*time.Second)
	up := int32(-1)
	if source != nil {
		up = source.pg.up
	}
	n.begin(ha.JobClone, d, func() bool {
		if source == nil || source == n || source.pg.up != up || !source.pg.ready || source.frozen || !n.w.net.both(n.i, source.i) || n.diskFull {
			return false
		}
		n.vol.exists, n.vol.clean, n.vol.standby, n.vol.broken, n.vol.logLost = true, true, true, false, false
		n.vol.data, n.vol.sysid, n.vol.replay = source.vol.data, source.vol.sysid, replay{}
		n.vol.ckpt = n.vol.data.position()
		if n.w.tracing(1) {
			n.w.tracef("%s: cloned from %s at %v", n.name, source.name, n.vol.data.position())
		}
		return true
	})
}

// rewind makes a diverged volume a standby of its source. Before the source has checkpointed its timeline the tool would be deceived, so
// what calls it refuses.
func (n *node) rewind(a *ha.Action) {
	if n.pg.alive || !n.vol.exists {
		return
	}
	if n.vol.logLost {
		n.w.fail("I18", "%s is rewound without its log", n.name)
	}
	source := n.w.byID(a.Upstream.ID)
	if source == nil || source == n {
		return
	}
	up := source.pg.up
	good := source.pg.ready && !source.pg.recovery && source.vol.data.on.checkpointed && n.w.net.both(n.i, source.i)
	if !n.begin(ha.JobRewind, n.w.between(500*time.Millisecond, 6*time.Second), func() bool {
		if !good || source.pg.up != up || source.frozen || !n.w.net.both(n.i, source.i) || source.vol.sysid != n.vol.sysid {
			return false
		}
		n.vol.broken, n.vol.standby, n.vol.clean = false, true, true
		n.vol.replay.lacks = n.vol.replay.lacks || n.vol.replay.gap
		n.vol.data = source.vol.data
		n.vol.ckpt = n.vol.data.position()
		if n.w.tracing(1) {
			n.w.tracef("%s: rewound to %s at %v", n.name, source.name, n.vol.data.position())
		}
		return true
	}) {
		return
	}
	if good {
		n.vol.broken = true
	}
}

func (n *node) checkpoint() {
	up := n.pg.up
	n.begin(ha.JobCheckpoint, n.w.between(100*time.Millisecond, 2*time.Second), func() bool {
		if n.pg.up != up || !n.pg.ready {
			return false
		}
		n.vol.ckpt = n.vol.data.position()
		if !n.pg.recovery {
			n.vol.data.on.checkpointed = true
		}
		return true
	})
}

func plain(s ha.SyncSetting) ha.SyncSetting { return ha.SyncSetting{W: s.W, Names: s.Names} }
