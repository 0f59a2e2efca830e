package hatest

import (
	"fmt"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// replay is what stands between a volume and a standby on it that lets anybody in.
type replay struct {
	lacks bool // a segment of the log that is nowhere
	gap   bool // so it would be, were it rewound
	takes time.Duration
	// From an archive: the upstream has none of it. Else it is refused once at most, and an archive has that.
	archive, once bool
}

// crashInconsistent ends a server that has written pages ahead of its last checkpoint. A primary has the log for them itself.
func (n *node) crashInconsistent(f Fault) {
	r := &n.vol.replay
	switch {
	case !n.pg.alive || !n.sup.up || n.sup.stopped:
		return // nothing crashes now, and what goes on is consistent
	case f.Kind == LongReplay:
		r.takes, r.once, r.archive = f.For, f.Level >= 1, f.Level >= 2
	case n.pg.recovery:
		r.lacks = true
	default:
		r.gap = true
	}
	n.crash("it was not consistent yet")
}

// recovers is a standby that was started: it is ready once it has replayed as far as it had been.
func (n *node) recovers() {
	r := &n.vol.replay
	n.pg.replays = r.lacks || r.takes > 0
	n.pg.ready = !n.pg.replays
	if r.lacks || r.takes == 0 {
		return
	}
	if r.once {
		n.refusedOf(0)
	}
	up := n.pg.up
	n.later(r.takes, func() {
		if n.pg.up != up || !n.pg.alive {
			return
		}
		*r = replay{}
		n.pg.replays, n.pg.ready = false, true
		n.pollPostgres()
		n.nudge()
	})
}

// refuse is what the upstream says to a standby that asks it, over and over, for what it needs. While it replays it asks for nothing.
func (n *node) refuse() {
	r := &n.vol.replay
	if !n.pg.alive || !n.pg.replays || n.frozen {
		return
	}
	switch {
	case r.archive && !r.lacks: // it asks each time that it has replayed a segment, and before the archive has the next
		n.refusedOf(n.w.now / int64(7*time.Second))
	case r.lacks && n.vol.upstream == ha.Outside:
		if !n.w.outsideDown && n.w.net.api[n.i] == 0 {
			n.refusedOf(0)
		}
	case r.lacks:
		source := n.w.byID(n.configured())
		if source != nil && source != n && source.pg.alive && source.pg.ready && !source.pg.stopped && !source.frozen && n.w.net.both(n.i, source.i) {
			n.refusedOf(0)
		}
	}
}

func (n *node) refusedOf(segment int64) {
	n.sup.lacks = fmt.Sprintf("00000001%016X", segment)
	n.sup.refused++
}

// checkStop is I19: a server that replays is let replay.
func (n *node) checkStop(a *ha.Action) {
	if n.pg.replays && !n.vol.replay.lacks && a.Why == "gets nothing from the primary" {
		n.w.fail("I19", "%s is stopped while it replays", n.name)
	}
}
