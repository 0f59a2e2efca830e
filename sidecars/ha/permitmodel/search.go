package permitmodel

import (
	"fmt"
	"slices"
	"time"
)

// Result is what a search found.
type Result struct {
	States      int  // that differ in more than names
	Transitions int  // steps tried from them
	Depth       int  // steps from the start to the last state looked at
	Complete    bool // nothing within the bounds of the scenario was left out
	Took        time.Duration
	Trace       []Step // the shortest way to two writers; empty when there is none
}

// String is the verdict in one line, with what it took.
func (r Result) String() string {
	verdict := "cut short"
	switch {
	case len(r.Trace) > 0:
		verdict = fmt.Sprintf("two writers after %d steps", len(r.Trace))
	case r.Complete:
		verdict = "holds"
	}
	return fmt.Sprintf("%d states, %d transitions, depth %d, %.2f s: %s", r.States, r.Transitions, r.Depth, r.Took.Seconds(), verdict)
}

// Step is one action and the state after it.
type Step struct {
	Action Action
	State  State
}

// Check looks at every state that can be reached, nearest first, until two members may write or limit states were seen
// (0 is no limit).
func Check(sc Scenario, p Protocol, limit int) Result {
	m := newModel(sc, p)
	started := time.Now()
	start := m.initial()
	seen := map[key]struct{}{m.canonical(&start): {}}
	queue, parents, depths := []State{start}, []int32{-1}, []uint16{0}
	res := Result{Complete: true}
	bad := -1
	for at := 0; at < len(queue) && bad < 0; at++ {
		res.Depth = int(depths[at])
		if limit > 0 && len(queue) >= limit {
			res.Complete = false
			break
		}
		s := queue[at]
		m.successors(&s, func(_ Action, n *State) {
			res.Transitions++
			k := m.canonical(n)
			if _, ok := seen[k]; ok || bad >= 0 {
				return
			}
			seen[k] = struct{}{}
			queue, parents, depths = append(queue, *n), append(parents, int32(at)), append(depths, depths[at]+1)
			if n.writers().size() > 1 {
				bad = len(queue) - 1
			}
		})
	}
	if bad >= 0 {
		res.Trace, res.Complete = m.trace(queue, parents, bad), false
	}
	res.States, res.Took = len(queue), time.Since(started)
	return res
}

// trace walks back from a state and gives the actions again, for the search keeps none.
func (m *model) trace(queue []State, parents []int32, to int) []Step {
	var steps []Step
	for at := to; parents[at] >= 0; at = int(parents[at]) {
		from, want := queue[parents[at]], queue[at]
		found := false
		m.successors(&from, func(a Action, n *State) {
			if !found && *n == want {
				steps, found = append(steps, Step{a, *n}), true
			}
		})
	}
	slices.Reverse(steps)
	return steps
}
