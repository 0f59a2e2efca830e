// Package fault is the catalogue of what is done to a cluster, and of what is expected of it then. Bounds are those of the table of numbers in
// docs/performance.md; that there are never two writable primaries, and that with sync no acknowledged write is lost, needs no entry: package
// trial holds every fault to it.
package fault

import (
	"context"
	"math/rand/v2"
	"time"

	"onggi.dev/ci/chaos/internal/check"
	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// Scene is where a fault happens.
type Scene struct {
	*cluster.Cluster
	Server    *kube.Server
	Proxy     *kube.Proxy
	Namespace string
	Stores    []*world.Process // what keeps the agents' record: API server, etcd
	Primary   *kubelet.Pod     // when the fault begins
	Dice      *rand.Rand
	Log       func(format string, args ...any)
	Trace     func(name string, h check.History) // takes every history, if not nil
}

// Standbys are the pods that were not primary when the fault began.
func (s *Scene) Standbys() []*kubelet.Pod {
	var found []*kubelet.Pod
	for _, p := range s.Pods() {
		if p.Name != s.Primary.Name {
			found = append(found, p)
		}
	}
	return found
}

// Fault is something to break and how to mend it.
type Fault struct {
	Name   string
	What   string        // one line for people
	Hold   time.Duration // from the break to the mending
	Takes  bool          // a takeover: it is held for as long as the driver may need for one, if that is longer
	Needs  Need
	Alone  bool // without clients: it undoes what they would have been told is done
	Calm   bool // not for a storm: it waits for something, or takes what another fault of the storm may have left the last of
	Break  func(ctx context.Context, s *Scene) error
	Mend   func(ctx context.Context, s *Scene) error
	Expect Expect
}

// Need is what a fault cannot be made without.
type Need int

// A Lease and requests to the API server are only those of our agent here; a supervisor only it has. A bounded volume is one in memory.
const (
	Nothing Need = iota
	Lease
	APIRequests
	Supervisor
	BoundedVolume
)

// Expect is what is expected of a fault; what is zero is not judged.
type Expect struct {
	Outage    time.Duration // the median of the runs
	OutageMax time.Duration // each run
	NoLoss    bool          // even without sync
	Stays     bool          // the primary is the same one afterwards
	Quiet     bool          // and no write through the rw address failed
	Back      time.Duration // within which the agent has to be back for Stays and Quiet: it is what is left of a permit at least
	Moves     int           // of the primary, at the most
	Thaw      time.Duration // how long a member that was frozen may go on: what it does then is forgiven, except a stale acknowledgement with sync
	Whole     time.Duration // from the mending to full redundancy; a minute if not said
}
