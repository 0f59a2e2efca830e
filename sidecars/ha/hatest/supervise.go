package hatest

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// maxGrant is the longest permit that the supervisor takes.
const maxGrant = time.Minute

// supervisor is PID 1 of the database container with its guard.
type supervisor struct {
	up       bool
	stopped  bool // SIGSTOP: only the guard acts
	instance string
	phase    ha.Phase
	crashed  bool
	lacks    string
	refused  uint64
	idle     int
	// The permit: granted from the instant it was asked for.
	asked   ha.Instant
	granted time.Duration
	timer   bool
	killing bool
}

func (n *node) startSupervisor() {
	n.sup = supervisor{up: true, instance: n.w.serial("i"), phase: ha.Down}
	if n.w.tracing(1) {
		n.w.tracef("%s: supervisor %s starts", n.name, n.sup.instance)
	}
	n.nudge()
}

// left is what remains of the permit at the node's own time.
func (n *node) left() time.Duration {
	if n.sup.granted == 0 {
		return 0
	}
	return n.sup.granted - n.clock.now(n.w.now).AtMost(n.sup.asked)
}

// ask asks the sidecar whether a primary may run, where one does. A later end replaces an earlier one: what was granted stays granted,
// until a stop or a kill takes it back.
func (n *node) ask() {
	if !n.sup.up || n.sup.stopped || n.frozen || n.sup.phase != ha.Primary {
		return
	}
	n.renew()
	n.expire()
}

func (n *node) renew() {
	if !n.car.up || n.car.stopped || n.sup.killing {
		return
	}
	now := n.clock.now(n.w.now)
	if n.w.opt.Mistake == CountsFromWhenItHeard {
		late := n.w.between(0, 1500*time.Millisecond)
		n.sup.asked, n.sup.granted = now.Add(late), n.w.core.Permit(&n.car.state, now, n.sup.instance, n.cfg)
		n.arm()
		return
	}
	d := min(n.w.core.Permit(&n.car.state, now, n.sup.instance, n.cfg), maxGrant)
	if d > 0 && d > n.left() {
		n.sup.asked, n.sup.granted = now, d
		n.arm()
		n.checkPermits()
	}
}

// arm has the deadline looked at when the faster clock may have reached it.
func (n *node) arm() {
	if n.sup.timer {
		return
	}
	n.sup.timer = true
	n.w.q.push(event{at: n.w.now + int64(n.clock.until(n.left())), kind: deadline, a: int32(n.i)})
}

// expire kills a primary whose permit is over. The guard does it where the supervisor itself is stopped.
func (n *node) expire() {
	if !n.sup.up || n.frozen || n.sup.killing || n.sup.stopped && n.w.opt.Mistake == HasNoGuard {
		return
	}
	left := n.left()
	if left > 0 {
		n.arm()
		return
	}
	if n.sup.phase != ha.Primary && (!n.pg.alive || n.pg.recovery) {
		return
	}
	if n.w.tracing(1) {
		n.w.tracef("%s: the permit is over: kill", n.name)
	}
	n.w.stats.Fenced++
	n.sup.killing = true
	gen := n.sup.instance
	n.later(n.killTime(), func() {
		if n.sup.instance == gen {
			n.sup.killing = false
			if n.sup.phase != ha.Down {
				n.killed(false)
			}
			n.nudge()
		}
	})
}

// killTime is how long it takes until the last process is gone, at worst just under what the timing allows for.
func (n *node) killTime() time.Duration {
	if n.w.opt.Mistake == FencesSmartly {
		return n.w.between(time.Second, 20*time.Second)
	}
	if n.w.opt.Buggify && n.w.chance(0.2) && n.w.now-n.thawed > int64(time.Second) {
		return n.cfg.Timing.Slack() - time.Millisecond
	}
	return n.w.between(3*time.Millisecond, 90*time.Millisecond)
}

// killed: no process of Postgres is left, nor a job.
func (n *node) killed(crashed bool) {
	n.endPostgres(false)
	n.sup.phase, n.sup.crashed, n.sup.granted = ha.Down, crashed, 0
	n.abort()
}
