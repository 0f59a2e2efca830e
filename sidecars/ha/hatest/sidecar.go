package hatest

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// sidecar is one process of the agent: the core's state, what it was told, and the hands that do what the core wants.
type sidecar struct {
	up      bool
	stopped bool // SIGSTOP
	gen     int32
	woken   bool
	state   ha.State
	obs     ha.Observation
	actions []ha.Action
	inbox   []ha.Message
	spare   []ha.Message
	written []ha.Written
	// The record, as a watch has it.
	seen        ha.Seen
	seenVersion int
	watching    bool
	watchAt     int64
	reading     bool

	pg       ha.Postgres
	polled   int32 // which server pg is of
	syncSet  int
	applied  ha.LSN
	dead     string
	label    string
	labelled bool
	heard    [maxNodes]string // addresses
	looked   [maxNodes]int64  // when they were last asked for
	requests []ha.Request
	// reloading has a bit for every change that is about to come into force.
	reloading uint32
}

func (n *node) startSidecar() {
	if n.car.up || !n.pod.running {
		return
	}
	c := &n.car
	*c = sidecar{up: true, gen: c.gen + 1, woken: c.woken, inbox: c.inbox[:0], spare: c.spare[:0], actions: c.actions, requests: c.requests}
	c.state = n.w.core.New(n.vol.durable, n.w.serial("s"), n.clock.now(n.w.now))
	n.get(true)
	n.pollPostgres()
	n.nudge()
}

func (n *node) stopSidecar() {
	n.car.up = false
	n.car.gen++
}

// sidecarDied: the kubelet starts it again, unless it is to stay away.
func (n *node) sidecarDied(back time.Duration) {
	if !n.car.up {
		return
	}
	if n.w.tracing(1) {
		n.w.tracef("%s: sidecar is killed", n.name)
	}
	n.stopSidecar()
	n.later(back, n.startSidecar)
}

// nudge has the sidecar step in a moment, since something happened.
func (n *node) nudge() {
	if !n.car.up || n.car.woken {
		return
	}
	n.car.woken = true
	n.w.q.push(event{at: n.w.now + int64(100*time.Microsecond) + n.w.rng.Int64N(int64(900*time.Microsecond)), kind: wake, a: int32(n.i)})
}

// step is one turn of the agent's loop.
func (n *node) step() {
	c := &n.car
	if !c.up || c.stopped || n.frozen {
		return
	}
	n.w.stats.Steps++
	o := &c.obs
	n.observe(o)
	c.actions = n.w.core.Step(&c.state, o, &n.cfg, c.actions[:0])
	if n.w.tracing(3) {
		n.w.tracef("%s: step: phase %v, term %d, why %q", n.name, o.Supervisor.Phase, o.Record.Record.Term, c.state.Why())
	}
	actions := c.actions
	gen := c.gen
	for i := range actions {
		if n.w.opt.CrashActions > 0 && (n.w.check.healAt == 0 || n.w.now < n.w.check.healAt) && actions[i].Do != ha.Send && actions[i].Do != ha.Label && n.w.chance(n.w.opt.CrashActions) {
			n.w.stats.Cuts++
			n.sidecarDied(n.w.between(500*time.Millisecond, 3*time.Second))
			return
		}
		n.do(&actions[i])
		if n.car.gen != gen {
			return
		}
	}
}

// observe is everything that the sidecar knows at this moment.
func (n *node) observe(o *ha.Observation) {
	c := &n.car
	o.Now, o.Self, o.DiskLow, o.Requests = n.clock.now(n.w.now), n.member(), n.diskFull, c.requests
	o.Postgres, o.Record = c.pg, c.seen
	o.Job = ha.Job{Kind: n.job.kind, Running: n.job.running, Failed: n.job.failed, Begun: n.job.begun, Ended: n.job.ended}
	o.Pod = ha.Pod{Terminating: n.pod.terminating, Cordoned: n.pod.cordoned, Updated: n.pod.revision == n.w.revision, Outdated: n.outdated(), Newest: n.newest(), Dead: c.dead}
	o.Supervisor, o.Data, o.Written = ha.Supervisor{}, ha.Data{}, nil
	if n.sup.up && !n.sup.stopped {
		o.Supervisor = ha.Supervisor{Instance: n.sup.instance, Locked: true, Phase: n.sup.phase, Crashed: n.sup.crashed, Lacks: n.sup.lacks, Refused: n.sup.refused}
		o.Data = ha.Data{Known: true, Exists: n.vol.exists, SystemID: n.vol.sysid, Standby: n.vol.standby, Clean: n.vol.clean, End: n.vol.ckpt, Broken: n.vol.broken, LogLost: n.vol.logLost}
		if n.vol.clean {
			o.Data.End = n.vol.data.position()
		}
	}
	o.Heard, c.inbox, c.spare = c.inbox, c.spare[:0], c.inbox
	if len(c.written) > 0 {
		o.Written, c.written = &c.written[0], c.written[1:]
		if len(c.written) > 0 {
			n.nudge()
		}
	}
}

func (n *node) member() ha.Member {
	return ha.Member{ID: n.vol.id, Name: n.name, Addr: n.pod.addr, Host: n.pod.host}
}

// do is the executor.
func (n *node) do(a *ha.Action) {
	if n.w.tracing(2) && a.Do != ha.Label && (a.Do != ha.Send || n.w.tracing(3)) {
		n.w.tracef("%s:   %v", n.name, a)
	}
	switch a.Do {
	case ha.Send:
		n.send(a.To)
	case ha.Write:
		if n.w.opt.Mistake == LabelsBeforeItHolds && a.Record.Holder.ID == n.vol.id && n.car.seen.Record.Holder.ID != n.vol.id {
			n.pod.label = "primary"
			n.w.check.labelled(n, "primary")
		}
		n.write(a)
	case ha.Read:
		n.get(false)
	case ha.Remember:
		if n.w.opt.Mistake != RemembersNothing {
			n.vol.durable = *a.Durable
		}
	case ha.Prove:
		n.prove(a)
	case ha.Label:
		if n.car.label != a.Role {
			n.car.label, n.car.labelled = a.Role, false
			n.relabel()
		} else if n.car.labelled && n.reaches() {
			n.strip()
		}
	case ha.Slots:
	case ha.Evict:
		n.evict(a.Pod)
	case ha.Answer:
		n.answered(a)
	default:
		n.doPostgres(a)
	}
}

// doPostgres gives the supervisor and the server their orders.
func (n *node) doPostgres(a *ha.Action) {
	switch a.Do {
	case ha.StartPrimary:
		n.startPrimary(a)
	case ha.StartStandby:
		n.startStandby(a)
	case ha.Stop:
		n.checkStop(a)
		n.stop()
	case ha.Kill:
		n.kill()
	case ha.Promote:
		n.promote(a)
	case ha.Init:
		n.initdb()
	case ha.Clone:
		n.clone(a)
	case ha.Rewind:
		n.rewind(a)
	case ha.Checkpoint:
		if n.pg.ready && !n.job.running {
			n.checkpoint()
		}
	case ha.Follow, ha.SetSync, ha.Open:
		n.reload(a)
	}
}

// reload is a change of the configuration, in force a moment later.
func (n *node) reload(a *ha.Action) {
	up, gen := n.pg.up, n.car.gen
	if a.Do == ha.Follow && n.vol.upstream == a.Upstream.ID && n.vol.upstreamHost == a.Upstream.Host {
		return
	}
	if !n.pg.alive || !n.pg.ready && !(n.pg.replays && a.Do == ha.Follow) || n.pg.stopped || n.car.busy(a.Do) {
		return
	}
	n.car.reloading |= 1 << a.Do
	do, upstream, sync := a.Do, a.Upstream, plain(a.Sync)
	n.later(n.w.jitter(5*time.Millisecond, 60*time.Millisecond), func() {
		if n.car.gen == gen {
			n.car.reloading &^= 1 << do
		}
		if n.pg.up != up {
			return
		}
		switch do {
		case ha.Follow:
			n.follow(upstream)
		case ha.SetSync:
			n.setSync(sync)
			n.pollPostgres()
		case ha.Open:
			n.ungate()
		}
	})
}

func (c *sidecar) busy(d ha.Do) bool { return c.reloading&(1<<d) != 0 }

func (n *node) wrote(o ha.Written) {
	n.car.written = append(n.car.written, o)
	n.nudge()
}

func (n *node) ungate() {
	if !n.pg.gated {
		return
	}
	n.pg.gated, n.vol.gated = false, false
	if n.writable() {
		n.opened()
	}
	n.pollPostgres()
	n.nudge()
}

// answered takes a request off the list of the person.
func (n *node) answered(a *ha.Action) {
	for i, r := range n.car.requests {
		if r.ID == a.Request {
			if n.w.tracing(1) {
				n.w.tracef("%s: answers request %d: %v %s", n.name, a.Request, a.OK, a.Why)
			}
			if a.OK {
				n.w.stats.Answered++
			}
			n.car.requests = append(n.car.requests[:i:i], n.car.requests[i+1:]...)
			return
		}
	}
}
