package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Status is what the server says of itself at one moment, in one answer. LSNs that do not apply are 0.
type Status struct {
	Version    int       `json:"version"` // server_version_num: 150018
	System     string    `json:"system"`
	Started    time.Time `json:"started"` // the postmaster, by the server's clock
	InRecovery bool      `json:"recovery"`
	// Timeline is that of the log being written or received. A standby that has not received anything since it was started tells
	// the one it had replayed at its last restart point: it may be told too old, never too new.
	Timeline     uint32           `json:"-"`
	Flush        LSN              `json:"flush"`      // primary: on disk up to here
	Receive      LSN              `json:"receive"`    // standby: received and on disk; 0 before anything was asked for since the start
	Replay       LSN              `json:"replay"`     // standby
	ReplayedAt   *time.Time       `json:"replayedAt"` // commit time of the last transaction replayed
	ReplayPaused bool             `json:"paused"`
	Receiver     *Receiver        `json:"receiver"`  // nil where it is not connected
	ReceiverPID  int              `json:"walrcvPID"` // of the walreceiver process, in the server's PID namespace; 0 when there is none
	Standbys     []Standby        `json:"standbys"`
	SyncNames    string           `json:"syncNames"` // synchronous_standby_names as it is in force
	SyncWaiting  int              `json:"syncWaiting"`
	SyncOldest   string           `json:"syncOldest"` // process and transaction of the oldest commit that waits for standbys, "" for none
	Sessions     int              `json:"sessions"`   // of clients, without our own
	Slots        []SlotStatus     `json:"slots"`
	Archiver     Archiver         `json:"archiver"`
	Pending      []PendingRestart `json:"pending"`    // Full only
	Overridden   []string         `json:"overridden"` // Full only: parameters of ours that come from elsewhere, by ALTER SYSTEM for one
	WALBytes     int64            `json:"walBytes"`   // Full only: of pg_wal
	WALReady     int              `json:"walReady"`   // Full only: segments that wait for the archiver
}

// statusAnswer is Status and what its Timeline is made of.
type statusAnswer struct {
	Status
	WALFile string `json:"walFile"` // primary: name of the segment being written; its first eight digits are the timeline
	Control struct {
		Checkpoint uint32 `json:"checkpoint"`
		Recovery   uint32 `json:"recovery"`
	} `json:"control"`
}

// End is where the log that this server has on disk ends, as far as it can tell. A standby that was just started and has not
// replayed all that it has yet tells too little.
func (s Status) End() LSN {
	if s.InRecovery {
		return max(s.Receive, s.Replay)
	}
	return s.Flush
}

// Receiver is the standby's end of replication.
type Receiver struct {
	PID       int        `json:"pid"`
	State     string     `json:"status"`
	Host      string     `json:"host"`
	Port      int        `json:"port"`
	Slot      string     `json:"slot"`
	Timeline  uint32     `json:"timeline"`
	Conninfo  string     `json:"conninfo"` // without passwords
	UpTo      LSN        `json:"upTo"`     // what the upstream had when it last spoke
	HeardFrom *time.Time `json:"heard"`
}

// Standby is one receiver of this server's log, a row of pg_stat_replication.
type Standby struct {
	PID          int      `json:"pid"`
	Name         string   `json:"name"` // application_name
	Address      string   `json:"addr"`
	State        string   `json:"state"` // streaming, catchup, backup, startup, stopping
	Sent         LSN      `json:"sent"`
	Written      LSN      `json:"written"`
	Flush        LSN      `json:"flush"`
	Replay       LSN      `json:"replay"`
	SyncPriority int      `json:"priority"` // 0: its walsender does not take it for a synchronous one
	SyncState    string   `json:"sync"`     // async, potential, sync, quorum
	ReplyAge     *float64 `json:"replyAge"` // seconds since its last reply; nil before the first
}

// SlotStatus is a replication slot. Retained is how many bytes of log it holds back, 0 where it holds none.
type SlotStatus struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Temporary bool   `json:"temporary"`
	Active    bool   `json:"active"`
	WALStatus string `json:"wal"` // reserved, extended, unreserved, lost, or "" where it has reserved none
	Restart   LSN    `json:"restart"`
	Retained  int64  `json:"retained"`
}

// Archiver is pg_stat_archiver.
type Archiver struct {
	Archived     int64      `json:"archived"`
	LastArchived string     `json:"lastArchived"`
	ArchivedAt   *time.Time `json:"archivedAt"`
	Failed       int64      `json:"failed"`
	LastFailed   string     `json:"lastFailed"`
	FailedAt     *time.Time `json:"failedAt"`
}

// PendingRestart is a parameter that the files give another value than the server runs with, until it is restarted.
type PendingRestart struct {
	Name   string `json:"name"`
	Now    string `json:"now"`
	Wanted string `json:"wanted"` // "" when it is back to its default
}

// Depth says how much Status is to find out.
type Depth bool

// Brief leaves out what takes the server longer: files that have to be counted and parameters that have to be listed.
const (
	Brief Depth = false
	Full  Depth = true
)

// Status asks the running server, in one round trip over a connection that is kept. Where a statement takes longer than
// ctx allows the connection is given up and the next call opens another.
func (s *Server) Status(ctx context.Context, depth Depth) (Status, error) {
	var answer []byte
	err := s.use(ctx, func(conn *pgconn.PgConn) error {
		if _, err := serverVersion(conn); err != nil {
			return err
		}
		if err := s.kept.prepare(ctx, conn, "status", statusStatement); err != nil {
			return err
		}
		values := [][]byte{[]byte(strconv.FormatBool(bool(depth))), []byte(ownedArray())}
		result := conn.ExecPrepared(ctx, "status", values, nil, nil).Read()
		if result.Err != nil {
			return result.Err
		}
		if len(result.Rows) != 1 || len(result.Rows[0]) != 1 {
			return fmt.Errorf("the answer has %d rows", len(result.Rows))
		}
		answer = result.Rows[0][0]
		return nil
	})
	if err != nil {
		return Status{}, fmt.Errorf("ask postgres for its status: %w", err)
	}
	status, err := ParseStatus(answer)
	if err != nil {
		return Status{}, err
	}
	status.Timeline = s.timeline.of(status)
	return status, nil
}

// ParseStatus reads the answer to the statement that Status sends. Its Timeline is what this one answer tells.
func ParseStatus(answer []byte) (Status, error) {
	var told statusAnswer
	if err := json.Unmarshal(answer, &told); err != nil {
		return Status{}, fmt.Errorf("read the status of postgres: %v", err)
	}
	status := told.Status
	if status.Version < 130000 || status.System == "" {
		return Status{}, fmt.Errorf("read the status of postgres: version %d, system %q", status.Version, status.System)
	}
	if !status.InRecovery {
		n, err := parseHex(told.WALFile[:min(8, len(told.WALFile))])
		if err != nil {
			return Status{}, fmt.Errorf("read the status of postgres: WAL file %q: %v", told.WALFile, err)
		}
		status.Timeline = n
		return status, nil
	}
	status.Timeline = max(told.Control.Checkpoint, told.Control.Recovery)
	if status.Receiver != nil {
		status.Timeline = max(status.Timeline, status.Receiver.Timeline)
	}
	return status, nil
}

// timelineMemory keeps the highest timeline that a standby was seen receiving. Once its receiver is gone the server itself
// tells only what it has written to pg_control, which may be older.
type timelineMemory struct {
	sync.Mutex
	started time.Time
	highest uint32
}

func (m *timelineMemory) of(s Status) uint32 {
	m.Lock()
	defer m.Unlock()
	if !m.started.Equal(s.Started) {
		m.started, m.highest = s.Started, 0
	}
	m.highest = max(m.highest, s.Timeline)
	return m.highest
}

// statusStatement is the same for 13 to 18, whose columns have the same names; what newer ones add is not asked for.
// pg_is_in_recovery is asked once, since a promotion may come between two calls.
const statusStatement = `WITH r AS MATERIALIZED (SELECT pg_is_in_recovery() AS rec),
     w AS MATERIALIZED (SELECT rec, CASE WHEN rec THEN coalesce(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')
                                     ELSE pg_current_wal_flush_lsn() END AS lsn FROM r),
     a AS MATERIALIZED (SELECT count(*) FILTER (WHERE wait_event_type = 'IPC' AND wait_event = 'SyncRep') AS waiting,
                               (array_agg(pid || ':' || backend_xid ORDER BY age(backend_xid) DESC NULLS LAST) FILTER (WHERE wait_event_type = 'IPC' AND wait_event = 'SyncRep'))[1] AS oldest,
                               count(*) FILTER (WHERE backend_type = 'client backend' AND NOT (usename = 'postgres' AND application_name LIKE 'onggi-agent%')) AS sessions,
                               max(pid) FILTER (WHERE backend_type = 'walreceiver') AS walreceiver FROM pg_stat_activity)
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'started', pg_postmaster_start_time(),
  'recovery', w.rec,
  'walFile', CASE WHEN NOT w.rec THEN pg_walfile_name(w.lsn) END,
  'control', (SELECT json_build_object('checkpoint', c.timeline_id, 'recovery', v.min_recovery_end_timeline)
              FROM pg_control_checkpoint() c, pg_control_recovery() v),
  'flush', CASE WHEN NOT w.rec THEN w.lsn END,
  'receive', CASE WHEN w.rec THEN pg_last_wal_receive_lsn() END,
  'replay', CASE WHEN w.rec THEN pg_last_wal_replay_lsn() END,
  'replayedAt', CASE WHEN w.rec THEN pg_last_xact_replay_timestamp() END,
  'paused', CASE WHEN w.rec AND pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END,
  'receiver', (SELECT json_build_object('pid', pid, 'status', status, 'host', sender_host, 'port', sender_port, 'slot', slot_name,
                 'timeline', received_tli, 'conninfo', conninfo, 'upTo', latest_end_lsn, 'heard', last_msg_receipt_time)
               FROM pg_stat_wal_receiver),
  'walrcvPID', coalesce(a.walreceiver, 0),
  'standbys', (SELECT json_agg(json_build_object('pid', pid, 'name', application_name, 'addr', client_addr, 'state', state, 'sent', sent_lsn,
                 'written', write_lsn, 'flush', flush_lsn, 'replay', replay_lsn, 'priority', sync_priority, 'sync', sync_state,
                 'replyAge', extract(epoch FROM clock_timestamp() - reply_time)) ORDER BY application_name, pid)
               FROM pg_stat_replication),
  'syncNames', current_setting('synchronous_standby_names'),
  'syncWaiting', a.waiting,
  'syncOldest', a.oldest,
  'sessions', a.sessions,
  'slots', (SELECT json_agg(json_build_object('name', slot_name, 'type', slot_type, 'temporary', temporary, 'active', active, 'wal', wal_status,
              'restart', restart_lsn, 'retained', greatest(0, trunc(coalesce(pg_wal_lsn_diff(w.lsn, restart_lsn), 0)))) ORDER BY slot_name)
            FROM pg_replication_slots),
  'archiver', (SELECT json_build_object('archived', archived_count, 'lastArchived', last_archived_wal, 'archivedAt', last_archived_time,
                 'failed', failed_count, 'lastFailed', last_failed_wal, 'failedAt', last_failed_time) FROM pg_stat_archiver),
  'pending', CASE WHEN $1::bool THEN (SELECT json_agg(json_build_object('name', s.name, 'now', current_setting(s.name),
                 'wanted', (SELECT f.setting FROM pg_file_settings f WHERE lower(f.name) = lower(s.name) ORDER BY f.seqno DESC LIMIT 1)) ORDER BY s.name)
               FROM pg_settings s WHERE s.pending_restart) END,
  'overridden', CASE WHEN $1::bool THEN (SELECT json_agg(name ORDER BY name) FROM pg_settings
                 WHERE name = ANY ($2::text[]) AND sourcefile IS NOT NULL AND sourcefile !~ '/onggi[.a-z]*[.]conf$') END,
  'walBytes', CASE WHEN $1::bool THEN (SELECT coalesce(sum(size), 0) FROM pg_ls_waldir()) END,
  'walReady', CASE WHEN $1::bool THEN (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') END
)::text FROM w, a`

// Age is the time since a standby's last reply, and false before its first.
func (s Standby) Age() (time.Duration, bool) {
	if s.ReplyAge == nil || math.IsNaN(*s.ReplyAge) {
		return 0, false
	}
	return time.Duration(*s.ReplyAge * float64(time.Second)), true
}
