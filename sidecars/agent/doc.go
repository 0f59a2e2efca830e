// Package agent is the loop that runs the decision core of sidecars/ha: it gathers what is known, asks the core what is to be done,
// and has it done.
//
//	a := agent.New(parts, settings)
//	err := a.Run(ctx) // until ctx ends
//
// # One goroutine owns the state
//
// Whatever happens, a status of the supervisor, an answer of postgres, a version of the record, a message of a peer, the end of an
// action, becomes an event: a function that changes what is known. One goroutine takes all events that are there, reads
// the clocks, makes one step, and hands out the actions. It waits for nothing but Remember, which must be on the disk
// before what follows it. So the core has no locks around it, and no action can delay a decision.
//
// What others ask at any time (the permit, a view for REST) is answered from the newest state, which is published after every step and before its
// actions, so that nobody is told of a permit that the core had given up when it acted.
//
// # Lanes
//
// Actions that do the same thing share a lane: one runs, the newest of the others waits. The core gives an action until what it
// is for is observed, so an action that is already under way is dropped, and one that failed a moment ago waits a
// little. Actions of a term that has passed are dropped too. A kill has a goroutine of its own, and to follow nobody breaks
// off whatever is being followed.
//
// # The parts
//
// Store keeps the record, Fence is the supervisor, Server is postgres to look at, Hands is postgres to change, Wire carries messages
// to peers, Cluster is what Kubernetes says of pods, Memory is the volume. The files named after a package translate between it and
// the words of the core; tests put fakes in their place.
package agent
