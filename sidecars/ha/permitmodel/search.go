package permitmodel

import "time"

// Result is what a search found.
type Result struct {
	States      int  // that differ in more than names
	Transitions int  // steps tried from them
	Depth       int  // steps from the start to the last state looked at
	Complete    bool // nothing within the bounds of the scenario was left out
	Took        time.Duration
	Trace       []Step // the shortest way to two writers; empty when there is none
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
		if sc.MaxDepth > 0 && res.Depth >= sc.MaxDepth || limit > 0 && len(queue) >= limit {
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
	for i, j := 0, len(steps)-1; i < j; i, j = i+1, j-1 {
		steps[i], steps[j] = steps[j], steps[i]
	}
	return steps
}
