package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/onggi"
	"onggi.dev/ci/chaos/internal/patroni"
	"onggi.dev/ci/chaos/internal/report"
	"onggi.dev/ci/chaos/internal/trial"
	"onggi.dev/ci/chaos/internal/workload"
	"onggi.dev/ci/chaos/internal/world"
)

// run is one run of the program, in its world.
type run struct {
	options  options
	world    *world.World
	platform *trial.Platform
	etcd     *world.Process // Patroni's
	counters workload.Counters
	rows     []report.Row
	idle     []report.Idle
	begun    time.Time
	traces   int
}

func newRun(o options, w *world.World) *run { return &run{options: o, world: w, begun: time.Now()} }

func (r *run) log(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(r.begun).Seconds(), fmt.Sprintf(format, args...))
}

// all runs every stage, tells the results and returns the exit code.
func (r *run) all(ctx context.Context) (int, error) {
	stages, err := r.options.stages()
	if err != nil {
		return 2, err
	}
	r.platform, err = trial.NewPlatform(ctx, r.world, trial.Plan{
		Bin: r.options.bin, VolumeMB: volumeMB(r.options), Seed: r.options.seed, Restart: restart(r.options), Log: r.log,
		Rules: func(name string) []any { return onggi.Rules(name, r.options.without) },
	})
	if err != nil {
		return 1, err
	}
	r.log("the API server answers")
	for _, s := range stages {
		if err = r.stage(ctx, s); err != nil {
			break
		}
	}
	r.keepLogs()
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if told := r.tell(); told != nil {
		err = errors.Join(err, told)
	}
	if err != nil {
		return 1, err
	}
	return r.code(), nil
}

// stage starts a cluster and runs its faults. A cluster that does not recover is replaced for the faults that follow.
func (r *run) stage(ctx context.Context, s stage) error {
	scene, err := r.start(ctx, s)
	if err != nil {
		return err
	}
	if s.idle > 0 {
		if err := r.measure(ctx, scene, s); err != nil {
			return err
		}
	}
	faults, err := fault.Named(s.faults...)
	if err != nil {
		return err
	}
	rows := make([]*report.Row, len(faults))
	for range s.runs {
		for i, f := range faults {
			if !possible(f, s, r.options) {
				continue
			}
			if rows[i] == nil {
				rows[i] = &report.Row{Driver: s.driver, Mode: s.mode(), Fault: f, Judged: s.driver == "onggi"}
			}
			result, err := trial.Run(ctx, scene, f, &r.counters)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				result.Trouble = err.Error()
			}
			rows[i].Runs = append(rows[i].Runs, result)
			r.log("%s", report.Line(report.Row{Driver: s.driver, Mode: s.mode(), Fault: f, Runs: []trial.Result{result}, Judged: true}))
			if result.Trouble != "" {
				r.logsOf(scene)
				r.platform.Remove(ctx, scene)
				if scene, err = r.start(ctx, s); err != nil {
					return err
				}
			}
		}
	}
	for _, row := range rows {
		if row != nil {
			r.rows = append(r.rows, *row)
		}
	}
	if s.storm > 0 {
		r.storm(ctx, s, scene)
	}
	r.platform.Remove(ctx, scene)
	return ctx.Err()
}

// storm breaks what is possible in the scene, one thing after another, for as long as the stage says.
func (r *run) storm(ctx context.Context, s stage, scene *fault.Scene) {
	f, result, err := trial.Storm(ctx, scene, s.storm, func(f fault.Fault) bool { return possible(f, s, r.options) }, &r.counters)
	if err != nil {
		result.Trouble = err.Error()
	}
	row := report.Row{Driver: s.driver, Mode: s.mode(), Fault: f, Runs: []trial.Result{result}, Judged: s.driver == "onggi"}
	r.rows = append(r.rows, row)
	r.log("%s", report.Line(row))
	if result.Trouble != "" {
		r.logsOf(scene)
	}
}

func (r *run) start(ctx context.Context, s stage) (*fault.Scene, error) {
	d, stores, err := r.driver(s)
	if err != nil {
		return nil, err
	}
	r.platform.Plan.Members = s.members
	scene, err := r.platform.NewCluster(ctx, d, s.sync, stores...)
	if err != nil {
		r.logsOf(scene)
		return nil, err
	}
	scene.Trace = r.trace
	r.log("%s, %s: %s is whole", s.driver, s.mode(), scene.Name)
	return scene, nil
}

func (r *run) driver(s stage) (trial.Driver, []*world.Process, error) {
	if s.driver == "onggi" {
		return &onggi.Driver{Agent: r.options.agent, Postgres: r.options.postgres, Profile: s.profile, SyncOn: s.sync, Members: s.members}, nil, nil
	}
	if r.etcd == nil {
		var err error
		if r.etcd, err = kube.StartEtcd(r.world, r.options.bin, "patroni", world.Platform.String(), patroni.Port); err != nil {
			return nil, nil, err
		}
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, nil, err
	}
	d := &patroni.Driver{Postgres: r.options.postgres, Init: self, SyncOn: s.sync}
	if s.profile == "ttl20" {
		d.Settings = patroni.Settings{TTL: 20, LoopWait: 2, RetryTimeout: 3}
	}
	return d, []*world.Process{r.etcd}, nil
}

// measure is what the agents cost while nothing happens, and what they ask of the API server under load.
func (r *run) measure(ctx context.Context, scene *fault.Scene, s stage) error {
	idle := report.Idle{Driver: s.driver + ", " + s.mode()}
	scene.Route.Pause(true)
	idle.PSS, idle.CPU, idle.Requests = trial.Idle(ctx, scene, s.idle)
	scene.Route.Pause(false)
	load, err := workload.Start(ctx, scene.Cluster, &r.counters)
	if err != nil {
		return err
	}
	_, _, idle.Loaded = trial.Idle(ctx, scene, s.idle)
	load.Stop()
	if s.driver != "onggi" {
		idle.Requests, idle.Loaded = -1, -1 // its record is in an etcd of its own
	}
	r.idle = append(r.idle, idle)
	r.log("%s idle: %.1f MB per pod, %.2f %% of a core, %.2f requests/s, %.2f under load", idle.Driver, float64(idle.PSS)/1e6, idle.CPU*100, idle.Requests, idle.Loaded)
	return nil
}

// tell prints the table and writes the files that were asked for.
func (r *run) tell() error {
	if len(r.rows)+len(r.idle) == 0 {
		return nil
	}
	if err := report.Table(os.Stdout, r.rows); err != nil {
		return err
	}
	if r.options.out != "" {
		f, err := os.Create(r.options.out)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := report.JSON(f, r.rows, r.idle); err != nil {
			return err
		}
	}
	if r.options.update != "" {
		return report.Update(r.options.update, report.Markdown(r.rows, r.idle))
	}
	return nil
}

// code is 1 when an invariant broke, or, with -strict, a bound was exceeded.
func (r *run) code() int {
	for _, row := range r.rows {
		if row.Judged && len(trial.Broken(row.Fault, row.Runs)) > 0 {
			return 1
		}
		if row.Judged && r.options.strict && len(trial.Exceeded(row.Fault, row.Runs)) > 0 {
			return 1
		}
	}
	return 0
}

// logsOf prints the ends of the logs of a cluster in trouble.
func (r *run) logsOf(scene *fault.Scene) {
	if scene == nil {
		return
	}
	found, _ := filepath.Glob(filepath.Join(r.world.Dir, "logs", scene.Name+"-*.log"))
	slices.Sort(found)
	for _, path := range found {
		r.log("%s:\n%s", filepath.Base(path), world.Tail(path, 12))
	}
	for _, p := range scene.Pods() {
		out, _ := exec.Command("du", "-m", "--max-depth=2", p.Volume).CombinedOutput()
		r.log("the volume of %s, in MiB:\n%s", p.Name, strings.ReplaceAll(string(out), p.Volume, ""))
	}
}

// keepLogs copies all logs to where they outlive the world.
func (r *run) keepLogs() {
	if r.options.logs == "" {
		return
	}
	if err := os.MkdirAll(r.options.logs, 0o755); err != nil {
		r.log("keep logs: %v", err)
		return
	}
	found, _ := filepath.Glob(filepath.Join(r.world.Dir, "logs", "*.log"))
	for _, path := range found {
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(r.options.logs, filepath.Base(path)), data, 0o644)
		}
		if err != nil {
			r.log("keep logs: %v", err)
		}
	}
}

// restart is the wait of the kubelet before it starts a container again.
func restart(o options) func(int) time.Duration {
	return func(n int) time.Duration {
		if !o.backoff || n == 0 {
			return 0
		}
		return min(10*time.Second<<min(n-1, 5), 5*time.Minute)
	}
}

func volumeMB(o options) int {
	if o.disk {
		return 0
	}
	return 700
}

// possible tells whether a fault can be made at a stage.
func possible(f fault.Fault, s stage, o options) bool {
	switch f.Needs {
	case fault.Lease, fault.APIRequests, fault.Supervisor:
		return s.driver == "onggi"
	case fault.BoundedVolume:
		return !o.disk
	default:
		return !strings.HasPrefix(f.Name, "switchover-twice") || s.members > 2
	}
}
