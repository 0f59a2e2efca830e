package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
)

// stage is one cluster and what is done to it.
type stage struct {
	driver  string
	profile string
	sync    bool
	members int
	faults  []fault.Fault
	runs    int
	storm   int
	idle    time.Duration
}

func (s stage) label() string {
	if s.profile == "" || s.profile == "default" {
		return s.driver
	}
	return s.driver + " " + s.profile
}

func (s stage) mode() string {
	mode := "async"
	if s.sync {
		mode = "sync"
	}
	if s.members != 3 {
		mode += fmt.Sprintf(" %d", s.members)
	}
	return mode
}

// stages are what the flags ask for, in order.
func (o options) stages() ([]stage, error) {
	switch o.suite {
	case "":
		return o.custom()
	case "short":
		faults, err := fault.Named("kill-postmaster", "kill-container", "cut-primary", "agent-gone", "switchover")
		return []stage{{driver: "onggi", profile: o.profile, sync: true, members: 3, faults: faults, runs: 1}}, err
	default:
		return nil, fmt.Errorf("no suite is named %q", o.suite)
	}
}

func (o options) custom() ([]stage, error) {
	faults, err := o.chosen()
	if err != nil {
		return nil, err
	}
	profile := o.profile
	if o.driver == "patroni" {
		profile = ""
		if o.ttl20 {
			profile = "ttl20"
		}
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

func (r *run) storm(ctx context.Context, scene *fault.Scene, s stage) {}
