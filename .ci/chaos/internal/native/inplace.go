package native

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// setBack is a restore in place: what was committed after a moment is undone on every member, and the data from before is kept.
func (c *Cluster) setBack() fault.Fault {
	return fault.Fault{
		Name: "restore-in-place", What: "the whole cluster is set back to a moment from the store, asked for in a standby's pod", Alone: true,
		Break: func(ctx context.Context, s *fault.Scene) error {
			at, want, err := c.regret(ctx, s)
			if err != nil {
				return err
			}
			begun := time.Now()
			if err := c.ctl(ctx, s.Standbys()[0], "restore", "--time", at, "--force"); err != nil {
				return err
			}
			c.Log("set back to %s within %s", at, time.Since(begun).Round(time.Millisecond))
			kept, err := keptData(s.Primary)
			if err != nil {
				return err
			}
			if len(kept) != 1 {
				return fmt.Errorf("%s keeps %d copies of the data from before, not one", s.Primary.Name, len(kept))
			}
			c.Wanted = c.holds(want)
			return os.RemoveAll(kept[0])
		},
	}
}

// setBackWithoutRoom is one where the volume has no room for a second copy.
func (c *Cluster) setBackWithoutRoom() fault.Fault {
	return fault.Fault{
		Name: "restore-without-copy", What: "the same on a volume without room for a second copy: refused, and done with --without-copy", Alone: true,
		Break: func(ctx context.Context, s *fault.Scene) error {
			at, want, err := c.regret(ctx, s)
			if err != nil {
				return err
			}
			filler, err := leave(s.Primary, 200<<20)
			if err != nil {
				return err
			}
			defer os.Remove(filler)
			err = c.ctl(ctx, s.Primary, "restore", "--time", at, "--force")
			switch {
			case err == nil:
				return errors.New("without room for a second copy the restore was not refused")
			case !strings.Contains(err.Error(), "--without-copy"):
				return err
			}
			if err := c.ctl(ctx, s.Primary, "restore", "--time", at, "--force", "--without-copy"); err != nil {
				return err
			}
			kept, err := keptData(s.Primary)
			if err != nil {
				return err
			}
			if len(kept) > 0 {
				return fmt.Errorf("%s keeps a copy of the data that it has no room for", s.Primary.Name)
			}
			c.Wanted = c.holds(want)
			return nil
		},
	}
}

// regret writes what is to stay, and after a moment destroys it. It returns the moment, and what was held then.
func (c *Cluster) regret(ctx context.Context, s *fault.Scene) (at string, want held, err error) {
	if err := c.ctl(ctx, s.Primary, "backup", "--type", "full", "--wait"); err != nil {
		return "", held{}, err
	}
	if err := c.mark(ctx, s.Primary); err != nil {
		return "", held{}, err
	}
	if want, err = c.look(ctx, s.Primary); err != nil {
		return "", held{}, err
	}
	if at, err = c.moment(ctx, s.Primary); err != nil {
		return "", held{}, err
	}
	if err := c.all(ctx, s.Primary, "drop table marked"); err != nil {
		return "", held{}, err
	}
	_, err = c.asked(ctx, s.Primary, "app", "with gone as (delete from pgbench_accounts where aid % 7 = 0 returning 1) select count(*) from gone")
	return at, want, err
}

// keptData are the data directories that restores in place have left on a pod's volume.
func keptData(p *kubelet.Pod) ([]string, error) {
	return filepath.Glob(filepath.Join(p.Volume, "*", "*.before-restore-*"))
}

// leave takes all of a volume but so many bytes, in a file, whose path it returns.
func leave(p *kubelet.Pod, free uint64) (string, error) {
	name := filepath.Join(p.Volume, "filler")
	f, err := os.Create(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var space unix.Statfs_t
	if err := unix.Statfs(p.Volume, &space); err != nil {
		return name, err
	}
	if has := space.Bavail * uint64(space.Bsize); has > free {
		err = unix.Fallocate(int(f.Fd()), 0, 0, int64(has-free))
	}
	return name, err
}
