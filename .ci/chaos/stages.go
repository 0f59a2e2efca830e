package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
)

// stage is one cluster and what is done to it.
type stage struct {
	driver  string
	profile string // of onggi: fast, default or relaxed; of patroni: default or ttl20
	sync    bool
	members int
	faults  []string
	runs    int
	storm   int
	idle    time.Duration
}

// mode is what stands in the table: drivers of the same mode are compared.
func (s stage) mode() string {
	mode := "async"
	if s.sync {
		mode = "sync"
	}
	if s.members != 3 {
		mode += fmt.Sprintf(" %d", s.members)
	}
	switch s.profile {
	case "fast", "ttl20":
		mode += " short" // the shortest that each driver documents
	case "relaxed":
		mode += " relaxed"
	}
	return mode
}

// The faults of the suites, by what they touch.
var (
	processes  = []string{"kill-postmaster", "stop-postmaster", "kill-agent", "agent-gone", "stop-agent", "stop-supervisor", "kill-container", "container-gone", "kill-pod", "kill-all", "freeze-pod", "node-lost"}
	planned    = []string{"switchover", "delete-pod", "drain", "roll-image", "force-delete-pod", "switchover-raced", "switchover-twice"}
	volumes    = []string{"disk-full", "standby-disk-full", "volume-lost", "clone-interrupted", "rewind-interrupted"}
	network    = []string{"cut-primary", "cut-primary-api", "cut-primary-peers", "cut-primary-one-way", "cut-standby", "cut-standbys-api", "forced-apart"}
	apiServer  = []string{"api-down", "api-slow", "api-429", "api-500", "api-lost-answers", "api-frozen-watch", "frozen-watch-failover", "lease-deleted", "lease-edited", "record-lost"}
	short      = []string{"kill-postmaster", "container-gone", "cut-primary", "switchover", "kill-agent"}
	losing     = []string{"node-lost", "cut-primary", "agent-gone", "stop-agent", "freeze-pod"} // where async replication loses writes
	numbered   = []string{"node-lost", "container-gone", "kill-container", "cut-primary", "kill-postmaster", "delete-pod", "drain", "switchover", "roll-image", "kill-agent", "agent-gone", "stop-agent", "stop-postmaster", "api-down"}
	compared   = []string{"node-lost", "container-gone", "cut-primary", "kill-postmaster", "delete-pod", "switchover", "roll-image", "kill-agent", "stop-agent"}
	graceful   = []string{"switchover", "delete-pod", "drain", "roll-image"}
	quickCheck = []string{"node-lost"}
)

// parts are the worlds that a suite runs side by side, each the suites of one.
func (o options) parts() []string {
	switch o.suite {
	case "chaos":
		return []string{"chaos-1", "chaos-2"}
	case "bench":
		return []string{"bench-onggi", "bench-patroni"}
	}
	return nil
}

// stages are what the flags ask for, in order.
func (o options) stages() ([]stage, error) {
	ours := stage{driver: "onggi", profile: o.profile, sync: true, members: 3, runs: o.runs}
	with := func(change func(*stage)) stage {
		s := ours
		change(&s)
		return s
	}
	switch o.suite {
	case "":
		return o.custom()
	case "short":
		return []stage{with(func(s *stage) { s.faults = short })}, nil
	case "chaos-1":
		return []stage{
			with(func(s *stage) { s.faults = slices.Concat(processes, planned, volumes) }),
			with(func(s *stage) { s.faults, s.sync = slices.Concat(losing, graceful), false }),
		}, nil
	case "chaos-2":
		return []stage{
			with(func(s *stage) { s.faults = slices.Concat(network, apiServer) }),
			with(func(s *stage) { s.faults, s.members, s.storm = []string{"cut-primary", "kill-all"}, 5, 50 }),
		}, nil
	case "bench-onggi":
		return o.bench("onggi"), nil
	case "bench-patroni":
		return o.bench("patroni"), nil
	default:
		return nil, fmt.Errorf("no suite is named %q", o.suite)
	}
}

// bench is the numbered rows of a driver: with sync, without it where that loses writes or should not, and at the shortest timings. Patroni's
// takes longer for each of them, so it is asked for fewer: those with a number of its own in the table that we are held to.
func (o options) bench(driver string) []stage {
	shortest := map[string]string{"onggi": "fast", "patroni": "ttl20"}[driver]
	base := stage{driver: driver, profile: "default", members: 3, runs: o.runs}
	sync, async, quick := base, base, base
	sync.sync, sync.faults, sync.idle = true, numbered, time.Minute
	async.faults = slices.Concat(losing, graceful)
	if driver == "patroni" {
		sync.faults, async.faults = compared, []string{"cut-primary", "agent-gone"}
	}
	quick.profile, quick.faults = shortest, quickCheck
	return []stage{sync, async, quick}
}

func (o options) custom() ([]stage, error) {
	var faults []string
	switch o.faults {
	case "":
	case "all":
		for _, f := range fault.All() {
			faults = append(faults, f.Name)
		}
	default:
		faults = strings.Split(o.faults, ",")
	}
	profile := o.profile
	if o.driver == "patroni" && o.ttl20 {
		profile = "ttl20"
	}
	var stages []stage
	for mode := range strings.SplitSeq(o.modes, ",") {
		if mode != "sync" && mode != "async" {
			return nil, fmt.Errorf("no mode is named %q", mode)
		}
		stages = append(stages, stage{
			driver: o.driver, profile: profile, sync: mode == "sync", members: o.members,
			faults: faults, runs: o.runs, storm: o.storm, idle: o.idle,
		})
	}
	return stages, nil
}
