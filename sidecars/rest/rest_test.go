package rest

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// stage is a Source that shows one view and remembers what it was asked to do.
type stage struct {
	view     View
	outcome  Outcome
	asked    []Request
	restored []Restore
	run      *BackupRun // that is under way
	bare     bool       // no backups are configured
}

func (s *stage) View() View { return s.view }

func (s *stage) Do(_ context.Context, r Request) Outcome {
	s.asked = append(s.asked, r)
	return s.outcome
}

const token = "a-token-of-the-cluster"

func handlerOf(s *stage) *Handler {
	return New(s, Auth{Token: func() []string { return []string{token} }})
}

// call sends a request with the token and returns its status and body.
func call(t *testing.T, h http.Handler, method, path, body string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequest(method, path, nil)
	} else {
		r.Header.Set("Content-Length", fmt.Sprint(len(body)))
	}
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := w.Result()
	data, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(data), answer.Header
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func lasting(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// primaryView is a primary with a permit and two replicas.
func primaryView() View {
	return View{
		Scope: "shop", Name: "shop-0", Version: "v0.4.0", Member: "m0", SystemID: "7268616322854375442",
		Role: Primary, State: Running, Permit: lasting(6 * time.Second), TickAge: lasting(time.Second), TickLimit: 30 * time.Second,
		Term: 4, Timeline: 5, ServerVersion: 150018, PostmasterStart: noon.Add(-time.Hour),
		Location: 67395656, LeaderLocation: 67395656, MaximumLag: 1 << 20, Priority: 1,
		Replication: []Walsender{{"replicator", "shop-1", "10.0.0.6", "streaming", "quorum", 1}},
		RecordSeen:  noon, Leader: "shop-0", FailsafePeers: map[string]string{"shop-1": "http://10.0.0.6:8008/patroni"},
		Members: []Member{
			{Name: "shop-1", Sync: Quorum, State: "streaming", Host: "10.0.0.6", Port: 5432, API: "http://10.0.0.6:8008/patroni", Timeline: 5, Received: 67395656, Replayed: 67395000},
			{Name: "shop-0", Leader: true, State: "running", Host: "10.0.0.5", Port: 5432, API: "http://10.0.0.5:8008/patroni", Timeline: 5},
			{Name: "shop-2", State: "starting", Host: "10.0.0.7", Port: 5432, API: "http://10.0.0.7:8008/patroni", Tags: map[string]string{"nofailover": "true", "zone": "b"}},
		},
		History: []Switch{{4, 50331856, "no recovery target specified", noon.Add(-time.Hour), "shop-0"}},
		Config:  map[string]any{"ttl": 8, "maximum_lag_on_failover": 1 << 20},
	}
}

// replicaView is an asynchronous replica that has all of it.
func replicaView() View {
	v := primaryView()
	v.Name, v.Member, v.Role, v.Permit, v.Replication = "shop-1", "m1", Replica, nil, nil
	v.Location, v.Received, v.Replayed, v.ReplayedAt = 0, 67395656, 67395656, noon
	v.ReplicationState = "streaming"
	v.Tags = map[string]string{"zone": "a"}
	return v
}

func with(v View, change func(*View)) View {
	change(&v)
	return v
}

// states are the columns of the table.
func states() []struct {
	name string
	view View
} {
	type column = struct {
		name string
		view View
	}
	return []column{
		{"primary", primaryView()},
		{"gated", with(primaryView(), func(v *View) { v.Gated = true })},
		{"no-permit", with(primaryView(), func(v *View) { v.Permit = lasting(0) })},
		{"fenced", with(primaryView(), func(v *View) { v.Fenced = true })},
		{"promoting", with(replicaView(), func(v *View) { v.Permit = lasting(6 * time.Second); v.ReplicationState = "" })},
		{"streaming", replicaView()},
		{"archive", with(replicaView(), func(v *View) { v.ReplicationState = "in archive recovery" })},
		{"lagging", with(replicaView(), func(v *View) { v.Replayed -= 10 << 20 })},
		{"lag-unknown", with(replicaView(), func(v *View) { v.LeaderLocation = 0 })},
		{"sync", with(replicaView(), func(v *View) { v.Sync = Synced })},
		{"quorum", with(replicaView(), func(v *View) { v.Sync = Quorum })},
		{"stopped", with(primaryView(), func(v *View) { v.State = Stopped })},
		{"starting", with(replicaView(), func(v *View) { v.State = Starting })},
		{"paused", with(primaryView(), func(v *View) { v.Paused = true })},
		{"stuck", with(primaryView(), func(v *View) { v.TickAge = lasting(time.Minute) })},
		{"nofailover", with(replicaView(), func(v *View) { v.NoFailover = true })},
		{"noloadbal", with(replicaView(), func(v *View) { v.NoLoadBalance = true })},
		{"empty", View{}},
	}
}

// The table of every path by every state, which is what load balancers rely on.
func TestWhatEachPathAnswersInEachState(t *testing.T) {
	paths := []string{
		"/", "/primary", "/master", "/read-write", "/leader", "/primary?tag_zone=x", "/standby-leader", "/standby_leader",
		"/replica", "/replica?lag=1MB", "/replica?lag=16MB", "/replica?lag=1048576", "/replica?lag=far", "/replica?replication_state=streaming",
		"/replica?tag_zone=a", "/replica?tag_zone=b", "/replica?tag_nofailover=true", "/replica?tag_none=1",
		"/read-only", "/read-only?lag=1MB", "/read-only?tag_zone=a", "/sync", "/synchronous", "/read-only-sync", "/read-only-synchronous",
		"/quorum", "/read-only-quorum", "/async", "/asynchronous", "/async?lag=1MB", "/health",
		"/liveness", "/healthz", "/readiness", "/readyz", "/readiness?lag=16MB", "/readiness?lag=16MB&mode=apply", "/readiness?mode=write",
		"/readiness?mode=other", "/patroni", "/cluster", "/history", "/config", "/failsafe", "/metrics", "/primary/", "/no-such-path",
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%-40s", "")
	for _, s := range states() {
		fmt.Fprintf(&table, " %11s", s.name)
	}
	table.WriteString("\n")
	for _, path := range paths {
		fmt.Fprintf(&table, "%-40s", path)
		for _, s := range states() {
			h := handlerOf(&stage{view: s.view})
			status, _, _ := call(t, h, "GET", path, "")
			for _, method := range []string{"HEAD", "OPTIONS"} {
				same, none, _ := call(t, h, method, path, "")
				require.Equal(t, status, same, "%s %s", method, path)
				require.Empty(t, none)
			}
			fmt.Fprintf(&table, " %11d", status)
		}
		table.WriteString("\n")
	}
	golden(t, "paths.txt", []byte(table.String()))
}
