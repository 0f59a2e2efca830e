package hatest

import (
	"slices"
	"strconv"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// api is the API server: one record, its versions, and what may go wrong between it and a client.
type api struct {
	exists   bool
	rec      ha.Record
	version  int // of rec
	versions int // the last given
	old      []ha.Record
	down     int
	faults
	flaky       int // how many faults want them
	slow        time.Duration
	frozenWatch int // a bit for every node
}

// faults are the probabilities of what may become of a request.
type faults struct {
	lostRequest, lostResponse, late, throttled, failed float64
}

// reaches tells whether a request of n gets through at this moment.
func (n *node) reaches() bool {
	ok := n.w.api.down == 0 && n.w.net.api[n.i] == 0
	n.troubled = n.troubled || !ok
	return ok
}

// mishap is a request that does not fare as it should.
func (n *node) mishap(p float64) bool {
	bad := n.w.chance(p)
	n.troubled = n.troubled || bad
	return bad
}

func (w *World) apiDelay() time.Duration {
	return w.jitter(2*time.Millisecond, 12*time.Millisecond) + w.jitter(0, w.api.slow)
}

// write sends the record. Exactly one outcome comes back, at the latest with the timeout.
func (n *node) write(a *ha.Action) {
	w, api := n.w, &n.w.api
	stamp, rec, base := a.Stamp, *a.Record, a.Base
	rec.Members, rec.Sync.Of, rec.History = slices.Clone(rec.Members), slices.Clone(rec.Sync.Of), slices.Clone(rec.History)
	gen, told := n.car.gen, false
	tell := func(o ha.Outcome, version string) {
		if n.car.gen == gen && !told {
			told = true
			n.wrote(ha.Written{Stamp: stamp, Outcome: o, Version: version})
		}
	}
	timeout := n.cfg.Timing.WriteTimeout
	if !n.reaches() {
		if w.chance(0.3) {
			n.later(5*time.Millisecond, func() { tell(ha.NotSent, "") })
			return
		}
		n.later(timeout, func() { tell(ha.Unknown, "") })
		return
	}
	w.stats.Requests++
	if n.mishap(api.throttled) {
		n.later(w.apiDelay(), func() { tell(ha.NotSent, "") })
		return
	}
	n.later(timeout, func() { tell(ha.Unknown, "") })
	if n.mishap(api.lostRequest) {
		return
	}
	delay, answered := w.apiDelay(), !w.chance(api.lostResponse)
	if n.mishap(api.late) {
		delay += w.between(0, 25*time.Second)
	}
	failed := n.mishap(api.failed)
	if failed && w.chance(0.5) {
		n.later(delay, func() { tell(ha.Unknown, "") })
		return
	}
	w.after(delay, func() {
		version, ok := w.apply(n, rec, base)
		if !answered || !n.reaches() {
			return
		}
		n.later(w.apiDelay(), func() {
			switch {
			case failed:
				tell(ha.Unknown, "")
			case ok:
				if !told && n.car.gen == gen {
					n.see(version)
				}
				tell(ha.Applied, strconv.Itoa(version))
			default:
				tell(ha.Refused, "")
			}
		})
	})
}

// apply is the compare-and-swap.
func (w *World) apply(by *node, rec ha.Record, base string) (int, bool) {
	api := &w.api
	if w.opt.Mistake == WritesUnconditionally {
		base = strconv.Itoa(api.version)
	}
	if base == "" && api.exists || base != "" && (!api.exists || base != strconv.Itoa(api.version)) {
		return 0, false
	}
	was, existed := api.rec, api.exists
	w.store(rec)
	if w.tracing(1) && (!existed || was.Holder != rec.Holder || was.Term != rec.Term || (was.Release == nil) != (rec.Release == nil)) {
		w.tracef("%s: record: term %d, holder %s %s, members %d, sync %v, given back %v", by.name, rec.Term, w.nameOf(rec.Holder.ID), rec.Holder.Instance,
			len(rec.Members), rec.Sync, rec.Release != nil)
	} else if w.tracing(2) {
		w.tracef("%s: record %d: term %d, members %d, mode %s, sync %v", by.name, api.version, rec.Term, len(rec.Members), rec.Mode, rec.Sync)
	}
	w.check.applied(w, by, &was, &api.rec, existed)
	return api.version, true
}

// store puts a record there and tells the watches.
func (w *World) store(rec ha.Record) {
	api := &w.api
	api.versions++
	api.version, api.exists = api.versions, true
	rec.Version = strconv.Itoa(api.version)
	api.rec = rec
	if len(api.old) < 64 {
		api.old = append(api.old, rec)
	}
	w.notify()
}

func (w *World) remove() {
	if !w.api.exists {
		return
	}
	w.api.versions++
	w.api.version, w.api.exists, w.api.rec = w.api.versions, false, ha.Record{}
	w.notify()
}

func (w *World) notify() {
	for _, n := range w.nodes {
		if !n.car.up || !n.car.watching || w.api.frozenWatch&(1<<n.i) != 0 {
			continue
		}
		if !n.reaches() {
			n.car.watching = false
			continue
		}
		version, gen := w.api.version, n.car.gen
		n.later(w.jitter(time.Millisecond, 30*time.Millisecond), func() {
			if n.car.gen == gen && n.car.watching && n.reaches() {
				n.see(version)
			}
		})
	}
}

// see gives the sidecar what the API server has now, if it is not older than what it has.
func (n *node) see(int) {
	if !n.car.up {
		return
	}
	now := n.clock.now(n.w.now)
	seen := &n.car.seen
	seen.At = now
	n.looked()
	if seen.Known && n.car.seenVersion == n.w.api.version {
		return
	}
	n.car.seenVersion = n.w.api.version
	seen.Known, seen.Record, seen.First = true, n.w.api.rec, now
	n.nudge()
}

// get reads the record past every cache.
func (n *node) get(retry bool) {
	w, gen := n.w, n.car.gen
	if n.car.reading {
		return
	}
	if n.reaches() {
		w.stats.Requests++
	}
	if !n.reaches() || n.mishap(w.api.throttled+w.api.failed+w.api.lostRequest) {
		if retry {
			n.car.watchAt = w.now + int64(w.jitter(time.Second, 2*time.Second))
		}
		return
	}
	n.car.reading = true
	n.later(2*w.apiDelay(), func() {
		if n.car.gen != gen {
			return
		}
		n.car.reading = false
		if !n.reaches() {
			return
		}
		if retry {
			n.car.watching = true
		}
		n.see(w.api.version)
	})
}

// rewatch opens the watch again where it broke.
func (n *node) rewatch() {
	if !n.car.up || n.car.stopped {
		return
	}
	if n.car.watching {
		if !n.reaches() {
			n.car.watching = false
		} else if n.w.api.frozenWatch&(1<<n.i) == 0 && n.clock.now(n.w.now).AtMost(n.car.seen.At) > 15*time.Second {
			n.car.seen.At = n.clock.now(n.w.now) // a bookmark
		}
		return
	}
	if n.w.now >= n.car.watchAt && !n.car.reading {
		n.car.watchAt = n.w.now + int64(2*time.Second)
		n.get(true)
	}
}

// prove asks for the pod of the holder.
func (n *node) prove(a *ha.Action) {
	w, gen := n.w, n.car.gen
	if !n.reaches() {
		return
	}
	w.stats.Requests++
	n.later(2*w.apiDelay(), func() {
		other := w.byName(a.Pod)
		if n.car.gen != gen || other == nil || !n.reaches() {
			return
		}
		proof := other.pod.exists && other.pod.dead == a.Instance
		switch w.opt.Mistake {
		case TakesDeletionForDeath:
			proof = proof || !other.pod.exists || other.pod.terminating
		case TakesAnyDeathForProof:
			proof = proof || other.pod.exists && other.pod.dead != ""
		}
		if proof {
			n.car.dead = a.Instance
			n.nudge()
		}
	})
}

// relabel puts the label that was last asked for onto the pods: first off the others.
func (n *node) relabel() {
	if n.car.label == "" || n.car.stopped || !n.car.up || n.car.labelled || !n.reaches() {
		return
	}
	if n.car.label == "primary" && !n.writable() {
		return // what was meant is over
	}
	n.car.labelled = true
	role, gen := n.car.label, n.car.gen
	n.strip()
	n.w.stats.Requests++
	n.later(n.w.apiDelay(), func() {
		if n.car.gen == gen && n.car.label == role && n.pod.exists {
			n.pod.label = role
			n.w.check.labelled(n, role)
		}
	})
}

// strip takes the label from the others.
func (n *node) strip() {
	for _, other := range n.w.nodes {
		if n.car.label == "primary" && other != n && other.pod.label == "primary" {
			n.w.stats.Requests++
			other.pod.label = "replica"
		}
	}
}

func (w *World) nameOf(id string) string {
	if n := w.byID(id); n != nil {
		return n.name
	}
	if id == "" {
		return "nobody"
	}
	return "lost volume " + id
}
