// Package fault is the catalogue of what is done to a cluster, and of what is expected of it then.
package fault

import (
	"context"
	"math/rand/v2"
	"time"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// Scene is where a fault happens.
type Scene struct {
	*cluster.Cluster
	Server  *kube.Server
	Proxy   *kube.Proxy
	Stores  []*world.Process // what the agents' record is kept by: API server, etcd
	Primary *kubelet.Pod     // when the fault begins
	Dice    *rand.Rand
}

// Standby is the pod of a member that was a standby when the fault began.
func (s *Scene) Standby() *kubelet.Pod {
	for _, p := range s.Pods() {
		if p.Name != s.Primary.Name {
			return p
		}
	}
	return nil
}

// Fault is something to break and how to mend it.
type Fault struct {
	Name   string
	What   string        // one line for people
	Hold   time.Duration // from the break to the mending
	Break  func(ctx context.Context, s *Scene) error
	Mend   func(ctx context.Context, s *Scene) error
	Expect Expect
}

// Expect is the bound of a numbered row; what is zero is not judged. Two writable primaries, and with sync a lost write, are never expected.
type Expect struct {
	Outage     time.Duration // the median of several runs
	OutageMax  time.Duration // each run
	NoLoss     bool          // even without sync
	Stays      bool          // the primary is the same one afterwards, and no write failed
	Redundancy time.Duration // all standbys back, counted from the mending
}
