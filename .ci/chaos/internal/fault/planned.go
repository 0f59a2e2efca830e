package fault

import (
	"context"
	"time"

	"onggi.dev/ci/chaos/internal/cluster"
)

// planned is what a move that was asked for may cost.
var planned = Expect{Outage: time.Second, OutageMax: 2 * time.Second, NoLoss: true}

func switchover() Fault {
	return Fault{
		Name: "switchover", What: "a switchover to a standby", Hold: 3 * time.Second,
		Break: func(ctx context.Context, s *Scene) error {
			return askToMove(ctx, s, s.Standbys()[0].Name)
		},
		Expect: planned,
	}
}

// askToMove asks for a switchover until that is granted, as a person does: on a busy machine a member may be refused that was not heard of for
// a moment, and an answer may not come in time though the primary moves.
func askToMove(ctx context.Context, s *Scene, to string) error {
	for end := time.Now().Add(time.Minute); ; {
		err := s.Driver.Switchover(ctx, s.Cluster, s.Primary.Name, to)
		if err == nil || s.Route.Now().Pod == to {
			return nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return err
		}
		s.Log("%v: it is asked for again", err)
		sleep(ctx, time.Second)
	}
}

// grace is the pods' terminationGracePeriodSeconds.
const grace = 120 * time.Second

// replace deletes the primary's pod, which its StatefulSet makes again when it is gone, while the world goes on.
func replace(ctx context.Context, s *Scene, grace time.Duration) error {
	victim := s.Primary
	go func() {
		if err := s.Kubelet.Delete(ctx, victim.Name, grace); err != nil {
			s.Log("delete %s: %v", victim.Name, err)
		}
	}()
	return nil
}

func deletePod() Fault {
	return Fault{
		Name: "delete-pod", What: "graceful deletion of the primary's pod, which is made again", Hold: 3 * time.Second,
		Break:  func(ctx context.Context, s *Scene) error { return replace(ctx, s, grace) },
		Expect: planned,
	}
}

func forceDelete() Fault {
	return Fault{
		Name: "force-delete-pod", What: "deletion of the primary's pod with grace 0, which is made again", Hold: 4 * time.Second,
		Break:  func(ctx context.Context, s *Scene) error { return replace(ctx, s, 0) },
		Expect: Expect{OutageMax: takeoverMax},
	}
}

func drain() Fault {
	gone := make(chan error, 1)
	return Fault{
		Name: "drain", What: "the primary's node is cordoned and its pod evicted; the node comes back later", Hold: 5 * time.Second,
		Break: func(ctx context.Context, s *Scene) error {
			err := s.Kubelet.Cordon(ctx, s.Primary.Node, true)
			if err != nil {
				gone <- err
				return err
			}
			go func() { gone <- s.Kubelet.Delete(ctx, s.Primary.Name, grace) }()
			return nil
		},
		Mend: func(ctx context.Context, s *Scene) error {
			if err := s.Kubelet.Cordon(ctx, s.Primary.Node, false); err != nil {
				return err
			}
			return <-gone
		},
		Expect: planned,
	}
}

// rollImage changes what the pods run. Nobody holds anything: until each runs it, the cluster is not whole.
func rollImage() Fault {
	return Fault{
		Name: "roll-image", What: "another image of Postgres: every pod is made again with it", Hold: time.Second, Calm: true,
		Break: func(ctx context.Context, s *Scene) error {
			return s.Set.SetImage(ctx, cluster.Database, s.NextImage())
		},
		Expect: Expect{Outage: planned.Outage, OutageMax: planned.OutageMax, NoLoss: true, Moves: 1},
	}
}

func switchoverRaced() Fault {
	return Fault{
		Name: "switchover-raced", What: "the primary's container is killed in the middle of a switchover", Hold: 4 * time.Second,
		Break: func(ctx context.Context, s *Scene) error {
			asked := make(chan error, 1)
			go func() { asked <- s.Driver.Switchover(ctx, s.Cluster, s.Primary.Name, s.Standbys()[0].Name) }()
			sleep(ctx, time.Duration(100+s.Dice.IntN(600))*time.Millisecond)
			_ = s.Driver.Parts(s.Primary).Database.Signal(kill)
			<-asked // whatever came of it
			return nil
		},
		Expect: Expect{OutageMax: takeoverMax},
	}
}

func switchoverTwice() Fault {
	return Fault{
		Name: "switchover-twice", What: "two switchovers to different standbys at once", Hold: 4 * time.Second,
		Break: func(ctx context.Context, s *Scene) error {
			asked := make(chan error, 2)
			for _, to := range s.Standbys()[:2] {
				go func() { asked <- s.Driver.Switchover(ctx, s.Cluster, s.Primary.Name, to.Name) }()
			}
			<-asked
			<-asked
			return nil
		},
		Expect: Expect{OutageMax: 5 * time.Second, NoLoss: true},
	}
}
