package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// parted is a pair whose old primary has commits that the new one does not. The new one has no checkpoint before resume is called.
func parted(t *testing.T) (old, current *node, gates postgres.Gates, resume func()) {
	t.Helper()
	old = newPrimary(t, "shop-0")
	old.sql("CREATE TABLE orders AS SELECT 1 AS id")
	current = newStandby(t, old, "shop-1")
	require.NoError(t, current.Detach(current.ctx()))
	old.sql("INSERT INTO orders SELECT g FROM generate_series(100, 20000) g")
	system := old.status().System
	old.kill()
	checkpointer, err := strconv.Atoi(current.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(checkpointer, syscall.SIGSTOP)) // it would write its checkpoint at once
	timeline, err := current.Promote(current.ctx(), postgres.Sync{})
	require.NoError(t, err)
	_, err = current.Slots(current.ctx(), map[string]postgres.LSN{"shop-0": 0})
	require.NoError(t, err)
	current.sql("INSERT INTO orders VALUES (2)")
	resume = func() { require.NoError(t, syscall.Kill(checkpointer, syscall.SIGCONT)) }
	return old, current, postgres.Gates{System: system, Timeline: timeline}, resume
}

// rejoined starts a rewound or cloned node as a standby and holds its data against the primary's.
func (n *node) rejoined(primary *node) {
	n.t.Helper()
	n.configure()
	require.NoError(n.t, n.Follow(n.ctx(), primary.upstream(n.name)))
	n.start(postgres.AsStandby)
	n.caughtUp(primary)
	const all = "SELECT string_agg(id::text, ',' ORDER BY id) FROM orders"
	require.Equal(n.t, primary.sql(all), n.sql(all))
	require.EqualValues(n.t, 2, n.status().Timeline)
}

func TestADivergedPrimaryIsRewound(t *testing.T) {
	t.Parallel()
	old, current, gates, resume := parted(t)
	rewind := func(g postgres.Gates) (postgres.RewindOutcome, string, error) {
		return old.Rewind(old.ctx(), current.upstream("shop-0"), g, time.Minute)
	}

	_, _, err := rewind(gates)
	require.ErrorIs(t, err, postgres.ErrSourceNotReady, "the source has had no checkpoint since its promotion")
	require.ErrorContains(t, err, "its last checkpoint is of timeline 1")
	resume()
	require.NoError(t, current.Checkpoint(current.ctx()))
	_, _, err = rewind(postgres.Gates{System: gates.System, Timeline: 3})
	require.ErrorIs(t, err, postgres.ErrSourceNotReady)
	_, _, err = rewind(postgres.Gates{System: "1", Timeline: 2})
	require.ErrorContains(t, err, "system identifier")
	work, err := old.Unfinished()
	require.NoError(t, err)
	require.Empty(t, work, "the gates come before anything is touched")

	t.Run("killed in the middle, it is not started, and is rewound or cloned", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		// It is kept from looking at the source's files, which it does after its own recovery and before it copies anything, and killed there.
		door, err := current.client(Superuser)
		require.NoError(t, err)
		defer door.Close(context.Background())
		_, err = door.Exec(current.ctx(), "BEGIN; LOCK TABLE pg_tablespace IN ACCESS EXCLUSIVE MODE").ReadAll()
		require.NoError(t, err)
		old.tools.onStart = func(c postgres.Command, p *os.Process) {
			if filepath.Base(c.Argv[0]) == "pg_rewind" {
				go func() {
					stands := func() bool {
						n, err := current.trySQL("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pg_tablespace'::regclass")
						return err == nil && n != "0"
					}
					for end := time.Now().Add(patience); !stands() && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
					}
					_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
					cancel()
				}()
			}
		}
		_, _, err = old.Rewind(ctx, current.upstream("shop-0"), gates, 2*patience)
		require.Error(t, err)
		old.tools.onStart = nil
		require.NoError(t, door.Close(current.ctx()))
		_, err = old.StartCommand(postgres.AsStandby)
		require.ErrorIs(t, err, postgres.ErrUnfinished)
		_, err = old.StartCommand(postgres.AsPrimary)
		require.ErrorIs(t, err, postgres.ErrUnfinished)
		_, err = old.Recover()
		require.NoError(t, err)
		_, err = old.StartCommand(postgres.AsStandby)
		require.ErrorIs(t, err, postgres.ErrUnfinished, "a new agent does not forget it")
	})

	outcome, why, err := rewind(gates)
	if err != nil { // the recovery that was running may take a moment to be gone
		t.Logf("rewind after the kill: %v", err)
		time.Sleep(200 * time.Millisecond)
		outcome, why, err = rewind(gates)
	}
	t.Logf("rewind after the kill: %s %s %v", outcome, why, err)
	if outcome != postgres.Rewound {
		_, err := old.Clone(old.ctx(), current.upstream("shop-0"), postgres.CloneOptions{System: gates.System, Term: 2})
		require.NoError(t, err)
	}
	old.rejoined(current)

	_, _, err = rewind(gates)
	require.ErrorContains(t, err, "our own server runs")
	old.stop()
	outcome, _, err = rewind(gates)
	require.NoError(t, err)
	require.Equal(t, postgres.RewindNotNeeded, outcome)
	old.rejoined(current)
}

func TestADivergedPrimaryIsClonedAndItsDataKept(t *testing.T) {
	t.Parallel()
	old, current, gates, resume := parted(t)
	resume()
	o := postgres.CloneOptions{System: gates.System, Term: 7}

	t.Run("killed in the middle, nothing of ours has changed", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		old.tools.onStart = func(c postgres.Command, p *os.Process) {
			if filepath.Base(c.Argv[0]) == "pg_basebackup" {
				time.AfterFunc(300*time.Millisecond, func() { _ = syscall.Kill(-p.Pid, syscall.SIGKILL); cancel() })
			}
		}
		slow := o
		slow.MaxRateKB = 4096
		_, err := old.Clone(ctx, current.upstream("shop-0"), slow)
		require.Error(t, err)
		old.tools.onStart = nil
		control, err := old.Control(old.ctx())
		require.NoError(t, err)
		require.EqualValues(t, 1, control.Timeline)
		_, err = old.StartCommand(postgres.AsStandby)
		require.NoError(t, err)
	})
	t.Run("what a killed agent leaves beside is removed by the next", func(t *testing.T) {
		require.NoError(t, os.MkdirAll(old.Paths.Data+".new/base", 0o700))
		done, err := old.Recover()
		require.NoError(t, err)
		require.Equal(t, []postgres.Removal{{Path: old.Paths.Data + ".new", Reason: postgres.RemovedInterrupted}}, done.Removed)
	})
	t.Run("another cluster's data is not taken", func(t *testing.T) {
		_, err := old.Clone(old.ctx(), current.upstream("shop-0"), postgres.CloneOptions{System: "12"})
		require.ErrorContains(t, err, "system identifier")
		require.NoFileExists(t, old.Paths.Data+".new")
	})

	done, err := old.Clone(old.ctx(), current.upstream("shop-0"), o)
	require.NoError(t, err)
	require.Equal(t, old.Paths.Data+".diverged-7", done.Kept)
	require.Empty(t, done.Removed)
	old.rejoined(current)

	kept := postgres.New(postgres.Paths{Volume: old.Paths.Volume, Data: done.Kept, Bin: old.Paths.Bin}, old.tools)
	control, err := kept.Control(old.ctx())
	require.NoError(t, err)
	require.EqualValues(t, 1, control.Timeline)
	_, err = old.Discard(old.Paths.Data)
	require.Error(t, err, "only what was kept can be asked to go")
	removal, err := old.Discard(done.Kept)
	require.NoError(t, err)
	require.Equal(t, postgres.RemovedOnRequest, removal.Reason)
	require.NoDirExists(t, done.Kept)
}

// TestASwapCanBeInterruptedAnywhere stops between any two steps of putting a copy in place, as a fake of files.
func TestASwapCanBeInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	for _, reason := range []postgres.RemovalReason{"", postgres.RemovedForSpace} {
		for step := range 4 {
			t.Run(fmt.Sprintf("%q %d", reason, step), func(t *testing.T) {
				volume := t.TempDir()
				data := filepath.Join(volume, "pgdata")
				s := postgres.New(postgres.Paths{Volume: volume, Data: data}, nil)
				put := func(dir, text string) {
					require.NoError(t, os.MkdirAll(dir, 0o700))
					require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte(text), 0o600))
				}
				away := data + ".removing"
				if reason == "" {
					away = data + ".diverged-3"
				}
				put(data, "14")
				put(data+".new", "15")
				require.NoError(t, os.MkdirAll(filepath.Join(volume, "onggi"), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(volume, "onggi", "work.json"), fmt.Appendf(nil, `{"work":"swap","term":3,"reason":%q}`, reason), 0o600))
				if step >= 1 {
					require.NoError(t, os.Rename(data, away))
				}
				if step >= 2 {
					require.NoError(t, os.Rename(data+".new", data))
				}
				if step >= 3 && reason != "" {
					require.NoError(t, os.RemoveAll(away))
				}
				_, err := s.Recover()
				require.NoError(t, err)
				major, err := s.Major()
				require.NoError(t, err)
				require.Equal(t, 15, major)
				work, err := s.Unfinished()
				require.NoError(t, err)
				require.Empty(t, work)
				require.NoDirExists(t, data+".new")
				require.NoDirExists(t, data+".removing")
				if reason == "" {
					require.DirExists(t, data+".diverged-3")
				}
				_, err = s.Recover()
				require.NoError(t, err)
			})
		}
	}
}

// A standby of a standby sees its upstream promoted, and nobody asks it for its status before it is cut off.
func TestATimelineThatNobodySawBeingReceived(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "shop-0")
	b := newStandby(t, a, "shop-1")
	c := newStandby(t, a, "shop-2")
	_, err := b.Slots(b.ctx(), map[string]postgres.LSN{"shop-2": 0})
	require.NoError(t, err)
	require.NoError(t, c.Follow(c.ctx(), b.upstream("shop-2")))
	c.caughtUp(b)
	before := c.status()
	require.EqualValues(t, 1, before.Timeline)
	require.NoError(t, c.WriteTimeline(c.ctx(), before), "nothing to do while it receives")

	a.stop()
	require.NoError(t, b.Detach(b.ctx()))
	_, err = b.Promote(b.ctx(), postgres.Sync{})
	require.NoError(t, err)
	b.sql("CREATE TABLE later AS SELECT g FROM generate_series(1, 1000) g")
	written := b.status().Flush
	require.Eventually(t, func() bool {
		return c.sql("SELECT (pg_last_wal_replay_lsn() >= '"+written.String()+"')::text") == "true"
	}, patience, 10*time.Millisecond)
	b.kill()
	require.NoError(t, c.Detach(c.ctx()))

	told := c.status()
	require.GreaterOrEqual(t, told.End(), written)
	require.EqualValues(t, 1, told.Timeline, "this is the trouble: the end is of the new timeline, and the server tells the old one")
	require.NoError(t, c.WriteTimeline(c.ctx(), told))
	require.EqualValues(t, 2, c.status().Timeline)
	require.Equal(t, told.End(), c.status().End())
}

// A member that never heard of timeline 2 leads all the same. It begins timeline 3; standbys follow it, and who began timeline 2 is rewound to it.
func TestATimelineIsNotBegunTwice(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "shop-0")
	a.sql("CREATE TABLE orders AS SELECT 1 AS id")
	b, c, d := newStandby(t, a, "shop-1"), newStandby(t, a, "shop-2"), newStandby(t, a, "shop-3")
	for _, standby := range []*node{b, c, d} {
		standby.caughtUp(a)
	}
	require.NoError(t, errors.Join(b.Detach(b.ctx()), c.Detach(c.ctx())))
	system := a.status().System
	b.alterSystem("wal_keep_size", "64MB")
	b.sql("SELECT pg_reload_conf()")
	a.kill()
	timeline, err := b.Promote(b.ctx(), postgres.Sync{})
	require.NoError(t, err)
	require.EqualValues(t, 2, timeline)
	b.sql("INSERT INTO orders SELECT g FROM generate_series(100, 20000) g")
	b.sql("CHECKPOINT")
	b.stop()

	require.NoError(t, c.Skip(1, 2))
	timeline, err = c.Promote(c.ctx(), postgres.Sync{})
	require.NoError(t, err)
	require.EqualValues(t, 3, timeline)
	c.sql("INSERT INTO orders VALUES (2)")
	c.sql("CHECKPOINT")
	history, err := c.History(c.ctx(), 3)
	require.NoError(t, err)
	require.Len(t, history.Switches, 1)
	require.EqualValues(t, 1, history.Switches[0].Timeline, "timeline 3 left timeline 1")

	_, err = c.Slots(c.ctx(), map[string]postgres.LSN{"shop-1": 0, "shop-3": 0})
	require.NoError(t, err)
	require.NoError(t, d.Follow(d.ctx(), c.upstream("shop-3")))
	d.caughtUp(c)
	require.EqualValues(t, 3, d.status().Timeline)
	outcome, why, err := b.Rewind(b.ctx(), c.upstream("shop-1"), postgres.Gates{System: system, Timeline: 3}, time.Minute)
	require.NoError(t, err)
	require.Equal(t, postgres.Rewound, outcome, why)
	b.configure()
	require.NoError(t, b.Follow(b.ctx(), c.upstream("shop-1")))
	b.start(postgres.AsStandby)
	b.caughtUp(c)
	require.Equal(t, "1,2", b.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM orders"))
	require.EqualValues(t, 3, b.status().Timeline)
}
