package fault

import (
	"context"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/world"
)

// Bounds that many faults share.
const (
	takeover    = 8500 * time.Millisecond // the median, where a taker has to wait for the permit to end
	takeoverMax = 11 * time.Second
	proven      = 3 * time.Second // where the death is proven
	unnoticed   = 500 * time.Millisecond
	// permitLeft is the least that is left of a permit of the default profile, which was granted a beat and its patience ago at the most.
	permitLeft = 3900 * time.Millisecond
)

func signalAll(tasks []world.Task, signal syscall.Signal) {
	for _, t := range tasks {
		_ = syscall.Kill(t.PID, signal)
	}
}

func killPostmaster() Fault {
	return Fault{
		Name: "kill-postmaster", What: "kill -9 of the primary's postmaster", Hold: 3 * time.Second,
		Break: func(_ context.Context, s *Scene) error {
			signalAll(s.Driver.Parts(s.Primary).Database.Postmasters(), syscall.SIGKILL)
			return nil
		},
		Expect: Expect{Outage: 1500 * time.Millisecond, OutageMax: proven},
	}
}

func stopPostmaster() Fault {
	return Fault{
		Name: "stop-postmaster", What: "SIGSTOP of the primary's postmaster: open sessions go on, new ones hang", Hold: 18 * time.Second,
		Break: func(_ context.Context, s *Scene) error {
			signalAll(s.Driver.Parts(s.Primary).Database.Postmasters(), syscall.SIGSTOP)
			return nil
		},
		Mend: func(_ context.Context, s *Scene) error {
			signalAll(s.Driver.Parts(s.Primary).Database.Postmasters(), syscall.SIGCONT)
			return nil
		},
		Expect: Expect{OutageMax: 15 * time.Second},
	}
}

// gone is to be away for as long as a takeover may need.
const gone = 0

// killAgent kills the agent of the primary; away is how long it is kept from coming back.
func killAgent(name, what string, away time.Duration, expect Expect) Fault {
	return Fault{
		Name: name, What: what, Hold: away, Takes: away == gone,
		Break: func(_ context.Context, s *Scene) error {
			parts := s.Driver.Parts(s.Primary)
			parts.HoldAgent(true)
			signalAll(parts.Agent(), syscall.SIGKILL)
			return nil
		},
		Mend: func(_ context.Context, s *Scene) error {
			s.Driver.Parts(s.Primary).HoldAgent(false)
			return nil
		},
		Expect: expect,
	}
}

func stopAgent() Fault {
	return Fault{
		Name: "stop-agent", What: "SIGSTOP of the primary's agent, CONT later", Takes: true,
		Break: func(_ context.Context, s *Scene) error {
			signalAll(s.Driver.Parts(s.Primary).Agent(), syscall.SIGSTOP)
			return nil
		},
		Mend: func(_ context.Context, s *Scene) error {
			signalAll(s.Driver.Parts(s.Primary).Agent(), syscall.SIGCONT)
			return nil
		},
		Expect: Expect{OutageMax: takeoverMax},
	}
}

func stopSupervisor() Fault {
	return Fault{
		Name: "stop-supervisor", What: "SIGSTOP of PID 1 of the primary's database container, CONT later", Takes: true, Needs: Supervisor,
		Break: func(_ context.Context, s *Scene) error {
			return s.Driver.Parts(s.Primary).Database.Signal(syscall.SIGSTOP)
		},
		Mend: func(_ context.Context, s *Scene) error {
			return s.Driver.Parts(s.Primary).Database.Signal(syscall.SIGCONT)
		},
		Expect: Expect{OutageMax: takeoverMax},
	}
}

// killContainer kills PID 1 of the primary's database container, and so all of it. The kubelet reports that.
func killContainer(name, what string, away time.Duration) Fault {
	return Fault{
		Name: name, What: what, Hold: max(away, 3*time.Second),
		Break: func(_ context.Context, s *Scene) error {
			parts := s.Driver.Parts(s.Primary)
			parts.HoldDatabase(away > 0)
			return parts.Database.Signal(syscall.SIGKILL)
		},
		Mend: func(_ context.Context, s *Scene) error {
			s.Driver.Parts(s.Primary).HoldDatabase(false)
			return nil
		},
		Expect: Expect{Outage: proven},
	}
}

func killPod() Fault {
	return Fault{
		Name: "kill-pod", What: "kill -9 of all containers of the primary's pod; the kubelet reports it", Hold: 4 * time.Second,
		Break:  func(_ context.Context, s *Scene) error { s.Primary.Kill(); return nil },
		Expect: Expect{Outage: proven},
	}
}

func killAll() Fault {
	return Fault{
		Name: "kill-all", What: "kill -9 of all pods at once", Hold: 4 * time.Second,
		Break: func(_ context.Context, s *Scene) error {
			for _, p := range s.Pods() {
				p.Kill()
			}
			return nil
		},
		Expect: Expect{},
	}
}

func freezePod() Fault {
	return Fault{
		Name: "freeze-pod", What: "SIGSTOP of every process of the primary's pod, CONT later", Takes: true,
		Break:  func(_ context.Context, s *Scene) error { s.Primary.Freeze(true); return nil },
		Mend:   func(_ context.Context, s *Scene) error { s.Primary.Freeze(false); return nil },
		Expect: Expect{OutageMax: takeoverMax, Thaw: 100 * time.Millisecond},
	}
}

func nodeLost() Fault {
	return Fault{
		Name: "node-lost", What: "the primary's node is gone: no connection is closed, nobody reports it", Takes: true,
		Break:  func(_ context.Context, s *Scene) error { return s.Kubelet.Lose(s.Primary.Node) },
		Mend:   func(_ context.Context, s *Scene) error { return s.Kubelet.Return(s.Primary.Node) },
		Expect: Expect{Outage: takeover, OutageMax: takeoverMax, Whole: 10 * time.Second},
	}
}
