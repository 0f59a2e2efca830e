package kube

import (
	"context"
	"sort"
	"sync"
	"time"
)

// Budget bounds the requests of one client: a bucket that holds Burst tokens and gains PerSecond. The last Reserve tokens are for
// writes of the Lease; reads of it leave half of them.
type Budget struct {
	PerSecond float64
	Burst     float64
	Reserve   float64
}

// DefaultBudget lets a Lease be refreshed every 1.2 s, as the fast profile does at its worst, and leaves as much for the rest.
func DefaultBudget() Budget { return Budget{PerSecond: 2, Burst: 20, Reserve: 6} }

// class is how far down a request may draw the bucket.
type class int

const (
	ordinary class = iota
	leaseRead
	leaseWrite
)

type bucket struct {
	budget Budget
	now    func() time.Time

	mu     sync.Mutex
	tokens float64
	at     time.Time
}

func newBucket(b Budget, now func() time.Time) *bucket {
	return &bucket{budget: b, now: now, tokens: b.Burst, at: now()}
}

// take takes a token if the class may have one; else it says when to ask again.
func (b *bucket) take(c class) (wait time.Duration, ok bool) {
	floor := 0.0
	switch c {
	case ordinary:
		floor = b.budget.Reserve
	case leaseRead:
		floor = b.budget.Reserve / 2
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if past := now.Sub(b.at).Seconds(); past > 0 {
		b.tokens = min(b.budget.Burst, b.tokens+past*b.budget.PerSecond)
	}
	b.at = now
	if b.tokens-1 >= floor {
		b.tokens--
		return 0, true
	}
	short := (floor + 1 - b.tokens) / b.budget.PerSecond
	return time.Duration(short*float64(time.Second)) + time.Millisecond, false
}

// wait waits for a token as long as the context lets it. False: there will be none in time, and it does not wait for that.
func (b *bucket) wait(ctx context.Context, c class) bool {
	for {
		wait, ok := b.take(c)
		if ok {
			return ctx.Err() == nil
		}
		if end, has := ctx.Deadline(); has && time.Until(end) < wait {
			return false
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// sleep is false if the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Count is how many requests of a verb had an answer of a code. Code is HTTP's, or "none" where no answer began, or "budget" where
// the request was held back and given up.
type Count struct {
	Verb string // as in a Role: get, list, watch, create, update, patch
	Code string
	N    uint64
}

type counts struct {
	mu sync.Mutex
	by map[[2]string]uint64
}

func (c *counts) add(verb, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[[2]string]uint64{}
	}
	c.by[[2]string{verb, code}]++
}

func (c *counts) snapshot() []Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Count, 0, len(c.by))
	for key, n := range c.by {
		all = append(all, Count{Verb: key[0], Code: key[1], N: n})
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		return a.Verb < b.Verb || a.Verb == b.Verb && a.Code < b.Code
	})
	return all
}
