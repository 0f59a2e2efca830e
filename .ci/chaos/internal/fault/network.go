package fault

import (
	"context"
	"errors"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// cut loses packets over the links, as they are when the fault begins, until it is mended.
func cut(name, what string, hold time.Duration, links func(s *Scene) []world.Link, expect Expect) Fault {
	var lost []world.Link
	return Fault{
		Name: name, What: what, Hold: hold, Takes: hold == gone,
		Break: func(_ context.Context, s *Scene) error {
			lost = links(s)
			return s.World.Cut(lost...)
		},
		Mend:   func(_ context.Context, s *Scene) error { return s.World.Mend(lost...) },
		Expect: expect,
	}
}

func both(a, b world.Link) []world.Link { return []world.Link{a, b} }

func toPlatform(p *kubelet.Pod) []world.Link {
	return both(world.Link{From: p.Host.IP, To: world.Platform}, world.Link{From: world.Platform, To: p.Host.IP})
}

func toPeers(s *Scene, out, in bool) []world.Link {
	var links []world.Link
	for _, p := range s.Standbys() {
		if out {
			links = append(links, world.Link{From: s.Primary.Host.IP, To: p.Host.IP})
		}
		if in {
			links = append(links, world.Link{From: p.Host.IP, To: s.Primary.Host.IP})
		}
	}
	return links
}

func everything(p *kubelet.Pod) []world.Link {
	return both(world.Link{From: p.Host.IP}, world.Link{To: p.Host.IP})
}

func partitions() []Fault {
	none := Expect{OutageMax: unnoticed, Stays: true, Quiet: true, NoLoss: true}
	return []Fault{
		cut("cut-primary", "the primary is cut off from everything", gone,
			func(s *Scene) []world.Link { return everything(s.Primary) },
			Expect{OutageMax: takeoverMax, Whole: 10 * time.Second}),
		cut("cut-primary-api", "the primary is cut off from the API server, not from its peers", 14*time.Second,
			func(s *Scene) []world.Link { return toPlatform(s.Primary) }, none),
		cut("cut-primary-peers", "the primary is cut off from its peers, not from the API server", 12*time.Second,
			func(s *Scene) []world.Link { return toPeers(s, true, true) }, Expect{Stays: true, NoLoss: true}),
		cut("cut-primary-one-way", "what the primary sends to its peers is lost, what they send is not", 12*time.Second,
			func(s *Scene) []world.Link { return toPeers(s, true, false) }, Expect{Stays: true, NoLoss: true}),
		cut("cut-standby", "a standby is cut off from everything", 10*time.Second,
			func(s *Scene) []world.Link { return everything(s.Standbys()[0]) }, Expect{OutageMax: 2 * time.Second, Stays: true, NoLoss: true}),
		cut("cut-standbys-api", "all standbys are cut off from the API server", 12*time.Second,
			func(s *Scene) []world.Link {
				var links []world.Link
				for _, p := range s.Standbys() {
					links = append(links, toPlatform(p)...)
				}
				return links
			}, none),
	}
}

// forcer is a driver by which a person has a member lead, whatever is lost by it.
type forcer interface {
	Force(ctx context.Context, c *cluster.Cluster, to string) error
}

// forcedApart is a person who sees one member that hears of nobody, and has it lead: the primary lives, and the record is all that both of them see.
func forcedApart() Fault {
	f := cut("forced-apart", "a standby that hears of nobody, and sees the record, is to lead whatever is lost by it; the primary lives", time.Second,
		func(s *Scene) []world.Link {
			alone, others := s.Standbys()[0], []*kubelet.Pod{s.Primary}
			var links []world.Link
			for _, p := range append(others, s.Standbys()[1:]...) {
				links = append(links, both(world.Link{From: alone.Host.IP, To: p.Host.IP}, world.Link{From: p.Host.IP, To: alone.Host.IP})...)
			}
			return links
		}, Expect{OutageMax: unnoticed, Stays: true, Quiet: true, NoLoss: true})
	apart := f.Break
	f.Needs = Lease
	f.Break = func(ctx context.Context, s *Scene) error {
		if err := apart(ctx, s); err != nil {
			return err
		}
		sleep(ctx, 10*time.Second) // until it takes nobody for alive
		err := s.Driver.(forcer).Force(ctx, s.Cluster, s.Standbys()[0].Name)
		switch {
		case err == nil:
			return errors.New("it leads, and the primary lives")
		case !strings.Contains(err.Error(), "alive"):
			return err
		}
		return nil
	}
	return f
}
