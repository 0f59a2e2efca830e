// Package trial runs one fault against a cluster under load and judges what the clients saw.
package trial

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"onggi.dev/ci/chaos/internal/check"
	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/workload"
)

// Times of a trial.
const (
	calm      = 1500 * time.Millisecond // load before the fault
	after     = time.Second             // load after all is well again
	wholeness = 5 * time.Minute         // the longest wait for redundancy; how long it took is judged apart from that
	settled   = time.Minute             // the longest wait for what is to be expected of a cluster that is whole
	decide    = 5 * time.Second         // for the registers of one key
)

// Result of one trial. Times are as the clients saw them.
type Result struct {
	Fault      string
	Sync       bool
	Outage     time.Duration
	Refused    int           // writes through the rw address that were not acknowledged
	Late       int           // … of them those that nobody refused: their client waited no longer
	Misled     int           // … of them those that came to a standby
	LostRouted int           // acknowledged, through the rw address, and not there at the end
	LostDirect int           // the same for clients inside the pods
	Dual       time.Duration // two writable primaries
	DualClaims time.Duration // two members answered GET /primary with 200
	Stale      time.Duration
	StaleAcks  int
	Registers  check.Verdict
	Whole      time.Duration // from the mending to full redundancy
	Moves      int           // of the primary
	From, To   string        // the primary before and after
	Away       time.Duration // the longest time in which no member said that it is primary
	Requests   float64       // of agents to the API server, per second
	Trouble    string        // what kept the trial from its end
}

// Run breaks, mends and judges. An error is one of the harness; what the cluster does wrong is in the Result.
func Run(ctx context.Context, s *fault.Scene, f fault.Fault, n *workload.Counters) (Result, error) {
	r := Result{Fault: f.Name, Sync: s.SyncOn}
	if _, err := s.WaitWhole(ctx, wholeness); err != nil {
		return r, fmt.Errorf("before %s: %w", f.Name, err)
	}
	var err error
	if s.Primary, err = s.WaitPrimary(ctx, settled); err != nil {
		return r, err
	}
	r.From = s.Primary.Name
	if err := turnLog(ctx, s); err != nil {
		return r, fmt.Errorf("before %s: %w", f.Name, err)
	}
	if f.Alone {
		return alone(ctx, s, f, r)
	}
	w, err := workload.Start(ctx, s.Cluster, n)
	if err != nil {
		return r, err
	}
	sleep(ctx, calm)
	began := w.Since()
	requests, _ := s.Proxy.Requests()
	if err := f.Break(ctx, s); err != nil {
		w.Stop()
		return r, fmt.Errorf("break %s: %w", f.Name, err)
	}
	sleep(ctx, hold(f, s)-(w.Since()-began))
	if f.Mend != nil {
		if err := f.Mend(ctx, s); err != nil {
			w.Stop()
			return r, fmt.Errorf("mend %s: %w", f.Name, err)
		}
	}
	r.Whole, err = s.WaitWhole(ctx, wholeness)
	if err != nil {
		r.Trouble = err.Error()
	}
	sleep(ctx, after)
	now, _ := s.Proxy.Requests()
	r.Requests = float64(now-requests) / (w.Since() - began).Seconds()
	h := w.Stop()
	if s.Trace != nil {
		s.Trace(f.Name, h)
	}
	if p, err := s.WaitPrimary(ctx, settled); err == nil {
		r.To = p.Name
	}
	judge(&r, h, began)
	final, err := members(ctx, s.Cluster)
	if err != nil && r.Trouble == "" {
		r.Trouble = "read the set: " + err.Error()
	}
	if err == nil {
		count(&r, check.Lost(h, final))
	}
	return r, ctx.Err()
}

// hold is how long the fault lasts: long enough, where it takes the primary, for the driver to see that.
func hold(f fault.Fault, s *fault.Scene) time.Duration {
	if f.Takes {
		return max(f.Hold, s.Driver.Patience())
	}
	return f.Hold
}

// alone breaks without clients: there is nothing to judge but that the cluster is whole in the end.
func alone(ctx context.Context, s *fault.Scene, f fault.Fault, r Result) (Result, error) {
	if err := f.Break(ctx, s); err != nil {
		return r, fmt.Errorf("break %s: %w", f.Name, err)
	}
	var err error
	if r.Whole, err = s.WaitWhole(ctx, wholeness); err != nil {
		r.Trouble = err.Error()
	}
	if p, err := s.Cluster.Primary(ctx); err == nil {
		r.To = p.Name
	}
	return r, ctx.Err()
}

// turnLog begins a new segment of the log everywhere and lets go of the old ones. Faults come minutes after each other in a trial and weeks
// in life: each makes a timeline, of which a segment stays until the log has left it behind. Without this, volumes fill up with segments
// that hold next to nothing, and pg_rewind copies them all.
func turnLog(ctx context.Context, s *fault.Scene) error {
	if _, err := s.Insist(ctx, s.Primary, "select pg_switch_wal(); checkpoint"); err != nil {
		return fmt.Errorf("turn the log: %w", err)
	}
	for _, p := range s.Standbys() {
		if _, err := s.Insist(ctx, p, "checkpoint"); err != nil {
			return fmt.Errorf("turn the log of %s: %w", p.Name, err)
		}
	}
	return nil
}

// judge takes from a history what needs no final set.
func judge(r *Result, h check.History, began time.Duration) {
	r.Outage = check.Outage(h, began)
	r.Refused, r.Late, r.Misled, r.Moves = check.Refused(h), check.Late(h), check.Misled(h), check.Moves(h)
	r.Away = check.Away(h, began)
	r.Dual, r.DualClaims = check.DualWritable(h), check.DualClaims(h)
	r.Stale, r.StaleAcks = check.StaleAcks(h)
	r.Registers = check.Linearizable(h, decide)
}

func count(r *Result, lost []check.Add) {
	for _, a := range lost {
		if a.Path == check.RouteNew || a.Path == check.RouteOpen {
			r.LostRouted++
		} else {
			r.LostDirect++
		}
	}
}

// members is the set as the primary has it.
func members(ctx context.Context, c *cluster.Cluster) (map[int64]bool, error) {
	p, err := c.WaitPrimary(ctx, settled)
	if err != nil {
		return nil, err
	}
	ids, err := c.Insist(ctx, p, "select id from added")
	if err != nil {
		return nil, err
	}
	set := map[int64]bool{}
	for _, text := range ids {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		set[id] = true
	}
	return set, nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
