package status

import (
	"encoding/json"
	"slices"
)

// Query is what a server is asked through psql where no agent can be: one row, one column, JSON. PostgreSQL 13 knows all of it.
const Query = `SELECT json_build_object(
 'recovery', pg_is_in_recovery(), 'version', split_part(current_setting('server_version'), ' ', 1),
 'timeline', CASE WHEN pg_is_in_recovery() THEN (SELECT received_tli FROM pg_stat_wal_receiver)
   ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
 'receiver', (SELECT status FROM pg_stat_wal_receiver), 'started', pg_postmaster_start_time(),
 'pending', (SELECT coalesce(json_agg(json_build_object('name', name, 'old', setting) ORDER BY name), '[]') FROM pg_settings WHERE pending_restart),
 'standbys', CASE WHEN pg_is_in_recovery() THEN '[]' ELSE (SELECT coalesce(json_agg(json_build_object(
   'name', application_name, 'state', state, 'sync', sync_state,
   'lag', pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)::bigint,
   'replayLag', pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint) ORDER BY application_name), '[]') FROM pg_stat_replication) END)`

// server is the answer to [Query].
type server struct {
	Recovery bool
	Version  string
	Timeline int64
	Receiver string
	Started  string
	Pending  []Pending
	Standbys []struct {
		Name, State, Sync string
		Lag, ReplayLag    *int64
	}
}

// serverAnswers puts what servers say of themselves into their members, and what the primary says of its standbys.
func (s *Status) serverAnswers(o Observed) {
	for i := range s.Members {
		m := &s.Members[i]
		answer, asked := o.Answers[m.Name]
		var a server
		if !asked || answer.Err != "" || json.Unmarshal(answer.Document, &a) != nil {
			continue
		}
		m.State, m.Timeline, m.Version, m.Started, m.PendingRestart = "running", a.Timeline, a.Version, a.Started, a.Pending
		switch {
		case a.Recovery && m.Role != Primary:
			m.Role = Replica
			if a.Receiver == "streaming" {
				m.State = "streaming"
			}
		case !a.Recovery:
			m.Role = Primary
		}
	}
	for i := range s.Members {
		answer := o.Answers[s.Members[i].Name]
		var a server
		if s.Members[i].Role != Primary || answer.Err != "" || json.Unmarshal(answer.Document, &a) != nil {
			continue
		}
		s.Version = a.Version
		for _, standby := range a.Standbys {
			at := slices.IndexFunc(s.Members, func(m Member) bool { return m.Name == standby.Name })
			if at < 0 {
				continue
			}
			m := &s.Members[at]
			m.Lag, m.ReplayLag = standby.Lag, standby.ReplayLag
			switch standby.Sync {
			case "sync":
				m.Role = SyncStandby
			case "quorum":
				m.Role = QuorumStandby
			}
			m.Candidate = standby.State == "streaming" && !m.Fenced
		}
	}
}
