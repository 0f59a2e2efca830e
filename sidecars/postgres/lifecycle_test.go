package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

func TestANewServerTellsItsStatus(t *testing.T) {
	t.Parallel()
	n := newNode(t, "shop-0")
	n.init()
	n.configure()
	n.start(postgres.AsPrimary)
	status := n.status(postgres.Full)
	control, err := n.Control(n.ctx())
	require.NoError(t, err)
	require.Equal(t, control.System, status.System)
	require.False(t, status.InRecovery)
	require.EqualValues(t, 1, status.Timeline)
	require.NotZero(t, status.Flush)
	require.Equal(t, status.Flush, status.End())
	require.Empty(t, status.Overridden)
	require.Empty(t, status.Pending)
	require.Positive(t, status.WALBytes)
	require.True(t, control.Checksums)
	require.ErrorContains(t, n.Init(n.ctx(), postgres.InitOptions{}), "is there already")

	t.Run("no password is in a command line or in the log", func(t *testing.T) {
		for _, command := range n.tools.ran {
			require.NotContains(t, strings.Join(command.Argv, " ")+strings.Join(command.Env, " ")+command.Stdin, password)
		}
		log, err := os.ReadFile(filepath.Join(n.dir, "log"))
		require.NoError(t, err)
		require.NotContains(t, string(log), "SCRAM-SHA-256$")
	})
	t.Run("a parameter that waits for a restart is told with what it will be", func(t *testing.T) {
		n.configure(func(s *postgres.Settings) { s.Parameters["max_connections"] = "30" })
		require.NoError(t, n.Reload(n.ctx()))
		require.Equal(t, []postgres.PendingRestart{{Name: "max_connections", Now: "20", Wanted: "30"}}, n.status(postgres.Full).Pending)
		require.Equal(t, postgres.StandbysFirst, postgres.RestartOrder(n.status(postgres.Full).Pending))
	})
	t.Run("a bad value is told by Reload, and by Check before a start", func(t *testing.T) {
		n.configure(func(s *postgres.Settings) { s.Parameters["work_mem"] = "many" })
		require.ErrorContains(t, n.Reload(n.ctx()), "setting could not be applied")
		require.ErrorContains(t, n.Check(n.ctx()), `invalid value for parameter "work_mem"`)
		n.configure()
		require.NoError(t, n.Reload(n.ctx()))
		require.NoError(t, n.Check(n.ctx()))
	})
	t.Run("what ALTER SYSTEM overrides is told, and taken out again", func(t *testing.T) {
		n.alterSystem("synchronous_standby_names", "nobody")
		n.alterSystem("work_mem", "5MB")
		require.NoError(t, n.Reload(n.ctx()))
		require.Equal(t, []string{"synchronous_standby_names"}, n.status(postgres.Full).Overridden)
		done, err := n.Configure(n.settings())
		require.NoError(t, err)
		require.Equal(t, []string{"synchronous_standby_names"}, done.Removed)
		require.NoError(t, n.Reload(n.ctx()))
		require.Empty(t, n.status(postgres.Full).Overridden)
		require.Empty(t, n.status().SyncNames)
		require.Equal(t, "5MB", n.sql("SHOW work_mem"))
	})
	t.Run("asking costs little", func(t *testing.T) {
		for _, depth := range []postgres.Depth{postgres.Brief, postgres.Full} {
			began := time.Now()
			for range 50 {
				n.status(depth)
			}
			t.Logf("full=%t: %s each", depth, time.Since(began)/50)
		}
	})
	t.Run("status survives a restart of the server", func(t *testing.T) {
		n.stop()
		_, err := n.Status(n.ctx(), postgres.Brief)
		require.ErrorIs(t, err, postgres.ErrNotRunning)
		n.start(postgres.AsPrimary)
		require.True(t, n.status().Started.After(status.Started))
	})
}

func TestAStandbyFollowsAndIsPromoted(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "shop-0")
	b := newStandby(t, a, "shop-1")

	status := b.status(postgres.Full)
	require.True(t, status.InRecovery)
	require.Equal(t, a.status().System, status.System)
	require.EqualValues(t, 1, status.Timeline)
	require.Equal(t, a.Paths.Port, status.Receiver.Port)
	require.Equal(t, "onggi_shop_1", status.Receiver.Slot)
	info, err := postgres.ParseConninfo(status.Receiver.Conninfo)
	require.NoError(t, err)
	require.Equal(t, "shop-1", info.Value("application_name"))
	row := a.status().Standbys[0]
	require.Equal(t, "shop-1", row.Name)
	require.Equal(t, "streaming", row.State)
	require.Equal(t, []string{"onggi_shop_1"}, slotNames(a.status()))

	t.Run("detached, it receives no more, also while its replay is paused far behind", func(t *testing.T) {
		b.sql("SELECT pg_wal_replay_pause()")
		a.sql("CREATE TABLE big AS SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g")
		require.Eventually(t, func() bool { return b.status().Receive >= a.status().Flush }, patience, 10*time.Millisecond)
		began := time.Now()
		require.NoError(t, b.Detach(b.ctx()))
		t.Logf("detached in %s", time.Since(began))
		end := b.status().End()
		a.sql("INSERT INTO big SELECT g, 'later' FROM generate_series(1, 100) g")
		time.Sleep(400 * time.Millisecond)
		status := b.status()
		require.Nil(t, status.Receiver)
		require.Zero(t, status.ReceiverPID)
		require.Equal(t, end, status.End())
		require.True(t, status.ReplayPaused)
		require.Less(t, status.Replay, status.Receive)
		b.sql("SELECT pg_wal_replay_resume()")
	})
	t.Run("it follows again", func(t *testing.T) {
		require.NoError(t, b.Follow(b.ctx(), a.upstream("shop-1")))
		b.caughtUp(a)
	})
	t.Run("a clean stop ends where the standby has it", func(t *testing.T) {
		a.stop()
		control, err := a.Control(a.ctx())
		require.NoError(t, err)
		end, clean := control.CleanEnd()
		require.True(t, clean)
		require.Eventually(t, func() bool { return b.status().End() == end }, patience, 10*time.Millisecond, "the primary's log ends at %s", end)
	})
	t.Run("it is promoted with the synchronous standbys that were set before, and not with others", func(t *testing.T) {
		wait := postgres.Sync{W: 1, Standbys: []string{"shop-0", "shop-2"}}
		_, err := b.SetSync(b.ctx(), wait)
		require.NoError(t, err)
		_, err = b.Promote(b.ctx(), postgres.Sync{})
		require.ErrorContains(t, err, "synchronous_standby_names")
		require.True(t, b.status().InRecovery)
		require.NoError(t, b.Detach(b.ctx()))
		began := time.Now()
		timeline, err := b.Promote(b.ctx(), wait)
		require.NoError(t, err)
		t.Logf("promoted in %s", time.Since(began))
		require.EqualValues(t, 2, timeline)
		require.EqualValues(t, 2, b.status().Timeline)
		require.Equal(t, `ANY 1 ("shop-0","shop-2")`, b.status().SyncNames)
		again, err := b.Promote(b.ctx(), wait)
		require.NoError(t, err)
		require.EqualValues(t, 2, again)
		history, err := b.History(b.ctx(), 2)
		require.NoError(t, err)
		require.Len(t, history.Switches, 1)
	})
	t.Run("who ended cleanly follows without a rewind", func(t *testing.T) {
		a.configure()
		_, err := b.Slots(b.ctx(), map[string]postgres.LSN{"shop-0": 0})
		require.NoError(t, err)
		require.NoError(t, a.Follow(a.ctx(), b.upstream("shop-0")))
		a.start(postgres.AsStandby)
		a.caughtUp(b)
		require.EqualValues(t, 2, a.status().Timeline)
	})
}

func slotNames(s postgres.Status) []string {
	var names []string
	for _, slot := range s.Slots {
		names = append(names, slot.Name)
	}
	return names
}

func TestWhatAProbeFinds(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "shop-0")
	probeFor := func(limit time.Duration) postgres.ProbeOutcome {
		outcome, err := n.Probe(context.Background(), limit)
		require.Equal(t, outcome == postgres.ProbeOK, err == nil, "%s: %v", outcome, err)
		return outcome
	}
	probe := func() postgres.ProbeOutcome { return probeFor(30 * time.Second) }
	before := n.status().Flush
	require.Equal(t, postgres.ProbeOK, probe())
	require.Greater(t, n.status().Flush, before, "the probe wrote nothing")

	t.Run("it waits for no standby", func(t *testing.T) {
		_, err := n.SetSync(n.ctx(), postgres.Sync{W: 1, Standbys: []string{"nobody"}})
		require.NoError(t, err)
		require.Equal(t, postgres.ProbeOK, probe())
	})
	t.Run("a stopped postmaster is a timeout, while an open session answers", func(t *testing.T) {
		require.NoError(t, n.cmd.Process.Signal(syscall.SIGSTOP))
		defer func() { require.NoError(t, n.cmd.Process.Signal(syscall.SIGCONT)) }()
		require.Equal(t, postgres.ProbeTimeout, probeFor(500*time.Millisecond))
		_, err := n.Status(n.ctx(), postgres.Brief)
		require.NoError(t, err, "that is why a probe needs a new session")
	})
	t.Run("a shutdown that waits is refused", func(t *testing.T) {
		conn, err := n.client(Superuser)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		require.NoError(t, n.cmd.Process.Signal(syscall.SIGTERM)) // smart: waits for the session
		require.Eventually(t, func() bool { return probe() == postgres.ProbeRefused }, patience, 10*time.Millisecond)
	})
	t.Run("nobody there is absent", func(t *testing.T) {
		n.kill()
		require.Equal(t, postgres.ProbeAbsent, probe())
	})
	t.Run("a standby is read-only", func(t *testing.T) {
		n.start(postgres.AsStandby)
		require.Equal(t, postgres.ProbeReadOnly, probe())
	})
}
