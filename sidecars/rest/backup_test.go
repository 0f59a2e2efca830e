package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Backups implements BackupSource: those that the test put on the stage.
func (s *stage) Backups(context.Context) (Backups, bool) {
	return Backups{Stanza: "shop", State: "ok", Running: s.run}, !s.bare
}

// Backup implements BackupSource.
func (s *stage) Backup(_ context.Context, kind string) (BackupRun, Outcome) {
	s.asked = append(s.asked, Request{Verb: Verb("backup " + kind)})
	run := BackupRun{ID: "b1", Type: kind, Member: "shop-1", State: "running"}
	if s.run != nil {
		run = *s.run
	}
	return run, s.outcome
}

// Restore implements BackupSource.
func (s *stage) Restore(_ context.Context, r Restore) Outcome {
	s.restored = append(s.restored, r)
	return s.outcome
}

func TestARestoreIsAskedFor(t *testing.T) {
	for _, row := range []struct {
		body    string
		outcome Outcome
		status  int
		said    string
	}{
		{`{"time":"2026-11-22 12:00+00","exclusive":true,"without_copy":"yes","set":"20261122-1F"}`, Outcome{Result: Done}, 202, "restore done"},
		{`{"time":"x"}`, Outcome{Result: Invalid, Text: "one target"}, 400, "one target"},
		{`{"time":"x"}`, Outcome{Result: Precondition, Text: "no room"}, 412, "no room"},
		{`{"time":"x"}`, Outcome{Result: Absent}, 404, "absent"},
		{`{"time":"x"}`, Outcome{Result: Failed, Text: "no"}, 503, "no"},
		{`{"when":"x"}`, Outcome{}, 400, `"when"`},
		{`{"immediate":"perhaps"}`, Outcome{}, 400, "immediate"},
		{``, Outcome{}, 411, "missing"},
	} {
		s := &stage{view: primaryView(), outcome: row.outcome}
		status, said, _ := call(t, handlerOf(s), http.MethodPost, "/restore", row.body)
		require.Equal(t, row.status, status, said)
		require.Contains(t, said, row.said)
		if row.status == 202 {
			require.Equal(t, []Restore{{Time: "2026-11-22 12:00+00", Exclusive: true, WithoutCopy: true, Set: "20261122-1F"}}, s.restored)
		}
	}
}

func TestABackupIsAskedFor(t *testing.T) {
	under := &BackupRun{ID: "b0", Type: "full", Member: "shop-2", State: "running", Begun: time.Unix(1790000000, 0).UTC()}
	for _, row := range []struct {
		name, body string
		outcome    Outcome
		run        *BackupRun
		status     int
		said, id   string
		asked      string
	}{
		{"of a type", `{"type":"full"}`, Outcome{Result: Done}, nil, 202, `"type":"full"`, "b1", "backup full"},
		{"of no type", ``, Outcome{Result: Done}, nil, 202, `"type":"incr"`, "b1", "backup incr"},
		{"while another is under way", `{"type":"diff"}`, Outcome{Result: Conflict}, under, 409, `"member":"shop-2"`, "b0", "backup diff"},
		{"of a type that is none", `{"type":"all"}`, Outcome{}, nil, 400, `type is "all": full, diff or incr`, "", ""},
		{"with a field that is none", `{"kind":"full"}`, Outcome{}, nil, 400, `"kind"`, "", ""},
		{"without a leader", `{}`, Outcome{Result: Precondition, Text: "there is no leader"}, nil, 412, "there is no leader", "", "backup incr"},
		{"where none are configured", `{}`, Outcome{Result: Absent}, nil, 404, "no backups", "", "backup incr"},
		{"and did not begin", `{}`, Outcome{Result: Failed, Text: "the disk is full"}, nil, 503, "the disk is full", "", "backup incr"},
		{"and nobody knows", `{}`, Outcome{}, nil, 503, "unknown", "", "backup incr"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &stage{view: primaryView(), outcome: row.outcome, run: row.run}
			status, said, _ := call(t, handlerOf(s), http.MethodPost, "/backup", row.body)
			require.Equal(t, row.status, status, said)
			require.Contains(t, said, row.said)
			if row.id != "" {
				var run BackupRun
				require.NoError(t, json.Unmarshal([]byte(said), &run))
				require.Equal(t, row.id, run.ID)
			}
			if row.asked == "" {
				require.Empty(t, s.asked)
			} else {
				require.Equal(t, Verb(row.asked), s.asked[0].Verb)
			}
		})
	}
}

func TestBackupsAreReadByEverybody(t *testing.T) {
	s := &stage{view: replicaView()}
	status, said, _ := call(t, New(s, Auth{}), http.MethodGet, "/backup", "")
	require.Equal(t, 200, status)
	var b Backups
	require.NoError(t, json.Unmarshal([]byte(said), &b))
	require.Equal(t, "shop", b.Stanza)
	require.Contains(t, said, `"backups":[]`, "a list, also of none")
	s.bare = true
	status, _, _ = call(t, New(s, Auth{}), http.MethodGet, "/backup", "")
	require.Equal(t, 404, status)
}

// backupsSeen is a repository with some backups, on the leader.
func backupsSeen() *BackupView {
	at := func(seconds int64) time.Time { return time.Unix(1790000000+seconds, 0).UTC() }
	return &BackupView{
		Configured: true, Leader: true, Archiving: true, Done: map[[2]string]uint64{{"full", "done"}: 2, {"incr", "failed"}: 1}, Gaps: 1,
		Backups: Backups{
			State: "ok", Read: at(900), MaxAge: 90000,
			Backups: []Backup{
				{Label: "a", Type: "full", Start: at(0), Stop: at(60), Size: 1 << 30, StoredDelta: 1 << 28},
				{Label: "b", Type: "full", Start: at(500), Stop: at(570), Size: 1 << 31, StoredDelta: 1 << 29, Error: true},
				{Label: "c", Type: "incr", Start: at(600), Stop: at(605), Size: 1 << 31, StoredDelta: 1 << 20},
			},
			Running: &BackupRun{ID: "x", Type: "diff"},
			Restore: &RestoreRun{State: "done"},
			Runs:    []BackupRun{{Type: "full", State: "done", Ended: at(60)}, {Type: "full", State: "done", Ended: at(570)}, {Type: "incr", State: "failed", Ended: at(620)}},
			Archive: Archive{Min: "000000010000000000000001", Max: "00000002000000000000000F", Ready: 3, Archived: 14, Failed: 2, LastSuccess: at(800), LastFailure: at(10)},
		},
	}
}

func TestBackupsAsMetrics(t *testing.T) {
	v := primaryView()
	seen := backupsSeen()
	v.Backup = func() *BackupView { return seen }
	text := string(Metrics(&v))
	for _, line := range []string{
		`onggi_backups{type="full"} 2`, `onggi_backups{type="diff"} 0`, `onggi_backups{type="incr"} 1`,
		`onggi_backup_last_timestamp_seconds{type="any"} 1790000605`, `onggi_backup_last_timestamp_seconds{type="full"} 1790000570`,
		`onggi_backup_last_timestamp_seconds{type="diff"} 0`, `onggi_backup_last_duration_seconds{type="full"} 70`, `onggi_backup_last_error{type="full"} 1`,
		`onggi_backup_last_error{type="any"} 0`, `onggi_backup_running{type="diff"} 1`, `onggi_backup_running{type="full"} 0`,
		`onggi_backup_runs_total{type="full",result="done"} 2`, `onggi_backup_runs_total{type="incr",result="failed"} 1`,
		`onggi_backup_last_success_timestamp_seconds{type="full"} 1790000570`, `onggi_backup_last_failure_timestamp_seconds{type="incr"} 1790000620`,
		`onggi_backup_repository_ok{reason=""} 1`, `onggi_archive_ready_segments 3`, `onggi_archive_failed_total 2`, `onggi_archive_gap_total 1`,
		`onggi_recover_state{state="done"} 1`, `onggi_recover_state{state="none"} 0`,
		`onggi_archive_segments{min="000000010000000000000001",max="00000002000000000000000F"} 1`,
	} {
		require.Contains(t, text, line+"\n")
	}
	require.Contains(t, text, "onggi_archive_oldest_ready_seconds 0\n")
	seen.Backups.Archive.OldestReady = time.Now().Add(-time.Hour)
	require.Contains(t, string(Metrics(&v)), "onggi_archive_oldest_ready_seconds 3600.")
	seen.Backups.State, seen.Backups.Reason = "foreign", "it belongs to another"
	require.Contains(t, string(Metrics(&v)), "onggi_backup_repository_ok{reason=\"foreign\"} 0\n")
	v.Backup = nil
	require.Contains(t, string(Metrics(&v)), "onggi_backup_configured 0\n", "also where none are configured")
}
