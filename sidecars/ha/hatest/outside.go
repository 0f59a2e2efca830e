package hatest

import (
	"math/rand/v2"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// fromOutside is where a standby gets its log from that follows the server elsewhere.
const fromOutside = -2

// beginOutside is a server elsewhere that has been there for long, and is written to.
func (w *World) beginOutside() {
	w.outside = point{&branch{tli: 1, node: -1, checkpointed: true}, 0x1000000}
	w.outsideID = 6_000_000_000 + w.opt.Seed
	var write func()
	write = func() {
		w.outside.lsn += 100
		w.after(w.jitter(200*time.Millisecond, 1400*time.Millisecond), write)
	}
	write()
}

func (w *World) changeOutside(f Fault) {
	if f.Kind == OutsideDown {
		w.outsideDown = true
		w.after(f.For, func() { w.outsideDown = false })
		return
	}
	w.opt.Outside = false
	for _, other := range w.nodes {
		w.after(w.between(0, 60*time.Second), func() { other.cfg.Outside = false })
	}
}

// receive is a standby's stream from outside: everything that there is, at once.
func (n *node) receive() {
	reaches := !n.w.outsideDown && !n.diskFull && n.vol.sysid == n.w.outsideID && n.vol.data.on != nil && n.vol.data.follows(n.w.outside) && n.w.net.api[n.i] == 0
	if !reaches {
		n.unfollow()
		return
	}
	if !n.w.outside.has(n.vol.data) {
		n.w.fail("I4", "%s at %v streams from outside at %v: the same timeline, another history", n.name, n.vol.data.position(), n.w.outside.position())
		return
	}
	if !n.pg.streaming {
		n.unfollow()
		n.pg.stream++
		n.pg.streaming, n.pg.from = true, fromOutside
		n.nudge()
	}
	if n.vol.data != n.w.outside {
		n.vol.data = n.w.outside
		n.push()
	}
}

// cloneOutside copies the server elsewhere. That may take hours, in which the cluster becomes one of its own under another holder: what was begun
// before may end after, and is then a log that went another way, as any. But nobody who knows begins one, and none replaces what the cluster wrote.
func (n *node) cloneOutside() {
	if d := &n.vol.durable; d.Own || d.Last.SystemID != 0 && !d.Last.Outside {
		n.w.fail("I16", "%s copies from outside, and knows that the cluster is one of its own", n.name)
	}
	n.begin(ha.JobClone, n.w.between(2*time.Second, 20*time.Second), func() bool {
		if n.w.outsideDown || n.diskFull || n.w.net.api[n.i] > 0 {
			return false
		}
		if n.vol.exists && n.vol.data.on != n.w.outside.on {
			n.w.fail("I16", "%s puts a copy from outside in the place of what the cluster wrote itself", n.name)
		}
		if n.w.api.rec.SystemID != 0 && n.w.api.rec.SystemID != n.w.outsideID {
			n.w.fail("I16", "%s makes a new cluster of a copy from outside", n.name)
		}
		n.vol.exists, n.vol.clean, n.vol.standby, n.vol.broken, n.vol.logLost = true, true, true, false, false
		n.vol.data, n.vol.sysid, n.vol.replay = n.w.outside, n.w.outsideID, replay{}
		n.vol.ckpt = n.vol.data.position()
		if n.w.tracing(1) {
			n.w.tracef("%s: cloned from outside at %v", n.name, n.vol.data.position())
		}
		return true
	})
}

// sickStandbys is what keeps a standby cluster from being as it should.
func (w *World) sickStandbys(lead *node) string {
	if lead == nil || !lead.pg.alive || !lead.pg.recovery || !lead.pg.streaming || lead.pg.from != fromOutside {
		return "the holder does not stream from outside: " + w.whys()
	}
	for _, n := range w.nodes {
		if n.i >= n.cfg.Instances || !n.pod.exists {
			continue
		}
		if _, ok := w.api.rec.Member(n.vol.id); !ok {
			return n.name + " is no member: " + w.whys()
		}
		if n != lead && (!n.pg.streaming || n.pg.from != lead.i) {
			return n.name + " does not stream: " + w.whys()
		}
	}
	return ""
}

// StandbySeed runs one seed of the swarm as a standby cluster. In most, the server outside goes away for a while, and the cluster is to be one
// of its own somewhere in the middle.
func StandbySeed(seed uint64, core Core, trace int) *World {
	o, faults := Swarm(seed)
	o.Core, o.Trace, o.Outside, o.Ignorable = core, trace, true, false
	r := rand.New(rand.NewPCG(seed, 0x6f757473696465))
	at := func() time.Duration { return 60*second + time.Duration(r.Int64N(int64(calmAt-150*second))) }
	if r.IntN(3) > 0 {
		faults = append(faults, Fault{At: at(), Kind: OutsideDown, For: time.Duration(r.Int64N(int64(60 * second)))})
	}
	if r.IntN(3) > 0 {
		faults = append(faults, Fault{At: at(), Kind: OnItsOwn})
	}
	return play(o, faults)
}
