package rest

import (
	"cmp"
	"sort"
	"time"
)

// The documents have Patroni's field names, and its ways of writing times and positions. What it has no word for is below "onggi".
type (
	statusDoc struct {
		State            string                  `json:"state"`
		PostmasterStart  string                  `json:"postmaster_start_time,omitempty"`
		Role             string                  `json:"role"`
		ServerVersion    int                     `json:"server_version,omitempty"`
		Xlog             any                     `json:"xlog,omitempty"`
		SyncStandby      bool                    `json:"sync_standby,omitempty"`
		QuorumStandby    bool                    `json:"quorum_standby,omitempty"`
		Timeline         int64                   `json:"timeline,omitempty"`
		ReplicationState string                  `json:"replication_state,omitempty"`
		Replication      []Walsender             `json:"replication,omitempty"`
		Unlocked         bool                    `json:"cluster_unlocked,omitempty"`
		Failsafe         bool                    `json:"failsafe_mode_is_active,omitempty"`
		Pause            bool                    `json:"pause,omitempty"`
		RecordSeen       int64                   `json:"dcs_last_seen"`
		Tags             map[string]any          `json:"tags,omitempty"`
		SystemID         string                  `json:"database_system_identifier,omitempty"`
		PendingRestart   bool                    `json:"pending_restart,omitempty"`
		PendingReason    map[string]parameterDoc `json:"pending_restart_reason,omitempty"`
		ScheduledRestart *restartDoc             `json:"scheduled_restart,omitempty"`
		Patroni          patroniDoc              `json:"patroni"`
		Onggi            onggiDoc                `json:"onggi"`
	}

	// primaryXlog and replicaXlog are what xlog is.
	primaryXlog struct {
		Location Position `json:"location"`
	}
	replicaXlog struct {
		Received   Position `json:"received_location"`
		Replayed   Position `json:"replayed_location"`
		ReplayedAt *string  `json:"replayed_timestamp"` // null when there is none
		Paused     bool     `json:"paused"`
	}

	parameterDoc struct {
		Old string `json:"old_value"`
		New string `json:"new_value"`
	}

	restartDoc struct {
		At             string `json:"schedule"`
		Role           string `json:"role,omitempty"`
		Version        string `json:"postgres_version,omitempty"`
		RestartPending bool   `json:"restart_pending,omitempty"`
	}

	patroniDoc struct {
		Version string `json:"version"`
		Scope   string `json:"scope"`
		Name    string `json:"name"`
	}

	onggiDoc struct {
		Member        string            `json:"member"`
		Term          int64             `json:"term"`
		Leader        string            `json:"leader,omitempty"`
		PermitSeconds float64           `json:"permit_remaining_seconds"`
		Gated         bool              `json:"gated,omitempty"`
		Fenced        bool              `json:"fenced,omitempty"`
		LastOutage    float64           `json:"last_outage_seconds"`
		Eligible      bool              `json:"eligible,omitempty"` // a replica that the record lets lead
		NotEligible   string            `json:"not_eligible_because,omitempty"`
		Provision     *provisionDoc     `json:"provision,omitempty"`
		DiskFree      map[string]uint64 `json:"disk_free_bytes,omitempty"` // by volume: data, and wal where the log has one of its own
		DiskSize      map[string]uint64 `json:"disk_size_bytes,omitempty"`
		Rollout       *rolloutDoc       `json:"rollout,omitempty"`
	}

	rolloutDoc struct {
		Outdated int     `json:"outdated_pods"`
		Awaits   string  `json:"waits_for,omitempty"`
		Seconds  float64 `json:"for_seconds,omitempty"`
		Reason   string  `json:"reason,omitempty"`
		Detail   string  `json:"detail,omitempty"`
	}

	clusterDoc struct {
		Members    []memberDoc    `json:"members"`
		Scope      string         `json:"scope"`
		SystemID   string         `json:"database_system_identifier,omitempty"`
		Pause      bool           `json:"pause,omitempty"`
		Switchover *switchoverDoc `json:"scheduled_switchover,omitempty"`
		Awaits     string         `json:"awaits_switchover,omitempty"` // why; not Patroni's
	}

	memberDoc struct {
		Name             string                  `json:"name"`
		Role             string                  `json:"role"`
		State            string                  `json:"state"`
		API              string                  `json:"api_url"`
		Host             string                  `json:"host,omitempty"`
		Port             int                     `json:"port,omitempty"`
		Timeline         int64                   `json:"timeline,omitempty"`
		Tags             map[string]any          `json:"tags,omitempty"`
		PendingRestart   bool                    `json:"pending_restart,omitempty"`
		PendingReason    map[string]parameterDoc `json:"pending_restart_reason,omitempty"`
		ScheduledRestart *restartDoc             `json:"scheduled_restart,omitempty"`
		Outdated         bool                    `json:"outdated,omitempty"`    // not Patroni's
		ReceiveLag       any                     `json:"receive_lag,omitempty"` // bytes, or "unknown"
		ReceiveLSN       string                  `json:"receive_lsn,omitempty"`
		ReplayLag        any                     `json:"replay_lag,omitempty"`
		ReplayLSN        string                  `json:"replay_lsn,omitempty"`
		Lag              any                     `json:"lag,omitempty"`
		LSN              string                  `json:"lsn,omitempty"`
	}

	switchoverDoc struct {
		At   string `json:"at"`
		From string `json:"from,omitempty"`
		To   string `json:"to,omitempty"`
	}
)

// stamp is how Patroni writes a time of postgres.
const stamp = "2006-01-02 15:04:05.999999-07:00"

// status is the document of the health paths and of /patroni.
func (v *View) status() statusDoc {
	doc := statusDoc{
		State: v.State.String(), Role: cmp.Or(string(v.Role), "uninitialized"),
		Unlocked: v.Unlocked, Failsafe: v.Failsafe, Pause: v.Paused, Tags: v.tags(), SystemID: v.SystemID,
		PendingRestart: len(v.PendingRestart) > 0, PendingReason: reasons(v.PendingRestart), ScheduledRestart: scheduled(v.Restart),
		Patroni: patroniDoc{Version: v.Version, Scope: v.Scope, Name: v.Name},
		Onggi: onggiDoc{
			Member: v.Member, Term: v.Term, Leader: v.Leader, Gated: v.Gated, Fenced: v.Fenced,
			PermitSeconds: max(0, v.permit().Seconds()), LastOutage: v.Counters.LastOutage.Seconds(), Eligible: v.Counters.Eligible, NotEligible: v.Counters.NotEligible,
			Provision: v.Provision.document(), DiskFree: v.Counters.DiskFree, DiskSize: v.Counters.DiskSize,
		},
	}
	if r := &v.Rollout; r.Outdated > 0 || r.Awaits != "" {
		doc.Onggi.Rollout = &rolloutDoc{r.Outdated, r.Awaits, r.For.Round(time.Second).Seconds(), r.Reason, r.Detail}
	}
	if v.StandbyLeader {
		doc.Role = "standby_leader"
	}
	if !v.RecordSeen.IsZero() {
		doc.RecordSeen = v.RecordSeen.Unix()
	}
	if v.State != Running { // what postgres said before is not what it says now
		return doc
	}
	doc.ServerVersion, doc.Timeline, doc.Replication = v.ServerVersion, v.Timeline, v.Replication
	if !v.PostmasterStart.IsZero() {
		doc.PostmasterStart = v.PostmasterStart.Format(stamp)
	}
	switch v.Role {
	case Primary:
		doc.Xlog = primaryXlog{v.Location}
	case Replica:
		xlog := replicaXlog{Received: v.Received, Replayed: v.Replayed, Paused: v.ReplayPaused}
		if !v.ReplayedAt.IsZero() {
			at := v.ReplayedAt.Format(stamp)
			xlog.ReplayedAt = &at
		}
		doc.Xlog = xlog
		doc.SyncStandby, doc.QuorumStandby = v.Sync == Synced, v.Sync == Quorum
		doc.ReplicationState = v.ReplicationState
	}
	return doc
}

// tags are those of the configuration with the two that have a meaning here. Patroni shows these as booleans.
func (v *View) tags() map[string]any {
	tags := plain(v.Tags)
	for name, set := range map[string]bool{"noloadbalance": v.NoLoadBalance, "nofailover": v.NoFailover} {
		if !set {
			continue
		}
		if tags == nil {
			tags = map[string]any{}
		}
		tags[name] = true
	}
	return tags
}

// plain gives true and false their JSON form.
func plain(tags map[string]string) map[string]any {
	if len(tags) == 0 {
		return nil
	}
	out := make(map[string]any, len(tags)+2)
	for k, value := range tags {
		switch value {
		case "true", "false":
			out[k] = value == "true"
		default:
			out[k] = value
		}
	}
	return out
}

func reasons(pending []Parameter) map[string]parameterDoc {
	if len(pending) == 0 {
		return nil
	}
	out := make(map[string]parameterDoc, len(pending))
	for _, p := range pending {
		out[p.Name] = parameterDoc{p.Old, p.New}
	}
	return out
}

func scheduled(r *ScheduledRestart) *restartDoc {
	if r == nil {
		return nil
	}
	doc := restartDoc{At: r.At.Format(time.RFC3339), Role: string(r.Role), RestartPending: r.PendingOnly}
	if r.Below > 0 {
		doc.Version = versionText(r.Below)
	}
	return &doc
}

// cluster is the document of /cluster.
func (v *View) cluster() clusterDoc {
	doc := clusterDoc{Scope: v.Scope, SystemID: v.SystemID, Pause: v.Paused, Members: make([]memberDoc, 0, len(v.Members))}
	for _, m := range v.Members {
		doc.Members = append(doc.Members, v.member(m))
	}
	// Not slices.SortFunc, here and elsewhere in the agent: the compiler makes that anew for each type, in 10 kB of the program or more.
	sort.Slice(doc.Members, func(i, j int) bool { return doc.Members[i].Name < doc.Members[j].Name })
	doc.Awaits = v.awaits()
	if s := v.Switchover; s != nil {
		doc.Switchover = &switchoverDoc{At: s.At.Format(time.RFC3339), From: s.From, To: s.To}
	}
	return doc
}

// awaits is why a person should move the primary; empty where none has to: where updates are supervised and every standby has had its own.
func (v *View) awaits() string {
	why := ""
	for _, m := range v.Members {
		switch {
		case !v.Supervised, !m.Leader && (m.Outdated || len(m.PendingRestart) > 0):
			return ""
		case m.Leader && m.Outdated:
			why = "a newer revision of its pod"
		case m.Leader && len(m.PendingRestart) > 0:
			why = "parameters that need a restart"
		}
	}
	return why
}

func (v *View) member(m Member) memberDoc {
	doc := memberDoc{
		Name: m.Name, Role: "replica", State: cmp.Or(m.State, "unknown"), API: m.API, Host: m.Host, Port: m.Port, Timeline: m.Timeline,
		Tags: plain(m.Tags), PendingRestart: len(m.PendingRestart) > 0, PendingReason: reasons(m.PendingRestart),
		ScheduledRestart: scheduled(m.ScheduledRestart), Outdated: m.Outdated,
	}
	switch {
	case m.Leader:
		doc.Role = "leader"
		return doc // a leader is not behind itself
	case m.Sync == Synced:
		doc.Role = "sync_standby"
	case m.Sync == Quorum:
		doc.Role = "quorum_standby"
	}
	doc.ReceiveLag, doc.ReceiveLSN = v.behind(m.Received)
	doc.ReplayLag, doc.ReplayLSN = v.behind(m.Replayed)
	doc.Lag, doc.LSN = v.behind(max(m.Received, m.Replayed))
	return doc
}

func (v *View) behind(at Position) (lag any, lsn string) {
	behind, known := v.lag(at)
	if at == 0 {
		return "unknown", ""
	}
	if !known {
		return "unknown", at.String()
	}
	return behind, at.String()
}

// history is the document of /history: timeline, position, reason, time and the new leader of each switch.
func (v *View) history() [][]any {
	lines := make([][]any, 0, len(v.History))
	for _, s := range v.History {
		lines = append(lines, []any{s.Timeline, s.Location, s.Reason, s.At.Format(time.RFC3339), s.NewLeader})
	}
	return lines
}
