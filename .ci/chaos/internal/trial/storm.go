package trial

import (
	"context"
	"fmt"
	"slices"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/workload"
)

// Storm is many random faults in a row, some of them mended only after the next has begun, under load all along. The cluster has
// no time to become whole between them; afterwards it must, with nothing lost.
func Storm(ctx context.Context, s *fault.Scene, n int, suits func(fault.Fault) bool, c *workload.Counters) (fault.Fault, Result, error) {
	storm := fault.Fault{
		Name: "storm", What: fmt.Sprintf("a storm of %d random faults", n),
	}
	storm.Break = func(ctx context.Context, s *fault.Scene) error {
		storm.Expect.Thaw = weather(ctx, s, n, suits)
		return ctx.Err()
	}
	r, err := Run(ctx, s, storm, c)
	return storm, r, err
}

// weather breaks and mends n times. It returns what is forgiven after the thaws that were among it.
func weather(ctx context.Context, s *fault.Scene, n int, suits func(fault.Fault) bool) (thaw time.Duration) {
	var late func()
	for i := range n {
		if ctx.Err() != nil {
			return thaw
		}
		// Faults remember what they broke: each is a new one.
		choice := slices.DeleteFunc(fault.All(), func(f fault.Fault) bool { return f.Calm || !suits(f) })
		f := choice[s.Dice.IntN(len(choice))]
		thaw += f.Expect.Thaw
		now := *s
		now.Primary = target(s)
		hold := time.Duration(300+s.Dice.IntN(2000)) * time.Millisecond
		s.Log("storm %d of %d: %s at %s for %s", i+1, n, f.Name, now.Primary.Name, hold)
		breaking, cancel := context.WithTimeout(ctx, 15*time.Second)
		if err := f.Break(breaking, &now); err != nil {
			s.Log("storm: %s: %v", f.Name, err)
		}
		cancel()
		sleep(ctx, hold)
		mend := func() {
			if f.Mend == nil {
				return
			}
			if err := f.Mend(ctx, &now); err != nil {
				s.Log("storm: mend %s: %v", f.Name, err)
			}
		}
		if late != nil {
			late()
			late = nil
		}
		if s.Dice.IntN(3) == 0 && i+1 < n {
			late = mend
		} else {
			mend()
		}
	}
	if late != nil {
		late()
	}
	return thaw
}

// target is where clients are led to, or any pod.
func target(s *fault.Scene) *kubelet.Pod {
	if p := s.Kubelet.Pod(s.Route.Now().Pod); p != nil {
		return p
	}
	pods := s.Pods()
	return pods[s.Dice.IntN(len(pods))]
}
