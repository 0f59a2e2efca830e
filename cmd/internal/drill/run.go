// Package drill carries out what the machine of render/drill decides: it reads and writes Kubernetes objects, asks the restored
// Postgres, and keeps the time. It decides nothing itself, so whatever is said about what a drill leaves behind is said, and
// tested, there.
package drill

import (
	"context"
	"time"

	"github.com/onggi-db/onggi/render/drill"
)

// Edge does one action, once.
type Edge interface {
	// Do fills in what the action reads, and the fault. It ends when the context does.
	Do(ctx context.Context, a drill.Action) drill.Input
	// Changes has a value whenever the scratch Cluster may have changed.
	Changes() <-chan struct{}
}

// leastTime is what every action gets, however late it is: removing is tried at least once.
const leastTime = 3 * time.Second

// Run drives a drill to its end. When the context ends, what is left to do is to record that and to remove what was made; for
// that it takes up to [drill.Grace] more. Say is called with lines of progress.
func Run(ctx context.Context, d *drill.Drill, edge Edge, say func(string)) drill.Exit {
	a := d.First()
	for a.Do != drill.Stop {
		if a.Say != "" {
			say(a.Say)
		}
		in := perform(ctx, edge, a)
		in.Now, in.Stop = time.Now(), ctx.Err() != nil
		a = d.Next(in)
	}
	if a.Say != "" {
		say(a.Say)
	}
	return a.Exit
}

func perform(ctx context.Context, edge Edge, a drill.Action) drill.Input {
	if a.Cleanup {
		ctx = context.WithoutCancel(ctx)
	}
	by := a.By
	if least := time.Now().Add(a.After + leastTime); by.Before(least) {
		by = least
	}
	ctx, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	if !wait(ctx, a, edge.Changes()) {
		return drill.Input{Fault: drill.Transient, Err: context.Cause(ctx).Error()}
	}
	return edge.Do(ctx, a)
}

// wait waits as long as the action says, or until the scratch Cluster changes where that is what it is about.
func wait(ctx context.Context, a drill.Action, changes <-chan struct{}) bool {
	if a.After <= 0 {
		return ctx.Err() == nil
	}
	if a.Do != drill.Observe && a.Do != drill.Look {
		changes = nil
	}
	timer := time.NewTimer(a.After)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changes:
	case <-timer.C:
	}
	return true
}
