package hatest

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// network is the directed links between nodes, and from each to the API server.
type network struct {
	cut   [maxNodes][maxNodes]int
	api   [maxNodes]int
	loss  float64
	twice float64
	slow  time.Duration
}

func (net *network) open(from, to int) bool { return net.cut[from][to] == 0 }

func (net *network) both(a, b int) bool { return net.cut[a][b] == 0 && net.cut[b][a] == 0 }

// send puts a message on the way to the address that the sender knows.
func (n *node) send(m *ha.Message) {
	w := n.w
	to := w.byID(m.To)
	if to == nil || to == n || !w.net.open(n.i, to.i) || w.chance(w.net.loss) {
		return
	}
	if !n.knows(to) {
		n.lookUp(to)
		return
	}
	w.stats.Messages++
	times := 1
	if w.chance(w.net.twice) {
		times = 2
	}
	for range times {
		var slot int32
		if k := len(w.free); k > 0 {
			slot = w.free[k-1]
			w.free = w.free[:k-1]
		} else {
			slot = int32(len(w.msgs))
			w.msgs = append(w.msgs, ha.Message{})
		}
		w.msgs[slot] = *m
		delay := int64(200*time.Microsecond) + w.rng.Int64N(int64(2*time.Millisecond)) + int64(w.jitter(0, w.net.slow))
		w.q.push(event{at: w.now + delay, kind: arrive, a: slot, b: int32(n.i), c: int64(to.pod.gen)})
	}
}

// knows tells whether n has the address that the pod of another has now: because it was heard of, from the record, or from the last
// one known.
func (n *node) knows(to *node) bool {
	return n.car.heard[to.i] == to.pod.addr || listed(n.car.seen.Record.Members, to) || listed(n.car.state.Durable.Last.Members, to)
}

// lookUp asks for the pod of a member that does not answer where it was.
func (n *node) lookUp(to *node) {
	if !n.reaches() || n.w.now-n.car.looked[to.i] < int64(5*time.Second) {
		return
	}
	n.car.looked[to.i] = n.w.now
	n.w.stats.Requests++
	gen := n.car.gen
	n.later(2*n.w.apiDelay(), func() {
		if n.car.gen == gen && to.pod.exists && n.reaches() {
			n.car.heard[to.i] = to.pod.addr
		}
	})
}

func listed(members []ha.Member, n *node) bool {
	for i := range members {
		if m := &members[i]; m.ID == n.vol.id && m.Addr == n.pod.addr {
			return true
		}
	}
	return false
}

// deliver puts a message before the sidecar it was sent to.
func (w *World) deliver(slot int32) {
	m := &w.msgs[slot]
	w.free = append(w.free, slot)
	n := w.byID(m.To)
	if n == nil || !n.car.up {
		return
	}
	if from := w.byID(m.From); from != nil && m.Report.Member.Addr != "" {
		n.car.heard[from.i] = m.Report.Member.Addr
	}
	if w.tracing(3) {
		w.tracef("%s: hears %v of %s, term %d, yes %v %s, at %v", n.name, m.Kind, w.nameOf(m.From), m.Term, m.Yes, m.Why, m.Report.At)
	}
	if len(n.car.inbox) < 256 {
		n.car.inbox = append(n.car.inbox, *m)
	}
	n.nudge()
}
