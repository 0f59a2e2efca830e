// Package hatest runs whole clusters of the agent's decision core in a simulation: one goroutine, one seed, one queue of events, and
// time that moves only from event to event. The core is the real one (ha.State.Step and ha.State.Permit); everything around it is a
// model: the API server, the links between agents, the supervisor and its guard, the kubelet, Postgres with its log, its replication and
// its waits for standbys, the volumes, the clocks, people and clients.
//
//	w := hatest.New(hatest.Options{Seed: 7, Nodes: 3, Mode: ha.Required})
//	w.Plan([]hatest.Fault{{At: 10 * time.Second, Kind: hatest.CutAll, Node: 0, For: 30 * time.Second}})
//	w.Run(10 * time.Minute)
//	if v := w.Violation(); v != nil { … }
//
// [Swarm] draws options and faults from a seed. [Parse] reads a scenario, a story in a text file. The invariants, by their names in the
// documentation of the agent, are looked at after every event that may change them (check.go); the first violation ends the run. The same
// seed gives the same run, event by event, so a violation is replayed by its seed, with a trace:
//
//	go test ./sidecars/ha/hatest -run TestSeed -seed 7 -v
//
// [Shrink] takes faults out of a schedule for as long as the violation stays. [Mutants] are cores with one known bug each, to see that
// the invariants have teeth.
//
// True time is int64 nanoseconds since the start of the run; no part of the core sees it. A node's clocks are functions of it.
package hatest
