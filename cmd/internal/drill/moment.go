package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/render/drill"
)

// recovered finds the moment that the server came back to: the time of the last transaction that it replayed. A server knows that
// until it is started again, and an operator does start it again after a recovery. Then the WAL tells: the last commit before the point where
// the server's own timeline begins, as far as the WAL around it is kept. Nil when neither is known: a guess would be worse.
func recovered(ctx context.Context, conn *pgx.Conn) (*drill.Moment, error) {
	var text *string
	if err := conn.QueryRow(ctx, "SELECT pg_last_xact_replay_timestamp()::text").Scan(&text); err != nil {
		return nil, lost(err)
	}
	basis := drill.BasisReplay
	if text == nil {
		var err error
		if text, err = lastCommit(ctx, conn); err != nil {
			return nil, known(err)
		}
		basis = drill.BasisWAL
	}
	if text == nil {
		return nil, nil
	}
	at, err := instant(*text)
	if err != nil {
		return nil, fmt.Errorf("read the time of the last transaction: %s: %w", err, errRefused)
	}
	return &drill.Moment{Time: at, Basis: basis}, nil
}

// known drops what the server answered: that it has no such extension, file or WAL any more is no failure of the drill.
func known(err error) error {
	var answer *pgconn.PgError
	if err := lost(err); errors.As(err, &retryable{}) || !errors.As(err, &answer) {
		return err
	}
	return nil
}

// farthest is how many segments of WAL are searched: with segments of 16 MB, 1 GB.
const farthest = 64

// lastCommit searches the WAL backwards from the end of the timeline that was recovered, segment by segment. Nil when the
// server was never recovered.
func lastCommit(ctx context.Context, conn *pgx.Conn) (*string, error) {
	var history *string
	err := conn.QueryRow(ctx, "SELECT pg_read_file('pg_wal/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '.history', 0, 1048576, true)").Scan(&history)
	if err != nil || history == nil {
		return nil, err
	}
	end, ok := switchPoint(*history)
	if !ok {
		return nil, nil
	}
	if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_walinspect"); err != nil {
		return nil, err
	}
	for back := range farthest {
		var text *string
		if err := conn.QueryRow(ctx, commitsQuery, end, back).Scan(&text); err != nil || text != nil {
			return text, err
		}
	}
	return nil, nil
}

// commitsQuery is the last commit of the segment that is $2 before that of the last byte before $1, up to $1.
const commitsQuery = `
WITH size AS (SELECT setting::numeric AS bytes FROM pg_settings WHERE name = 'wal_segment_size'),
     part AS (SELECT (div($1::pg_lsn - '0/0'::pg_lsn - 1, bytes) - $2::int) * bytes AS start, bytes FROM size)
SELECT max(substring(description FROM '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d')::timestamptz)::text
FROM part, LATERAL pg_get_wal_records_info('0/0'::pg_lsn + greatest(start, 1), least('0/0'::pg_lsn + start + bytes, $1::pg_lsn))
WHERE resource_manager = 'Transaction' AND record_type IN ('COMMIT', 'COMMIT_PREPARED')`

// switchPoint reads, from a timeline's history file, where its parent ended: the last line is "timeline LSN reason".
func switchPoint(history string) (string, bool) {
	last := ""
	for line := range strings.Lines(history) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			last = line
		}
	}
	fields := strings.Fields(last)
	if len(fields) < 2 || !strings.Contains(fields[1], "/") {
		return "", false
	}
	return fields[1], true
}
