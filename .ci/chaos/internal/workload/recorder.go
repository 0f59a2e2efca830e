// Package workload is the clients of the chaos run. Each records what it called, when, and what it was told, into one History:
//
//   - a set: numbers are added through the rw address, with a connection for each and in one session that is held as long as it lasts;
//   - the same from inside every pod, all along, whether it is primary or not: that is what shows two writable primaries;
//   - registers, read and written through the rw address by clients that compete;
//   - a look at GET /primary of every member.
//
// A commit that was answered with the notice that its wait for standbys was cancelled counts as unknown.
package workload

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"onggi.dev/ci/chaos/internal/check"
	"onggi.dev/ci/chaos/internal/cluster"
)

// Schema is what the clients write to. It is made once in a cluster.
const Schema = `create table if not exists added (id bigint primary key);
create table if not exists register (key bigint primary key, value bigint not null);`

// Workload is a set of clients that run.
type Workload struct {
	cluster *cluster.Cluster
	start   time.Time
	cancel  context.CancelFunc
	clients sync.WaitGroup

	mu      sync.Mutex
	history check.History
}

// Counters give every number and every key of a process once.
type Counters struct{ id, key atomic.Int64 }

// Start starts the clients. Keys of registers are made in advance, so the primary has to answer.
func Start(ctx context.Context, c *cluster.Cluster, n *Counters) (*Workload, error) {
	first, err := makeKeys(ctx, c, n)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &Workload{cluster: c, start: time.Now(), cancel: cancel}
	w.clients.Go(func() { w.routeNew(ctx, n) })
	w.clients.Go(func() { w.session(ctx, n, check.RouteOpen, "") })
	for _, name := range c.Set.Possible() {
		w.clients.Go(func() { w.session(ctx, n, check.DirectOpen, name) })
		w.clients.Go(func() { w.session(ctx, n, check.LocalOpen, name) })
		w.clients.Go(func() { w.directNew(ctx, n, name) })
	}
	for client := range registerClients {
		w.clients.Go(func() { w.registers(ctx, client, first) })
	}
	w.clients.Go(func() { w.claims(ctx) })
	w.clients.Go(func() { w.stalls(ctx) })
	return w, nil
}

// A pause of this program is a stall if it is that much longer than the one it asked for.
const (
	beat    = 5 * time.Millisecond
	stalled = 30 * time.Millisecond
)

// stalls notes when this program was not run.
func (w *Workload) stalls(ctx context.Context) {
	for ctx.Err() == nil {
		from := w.Since()
		time.Sleep(beat)
		if to := w.Since(); to-from > beat+stalled {
			w.mu.Lock()
			w.history.Stalls = append(w.history.Stalls, check.Stall{From: from, To: to})
			w.mu.Unlock()
		}
	}
}

// Since is the time on the history's clock.
func (w *Workload) Since() time.Duration { return time.Since(w.start) }

// Stop ends the clients and returns what they recorded.
func (w *Workload) Stop() check.History {
	length := w.Since()
	w.cancel()
	w.clients.Wait()
	w.history.Length = length
	return w.history
}

// record keeps an addition that has just been answered. One that was cut off by the end of the run is left out.
func (w *Workload) record(ctx context.Context, a check.Add) {
	if a.Outcome != check.Acked && ctx.Err() != nil {
		return
	}
	a.Return = w.Since()
	w.mu.Lock()
	w.history.Adds = append(w.history.Adds, a)
	w.mu.Unlock()
}
