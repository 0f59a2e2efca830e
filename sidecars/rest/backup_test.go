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
