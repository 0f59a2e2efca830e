package workload

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"onggi.dev/ci/chaos/internal/check"
)

// Rates of the clients, and how long they wait for an answer.
const (
	routeEvery   = 50 * time.Millisecond
	directEvery  = 20 * time.Millisecond
	newEvery     = 100 * time.Millisecond
	writeTimeout = 2 * time.Second
	// A session of its own pod waits long: what it commits after a thaw is what we want to know.
	directTimeout = 15 * time.Second
)

// insert tells with the acknowledgement on which timeline it was.
const insert = "insert into added values ($1) returning ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"

// routeNew adds numbers through the rw address at a steady rate, whether those before were answered or not, so that
// no timeout of its own rounds an outage up.
func (w *Workload) routeNew(ctx context.Context, n *Counters) {
	var pending sync.WaitGroup
	defer pending.Wait()
	each(ctx, routeEvery, func() {
		pending.Go(func() {
			w.once(ctx, check.Add{ID: n.id.Add(1), Path: check.RouteNew})
		})
	})
}

// session adds numbers in one session, and in another when that is lost.
func (w *Workload) session(ctx context.Context, n *Counters, path check.Path, member string) {
	timeout, every := writeTimeout, routeEvery
	if path != check.RouteOpen {
		timeout, every = directTimeout, directEvery
	}
	var s *session
	defer func() { s.close() }()
	each(ctx, every, func() {
		if s == nil {
			connecting, cancel := context.WithTimeout(ctx, writeTimeout)
			s = w.connect(connecting, path, member)
			cancel()
			if s == nil {
				pause(ctx, 50*time.Millisecond)
				return
			}
		}
		a := check.Add{ID: n.id.Add(1), Path: path, Member: s.member, Call: w.Since()}
		writing, cancel := context.WithTimeout(ctx, timeout)
		s.add(writing, &a)
		a.Late = late(writing, a)
		cancel()
		w.record(ctx, a)
		if path == check.RouteOpen && a.ReadOnly {
			s.close() // as a pool does that was told of a read-only server
		}
		if s.conn.IsClosed() {
			s = nil
		}
	})
}

// directNew adds numbers from inside a pod, with a connection for each.
func (w *Workload) directNew(ctx context.Context, n *Counters, member string) {
	each(ctx, newEvery, func() {
		w.once(ctx, check.Add{ID: n.id.Add(1), Path: check.DirectNew, Member: member})
	})
}

// once adds a number with a connection of its own.
func (w *Workload) once(ctx context.Context, a check.Add) {
	a.Call, a.Outcome = w.Since(), check.Failed
	writing, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if s := w.connect(writing, a.Path, a.Member); s != nil {
		a.Member = s.member
		s.add(writing, &a)
		s.close()
	}
	a.Late = late(writing, a)
	w.record(ctx, a)
}

// late tells that nobody refused a write: its client gave up waiting.
func late(writing context.Context, a check.Add) bool {
	return a.Outcome != check.Acked && errors.Is(writing.Err(), context.DeadlineExceeded)
}

// session is a connection and the notice it heard since the last write.
type session struct {
	conn      *pgconn.PgConn
	member    string
	cancelled bool
}

// connect is nil when there is nobody to connect to.
func (w *Workload) connect(ctx context.Context, path check.Path, member string) *session {
	s := &session{member: member}
	var config *pgconn.Config
	if path == check.RouteNew || path == check.RouteOpen {
		target := w.cluster.Route.Now()
		if target.Address == "" {
			return nil
		}
		s.member = target.Pod
		config = w.cluster.Settings(target.Address, nil)
	} else {
		p := w.cluster.Kubelet.Pod(member)
		if p == nil {
			return nil
		}
		config = w.cluster.Settings("", p)
	}
	if path == check.LocalOpen {
		config.RuntimeParams["synchronous_commit"] = "local"
	}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		// 01000 with this text: the commit is on this member alone.
		if strings.HasPrefix(notice.Message, "canceling") {
			s.cancelled = true
		}
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil
	}
	s.conn = conn
	return s
}

// add adds a number and says in a how that went.
func (s *session) add(ctx context.Context, a *check.Add) {
	s.cancelled = false
	result := s.conn.ExecParams(ctx, insert, [][]byte{[]byte(strconv.FormatInt(a.ID, 10))}, nil, nil, nil).Read()
	a.Outcome = s.outcome(result.Err)
	a.ReadOnly = code(result.Err) == readOnly
	if a.Outcome == check.Acked {
		timeline, _ := strconv.ParseUint(string(result.Rows[0][0]), 10, 32)
		a.Timeline = uint32(timeline)
	}
}

// outcome of a statement that ended with err.
func (s *session) outcome(err error) check.Outcome {
	switch {
	case err == nil && s.cancelled:
		return check.Unknown
	case err == nil:
		return check.Acked
	case code(err) == readOnly || strings.HasPrefix(code(err), noResources):
		return check.Failed // before anything was written
	default:
		return check.Unknown
	}
}

// Of SQLSTATE: a transaction on a standby, and the class of full disks and too many connections.
const (
	readOnly    = "25006"
	noResources = "53"
)

// code is the SQLSTATE of an error, or "".
func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func (s *session) close() {
	if s == nil || s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = s.conn.Close(ctx)
}

// each does something at a steady rate until ctx ends.
func each(ctx context.Context, every time.Duration, do func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
