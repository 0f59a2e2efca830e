package fault

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
)

// storeDown stops what keeps the record, for hold.
func storeDown(name string, hold time.Duration) Fault {
	signal := func(s *Scene, signal syscall.Signal) error {
		for _, p := range s.Stores {
			if err := p.Signal(signal); err != nil {
				return err
			}
		}
		return nil
	}
	return Fault{
		Name: name, What: fmt.Sprintf("the API server and its store answer nothing for %s", hold), Hold: hold,
		Break:  func(_ context.Context, s *Scene) error { return signal(s, syscall.SIGSTOP) },
		Mend:   func(_ context.Context, s *Scene) error { return signal(s, syscall.SIGCONT) },
		Expect: Expect{OutageMax: unnoticed, Stays: true, Quiet: true, NoLoss: true},
	}
}

// requests makes the API server behave badly towards agents.
func requests(name, what string, mode kube.Mode) Fault {
	return Fault{
		Name: name, What: what, Hold: 9 * time.Second, Needs: APIRequests,
		Break:  func(_ context.Context, s *Scene) error { s.Proxy.Set(mode); return nil },
		Mend:   func(_ context.Context, s *Scene) error { s.Proxy.Set(kube.Mode{}); return nil },
		Expect: Expect{OutageMax: unnoticed, Stays: true, Quiet: true, NoLoss: true},
	}
}

func apiServer() []Fault {
	return []Fault{
		requests("api-slow", "each request to the API server takes 5 s", kube.Mode{Delay: 5 * time.Second}),
		requests("api-429", "the API server answers 429", kube.Mode{Status: http.StatusTooManyRequests}),
		requests("api-500", "the API server answers 500", kube.Mode{Status: http.StatusInternalServerError}),
		requests("api-lost-answers", "writes to the API server are applied, their answers are lost", kube.Mode{LoseResponse: true}),
		requests("api-frozen-watch", "watches stay open and tell nothing", kube.Mode{FreezeWatch: true}),
		frozenTakeover(),
		leaseDeleted(), leaseEdited(), recordLost(),
	}
}

func frozenTakeover() Fault {
	return Fault{
		Name: "frozen-watch-failover", What: "watches tell nothing, and the primary's node is lost", Takes: true, Needs: APIRequests,
		Break: func(_ context.Context, s *Scene) error {
			s.Proxy.Set(kube.Mode{FreezeWatch: true})
			return s.Kubelet.Lose(s.Primary.Node)
		},
		Mend: func(_ context.Context, s *Scene) error {
			s.Proxy.Set(kube.Mode{})
			return s.Kubelet.Return(s.Primary.Node)
		},
	}
}

func (s *Scene) lease() string {
	return "/apis/coordination.k8s.io/v1/namespaces/" + s.Namespace + "/leases/" + s.Name + "-primary"
}

func leaseDeleted() Fault {
	return Fault{
		Name: "lease-deleted", What: "the Lease is deleted by hand", Hold: 9 * time.Second, Needs: Lease,
		Break: func(ctx context.Context, s *Scene) error {
			_, err := s.Server.Admin.Do(ctx, http.MethodDelete, s.lease(), nil)
			return err
		},
		Expect: Expect{OutageMax: unnoticed, Stays: true, Quiet: true, NoLoss: true},
	}
}

func recordLost() Fault {
	return Fault{
		Name: "record-lost", What: "the Lease is deleted and all pods are made again at once, at other addresses", Hold: 4 * time.Second, Needs: Lease, Calm: true,
		Break: func(ctx context.Context, s *Scene) error {
			s.Set.Pause(true)
			defer s.Set.Pause(false)
			for _, p := range s.Pods() {
				p.Kill()
				if err := s.Kubelet.Delete(ctx, p.Name, 0); err != nil {
					return err
				}
			}
			// Only now: a holder that lives puts its record back.
			_, err := s.Server.Admin.Do(ctx, http.MethodDelete, s.lease(), nil)
			return err
		},
	}
}

func leaseEdited() Fault {
	return Fault{
		Name: "lease-edited", What: "the Lease's holder is edited by hand to nobody", Hold: 9 * time.Second, Needs: Lease,
		Break: func(ctx context.Context, s *Scene) error {
			_, err := s.Server.Admin.Do(ctx, http.MethodPatch, s.lease(), kube.Object{"spec": kube.Object{"holderIdentity": "nobody"}})
			return err
		},
		Expect: Expect{OutageMax: 2 * takeoverMax},
	}
}
