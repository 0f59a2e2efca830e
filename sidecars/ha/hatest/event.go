package hatest

import (
	"math/rand/v2"
	"time"
)

// kind of an event. The frequent ones have numbers, so that they need no closure.
type kind uint8

const (
	call      kind = iota // fn
	tick                  // node a, of process generation b
	wake                  // the sidecar of node a steps
	arrive                // message in slot a
	walFlush              // node a has received up to c, as its receiver b
	walReply              // node a hears that node c>>48 flushed up to c, as its receiver b
	clientAct             // the client beside node a
	deadline              // the permit of node a may have ended
)

// event happens at a true time. seq keeps the order of those of one instant.
type event struct {
	at   int64
	c    int64
	seq  uint64
	fn   func()
	a, b int32
	kind kind
}

// queue is a binary heap of events.
type queue struct {
	heap []event
	seq  uint64
}

func (q *queue) push(e event) {
	q.seq++
	e.seq = q.seq
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !q.less(i, up) {
			break
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

func (q *queue) less(i, j int) bool {
	a, b := &q.heap[i], &q.heap[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (q *queue) pop() event {
	e := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last].fn = nil
	q.heap = q.heap[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			break
		}
		if down+1 < last && q.less(down+1, down) {
			down++
		}
		if !q.less(down, i) {
			break
		}
		q.heap[i], q.heap[down] = q.heap[down], q.heap[i]
		i = down
	}
	return e
}

// after has fn called in d of true time.
func (w *World) after(d time.Duration, fn func()) {
	w.q.push(event{at: w.now + int64(d), kind: call, fn: fn})
}

// between draws how long something takes that matters to the story.
func (w *World) between(low, high time.Duration) time.Duration { return draw(w.fate, low, high) }

// jitter draws how long one of the many small things takes, from a source of its own: one message more must not change every story.
func (w *World) jitter(low, high time.Duration) time.Duration { return draw(w.rng, low, high) }

func draw(r *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Int64N(int64(high-low)))
}

func (w *World) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }
