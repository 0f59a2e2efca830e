package hatest

import (
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// postgres is the server on one volume.
type postgres struct {
	alive    bool // its processes are there
	ready    bool // it answers
	replays  bool // it lets nobody in until it is consistent
	stopped  bool // SIGSTOP of the postmaster: open sessions go on, new ones hang
	recovery bool
	gated    bool
	halting  bool // no session is let in any more
	up       int32
	sync     ha.SyncSetting
	waiting  []commit
	// As a standby.
	streaming bool
	from      int // node
	stream    int32
	tryAt     int64
	heardAt   int64
	// As a source, by node.
	senders [maxNodes]sender
	wrote   ha.Instant
	// term under which it was started or promoted to write
	term uint64
	// set counts the changes of sync.
	set int
	// unclean: it goes on after a crash, with commits that nobody was told of.
	unclean bool
}

type sender struct {
	streaming bool
	stream    int32
	flushed   ha.LSN
	heardAt   int64
}

// commit waits for standbys.
type commit struct {
	lsn ha.LSN
	at  int64
}

const walTimeout = 5 * time.Second

// writable tells whether a session could commit now.
func (n *node) writable() bool {
	return n.pg.alive && n.pg.ready && !n.pg.recovery && !n.frozen
}

// open is what clients see.
func (n *node) open() bool {
	return n.writable() && !n.pg.gated && !n.pg.halting && !n.pg.stopped && !n.diskFull
}

// boot has the processes started; what is next is the job's work.
func (n *node) boot() {
	up := n.pg.up + 1
	n.pg = postgres{alive: true, recovery: true, up: up, gated: n.vol.gated, from: -1, stream: n.pg.stream + 1, sync: n.vol.sync, set: n.pg.set + 1}
	n.vol.clean, n.sup.lacks = false, ""
	for _, other := range n.w.nodes {
		if other != n && other.pg.alive && other.vol == n.vol {
			n.w.fail("I15", "two servers on one volume: %s and %s", n.name, other.name)
		}
	}
	n.pollPostgres() // what the last server said is not this one's
}

// endPostgres: all its processes are gone. What was flushed stays.
func (n *node) endPostgres(clean bool) {
	if !n.pg.alive {
		return
	}
	was := n.writable()
	n.pg.alive, n.pg.ready, n.pg.replays = false, false, false
	n.pg.up++
	n.unfollow()
	for i := range n.pg.senders {
		if n.pg.senders[i].streaming {
			n.hangup(i)
		}
	}
	n.pg.waiting = n.pg.waiting[:0]
	n.vol.clean = clean
	if was {
		n.closed()
	}
}

// crash is the end of the postmaster; the supervisor notices and ends the rest.
func (n *node) crash(why string) {
	if !n.pg.alive {
		return
	}
	if n.w.tracing(1) {
		n.w.tracef("%s: postgres crashed: %s", n.name, why)
	}
	n.w.stats.Crashes++
	if !n.sup.up || n.sup.stopped {
		return // its backends go on, until somebody kills them
	}
	up := n.pg.up
	n.later(n.w.between(time.Millisecond, 50*time.Millisecond), func() {
		if n.pg.up == up {
			n.killed(true)
			n.nudge()
		}
	})
}

// cycle is PostgreSQL's own recovery from the crash of a backend.
func (n *node) cycle() {
	if !n.writable() || n.job.running {
		return
	}
	was, up := n.pg.term, n.pg.up
	n.pg.ready = false
	n.pg.waiting = n.pg.waiting[:0]
	n.closed()
	for i := range n.pg.senders {
		if n.pg.senders[i].streaming {
			n.hangup(i)
		}
	}
	n.later(n.w.between(200*time.Millisecond, 2*time.Second), func() {
		if n.pg.up == up && n.pg.alive && !n.pg.recovery && n.pg.term == was {
			n.pg.ready = true
			n.opened()
		}
	})
}

// commit appends to the log and acknowledges, or waits.
func (n *node) commit(size ha.LSN) {
	v := n.vol
	v.data.lsn += size
	n.push()
	if n.pg.sync.W == 0 {
		n.acked(v.data.lsn)
		return
	}
	n.pg.waiting = append(n.pg.waiting, commit{v.data.lsn, n.w.now})
}

// release acknowledges what has been flushed by enough standbys.
func (n *node) release() {
	if len(n.pg.waiting) == 0 || !n.pg.alive || n.frozen {
		return
	}
	end := n.vol.data.lsn
	if n.pg.sync.W > 0 {
		var flushed [maxNodes]ha.LSN
		k := 0
		for i := range n.pg.senders {
			if s := &n.pg.senders[i]; s.streaming && slices.Contains(n.pg.sync.Names, n.w.nodes[i].name) {
				flushed[k] = s.flushed
				k++
			}
		}
		if k < n.pg.sync.W {
			return
		}
		slices.Sort(flushed[:k])
		end = flushed[k-n.pg.sync.W]
	}
	done := 0
	for _, c := range n.pg.waiting {
		if c.lsn > end {
			break
		}
		n.acked(c.lsn)
		done++
	}
	n.pg.waiting = append(n.pg.waiting[:0], n.pg.waiting[done:]...)
}

// client writes on the node beside it, whenever the server lets it.
func (n *node) client() {
	n.w.q.push(event{at: n.w.now + int64(n.w.jitter(200*time.Millisecond, 1400*time.Millisecond)), kind: clientAct, a: int32(n.i)})
	if !n.writable() || n.diskFull || n.pg.gated || n.pg.halting {
		return
	}
	size := ha.LSN(100)
	if n.w.opt.Buggify && n.w.chance(0.02) {
		size = ha.LSN(n.w.rng.Int64N(1 << 20))
	}
	n.w.stats.Writes++
	n.commit(size)
}

// pollPostgres is what the sidecar learns by SQL.
func (n *node) pollPostgres() {
	p := &n.car.pg
	if !n.car.up {
		return
	}
	if !n.pg.alive || n.car.polled != n.pg.up {
		if !p.At.IsZero() {
			*p = ha.Postgres{Standbys: p.Standbys[:0]}
		}
		n.car.polled = n.pg.up
	}
	if n.pg.alive && n.pg.replays && !n.pg.stopped {
		*p = ha.Postgres{Replaying: true, Upstream: n.configured(), Standbys: p.Standbys[:0]}
	}
	if !n.pg.alive || !n.pg.ready || n.pg.stopped {
		return // the last answer of this server stands
	}
	now := n.clock.now(n.w.now)
	if n.car.syncSet != n.pg.set {
		n.car.syncSet, n.car.applied = n.pg.set, n.vol.data.lsn
	}
	if !n.pg.recovery && !n.diskFull && !n.pg.halting {
		n.pg.wrote = now
	}
	*p = ha.Postgres{At: now, InRecovery: n.pg.recovery, Position: n.vol.data.position(), Replayed: n.vol.data.lsn, SystemID: n.vol.sysid,
		Upstream: n.configured(), Receiver: n.pg.streaming, Streaming: n.pg.streaming, Standbys: p.Standbys[:0], Sync: n.pg.sync,
		Wrote: n.pg.wrote, Gated: n.pg.gated, PendingRestart: n.pending}
	p.Sync.Applied = n.car.applied
	for i := range n.pg.senders {
		if s := &n.pg.senders[i]; s.streaming {
			p.Standbys = append(p.Standbys, ha.Walsender{Name: n.w.nodes[i].name, Streaming: true, Flushed: s.flushed})
		}
	}
	if len(n.pg.waiting) > 0 {
		p.Stalled = time.Duration(n.w.now - n.pg.waiting[0].at)
	}
}

// configured is the member that primary_conninfo names: an address that nobody has any more is nobody's.
func (n *node) configured() string {
	if n.vol.upstream == "" || n.vol.upstream == ha.Outside {
		return n.vol.upstream
	}
	if source := n.w.byID(n.vol.upstream); source != nil && source.pod.host == n.vol.upstreamHost {
		return n.vol.upstream
	}
	return "an old address"
}
