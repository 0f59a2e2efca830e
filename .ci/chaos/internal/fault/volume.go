package fault

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/kubelet"
)

const kill = syscall.SIGKILL

// fill leaves no space on a volume, and takes what is freed in the next seconds too, while the primary needs new segments of WAL.
func fill(ctx context.Context, s *Scene, p *kubelet.Pod) error {
	f, err := os.Create(filler(p))
	if err != nil {
		return err
	}
	defer f.Close()
	var size int64
	for range 8 {
		var space unix.Statfs_t
		if err := unix.Statfs(p.Volume, &space); err != nil {
			return err
		}
		if free := int64(space.Bavail) * space.Bsize; free > 0 {
			if err := unix.Fallocate(int(f.Fd()), 0, size, free); err != nil && !errors.Is(err, unix.ENOSPC) {
				return err
			}
			size += free
		}
		_, _ = s.Ask(ctx, s.Primary, "select pg_switch_wal()")
		sleep(ctx, 200*time.Millisecond)
	}
	return nil
}

func filler(p *kubelet.Pod) string { return filepath.Join(p.Volume, "filler") }

func diskFull() Fault {
	return Fault{
		Name: "disk-full", What: "the primary's volume is full, and WAL needs another segment", Hold: 15 * time.Second, Needs: BoundedVolume,
		Break: func(ctx context.Context, s *Scene) error {
			return fill(ctx, s, s.Primary)
		},
		Mend:   func(_ context.Context, s *Scene) error { return os.Remove(filler(s.Primary)) },
		Expect: Expect{OutageMax: 15 * time.Second},
	}
}

func standbyDiskFull() Fault {
	var victim *kubelet.Pod
	return Fault{
		Name: "standby-disk-full", What: "a standby's volume is full", Hold: 10 * time.Second, Needs: BoundedVolume,
		Break: func(ctx context.Context, s *Scene) error {
			victim = s.Standbys()[0]
			return fill(ctx, s, victim)
		},
		Mend:   func(context.Context, *Scene) error { return os.Remove(filler(victim)) },
		Expect: Expect{OutageMax: 2 * time.Second, Stays: true, NoLoss: true},
	}
}

// renew deletes a pod and its volume: it is made again on an empty one.
func renew(ctx context.Context, s *Scene, p *kubelet.Pod) error {
	s.Kubelet.Wipe(p.Name)
	return s.Kubelet.Delete(ctx, p.Name, 0)
}

func volumeLost() Fault {
	return Fault{
		Name: "volume-lost", What: "the primary's pod is deleted with grace 0 and its volume is lost", Hold: 5 * time.Second, Calm: true,
		Break:  func(ctx context.Context, s *Scene) error { return renew(ctx, s, s.Primary) },
		Expect: Expect{OutageMax: takeoverMax},
	}
}

func cloneInterrupted() Fault {
	return Fault{
		Name: "clone-interrupted", What: "a standby's volume is lost, and its container killed as soon as pg_basebackup runs", Hold: 3 * time.Second, Calm: true,
		Break: func(ctx context.Context, s *Scene) error {
			victim := s.Standbys()[0]
			if err := renew(ctx, s, victim); err != nil {
				return err
			}
			s.killWhen(ctx, victim.Name, "pg_basebackup")
			return nil
		},
		Expect: Expect{OutageMax: 2 * time.Second, Stays: true, NoLoss: true},
	}
}

func rewindInterrupted() Fault {
	return Fault{
		Name: "rewind-interrupted", What: "the primary is cut off until another is, and its container killed as soon as pg_rewind runs", Hold: 3 * time.Second, Calm: true,
		Break: func(ctx context.Context, s *Scene) error {
			links := everything(s.Primary)
			if err := s.World.Cut(links...); err != nil {
				return err
			}
			for end := time.Now().Add(45 * time.Second); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, 200*time.Millisecond) {
				if now := s.Route.Now().Pod; now != "" && now != s.Primary.Name {
					break
				}
			}
			if err := s.World.Mend(links...); err != nil {
				return err
			}
			s.killWhen(ctx, s.Primary.Name, "pg_rewind")
			return nil
		},
	}
}

// killWhen kills a pod's database container at the first sight of a program in it.
func (s *Scene) killWhen(ctx context.Context, pod, program string) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, 3*time.Millisecond) {
		p := s.Kubelet.Pod(pod)
		if p == nil || p.Process(cluster.Database) == nil {
			continue
		}
		container := s.Driver.Parts(p).Database
		for _, t := range container.Tasks() {
			if t.Program() == program {
				_ = container.Signal(kill)
				return
			}
		}
	}
	s.Log("%s was not seen in %s", program, pod)
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
