package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/kube"
)

// Lease keeps the record in a Lease. It implements Store.
type Lease struct {
	client *kube.Client
	name   string

	mu    sync.Mutex
	watch *kube.ObjectWatch[kube.Lease]
	last  *kube.Lease // the newest that was read or written
	heard time.Time   // the newest answer to a request
}

// NewLease is the record in the Lease of that name.
func NewLease(client *kube.Client, name string) *Lease { return &Lease{client: client, name: name} }

// Watch implements Store.
func (s *Lease) Watch(ctx context.Context, seen func(ha.Record)) {
	watch := s.client.WatchLease(ctx, s.name)
	s.mu.Lock()
	s.watch = watch
	s.mu.Unlock()
	for event := range watch.Events() {
		s.watched(event.Object)
		seen(recordOf(event.Object))
	}
}

// watched keeps what the watch tells, unless it is behind a write or a read of our own: put in place of what they returned, it would have the next
// write refused though nobody else wrote. A watch that is behind catches up, and a store that went back in time is found out by reading.
func (s *Lease) watched(l *kube.Lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l != nil && s.last != nil && l.UID == s.last.UID && older(l.Version, s.last.Version) {
		return
	}
	s.last = l
}

// keep remembers the object that a write will replace, with what others wrote there.
func (s *Lease) keep(l *kube.Lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = l
}

// Heard implements Store.
func (s *Lease) Heard() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := s.heard
	if s.watch != nil {
		if at := s.watch.Health().Progress; at.After(newest) {
			newest = at
		}
	}
	if newest.IsZero() {
		return -1
	}
	return time.Since(newest)
}

// answered notes that the server answered.
func (s *Lease) answered(r kube.Result) {
	if r.Outcome == kube.Unknown || r.Outcome == kube.Unreachable {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = time.Now()
}

// Read implements Store.
func (s *Lease) Read(ctx context.Context) (ha.Record, error) {
	lease, result := s.client.GetLease(ctx, s.name)
	s.answered(result)
	switch result.Outcome {
	case kube.Applied:
		s.keep(&lease)
		return recordOf(&lease), nil
	case kube.Absent:
		s.keep(nil)
		return ha.Record{}, nil
	}
	return ha.Record{}, result.Err
}

// Write implements Store.
func (s *Lease) Write(ctx context.Context, base string, r ha.Record) (ha.Outcome, string, error) {
	s.mu.Lock()
	var old kube.Lease
	if s.last != nil {
		old = *s.last
	}
	s.mu.Unlock()
	if base != "" && old.Version != base {
		// Another version is known by now; the server would refuse this one.
		return ha.Refused, "", errors.New("another version of the record is known")
	}
	if base == "" {
		old = kube.Lease{}
	}
	wanted, err := leaseOf(r, old)
	if err != nil {
		return ha.NotSent, "", err
	}
	now := time.Now()
	wanted.Renewed = now
	if wanted.Acquired.IsZero() || wanted.Holder != old.Holder {
		wanted.Acquired = now
	}
	put := s.client.UpdateLease
	if base == "" {
		put = s.client.CreateLease
	}
	applied, result := put(ctx, s.name, wanted)
	s.answered(result)
	outcome := outcomeOf(result.Outcome)
	if outcome == ha.Applied {
		s.keep(&applied)
		return outcome, applied.Version, nil
	}
	if outcome == ha.Refused {
		s.again()
	}
	return outcome, "", result.Err
}

// again has the watch list anew: it should have known what a write was refused for.
func (s *Lease) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watch != nil {
		s.watch.Relist()
	}
}

// outcomeOf translates.
func outcomeOf(o kube.Outcome) ha.Outcome {
	switch o {
	case kube.Applied:
		return ha.Applied
	case kube.Conflict, kube.Exists, kube.Absent:
		return ha.Refused
	case kube.Unreachable, kube.Denied, kube.Throttled, kube.Refused:
		return ha.NotSent
	}
	return ha.Unknown
}
