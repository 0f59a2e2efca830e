package fault

import (
	"context"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/world"
)

func signalAll(tasks []world.Task, signal syscall.Signal) {
	for _, t := range tasks {
		_ = syscall.Kill(t.PID, signal)
	}
}

func killPostmaster() Fault {
	return Fault{
		Name: "kill-postmaster", What: "kill -9 of the primary's postmaster",
		Hold: 3 * time.Second,
		Break: func(_ context.Context, s *Scene) error {
			signalAll(s.Driver.Parts(s.Primary).Database.Postmasters(), syscall.SIGKILL)
			return nil
		},
		Expect: Expect{Outage: 1500 * time.Millisecond, OutageMax: 3 * time.Second},
	}
}
