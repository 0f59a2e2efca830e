package rest

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// busy is a view in which something has happened.
func busy() View {
	return with(primaryView(), func(v *View) {
		kills := NewHistogram(0.01, 0.1, 1)
		for _, seconds := range []float64{0.003, 0.084, 0.1, 3} {
			kills = kills.Observe(seconds)
		}
		v.Backup = backupsSeen
		v.PendingRestart = []Parameter{{"max_connections", "100", "200"}}
		v.Node, v.Instances = "worker-1", 3
		v.Provision = Provision{Applied: time.Unix(1767225600, 0), Changes: 7, Failures: 2, Problems: []string{`create role "app": no`}}
		v.Rollout = Rollout{Outdated: 2, Awaits: "shop-2", For: 12 * time.Minute, Reason: "ImagePullBackOff", Detail: "container database"}
		v.Counters = Counters{
			PermitPaths: map[string]bool{"peers": true}, PeerGrants: map[string]bool{"shop-1": true, "shop-2": false},
			RoleChanges: map[string]uint64{"switchover": 2, "holder lost": 1}, FenceKills: map[string]uint64{"permit": 4},
			FenceKillSeconds: kills, FailoverPhases: map[string]time.Duration{"wait": 7 * time.Second, "promote": 300 * time.Millisecond},
			LastOutage: 8200 * time.Millisecond, Conflicts: 3, Published: Durability{1, 2}, Effective: Durability{1, 2}, Asked: 2,
			APIRequests: []APIRequests{{"update", "409", 3}, {"get", "200", 12}}, WaitsCanceled: 1, LoopGap: 1500 * time.Millisecond,
			ClockDivergence: 2 * time.Millisecond, Eligible: false, NotEligible: "is the primary", DiskFree: map[string]uint64{"data": 1 << 33, "wal": 1 << 30}, DiskSize: map[string]uint64{"data": 1 << 34, "wal": 1 << 31},
			Rejoins: map[string]uint64{"rewind": 1}, FailsafeMember: true,
		}
	})
}

// vocabulary is every metric and its labels, as dashboards and alerts know them.
var vocabulary = func() map[string]string {
	all := map[string]string{
		"onggi_permit_remaining_seconds": "", "onggi_permit_path": "path", "onggi_peer_grants": "peer", "onggi_term": "",
		"onggi_switchover_awaited": "name scope", "onggi_role_changes_total": "reason", "onggi_fence_kills_total": "reason", "onggi_fence_kill_seconds": "", "onggi_failover_phase_seconds": "phase",
		"onggi_last_outage_seconds": "", "onggi_api_requests_total": "code verb", "onggi_cas_conflicts_total": "", "onggi_sync_published": "n w",
		"onggi_sync_effective": "n w", "onggi_commit_stall_seconds": "", "onggi_sync_wait_canceled_total": "", "onggi_loop_gap_seconds_max": "",
		"onggi_clock_divergence_seconds": "", "onggi_replica_eligible": "reason", "onggi_disk_free_bytes": "volume", "onggi_disk_size_bytes": "volume", "onggi_rejoin_total": "how",
		"onggi_provision_last_success_timestamp_seconds": "", "onggi_provision_problems": "", "onggi_provision_changes_total": "", "onggi_provision_failures_total": "",
		"onggi_rollout_outdated_pods": "", "onggi_rollout_wait_seconds": "member reason scope", "onggi_fenced": "", "onggi_node_info": "node", "onggi_sync_standbys": "value",
	}
	for name, labels := range map[string]string{
		"configured leader max_age_seconds repository_read_timestamp_seconds":                                                              "",
		"last_timestamp_seconds last_duration_seconds last_size_bytes last_stored_bytes last_error running last_success_timestamp_seconds": "type",
		"last_failure_timestamp_seconds": "type", "runs_total": "result type", "repository_ok": "reason",
	} {
		for _, one := range strings.Fields(name) {
			all["onggi_backup_"+one] = labels
		}
	}
	for _, name := range strings.Fields(`enabled ready_segments oldest_ready_seconds archived_total failed_total last_success_timestamp_seconds
		last_failure_timestamp_seconds gap_total`) {
		all["onggi_archive_"+name] = ""
	}
	all["onggi_instances"] = "name scope"
	all["onggi_archive_segments"], all["onggi_backups"], all["onggi_recover_state"] = "max min", "type", "state"
	for _, name := range strings.Fields(`version primary replica standby_leader sync_standby quorum_standby postgres_running postgres_state
		postgres_timeline postgres_streaming postgres_in_archive_recovery postgres_server_version postmaster_start_time xlog_location
		xlog_received_location xlog_replayed_location xlog_replayed_timestamp xlog_paused cluster_unlocked failsafe_mode_enabled
		failsafe_mode_is_active failsafe_member failover_priority dcs_last_seen pending_restart is_paused`) {
		all["patroni_"+name] = "name scope"
	}
	return all
}()

func TestMetricsAreThoseThatDashboardsKnow(t *testing.T) {
	v := busy()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(Metrics(&v)))
	require.NoError(t, err)
	got := map[string]string{}
	for name, family := range families {
		labels := map[string]bool{}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = true
			}
		}
		got[name] = strings.Join(slices.Sorted(maps.Keys(labels)), " ")
	}
	require.Equal(t, vocabulary, got)
	kills := families["onggi_fence_kill_seconds"].GetMetric()[0].GetHistogram()
	require.EqualValues(t, 4, kills.GetSampleCount())
	require.InDelta(t, 3.187, kills.GetSampleSum(), 1e-9)
	var cumulative []uint64
	for _, bucket := range kills.GetBucket() {
		cumulative = append(cumulative, bucket.GetCumulativeCount())
	}
	require.Equal(t, []uint64{1, 3, 3, 4}, cumulative, "a bound is in its own bucket")
	golden(t, "metrics.txt", Metrics(&v))
}

// What was a primary when its server was last seen is none when that is gone: otherwise nobody is told that there is none.
func TestAPrimaryThatDoesNotRunIsNone(t *testing.T) {
	for state, want := range map[State]string{Running: "1", Stopped: "0", Crashed: "0", Starting: "0"} {
		v := with(primaryView(), func(v *View) { v.State = state })
		require.Contains(t, string(Metrics(&v)), `patroni_primary{scope="shop",name="shop-0"} `+want+"\n", state)
	}
}

// promtool knows the conventions of names and types; an empty view has to keep them too.
func TestPromtoolHasNothingToSay(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			t.Fatal("promtool is missing")
		}
		t.Skip("promtool (Debian: prometheus) is not here")
	}
	for name, v := range map[string]View{"busy": busy(), "replica": replicaView(), "empty": {}} {
		check := exec.Command(promtool, "check", "metrics")
		check.Stdin = bytes.NewReader(Metrics(&v))
		out, err := check.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
		require.Empty(t, string(out), name)
	}
}

func TestObservingLeavesTheHistogramThatOthersHold(t *testing.T) {
	before := NewHistogram(1, 2)
	after := before.Observe(2).Observe(5)
	require.Equal(t, []uint64{0, 0, 0}, before.Counts)
	require.Equal(t, []uint64{0, 1, 1}, after.Counts)
	require.Equal(t, []uint64{1}, Histogram{}.Observe(1).Counts)
}

func TestNumbersOfVersions(t *testing.T) {
	for text, want := range map[string]float64{"v0.4.0": 400, "1.2.3": 10203, "v1.2.3-4-gabcdef": 10203, "dev": 0, "1.2": 0, "": 0} {
		require.Equal(t, want, versionNumber(text), text)
	}
}

// Whatever a label, a help text or a number is, the parser reads it back.
func FuzzExposition(f *testing.F) {
	f.Add("rejoin", "a \"quoted\" \\ text\n", "help \\ \n", 1.5)
	f.Add("", "\xff", "", math.Inf(-1))
	f.Fuzz(func(t *testing.T, name, label, help string, value float64) {
		w := &exposition{}
		w.family("onggi_x", "gauge", strings.ToValidUTF8(help, ""))
		w.sample("onggi_x", value, "reason", label, "name", name)
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(w.text))
		require.NoError(t, err, "%q", w.text)
		metric := families["onggi_x"].GetMetric()[0]
		got := map[string]string{}
		for _, pair := range metric.GetLabel() {
			got[pair.GetName()] = pair.GetValue()
		}
		require.Equal(t, strings.ToValidUTF8(label, "\uFFFD"), got["reason"])
		require.Equal(t, strings.ToValidUTF8(name, "\uFFFD"), got["name"])
		require.Equal(t, fmt.Sprint(value), fmt.Sprint(metric.GetGauge().GetValue()))
	})
}
