package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"onggi.dev/ci/chaos/internal/check"
	"onggi.dev/ci/chaos/internal/cluster"
)

// A key is used for a while only: how long it takes to tell whether its operations fit one copy grows with their number.
const (
	registerKeys    = 6 // at a time
	registerSpan    = 15 * time.Second
	registerSpans   = 60
	registerClients = 3
	registerEvery   = 60 * time.Millisecond
)

// makeKeys makes registers that hold zero, and returns the first of their keys.
func makeKeys(ctx context.Context, c *cluster.Cluster, n *Counters) (int64, error) {
	p := c.Kubelet.Pod(c.Route.Now().Pod)
	if p == nil {
		return 0, errors.New("the rw address leads nowhere")
	}
	last := n.key.Add(registerKeys * registerSpans)
	first := last - registerKeys*registerSpans + 1
	if _, err := c.Insist(ctx, p, fmt.Sprintf("insert into register select key, 0 from generate_series(%d, %d) key", first, last)); err != nil {
		return 0, fmt.Errorf("make registers: %w", err)
	}
	return first, nil
}

// registers reads and writes one register after the other, in sessions that are left now and then.
func (w *Workload) registers(ctx context.Context, client int, first int64) {
	dice := rand.New(rand.NewPCG(uint64(client), 1))
	var s *session
	defer func() { s.close() }()
	value := int64(client+1) << 32
	each(ctx, registerEvery, func() {
		if s != nil && (s.conn.IsClosed() || dice.IntN(20) == 0) {
			s.close()
			s = nil
		}
		ctx, cancel := context.WithTimeout(ctx, writeTimeout)
		defer cancel()
		if s == nil {
			if s = w.connect(ctx, check.RouteOpen, ""); s == nil {
				return
			}
		}
		value++
		span := min(int64(w.Since()/registerSpan), registerSpans-1)
		r := check.Register{
			Client: client, Key: first + span*registerKeys + dice.Int64N(registerKeys), Write: dice.IntN(2) == 0, Value: value, Call: w.Since(),
		}
		s.register(ctx, &r)
		r.Return = w.Since()
		w.mu.Lock()
		w.history.Registers = append(w.history.Registers, r)
		w.mu.Unlock()
	})
}

func (s *session) register(ctx context.Context, r *check.Register) {
	s.cancelled = false
	key := []byte(strconv.FormatInt(r.Key, 10))
	if r.Write {
		value := []byte(strconv.FormatInt(r.Value, 10))
		result := s.conn.ExecParams(ctx, "update register set value = $2 where key = $1", [][]byte{key, value}, nil, nil, nil).Read()
		r.Outcome = s.outcome(result.Err)
		return
	}
	result := s.conn.ExecParams(ctx, "select value from register where key = $1", [][]byte{key}, nil, nil, nil).Read()
	r.Outcome = s.outcome(result.Err)
	if r.Outcome == check.Acked {
		// A register that is not there was lost with all that was written to it.
		r.Value = -1
		if len(result.Rows) == 1 {
			r.Value, _ = strconv.ParseInt(string(result.Rows[0][0]), 10, 64)
		}
	}
}

// claims asks every member, from inside its pod, whether it says that it is primary.
func (w *Workload) claims(ctx context.Context) {
	each(ctx, 200*time.Millisecond, func() {
		claim := check.Claim{At: w.Since()}
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, p := range w.cluster.Pods() {
			all.Go(func() {
				if cluster.SaysPrimary(ctx, p) {
					mu.Lock()
					claim.Members = append(claim.Members, p.Name)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		w.mu.Lock()
		w.history.Claims = append(w.history.Claims, claim)
		w.mu.Unlock()
	})
}
