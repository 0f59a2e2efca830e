package hatest

import (
	"slices"
	"strconv"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// ask is what people do: requests, changes of the configuration, and what they should not do.
func (w *World) ask(n *node, f Fault) {
	verb, loss, to := ha.Verb(0), false, ""
	switch f.Kind {
	case Switchover:
		verb = ha.Switchover
		if f.Other != f.Node {
			to = w.nodes[f.Other].name
		}
	case Failover:
		verb, loss = ha.Failover, f.Level > 0
	case RestartRequest:
		verb = ha.Restart
	case ReinitRequest:
		verb = ha.Reinit
	case FenceRequest:
		verb = ha.Fence
		w.after(f.For, func() { w.unfence(n) })
	case PauseRequest:
		verb = ha.Pause
		w.after(f.For, func() { w.resume(0) })
	default:
		w.change(n, f)
		return
	}
	w.request(n, ha.Request{Verb: verb, To: to, Loss: loss})
}

func (w *World) request(n *node, r ha.Request) {
	if !n.car.up {
		return
	}
	w.count++
	r.ID = uint64(w.count)
	n.car.requests = append(n.car.requests, r)
	n.nudge()
}

// unfence goes on asking until somebody is there to answer.
func (w *World) unfence(n *node) {
	if !n.car.up {
		w.after(time.Second, func() { w.unfence(n) })
		return
	}
	w.request(n, ha.Request{Verb: ha.Unfence})
}

// resume goes on asking until the record says so; where nobody could answer, the person edits it.
func (w *World) resume(tries int) {
	rec := w.api.rec
	if w.api.exists && !rec.Paused {
		return
	}
	if n := w.byID(rec.Holder.ID); n != nil && len(n.car.requests) == 0 {
		w.request(n, ha.Request{Verb: ha.Resume})
	}
	if tries == 10 && w.api.exists {
		rec.Paused = false
		w.store(rec)
	}
	w.after(2*time.Second, func() { w.resume(tries + 1) })
}

func (w *World) change(n *node, f Fault) {
	switch f.Kind {
	case PendingRestart:
		w.files++
		for _, other := range w.nodes {
			revision := strconv.Itoa(w.files)
			w.after(w.between(0, f.For), func() { // when its kubelet brings the file
				other.cfg.Revision, other.pending = revision, other.pending || other.pg.alive
				other.nudge()
			})
		}
	case NewRevision:
		w.roll(false, 0)
	case BadRevision:
		w.roll(true, f.For)
	case SlewClock:
		n.clock.set(w.now, n.clock.rawRate, f.Level)
		w.after(f.For, func() { n.clock.set(w.now, n.clock.rawRate, 1) })
	case LossyNetwork:
		w.net.loss, w.net.twice = f.Level, f.Level
		w.after(f.For, func() { w.net.loss, w.net.twice = 0, 0 })
	case SlowNetwork:
		w.net.slow = time.Duration(f.Level * float64(time.Second))
		w.after(f.For, func() { w.net.slow = 0 })
	case FullDisk:
		n.diskFull = true
		w.availability()
		w.after(f.For, func() {
			n.diskFull = false
			w.availability()
		})
	case PromoteByHand:
		if n.pg.alive && n.pg.ready && n.pg.recovery && !n.job.running {
			n.manual = w.now
			n.promoted(n.pg.term, false, 0)
			w.after(time.Second, n.checkSingle)
		}
	case KillAll:
		for _, other := range w.nodes {
			if other.pod.running {
				other.podDied("all are killed")
				other.createPod(w.between(time.Second, 15*time.Second))
			}
		}
	case SetMode:
		for _, other := range w.nodes {
			w.after(w.between(0, 3*time.Second), func() {
				other.cfg.Mode, other.cfg.W, other.cfg.MaxLag = f.Mode, f.W, 0
				other.cfg = other.cfg.Defaults()
			})
		}
	case SetScale:
		w.scale(int(f.Level))
	case OutsideDown, OnItsOwn:
		w.changeOutside(f)
	}
}

// scale changes the number of instances, as another size of the StatefulSet does.
func (w *World) scale(size int) {
	for len(w.nodes) < min(size, maxNodes) {
		n := w.newNode(len(w.nodes))
		w.nodes = append(w.nodes, n)
		w.q.push(event{at: w.now + int64(time.Second), kind: clientAct, a: int32(n.i)})
	}
	for _, n := range w.nodes {
		n.cfg.Instances = size
		if n.i < size && !n.pod.exists && !n.pod.running && !n.gone {
			n.createPod(w.between(time.Second, 3*time.Second))
		}
		if n.i >= size {
			// The configuration is there before the StatefulSet ends the pod.
			w.after(w.between(20*time.Second, 30*time.Second), n.leave)
		}
		n.nudge()
	}
}

// leave ends a pod that there is no place for, once nobody counts on it: whoever takes volumes away before is beyond help.
func (n *node) leave() {
	rec := &n.w.api.rec
	holder := n.w.byID(rec.Holder.ID)
	switch {
	case n.i < n.cfg.Instances:
	case !n.w.api.exists || holder == nil || holder == n || !holder.open() && !(rec.Outside && holder.pg.ready) || slices.Contains(rec.Sync.Of, n.vol.id):
		n.w.after(5*time.Second, n.leave)
	default:
		n.deletePod()
	}
}

// watchdog looks every second at what no single event shows.
func (w *World) watchdog() {
	w.after(checkEvery, w.watchdog)
	c := &w.check
	sick := w.sick()
	if sick == "" {
		if !c.healthy && w.tracing(1) {
			w.tracef("the cluster is healthy")
		}
		c.healthy = true
	} else if sick != c.unwell && w.tracing(3) {
		w.tracef("unwell: %s", sick)
	}
	c.unwell = sick
	if sick != "" && c.healAt > 0 && w.now > c.healAt+int64(healthyWithin) {
		w.fail("I12", "%v after everything was healed: %s", healthyWithin, sick)
	}
	if sick != "" && c.healAt > 0 && w.now > c.healAt+int64(impatience) && (w.asyncLost() || w.unknowable()) {
		w.rescue()
	}
	if limit := w.opt.MaxOutage; limit > 0 && c.shutSince > 0 && w.now-c.shutSince > int64(limit) {
		w.fail("I6", "no client has been able to write for %v", limit)
	}
	labelled := 0
	for _, n := range w.nodes {
		if n.pod.label == "primary" && n.pod.exists {
			labelled++
		}
	}
	switch {
	case labelled < 2:
		c.labels = 0
	case c.labels == 0:
		c.labels = w.now
	case w.now-c.labels > int64(2*time.Second+2*w.api.slow) && w.api.down == 0 && !w.cutOff():
		w.fail("I8", "%d pods are labelled primary", labelled)
	}
	w.budget()
}

// cutOff tells that the holder could not change a label now.
func (w *World) cutOff() bool {
	n := w.byID(w.api.rec.Holder.ID)
	return n == nil || !n.reaches() || n.frozen || !n.car.up || n.car.stopped || !n.open()
}

// few is how many standbys commits wait for where there is no room for them; 0 where there is. Nothing but another configuration mends that.
func (n *node) few() int {
	if n == nil || n.cfg.Mode != ha.Required || n.cfg.W < n.cfg.Instances {
		return 0
	}
	return n.cfg.W
}

// budget is I13: a healthy cluster leaves the API server in peace.
func (w *World) budget() {
	c := &w.check
	if w.now/int64(time.Minute) == (w.now-int64(checkEvery))/int64(time.Minute) {
		return
	}
	asked := w.stats.Requests - c.minute
	c.minute = w.stats.Requests
	calm := w.now-c.quiet > int64(3*time.Minute) && c.healthy && c.unwell == "" && w.now > int64(3*time.Minute)
	most := 9
	if n := w.byID(w.api.rec.Holder.ID); n.few() > 0 {
		most += int(time.Minute / n.cfg.Timing.Eager) // those whose grants it needs are gone for good: it holds by the record alone
	}
	if calm && asked > most {
		w.fail("I13", "%d requests in a quiet minute", asked)
	}
	if limit := 60 * len(w.nodes); asked > limit {
		w.fail("I13", "%d requests in a minute: more than %d", asked, limit)
	}
}

// Heal tells that no fault is left from t on: what is not healthy in time is a violation.
func (w *World) Heal(t time.Duration) { w.check.healAt = int64(t) }
