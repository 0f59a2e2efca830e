package agent

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Identity is what a view says of the agent that does not change.
type Identity struct {
	Scope, Version string
	Tags           map[string]string
	NoLoadBalance  bool
	Port           int  // of postgres
	Secure         bool // agents are asked over TLS
	Node           string
	Config         any // as /config shows it
	Requests       func() []rest.APIRequests
}

// View is what is known now, in the words of REST.
func (a *Agent) View(of Identity) rest.View {
	s := a.shown.Load()
	now := a.parts.Clock()
	r, p := &s.seen.Record.Record, &s.seen.Postgres
	instance := s.fence.Instance
	v := rest.View{
		Scope: of.Scope, Name: s.settings.Self.Name, Version: of.Version, Member: s.seen.Self.ID, Node: of.Node, Config: of.Config,
		Instances: s.settings.Core.Instances,
		Permit:    func() time.Duration { return a.Permit(instance) },
		TickAge:   func() time.Duration { return a.parts.Clock().AtMost(a.shown.Load().turned) },
		TickLimit: tickLimit, Term: int64(r.Term), Tags: of.Tags, NoLoadBalance: of.NoLoadBalance,
		Supervised: s.settings.Core.Supervised,
		NoFailover: s.settings.Core.Barred, Priority: s.settings.Core.Priority, MaximumLag: rest.Position(s.settings.Core.MaxLag),
		Paused: r.Paused, Fenced: s.fenced, Unlocked: r.Holder.ID == "" && s.seen.Record.Known, Gated: p.Gated, Counters: a.counts.counters(),
	}
	v.State, v.Role = stateOf(s), roleOf(s)
	v.StandbyLeader = v.Role == rest.Replica && r.Outside && r.Holder.ID == s.seen.Self.ID && s.state.Lead() != 0
	a.viewPostgres(&v, s, of)
	a.viewRecord(&v, s, of)
	a.viewPermit(&v, s, now)
	v.Rollout = s.viewRollout(now)
	return v
}

// tickLimit is how old the last turn of a living loop may be: it turns twice a second, and waits for nothing but one write to the volume.
const tickLimit = 10 * time.Second

// stateOf is the state of postgres in Patroni's words.
func stateOf(s *shown) rest.State {
	job := s.seen.Job
	if job.Running {
		switch job.Kind {
		case ha.JobInit:
			return rest.Initializing
		case ha.JobClone, ha.JobRewind:
			return rest.CreatingReplica
		case ha.JobStop:
			return rest.Stopping
		}
	}
	switch s.seen.Supervisor.Phase {
	case ha.Standby, ha.Primary:
		if s.seen.Postgres.At.IsZero() {
			return rest.Starting
		}
		return rest.Running
	case ha.Stopping:
		return rest.Stopping
	}
	if s.fence.Crashed {
		return rest.Crashed
	}
	return rest.Stopped
}

func roleOf(s *shown) rest.Role {
	switch {
	case s.seen.Postgres.At.IsZero():
		return rest.NoRole
	case s.seen.Postgres.InRecovery:
		return rest.Replica
	}
	return rest.Primary
}

func (a *Agent) viewPostgres(v *rest.View, s *shown, of Identity) {
	p, d := &s.seen.Postgres, &s.detail
	v.ServerVersion, v.PostmasterStart, v.ReplayedAt, v.ReplayPaused = d.ServerVersion, d.Started, d.Replayed, d.ReplayPaused
	v.Replication, v.PendingRestart, v.Timeline = d.Standbys, d.Pending, int64(p.Position.Timeline)
	switch {
	case p.At.IsZero():
	case p.InRecovery:
		v.Received, v.Replayed = rest.Position(p.Position.LSN), rest.Position(p.Replayed)
		switch {
		case p.Streaming:
			v.ReplicationState = "streaming"
		case d.Archive:
			v.ReplicationState = "in archive recovery"
		}
	default:
		v.Location = rest.Position(p.Position.LSN)
	}
	v.Counters.Effective = rest.Durability{W: max(p.Sync.W, 0), N: len(p.Sync.Names)}
	if s.settings.Core.Mode != "async" {
		v.Counters.Asked = s.settings.Core.W
	}
	v.Counters.CommitStall = p.Stalled
	v.Counters.DiskFree, v.Counters.DiskSize = map[string]uint64{"data": s.fence.Disk.Free}, map[string]uint64{}
	if s.fence.Disk.Total > 0 {
		v.Counters.DiskSize["data"] = s.fence.Disk.Total
	}
	if s.fence.WAL.Total > 0 {
		v.Counters.DiskFree["wal"], v.Counters.DiskSize["wal"] = s.fence.WAL.Free, s.fence.WAL.Total
	}
	if of.Requests != nil {
		v.Counters.APIRequests = of.Requests()
	}
}

func (a *Agent) viewRecord(v *rest.View, s *shown, of Identity) {
	r := &s.seen.Record.Record
	if r.SystemID != 0 {
		v.SystemID = strconv.FormatUint(r.SystemID, 10)
	}
	if !s.seen.Record.At.IsZero() {
		v.RecordSeen = time.Now().Add(-a.parts.Clock().AtMost(s.seen.Record.At))
	}
	v.LeaderLocation = rest.Position(r.At.LSN)
	v.FailsafePeers = map[string]string{}
	v.Counters.Published = rest.Durability{W: r.Sync.W, N: len(r.Sync.Of)}
	peers := map[string]ha.Report{}
	for _, one := range s.book {
		peers[one.ID] = one.report
	}
	for _, m := range r.Members {
		v.FailsafePeers[m.Name] = m.Addr
		one := a.viewMember(v, s, m, peers[m.ID], of)
		if one.Leader {
			v.Leader = m.Name
			v.LeaderLocation = max(v.LeaderLocation, one.Received)
		}
		if m.ID == s.seen.Self.ID && v.Role == rest.Replica {
			v.Sync = one.Sync
		}
		v.Members = append(v.Members, one)
	}
	if v.Role == rest.Primary {
		v.LeaderLocation = v.Location
	}
	for _, h := range r.History {
		v.History = append(v.History, rest.Switch{Timeline: int64(h.At.Timeline), Location: rest.Position(h.At.LSN), Reason: "no recovery target specified"})
	}
}

func (a *Agent) viewMember(v *rest.View, s *shown, m ha.Member, report ha.Report, of Identity) rest.Member {
	one := rest.Member{Name: m.Name, Leader: m.ID == s.seen.Record.Record.Holder.ID, Host: m.Host, Port: of.Port, API: "http://" + m.Addr + "/patroni"}
	if of.Secure {
		one.API = "https://" + m.Addr + "/patroni"
	}
	one.Outdated = slices.Contains(s.seen.Pod.Outdated, m.Name)
	r := &s.seen.Record.Record
	if slices.Contains(r.Sync.Of, m.ID) && !one.Leader && r.Sync.W > 0 {
		one.Sync = rest.Quorum
		if r.Sync.W == len(r.Sync.Of) {
			one.Sync = rest.Synced
		}
	}
	if m.ID == s.seen.Self.ID {
		one.State, one.Timeline, one.Received, one.Replayed = v.State.String(), v.Timeline, max(v.Received, v.Location), v.Replayed
		if v.ReplicationState == "streaming" {
			one.State = "streaming"
		}
		one.PendingRestart = v.PendingRestart
		return one
	}
	one.Timeline, one.Received = int64(report.At.Timeline), rest.Position(report.At.LSN)
	switch {
	case report.Open:
		one.State = "running"
	case report.Streaming:
		one.State = "streaming"
	default:
		one.State = report.Phase
	}
	if report.Pending {
		one.PendingRestart = []rest.Parameter{{Name: "?"}}
	}
	return one
}

func (a *Agent) viewPermit(v *rest.View, s *shown, now ha.Instant) {
	peers, api := s.state.Paths(now, s.fence.Instance, s.settings.Core)
	refreshing := api > 0 || s.state.Refreshing(now, s.settings.Core)
	v.Counters.PermitPaths = map[string]bool{"peers": peers > 0, "api": refreshing}
	v.Failsafe = peers > 0 && !refreshing
	v.Counters.PeerGrants = map[string]bool{}
	if s.state.Lead() != 0 {
		for _, one := range s.book {
			v.Counters.PeerGrants[one.Name] = !one.granted.IsZero() && now.AtMost(one.granted) < s.settings.Core.Timing.Holds()
		}
	}
	v.Counters.FailsafeMember = s.state.Lead() == 0 && v.Leader != "" && v.Leader != v.Name
	v.Counters.NotEligible = s.state.Why()
	v.Counters.Eligible = v.Role == rest.Replica && v.State == rest.Running && s.seen.Record.Record.MayLead(s.seen.Self.ID) && !s.settings.Core.Barred
	if s.seen.Record.Record.Mode == ha.Async && v.LeaderLocation > v.Received+rest.Position(s.settings.Core.MaxLag) && v.Counters.Eligible {
		v.Counters.Eligible = false // an election without the holder would refuse it
		v.Counters.NotEligible = cmp.Or(v.Counters.NotEligible, "is too far behind what the holder has")
	}
	v.Counters.ClockDivergence = time.Duration(abs((now.Boot - now.Raw) - a.apart))
}

func abs(n int64) int64 { return max(n, -n) }
