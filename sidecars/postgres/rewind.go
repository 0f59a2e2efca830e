package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Gates are what must be true of the source before a data directory is rewound to it.
type Gates struct {
	System   string // its system identifier
	Timeline uint32 // the timeline that it was promoted to
}

// ErrSourceNotReady is matched by the error of Rewind for a source that does not pass the gates yet: try again later.
var ErrSourceNotReady = errors.New("the source is not ready")

// RewindOutcome is how a rewind ended.
type RewindOutcome int

// The outcomes. After RewindImpossible only Clone helps, and the directory stays marked until then.
const (
	RewindUnknown    RewindOutcome = iota // with an error: try again, or clone
	Rewound                               // the log and the data are the source's from where they parted
	RewindNotNeeded                       // they had not parted
	RewindImpossible                      // no common ancestor, or the log that would tell is gone
)

func (o RewindOutcome) String() string {
	return [...]string{"unknown", "rewound", "not needed", "impossible"}[o]
}

// Rewind makes a diverged data directory one that can follow the source, a primary. Our own server must not run. Until it is
// done the directory is marked, and StartCommand refuses it. pg_rewind runs crash recovery first where that is needed.
//
// A source that was just promoted has the old timeline in its pg_control until its first checkpoint: pg_rewind would then see
// nothing to do and leave a standby that is broken. So both timelines are compared before.
func (s *Server) Rewind(ctx context.Context, upstream Upstream, gates Gates, timeout time.Duration) (RewindOutcome, string, error) {
	if err := upstream.check(); err != nil {
		return RewindUnknown, "", fmt.Errorf("rewind: %w", err)
	}
	if conn, err := s.connect(ctx, "onggi-agent", nil); !errors.Is(err, ErrNotRunning) {
		if err == nil {
			_ = conn.Close(ctx)
		}
		return RewindUnknown, "", fmt.Errorf("rewind: our own server runs (%v)", err)
	}
	if err := s.passGates(ctx, upstream, gates); err != nil {
		return RewindUnknown, "", fmt.Errorf("rewind to %s: %w", upstream.Host, err)
	}
	if err := s.writeMark(mark{Work: workRewind, From: upstream.Host}); err != nil {
		return RewindUnknown, "", fmt.Errorf("rewind: %w", err)
	}
	// The recovery that pg_rewind runs is in single-user mode, which refuses to be a standby.
	if err := removeFiles(s.Paths.Data, "standby.signal", "recovery.signal"); err != nil {
		return RewindUnknown, "", fmt.Errorf("rewind: %w", err)
	}
	upstream.Name = "onggi-rewind"
	result, err := s.run(ctx, timeout, "pg_rewind", "-D", s.Paths.Data, "--source-server", upstream.conninfo(s.Paths.Passfile, "postgres").String())
	var ended *ToolError
	if errors.As(err, &ended) {
		if why := impossible(ended.Result); why != "" {
			return RewindImpossible, why, nil
		}
	}
	if err != nil {
		return RewindUnknown, "", fmt.Errorf("rewind to %s: %w", upstream.Host, err)
	}
	if err := errors.Join(adopt(s.Paths.Data), s.removeMark()); err != nil {
		return RewindUnknown, "", fmt.Errorf("rewind: %w", err)
	}
	if strings.Contains(result.Stdout+result.Stderr, "no rewind required") {
		return RewindNotNeeded, "", nil
	}
	return Rewound, "", nil
}

// impossible is the line of pg_rewind that says why it can never do it, "" for what may pass.
func impossible(r Result) string {
	for line := range strings.Lines(r.Stderr + r.Stdout) {
		for _, known := range []string{
			"could not find common ancestor", "could not find previous WAL record", "could not read WAL record", "requested WAL segment",
			"source and target clusters are from different systems", "target server needs to use either data checksums",
			"clusters are not compatible with this version", "unexpected control file", "could not open file", "invalid checkpoint record",
		} {
			if strings.Contains(line, known) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}

// passGates asks the source for its system identifier and both of its timelines.
func (s *Server) passGates(ctx context.Context, upstream Upstream, gates Gates) error {
	conn, err := s.connectTo(ctx, upstream)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSourceNotReady, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := queryOn(ctx, conn, `SELECT system_identifier::text, timeline_id::text, pg_is_in_recovery()::text,
		CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_walfile_name(pg_current_wal_lsn()) END FROM pg_control_system(), pg_control_checkpoint()`)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSourceNotReady, err)
	}
	system, checkpoint, recovery, file := rows[0][0], rows[0][1], rows[0][2], rows[0][3]
	if gates.System != "" && system != gates.System {
		return fmt.Errorf("the system identifier there is %s, not %s", system, gates.System)
	}
	if recovery == "true" {
		return fmt.Errorf("%w: it is a standby", ErrSourceNotReady)
	}
	writing, err := parseHex(file[:min(8, len(file))])
	if err != nil {
		return err
	}
	if writing != gates.Timeline {
		return fmt.Errorf("%w: it writes timeline %d, not %d", ErrSourceNotReady, writing, gates.Timeline)
	}
	if checkpoint != strconv.FormatUint(uint64(gates.Timeline), 10) {
		return fmt.Errorf("%w: its last checkpoint is of timeline %s, not %d", ErrSourceNotReady, checkpoint, gates.Timeline)
	}
	return nil
}

// connectTo opens a connection to another member as the replicator.
func (s *Server) connectTo(ctx context.Context, upstream Upstream) (*pgconn.PgConn, error) {
	return s.connectWith(ctx, upstream, "")
}

// connectWith is connectTo with a password, or that of the passfile where there is none.
func (s *Server) connectWith(ctx context.Context, upstream Upstream, password string) (*pgconn.PgConn, error) {
	return s.connectFor(ctx, upstream, password, nil)
}

// connectFor is connectWith with parameters of the session.
func (s *Server) connectFor(ctx context.Context, upstream Upstream, password string, parameters map[string]string) (*pgconn.PgConn, error) {
	keep := map[string]bool{"host": true, "port": true, "user": true, "dbname": true, "passfile": true, "sslmode": true, "sslrootcert": true,
		"sslcert": true, "sslkey": true, "connect_timeout": true}
	var info Conninfo
	for _, pair := range upstream.conninfo(s.Paths.Passfile, cmp.Or(upstream.Database, "postgres")) {
		if keep[pair[0]] { // pgconn would send others to the server as parameters
			info = append(info, pair)
		}
	}
	config, err := pgconn.ParseConfig(info.String())
	if err != nil {
		return nil, err
	}
	config.RuntimeParams = map[string]string{"application_name": "onggi-agent"}
	maps.Copy(config.RuntimeParams, parameters)
	if password != "" {
		config.Password = password
	}
	if _, wal := parameters["replication"]; !wal { // a walsender takes no statements, and has no transactions
		config.AfterConnect = Unhurried
	}
	return pgconn.ConnectConfig(ctx, config)
}
