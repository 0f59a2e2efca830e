package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ProbeOutcome is what a probe found.
type ProbeOutcome int

// The outcomes. ProbeError is the one that says neither that the server is well nor what is wrong with it.
const (
	ProbeError    ProbeOutcome = iota // the server answered with an error, or the connection broke
	ProbeOK                           // a new session committed a write
	ProbeReadOnly                     // a new session was let in, and the server is in recovery
	ProbeRefused                      // the server says that it is starting up, shutting down or in crash recovery
	ProbeAbsent                       // nobody listens at the socket
	ProbeTimeout                      // nothing came back in time: a stopped postmaster, a disk that hangs
)

func (o ProbeOutcome) String() string {
	return [...]string{"error", "ok", "read-only", "refused", "absent", "timeout"}[o]
}

// Probe is a new session that writes: an open one goes on while the postmaster is stopped, and reading goes on while the disk of
// the log is broken. The write is a logical message in the log and its commit, flushed here and waited for by no standby. It takes
// some 100 bytes of log. The error says more about any outcome but ProbeOK. It takes no longer than timeout.
func (s *Server) Probe(ctx context.Context, timeout time.Duration) (ProbeOutcome, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// Where the server hangs halfway its session ends by itself soon after.
	parameters := map[string]string{"statement_timeout": fmt.Sprint(max(1, timeout.Milliseconds()))}
	conn, err := s.connect(ctx, "onggi-agent probe", parameters)
	if err == nil {
		var rows [][]string
		rows, err = queryOn(ctx, conn, "SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_logical_emit_message(true, 'onggi', 'probe')::text END")
		if err == nil && rows[0][0] == "" {
			err = errInRecovery
		}
		if ctx.Err() == nil {
			closing, done := context.WithTimeout(context.Background(), 100*time.Millisecond)
			_ = conn.Close(closing)
			done()
		}
	}
	return classifyProbe(err), err
}

var errInRecovery = errors.New("the server is in recovery")

func classifyProbe(err error) ProbeOutcome {
	var answered *pgconn.PgError
	switch {
	case err == nil:
		return ProbeOK
	case errors.Is(err, errInRecovery):
		return ProbeReadOnly
	case errors.As(err, &answered):
		switch answered.Code {
		case "57P03", "57P01", "57P02": // cannot connect now; terminated by a shutdown; by a crash
			return ProbeRefused
		case "57014": // the statement timeout, which is ours
			return ProbeTimeout
		}
		return ProbeError
	case errors.Is(err, ErrNotRunning):
		return ProbeAbsent
	// A stopped postmaster accepts nothing, and once the queue of its socket is full connecting fails at once.
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.EAGAIN), pgconn.Timeout(err):
		return ProbeTimeout
	}
	return ProbeError
}
