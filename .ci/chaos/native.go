package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/native"
	"onggi.dev/ci/chaos/internal/report"
	"onggi.dev/ci/chaos/internal/trial"
	"onggi.dev/ci/chaos/internal/world"
)

// nativeRun is the suite native: scenarios of a cluster that is made of rendered objects.
type nativeRun struct{ *run }

func newNativeRun(o options, w *world.World) *nativeRun { return &nativeRun{newRun(o, w)} }

// all runs every scenario, tells the results and returns the exit code.
func (r *nativeRun) all(ctx context.Context) (int, error) {
	err := r.scenarios(ctx)
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

// nodes are enough for the largest scale, each pod on one of its own.
const nodes = 5

// nativeVolumeMB has room for 100 MB of pgbench's, the log, and a second copy of both beside them.
func nativeVolumeMB(o options) int {
	if o.disk {
		return 0
	}
	return 1000
}

func (r *nativeRun) scenarios(ctx context.Context) error {
	lab, err := native.NewLab(ctx, r.world, native.Plan{
		Bin: r.options.bin, Onggi: r.options.onggi, S3: r.options.s3, Images: native.Images{Postgres: r.options.postgres, Agent: r.options.agent, Onggi: r.options.onggi, PgBouncer: r.options.pgbouncer}, Nodes: nodes,
		VolumeMB: nativeVolumeMB(r.options), Seed: r.options.seed, Log: r.log,
	})
	if err != nil {
		return err
	}
	r.log("the API server answers")
	began := time.Now()
	c, err := lab.NewCluster(ctx, "shop", native.Spec())
	if err != nil {
		if c != nil {
			r.logsOf(c.Scene)
		}
		return err
	}
	r.add(fault.Fault{Name: "create", What: "the objects are applied: from nothing to a cluster that is whole"}, trial.Result{Fault: "create", Sync: true, Whole: time.Since(began)})
	c.Trace = r.trace
	all, err := c.Scenarios()
	if err != nil {
		return err
	}
	for _, f := range all {
		if !r.wanted(f.Name) {
			continue
		}
		result, err := trial.Run(ctx, c.Scene, f, &r.counters)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			result.Trouble = err.Error()
		}
		c.Wanted = nil // what one scenario asks for is not asked of those after it
		r.add(f, result)
		if result.Trouble != "" {
			r.logsOf(c.Scene)
			return nil
		}
	}
	return nil
}

// add keeps a result, and shows it as a sign of life.
func (r *nativeRun) add(f fault.Fault, result trial.Result) {
	row := report.Row{Driver: "native", Mode: "sync", Fault: f, Runs: []trial.Result{result}, Judged: true}
	r.rows = append(r.rows, row)
	r.log("%s", report.Line(row))
}

// wanted tells whether a scenario is among those of -faults.
func (r *nativeRun) wanted(name string) bool {
	return r.options.faults == "all" || slices.Contains(strings.Split(r.options.faults, ","), name)
}
