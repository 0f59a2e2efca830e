package agent

import (
	"context"
	"strconv"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

const (
	// statusTimeout ends a look at postgres. It is short: a server that does not answer must not delay the next answer for long.
	statusTimeout = 2 * time.Second
	// probeEvery is the time between two writes of a primary, and probeSoon while none has succeeded yet.
	probeEvery = 3 * time.Second
	probeSoon  = 100 * time.Millisecond
	// probeRest is how soon a member that leads nothing looks whether it should write: who begins to lead is woken.
	probeRest = 4 * time.Second
	// probeTimeout is longer than any write takes on a machine that is only slow.
	probeTimeout = 5 * time.Second
)

// watchFence takes what the supervisor tells.
func (a *Agent) watchFence(ctx context.Context) {
	a.parts.Fence.Run(ctx, a.Permit, func(s FenceStatus) {
		a.post(ctx, func(l *loop) { l.toldByFence(s) })
	})
}

func (l *loop) toldByFence(s FenceStatus) {
	before := l.fence
	l.fence = s
	l.seen.Supervisor = s.Supervisor
	if s.Phase != before.Phase || s.Starts != before.Starts || s.Instance != before.Instance {
		l.narrator.fence(before, s)
		l.agent.look()
		l.rouse()
	}
	l.agent.counts.waits(s.Instance, s.Canceled)
	if s.Lines != before.Lines {
		l.pace.lines = l.now
	}
	l.wentDown(before, s)
	if s.Phase == ha.PhaseUnknown {
		return // a connection lost says nothing of postgres
	}
	was := l.server
	l.server = server{s.Instance, s.Starts, s.Phase == ha.Down}
	if l.server != was {
		l.life++
		l.narrator.answered()
		l.seen.Postgres, l.detail, l.wrote, l.pending = ha.Postgres{}, Detail{}, ha.Instant{}, false
		l.seen.Data.Known, l.dataAsked, l.slots = false, false, nil
	}
}

// server is one postmaster, or none between two.
type server struct {
	instance string
	starts   int
	down     bool
}

// maybeExit lets the container end once it was told to, postgres is gone and the record is another's; or after a while, when the
// record cannot be given away. What the record needs afterwards is done without the container.
func (l *loop) maybeExit(ctx context.Context) {
	if !l.fence.Terminating || l.fence.Phase != ha.Down || l.exec.job.Running {
		l.exitAfter = ha.Instant{}
		return
	}
	if l.exitAfter.IsZero() {
		l.exitAfter = l.now.Add(exitPatience)
	}
	holds := l.seen.Record.Record.Holder.ID == l.seen.Self.ID && l.seen.Self.ID != ""
	if holds && l.now.AtMost(l.exitAfter) < 0 || l.exiting {
		return
	}
	l.exiting = true
	l.exec.tasks.Go(func() {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := l.agent.parts.Fence.Exit(limited); err != nil {
			l.agent.parts.Log.Warn("the supervisor does not end", "err", err)
		}
		time.AfterFunc(exitAgain, func() { l.agent.post(ctx, func(l *loop) { l.exiting = false }) })
	})
}

// exitAgain is the time between two requests to end.
const exitAgain = time.Second

// exitPatience is how long a container that was told to end is kept for the record's sake after postgres is down.
const exitPatience = 5 * time.Second

// watchStore takes every version of the record.
func (a *Agent) watchStore(ctx context.Context) {
	a.parts.Store.Watch(ctx, func(r ha.Record) {
		a.post(ctx, func(l *loop) {
			known := l.seen.Record.Record.Version
			if older(r.Version, known) || r.Version == "" && known != "" {
				// The watch is behind a write or a read of our own, or the store went back in time, or the record is gone: an absence
				// has no version to compare. Only reading tells.
				l.exec.begin(l, ha.Action{Do: ha.Read, Why: "the watch told an older version than is known"})
				return
			}
			l.see(r)
		})
	})
}

// see takes a version of the record. What was first seen earlier stays so.
func (l *loop) see(r ha.Record) {
	if l.seen.Record.Known && l.seen.Record.Record.Version == r.Version {
		return
	}
	old := l.seen.Record.Record
	if r.Holder.ID != l.seen.Record.Record.Holder.ID || r.Term != l.seen.Record.Record.Term {
		l.rouse()
		l.agent.look()
	}
	// The clocks are read now, not when the event was sent: a version counts as seen late rather than early.
	l.seen.Record = ha.Seen{Known: true, Record: r, First: l.agent.parts.Clock(), At: l.seen.Record.At}
	l.narrator.record(r)
	l.changedHands(old, r)
}

// older compares two versions of one object. Versions are opaque by contract but for equality; where both are numbers, as they
// are everywhere, the smaller is the older.
func older(version, than string) bool {
	v, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return false
	}
	t, err := strconv.ParseUint(than, 10, 64)
	return err == nil && v < t
}

// watchPod takes what Kubernetes means to do with the pod.
func (a *Agent) watchPod(ctx context.Context) {
	a.parts.Cluster.Watch(ctx, func(p ha.Pod) {
		a.post(ctx, func(l *loop) {
			p.Dead = l.seen.Pod.Dead
			l.seen.Pod, l.podEnds = p, p.Terminating
		})
	})
}

// look asks for the status of postgres now.
func (a *Agent) look() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// write asks for a probe now.
func (a *Agent) write() {
	select {
	case a.writes <- struct{}{}:
	default:
	}
}

// watchServer looks at postgres at the pace the loop sets.
func (a *Agent) watchServer(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
		if s := a.shown.Load(); s.ready && s.seen.Supervisor.Phase != ha.Down {
			a.status(ctx)
		}
		timer.Reset(time.Duration(a.pace.Load()))
	}
}

func (a *Agent) status(ctx context.Context) {
	of := a.shown.Load().life
	limited, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	at := a.parts.Clock()
	status, detail, err := a.parts.Server.Status(limited)
	a.post(ctx, func(l *loop) {
		if l.life != of {
			return
		}
		if err != nil {
			l.detail.Err = err.Error()
			l.narrator.silence(err)
			if l.seen.Postgres.At.IsZero() {
				status.Upstream = l.memberAt(status.Upstream)
				l.seen.Postgres = status
			}
			return
		}
		status.At = at
		status.Upstream = l.memberAt(status.Upstream)
		l.narrator.answered()
		if !status.InRecovery && (l.seen.Postgres.At.IsZero() || l.seen.Postgres.InRecovery) {
			l.agent.write()
			l.slotsAt = ha.Instant{} // others are about to ask for theirs
		}
		if detail.Aside != l.aside {
			l.putAside(l.aside, detail.Aside)
			l.aside = detail.Aside
		}
		l.pending = status.PendingRestart
		l.seen.Postgres, l.detail = status, detail
		if status.Streaming {
			l.followsAgain()
		}
	})
}

// memberAt is the id of the member whose postgres is at a host. A host that no member has is told as it is: it is somebody, and nobody that
// may be followed.
func (l *loop) memberAt(host string) string {
	if host == "" || host == ha.Outside {
		return host
	}
	for _, m := range l.seen.Record.Record.Members {
		if m.Host == host {
			return m.ID
		}
	}
	return "at " + host
}

// probe writes on a primary, over and over. It has a goroutine of its own, since it is there to find out when writes hang.
func (a *Agent) probe(ctx context.Context) {
	for {
		pause := probeEvery
		s := a.shown.Load()
		if s.seen.Supervisor.Phase != ha.Primary || s.seen.Postgres.At.IsZero() || s.seen.Postgres.InRecovery {
			pause = probeSoon
			if s.state.Lead() == 0 {
				pause = probeRest
			}
		} else if !a.probeOnce(ctx) {
			pause = probeSoon
		}
		select {
		case <-ctx.Done():
			return
		case <-a.writes: // clients are let in once a write has succeeded
		case <-time.After(pause):
		}
	}
}

func (a *Agent) probeOnce(ctx context.Context) bool {
	life := a.shown.Load().life
	begun := a.parts.Clock()
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := a.parts.Server.Probe(limited)
	a.post(ctx, func(l *loop) {
		switch {
		case l.life != life:
		case err != nil:
			l.narrator.trouble("a write did not succeed", err)
		default:
			if l.wrote.IsZero() {
				l.wroteFirst(l.now)
			}
			l.wrote = begun
		}
	})
	return err == nil
}
