package rest

import (
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Counters are what the agent counts and measures. Maps are from a label's value to the count.
type Counters struct {
	PermitPaths      map[string]bool // "peers", "api": whether the path holds the permit now, or api would, as its writes come through
	PeerGrants       map[string]bool // by name of the peer: whether it grants now
	RoleChanges      map[string]uint64
	FenceKills       map[string]uint64
	FenceKillSeconds Histogram
	FailoverPhases   map[string]time.Duration // of the last failover
	LastOutage       time.Duration            // from the last write of the old primary to the first of the new
	APIRequests      []APIRequests
	Conflicts        uint64 // of compare-and-swap on the record
	Published        Durability
	Effective        Durability
	Asked            int               // standbys that people want a commit to wait for
	CommitStall      time.Duration     // that commits have been waiting for a standby now
	WaitsCanceled    uint64            // of synchronous replication: each may have told a client of a commit that is on one node
	LoopGap          time.Duration     // the longest
	ClockDivergence  time.Duration     // between the clocks that nobody can set
	Eligible         bool              // as a primary
	NotEligible      string            // and why not
	DiskFree         map[string]uint64 // bytes, by volume
	DiskSize         map[string]uint64
	Rejoins          map[string]uint64
	FailsafeMember   bool
}

// APIRequests counts requests to the Kubernetes API.
type APIRequests struct {
	Verb, Code string
	Count      uint64
}

// Durability is how many of how many standbys a commit waits for. N is zero when none is waited for.
type Durability struct{ W, N int }

// Histogram counts observations by their upper bounds. Its zero value has no bounds.
type Histogram struct {
	Bounds []float64 // ascending
	Counts []uint64  // of each bound alone, and one more for what is above all
	Sum    float64
}

// NewHistogram is an empty histogram.
func NewHistogram(bounds ...float64) Histogram {
	return Histogram{Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}
}

// Observe is the histogram with one observation more. The receiver is not changed, since views share what they hold.
func (h Histogram) Observe(value float64) Histogram {
	h.Counts = slices.Clone(h.Counts)
	if len(h.Counts) == 0 {
		h.Counts = make([]uint64, len(h.Bounds)+1)
	}
	at, _ := slices.BinarySearch(h.Bounds, value)
	h.Counts[at]++
	h.Sum += value
	return h
}

// Metrics is the view in the text form that Prometheus scrapes, sorted and complete: a series that is 0 is there too.
func Metrics(v *View) []byte {
	w := &exposition{text: make([]byte, 0, 12<<10)}
	patroniMetrics(w, v)
	permitMetrics(w, v)
	eventMetrics(w, &v.Counters)
	var backups *BackupView
	if v.Backup != nil {
		backups = v.Backup()
	}
	backupMetrics(w, backups)
	provisionMetrics(w, &v.Provision)
	return w.text
}

// patroniMetrics have the names of Patroni's, so that dashboards made for it work. Positions are gauges here: a rewind sets them back.
func patroniMetrics(w *exposition, v *View) {
	id := []string{"scope", v.Scope, "name", v.Name}
	running := v.State == Running
	replica := running && v.Role == Replica
	one := func(name, help string, value float64) {
		w.family(name, "gauge", help)
		w.sample(name, value, id...)
	}
	only := func(is bool, value float64) float64 {
		if !is {
			return 0
		}
		return value
	}
	one("patroni_version", "Version of the agent, two digits for each part.", versionNumber(v.Version))
	one("patroni_postgres_running", "Whether postgres runs.", bit(running))
	one("patroni_postgres_state", "State of postgres: "+stateHelp()+".", float64(v.State))
	one("patroni_postmaster_start_time", "When postgres started, 0 if not known.", only(running, epoch(v.PostmasterStart)))
	one("patroni_primary", "Whether postgres runs and is a primary.", bit(running && v.Role == Primary))
	one("patroni_standby_leader", "Whether this is the leader of a standby cluster.", bit(v.StandbyLeader))
	one("patroni_replica", "Whether postgres is a replica.", bit(v.Role == Replica && !v.StandbyLeader))
	one("patroni_sync_standby", "Whether every commit waits for this replica.", bit(replica && v.Sync == Synced))
	one("patroni_quorum_standby", "Whether commits wait for some of a set that this replica is in.", bit(replica && v.Sync == Quorum))
	one("patroni_xlog_location", "Flushed position of a primary, 0 elsewhere.", only(running && v.Role == Primary, float64(v.Location)))
	one("patroni_xlog_received_location", "Received position of a replica, 0 elsewhere.", only(replica, float64(v.Received)))
	one("patroni_xlog_replayed_location", "Replayed position of a replica, 0 elsewhere.", only(replica, float64(v.Replayed)))
	one("patroni_xlog_replayed_timestamp", "Time of the last transaction replayed, 0 if none.", only(replica, epoch(v.ReplayedAt)))
	one("patroni_xlog_paused", "Whether replay is paused.", bit(replica && v.ReplayPaused))
	one("patroni_postgres_streaming", "Whether postgres streams from another one.", bit(replica && v.ReplicationState == "streaming"))
	one("patroni_postgres_in_archive_recovery", "Whether postgres replays from the archive.",
		bit(replica && v.ReplicationState == "in archive recovery"))
	one("patroni_postgres_server_version", "Version number of postgres, 0 if it does not run.", only(running, float64(v.ServerVersion)))
	one("patroni_cluster_unlocked", "Whether nobody holds the record.", bit(v.Unlocked))
	one("patroni_failsafe_mode_enabled", "Whether peers can keep the permit while the API is away: always.", 1)
	one("patroni_failsafe_mode_is_active", "Whether peers alone keep the permit now.", bit(v.Failsafe))
	one("patroni_failsafe_member", "Whether this member is asked for grants.", bit(v.Counters.FailsafeMember))
	one("patroni_failover_priority", "Priority of this member in an election, 0 is never.", float64(v.Priority))
	one("patroni_postgres_timeline", "Timeline of postgres, 0 if it does not run.", only(running, float64(v.Timeline)))
	one("patroni_dcs_last_seen", "When the record was last read.", epoch(v.RecordSeen))
	one("patroni_pending_restart", "Whether a setting waits for a restart.", bit(len(v.PendingRestart) > 0))
	one("onggi_switchover_awaited", "Whether an update of this leader waits for a person to move it.", bit(v.Leader == v.Name && v.awaits() != ""))
	one("patroni_is_paused", "Whether automatic failover is off.", bit(v.Paused))
}

// permitMetrics tell how safe the present moment is.
func permitMetrics(w *exposition, v *View) {
	c := &v.Counters
	gauge := func(name, help string, value float64, labels ...string) {
		w.family(name, "gauge", help)
		w.sample(name, value, labels...)
	}
	gauge("onggi_permit_remaining_seconds", "How long postgres may go on as the primary, 0 without a permit.", max(0, v.permit().Seconds()))
	w.family("onggi_permit_path", "gauge", "Whether the path holds the permit, or could: of api, whether the record is written when it is due.")
	w.sample("onggi_permit_path", bit(c.PermitPaths["peers"]), "path", "peers")
	w.sample("onggi_permit_path", bit(c.PermitPaths["api"]), "path", "api")
	w.family("onggi_peer_grants", "gauge", "Whether the peer grants the permit now.")
	for _, peer := range slices.Sorted(maps.Keys(c.PeerGrants)) {
		w.sample("onggi_peer_grants", bit(c.PeerGrants[peer]), "peer", peer)
	}
	gauge("onggi_fenced", "Whether a person keeps postgres down here.", bit(v.Fenced))
	gauge("onggi_node_info", "1 for the node that the pod runs on.", 1, "node", v.Node)
	gauge("onggi_instances", "Members that the configuration asks for.", float64(v.Instances), "scope", v.Scope, "name", v.Name)
	gauge("onggi_rollout_outdated_pods", "Pods of another revision than the newest.", float64(v.Rollout.Outdated))
	gauge("onggi_rollout_wait_seconds", "How long a rolling change has been waiting for this pod, as the member knows that leads it; 0: for none.", v.Rollout.For.Seconds(),
		"scope", v.Scope, "member", v.Rollout.Awaits, "reason", v.Rollout.Reason)
	gauge("onggi_term", "Term of the record: how often it changed hands.", float64(v.Term))
	gauge("onggi_sync_published", "1 for how many of how many standbys the record says that commits wait for.", 1, c.Published.labels()...)
	gauge("onggi_sync_effective", "1 for how many of how many standbys postgres makes commits wait for.", 1, c.Effective.labels()...)
	w.family("onggi_sync_standbys", "gauge", "Standbys that a commit waits for: asked by people, required by postgres.")
	w.sample("onggi_sync_standbys", float64(c.Asked), "value", "asked")
	w.sample("onggi_sync_standbys", float64(c.Effective.W), "value", "required")
	gauge("onggi_commit_stall_seconds", "How long commits have been waiting for a standby.", c.CommitStall.Seconds())
	gauge("onggi_loop_gap_seconds_max", "The longest that the loop did not turn.", c.LoopGap.Seconds())
	gauge("onggi_clock_divergence_seconds", "How far the clocks that nobody can set are apart.", c.ClockDivergence.Seconds())
	gauge("onggi_replica_eligible", "Whether this member may become the primary, and why not.", bit(c.Eligible), "reason", c.NotEligible)
	volumes := func(name, help string, bytes map[string]uint64) {
		w.family(name, "gauge", help)
		for _, volume := range slices.Sorted(maps.Keys(bytes)) {
			w.sample(name, float64(bytes[volume]), "volume", volume)
		}
	}
	volumes("onggi_disk_free_bytes", "Free space of the volume: data, or wal where the log has one of its own.", c.DiskFree)
	volumes("onggi_disk_size_bytes", "Size of the volume.", c.DiskSize)
}

// eventMetrics tell what happened so far.
func eventMetrics(w *exposition, c *Counters) {
	w.counts("onggi_role_changes_total", "Changes of role.", "reason", c.RoleChanges)
	w.counts("onggi_fence_kills_total", "Kills of every process of the database container.", "reason", c.FenceKills)
	w.histogram("onggi_fence_kill_seconds", "How long these took.", c.FenceKillSeconds)
	w.family("onggi_failover_phase_seconds", "gauge", "How long each phase of the last failover took.")
	for _, phase := range slices.Sorted(maps.Keys(c.FailoverPhases)) {
		w.sample("onggi_failover_phase_seconds", c.FailoverPhases[phase].Seconds(), "phase", phase)
	}
	w.family("onggi_last_outage_seconds", "gauge", "How long nobody could write, the last time.")
	w.sample("onggi_last_outage_seconds", c.LastOutage.Seconds())
	w.family("onggi_api_requests_total", "counter", "Requests to the Kubernetes API; code 0 is no answer.")
	sorted := slices.Clone(c.APIRequests)
	sort.Slice(sorted, func(i, j int) bool {
		a, b := sorted[i], sorted[j]
		return a.Verb < b.Verb || a.Verb == b.Verb && a.Code < b.Code
	})
	for _, r := range sorted {
		w.sample("onggi_api_requests_total", float64(r.Count), "verb", r.Verb, "code", r.Code)
	}
	w.family("onggi_cas_conflicts_total", "counter", "Writes of the record that somebody else's came before.")
	w.sample("onggi_cas_conflicts_total", float64(c.Conflicts))
	w.family("onggi_sync_wait_canceled_total", "counter", "Commits whose wait for a standby was cancelled: told as done, known to one node.")
	w.sample("onggi_sync_wait_canceled_total", float64(c.WaitsCanceled))
	w.counts("onggi_rejoin_total", "Returns of this member as a replica.", "how", c.Rejoins)
}

func (d Durability) labels() []string {
	return []string{"w", strconv.Itoa(d.W), "n", strconv.Itoa(d.N)}
}

func bit(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func epoch(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMicro()) / 1e6
}

// versionNumber is 10203 for v1.2.3-4-gabc, and 0 for what has no such number.
func versionNumber(version string) float64 {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "-")
	number := 0
	parts := strings.Split(version, ".")
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || len(parts) != 3 {
			return 0
		}
		number = number*100 + int(n)
	}
	return float64(number)
}

func stateHelp() string {
	var b strings.Builder
	for i, name := range stateNames {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(i) + " " + name)
	}
	return b.String()
}
