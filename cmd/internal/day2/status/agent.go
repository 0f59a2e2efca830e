package status

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// agent is what `onggi-agent ctl status` prints: what one agent knows of itself, and of all.
type agent struct {
	Member  self
	Cluster struct {
		Members    []row
		SystemID   string `json:"database_system_identifier"`
		Pause      bool
		Awaits     string                         `json:"awaits_switchover"`
		Switchover *struct{ At, From, To string } `json:"scheduled_switchover"`
	}
	History [][]json.RawMessage
}

// change is what a setting would become.
type change struct {
	Old string `json:"old_value"`
	New string `json:"new_value"`
}

// schedule is a restart to come.
type schedule struct {
	At string `json:"schedule"`
}

// self is the document of /patroni.
type self struct {
	State            string
	Role             string
	Started          string            `json:"postmaster_start_time"`
	ServerVersion    int               `json:"server_version"`
	Timeline         int64             `json:"timeline"`
	ReplicationState string            `json:"replication_state"`
	RecordSeen       int64             `json:"dcs_last_seen"`
	Tags             map[string]any    `json:"tags"`
	Pending          map[string]change `json:"pending_restart_reason"`
	Restart          *schedule         `json:"scheduled_restart"`
	Xlog             struct {
		Location int64 // of a primary
		Replayed int64 `json:"replayed_location"`
	} `json:"xlog"`
	Sync   bool `json:"sync_standby"`
	Quorum bool `json:"quorum_standby"`
	Onggi  struct {
		Permit   float64 `json:"permit_remaining_seconds"`
		Gated    bool
		Fenced   bool
		Eligible bool
		Waits    string           `json:"not_eligible_because"`
		Free     map[string]int64 `json:"disk_free_bytes"`
		Rollout  struct {
			Awaits         string  `json:"waits_for"`
			For            float64 `json:"for_seconds"`
			Reason, Detail string
		}
	}
}

// row is a member of the document of /cluster.
type row struct {
	Name, Role, State string
	Timeline          int64
	Tags              map[string]any
	Pending           map[string]change `json:"pending_restart_reason"`
	Restart           *schedule         `json:"scheduled_restart"`
	Lag               json.RawMessage   `json:"receive_lag"` // bytes, or "unknown"
	ReplayLag         json.RawMessage   `json:"replay_lag"`
}

// agentsOf reads what the agents said.
func agentsOf(o Observed) map[string]agent {
	out := map[string]agent{}
	for name, answer := range o.Answers {
		var a agent
		if answer.Err == "" && json.Unmarshal(answer.Document, &a) == nil {
			out[name] = a
		}
	}
	return out
}

// mostCurrent is the agent whose table of members counts: the primary's with a permit, and else who saw the record last.
func mostCurrent(said map[string]agent) (agent, bool) {
	var best agent
	found := false
	rank := func(a agent) (bool, int64) {
		return a.Member.Role == "primary" && a.Member.Onggi.Permit > 0, a.Member.RecordSeen
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		a := said[name]
		leads, seen := rank(a)
		bestLeads, bestSeen := rank(best)
		if !found || leads && !bestLeads || leads == bestLeads && seen > bestSeen {
			best, found = a, true
		}
	}
	return best, found
}

// describe puts what an agent says of itself into its member.
func (a self) describe(m *Member) {
	m.State, m.Timeline, m.Started, m.Tags = a.State, a.Timeline, a.Started, a.Tags
	m.Fenced, m.PendingRestart = a.Onggi.Fenced, pending(a.Pending)
	if a.Restart != nil {
		m.Restart = a.Restart.At
	}
	if free, ok := a.Onggi.Free["data"]; ok && free > 0 {
		m.Free = &free
	}
	if free, ok := a.Onggi.Free["wal"]; ok {
		m.WALFree = &free
	}
	if a.ServerVersion >= 100000 {
		m.Version = fmt.Sprintf("%d.%d", a.ServerVersion/10000, a.ServerVersion%10000)
	}
	switch {
	case a.Role == "primary":
		m.Role = Primary
		permit := a.Onggi.Permit
		if a.Onggi.Gated {
			permit = 0
		}
		m.Permit = &permit
	case a.Sync:
		m.Role = SyncStandby
	case a.Quorum:
		m.Role = QuorumStandby
	case a.Role == "replica":
		m.Role = Replica
	default:
		m.Role = NoRole
	}
	if m.State == "running" && a.ReplicationState == "streaming" {
		m.State = "streaming"
	}
	// A replica that the record lets lead waits for other reasons: the primary lives, for one.
	switch {
	case m.Role == Primary:
	case !a.Onggi.Eligible:
		m.Unfit = a.Onggi.Waits
	case m.Role != NoRole:
		m.Candidate = m.State == "streaming"
	}
}

// complete puts what the cluster's table has into a member: lags always, and the rest where the member did not answer itself.
func (r row) complete(m *Member, answered bool) {
	m.Lag, m.ReplayLag = bytesBehind(r.Lag), bytesBehind(r.ReplayLag)
	if answered {
		return
	}
	m.State, m.Timeline, m.Tags, m.PendingRestart = r.State, r.Timeline, r.Tags, pending(r.Pending)
	if r.Restart != nil {
		m.Restart = r.Restart.At
	}
	switch r.Role {
	case "leader":
		m.Role = Primary
	case "sync_standby":
		m.Role = SyncStandby
	case "quorum_standby":
		m.Role = QuorumStandby
	default:
		m.Role = Replica
	}
}

func bytesBehind(raw json.RawMessage) *int64 {
	var n int64
	if json.Unmarshal(raw, &n) != nil {
		return nil
	}
	return &n
}

func pending(reasons map[string]change) []Pending {
	var out []Pending
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		out = append(out, Pending{name, reasons[name].Old, reasons[name].New})
	}
	return out
}
