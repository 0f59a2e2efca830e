package hatest

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// replication keeps the streams of a node: it looks for the source, notices silence, and asks for what was lost on the way.
func (n *node) replication() {
	n.refuse()
	if !n.pg.alive || !n.pg.ready || n.frozen {
		return
	}
	for i := range n.pg.senders {
		if s := &n.pg.senders[i]; s.streaming && n.w.now-s.heardAt > int64(walTimeout) {
			n.drop(i)
		}
	}
	if !n.pg.recovery {
		return
	}
	if n.vol.upstream == ha.Outside {
		n.receive()
		return
	}
	if n.pg.streaming {
		if n.w.now-n.pg.heardAt > int64(walTimeout) {
			n.unfollow()
		} else {
			n.catchUp()
		}
		return
	}
	if n.vol.upstream != "" && n.w.now >= n.pg.tryAt {
		n.connect()
	}
}

// connect starts a stream, where both logs allow it.
func (n *node) connect() {
	n.pg.tryAt = n.w.now + int64(time.Second)
	source := n.w.byID(n.configured())
	if source == nil || source == n || !source.pg.alive || !source.pg.ready || source.pg.stopped || source.frozen || source.pg.halting ||
		!n.w.net.both(n.i, source.i) || n.diskFull || source.vol.sysid != n.vol.sysid || n.vol.data.on == nil {
		return
	}
	if !n.vol.data.follows(source.vol.data) {
		return
	}
	if !source.vol.data.has(n.vol.data) {
		n.w.fail("I4", "%s at %v streams from %s at %v: the same timeline, another history", n.name, n.vol.data.position(), source.name, source.vol.data.position())
		return
	}
	n.pg.stream++
	n.pg.streaming, n.pg.from, n.pg.heardAt = true, source.i, n.w.now
	source.pg.senders[n.i] = sender{streaming: true, stream: n.pg.stream, flushed: n.vol.data.lsn, heardAt: n.w.now}
	if n.w.tracing(2) {
		n.w.tracef("%s: streams from %s", n.name, source.name)
	}
	n.catchUp()
	n.nudge()
	source.nudge()
}

// catchUp has the source send what is missing; it is also the keepalive of a stream.
func (n *node) catchUp() {
	source := n.w.nodes[n.pg.from]
	if !source.pg.alive || source.frozen || !n.w.net.both(n.i, source.i) {
		return
	}
	s := &source.pg.senders[n.i]
	if !s.streaming || s.stream != n.pg.stream {
		n.unfollow() // the other end has given up, and says so now
		return
	}
	n.pg.heardAt, s.heardAt = n.w.now, n.w.now
	n.w.q.push(event{at: n.w.now + n.w.flushDelay(), kind: walFlush, a: int32(n.i), b: n.pg.stream, c: int64(source.vol.data.lsn)})
}

// push sends the newest of the log to the standbys.
func (n *node) push() {
	for i := range n.pg.senders {
		if s := &n.pg.senders[i]; s.streaming && n.w.net.open(n.i, i) {
			n.w.q.push(event{at: n.w.now + n.w.flushDelay(), kind: walFlush, a: int32(i), b: s.stream, c: int64(n.vol.data.lsn)})
		}
	}
}

func (w *World) flushDelay() int64 {
	return int64(200*time.Microsecond) + w.rng.Int64N(int64(3*time.Millisecond)) + int64(w.jitter(0, w.opt.Lag))
}

// flush: a standby has the log up to lsn of its source.
func (n *node) flush(lsn ha.LSN, stream int32) {
	if !n.pg.alive || !n.pg.streaming || n.pg.stream != stream || n.frozen || n.diskFull {
		return
	}
	source := n.w.nodes[n.pg.from]
	if to := source.vol.data.cut(lsn); lsn > n.vol.data.lsn || to.on != n.vol.data.on && lsn == n.vol.data.lsn {
		n.vol.data = to
		n.push()
	}
	if n.w.net.open(n.i, source.i) {
		n.w.q.push(event{at: n.w.now + n.w.flushDelay()/2, kind: walReply, a: int32(source.i), b: stream, c: int64(n.i)<<48 | int64(n.vol.data.lsn)})
	}
}

// reply: a source hears how far a standby has flushed.
func (n *node) reply(from int, lsn ha.LSN, stream int32) {
	s := &n.pg.senders[from]
	if !n.pg.alive || !s.streaming || s.stream != stream || n.frozen {
		return
	}
	s.flushed, s.heardAt = lsn, n.w.now
	n.release()
}

// unfollow ends the walreceiver.
func (n *node) unfollow() {
	if !n.pg.streaming {
		return
	}
	n.pg.streaming = false
	n.pg.stream++
	if n.pg.from < 0 {
		return // nobody here is told
	}
	source := n.w.nodes[n.pg.from]
	if s := &source.pg.senders[n.i]; s.streaming && s.stream == n.pg.stream-1 && n.w.net.open(n.i, source.i) {
		source.drop(n.i)
	}
}

// drop forgets a standby.
func (n *node) drop(i int) {
	n.pg.senders[i].streaming = false
	n.nudge()
}

// hangup: the other end of a stream is told, unless the network keeps it.
func (n *node) hangup(i int) {
	n.pg.senders[i].streaming = false
	other := n.w.nodes[i]
	if other.pg.streaming && other.pg.from == n.i && n.w.net.open(n.i, i) && !other.frozen && !n.gone {
		other.pg.streaming = false
		other.pg.stream++
		other.pg.tryAt = n.w.now + int64(200*time.Millisecond)
		other.nudge()
	}
}

// setSync is a reload that has come into force.
func (n *node) setSync(s ha.SyncSetting) {
	n.vol.sync = ha.SyncSetting{W: s.W, Names: s.Names}
	if !n.pg.alive {
		return
	}
	n.pg.sync = n.vol.sync
	n.pg.set++
	n.release()
	n.nudge()
}

// follow points a standby to another source, or to none.
func (n *node) follow(m ha.Member) {
	n.vol.upstream, n.vol.upstreamHost = m.ID, m.Host
	if !n.pg.alive || !n.pg.recovery {
		return
	}
	n.unfollow()
	n.pg.tryAt = n.w.now
	n.replication()
	n.pollPostgres()
	n.nudge()
}
