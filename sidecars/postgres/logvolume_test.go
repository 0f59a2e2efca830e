package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// withWAL gives a node that has nothing yet a volume for its log.
func (n *node) withWAL() *node {
	n.t.Helper()
	n.Paths.WAL = filepath.Join(n.dir, "wal")
	require.NoError(n.t, os.MkdirAll(n.Paths.WAL, 0o700))
	return n
}

// logAt is where the log of a data directory is, which has to be on the log's volume, with segments and readable by nobody else.
func (n *node) logAt(data string) string {
	n.t.Helper()
	at, err := os.Readlink(filepath.Join(data, "pg_wal"))
	require.NoError(n.t, err, "the log is inside")
	require.True(n.t, strings.HasPrefix(at, n.Paths.WAL+"/"), at)
	info, err := os.Stat(at)
	require.NoError(n.t, err)
	require.EqualValues(n.t, 0o700, info.Mode().Perm())
	segments, err := filepath.Glob(filepath.Join(at, "0000*"))
	require.NoError(n.t, err)
	require.NotEmpty(n.t, segments)
	return at
}

// logs are the folders on the log's volume.
func (n *node) logs() []string {
	n.t.Helper()
	found, err := filepath.Glob(filepath.Join(n.Paths.WAL, "*", "*"))
	require.NoError(n.t, err)
	return found
}

// copyOf makes n a standby of primary, which runs and streams.
func (n *node) copyOf(primary *node) postgres.Cloned {
	n.t.Helper()
	_, err := primary.Slots(n.ctx(), map[string]postgres.LSN{n.name: 0})
	require.NoError(n.t, err)
	done, err := n.Clone(n.ctx(), primary.upstream(n.name), postgres.CloneOptions{System: primary.status().System, Term: 9})
	require.NoError(n.t, err)
	n.configure()
	require.NoError(n.t, n.Follow(n.ctx(), primary.upstream(n.name)))
	n.start(postgres.AsStandby)
	n.caughtUp(primary)
	return done
}

func TestEveryDataDirectoryHasItsLogOnTheLogsVolume(t *testing.T) {
	t.Parallel()
	first := newNode(t, "shop-0").withWAL()
	first.init()
	logOfFirst := first.logAt(first.Paths.Data)
	first.configure()
	first.start(postgres.AsPrimary)
	first.sql("CREATE TABLE orders AS SELECT 1 AS id")
	require.Equal(t, []string{logOfFirst}, first.logs())
	system := first.status().System

	second := newNode(t, "shop-1").withWAL()
	second.copyOf(first)
	logOfSecond := second.logAt(second.Paths.Data)

	t.Run("a rewind leaves the log where it is", func(t *testing.T) {
		require.NoError(t, second.Detach(second.ctx()))
		first.sql("INSERT INTO orders SELECT g FROM generate_series(100, 20000) g")
		first.kill()
		timeline, err := second.Promote(second.ctx(), postgres.Sync{})
		require.NoError(t, err)
		second.sql("INSERT INTO orders VALUES (2)")
		require.NoError(t, second.Checkpoint(second.ctx()))
		_, err = second.Slots(second.ctx(), map[string]postgres.LSN{"shop-0": 0})
		require.NoError(t, err)
		outcome, why, err := first.Rewind(first.ctx(), second.upstream("shop-0"), postgres.Gates{System: system, Timeline: timeline}, time.Minute)
		require.NoError(t, err)
		require.Equal(t, postgres.Rewound, outcome, why)
		first.rejoined(second)
		require.Equal(t, logOfFirst, first.logAt(first.Paths.Data))
	})
	t.Run("a copy takes a new one, and the old data keeps its own", func(t *testing.T) {
		first.stop()
		done := first.copyOf(second)
		require.Equal(t, first.Paths.Data+".diverged-9", done.Kept)
		require.Equal(t, logOfFirst, first.logAt(done.Kept))
		require.NotEqual(t, logOfFirst, first.logAt(first.Paths.Data))
		require.Len(t, first.logs(), 2)
		_, err := first.Discard(done.Kept)
		require.NoError(t, err)
		require.Equal(t, []string{first.logAt(first.Paths.Data)}, first.logs(), "the log goes with its data")
	})
	t.Run("a copy that is broken off leaves nothing", func(t *testing.T) {
		first.stop()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		first.tools.onStart = func(c postgres.Command, p *os.Process) {
			if filepath.Base(c.Argv[0]) == "pg_basebackup" {
				time.AfterFunc(300*time.Millisecond, cancel)
			}
		}
		_, err := first.Clone(ctx, second.upstream("shop-0"), postgres.CloneOptions{MaxRateKB: 4096})
		require.Error(t, err)
		first.tools.onStart = nil
		require.Equal(t, []string{first.logAt(first.Paths.Data)}, first.logs())
		first.rejoined(second)
	})
	t.Run("a copy of a server that has its log inside, and the other way round", func(t *testing.T) {
		inside := newStandby(t, second, "shop-2")
		require.DirExists(t, filepath.Join(inside.Paths.Data, "pg_wal"))
		require.Equal(t, logOfSecond, second.logAt(second.Paths.Data))
		at, err := os.Lstat(filepath.Join(inside.Paths.Data, "pg_wal"))
		require.NoError(t, err)
		require.True(t, at.IsDir())
	})
}

func TestALostLog(t *testing.T) {
	t.Parallel()
	primary := newNode(t, "shop-0").withWAL()
	primary.init()
	primary.configure()
	primary.start(postgres.AsPrimary)
	primary.sql("CREATE TABLE orders AS SELECT 1 AS id")
	standby := newNode(t, "shop-1").withWAL()
	standby.copyOf(primary)
	standby.stop()
	lost, err := standby.LogLost()
	require.NoError(t, err)
	require.Empty(t, lost)

	was := standby.logAt(standby.Paths.Data)
	require.NoError(t, os.Rename(standby.Paths.WAL, standby.dir+"/the old one"))
	require.NoError(t, os.Mkdir(standby.Paths.WAL, 0o700))
	lost, err = standby.LogLost()
	require.NoError(t, err)
	require.Equal(t, was, lost)
	for _, mode := range []postgres.Mode{postgres.AsPrimary, postgres.AsStandby} {
		_, err := standby.StartCommand(mode)
		require.ErrorIs(t, err, postgres.ErrLogLost)
	}
	require.ErrorContains(t, standby.Init(standby.ctx(), postgres.InitOptions{ReplicationPasswordFile: standby.dir + "/password"}), "is there already", "a system that is known is never made again")
	_, err = standby.Recover()
	require.NoError(t, err)

	done := standby.copyOf(primary)
	require.Equal(t, standby.Paths.Data+".diverged-9", done.Kept, "data that somebody may still want")
	require.NotEqual(t, was, standby.logAt(standby.Paths.Data))
	lost, err = standby.LogLost()
	require.NoError(t, err)
	require.Empty(t, lost)
}

// TestALostDataVolume leaves the log of a data directory that is gone: nobody's, but it may have what is nowhere else.
func TestALostDataVolume(t *testing.T) {
	t.Parallel()
	primary := newPrimary(t, "shop-0")
	primary.sql("CREATE TABLE orders AS SELECT 1 AS id")
	standby := newNode(t, "shop-1").withWAL()
	standby.copyOf(primary)
	standby.stop()
	left := standby.logAt(standby.Paths.Data)
	require.NoError(t, os.RemoveAll(standby.Paths.Volume))
	require.NoError(t, os.Mkdir(standby.Paths.Volume, 0o700))
	_, err := standby.Recover()
	require.NoError(t, err)
	standby.copyOf(primary)
	require.NotEqual(t, filepath.Dir(left), filepath.Dir(standby.logAt(standby.Paths.Data)))
	require.DirExists(t, left, "there is room for it")
	foreign, err := standby.ForeignLogs()
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Dir(left)}, foreign)
}

func TestALogIsMovedToAVolumeThatCameLater(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "shop-0")
	n.sql("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id")
	n.stop()
	require.False(t, n.LogInside(), "there is no volume for it")
	n.withWAL()
	require.True(t, n.LogInside())
	lost, err := n.LogLost()
	require.NoError(t, err)
	require.Empty(t, lost)
	require.NoError(t, n.MoveLog(n.ctx()))
	require.False(t, n.LogInside())
	n.logAt(n.Paths.Data)
	require.NoDirExists(t, filepath.Join(n.Paths.Data, "pg_wal.onggi-old"))
	require.NoError(t, n.MoveLog(n.ctx()), "once is enough")
	n.start(postgres.AsPrimary)
	n.sql("INSERT INTO orders VALUES (1001)")
	n.kill()
	n.start(postgres.AsPrimary)
	require.Equal(t, "1001", n.sql("SELECT count(*) FROM orders"), "it recovers from a crash by what is there")
	n.stop()
	_, err = n.Recover()
	require.NoError(t, err)
	require.Len(t, n.logs(), 1)
}

// TestAMoveOfTheLogCanBeInterruptedAnywhere stops between any two steps.
func TestAMoveOfTheLogCanBeInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	const segment = "000000010000000000000001"
	for _, c := range []struct {
		name           string
		link, old, new bool // pg_wal.onggi-new, pg_wal.onggi-old, pg_wal as the link
		copied         bool // whether the copy is what counts in the end
	}{
		{"the copy is not whole", false, false, false, false},
		{"the copy is whole, and may be older than the log by now", true, false, false, false},
		{"the log is away", true, true, false, true},
		{"the link is in its place", false, true, true, true},
		{"done", false, false, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := postgres.New(postgres.Paths{Volume: dir + "/volume", Data: dir + "/volume/pgdata", WAL: dir + "/wal"}, nil)
			log, link, old := s.Paths.Data+"/pg_wal", s.Paths.Data+"/pg_wal.onggi-new", s.Paths.Data+"/pg_wal.onggi-old"
			target := s.Paths.WAL + "/0123456789abcdef/aaaaaaaaaaaaaaaa"
			put := func(path, text string) {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			put(dir+"/volume/onggi/wal", "0123456789abcdef\n")
			put(s.Paths.Data+"/PG_VERSION", "15\n")
			put(target+"/"+segment, "copied")
			switch {
			case c.old:
				put(old+"/"+segment, "inside")
			case !c.new:
				put(log+"/"+segment, "inside")
			}
			if c.link {
				require.NoError(t, os.Symlink(target, link))
			}
			if c.new {
				require.NoError(t, os.Symlink(target, log))
			}
			lost, err := s.LogLost()
			require.NoError(t, err)
			require.Empty(t, lost, "nothing is lost at any moment")
			for range 2 {
				_, err := s.Recover()
				require.NoError(t, err)
				text, err := os.ReadFile(log + "/" + segment)
				require.NoError(t, err)
				require.Equal(t, map[bool]string{true: "copied", false: "inside"}[c.copied], string(text))
				require.NoFileExists(t, link)
				require.NoDirExists(t, old)
				if !c.copied {
					require.NoDirExists(t, target, "a copy that nothing leads to")
				}
			}
		})
	}
	t.Run("the volume of the copy is lost meanwhile", func(t *testing.T) {
		dir := t.TempDir()
		s := postgres.New(postgres.Paths{Volume: dir, Data: dir + "/pgdata", WAL: dir + "/wal"}, nil)
		require.NoError(t, os.MkdirAll(s.Paths.Data+"/pg_wal.onggi-old", 0o700))
		require.NoError(t, os.WriteFile(s.Paths.Data+"/PG_VERSION", []byte("15\n"), 0o600))
		require.NoError(t, os.Symlink(dir+"/wal/0123456789abcdef/bbbbbbbbbbbbbbbb", s.Paths.Data+"/pg_wal.onggi-new"))
		_, err := s.Recover()
		require.NoError(t, err)
		require.DirExists(t, s.Paths.Data+"/pg_wal")
		lost, err := s.LogLost()
		require.NoError(t, err)
		require.Empty(t, lost)
	})
}

// TestNoRoomForTheLog moves nothing, and says what is missing.
func TestNoRoomForTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := postgres.New(postgres.Paths{Volume: dir, Data: dir + "/pgdata", WAL: dir + "/wal"}, nil)
	for _, d := range []string{s.Paths.Data + "/pg_wal", s.Paths.WAL} {
		require.NoError(t, os.MkdirAll(d, 0o700))
	}
	require.NoError(t, os.WriteFile(s.Paths.Data+"/PG_VERSION", []byte("15\n"), 0o600))
	f, err := os.Create(s.Paths.Data + "/pg_wal/000000010000000000000001")
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1<<42)) // a hole
	require.NoError(t, f.Close())
	err = s.MoveLog(context.Background())
	require.ErrorIs(t, err, postgres.ErrNoRoom)
	require.ErrorContains(t, err, "it takes 4194304 MB")
	require.True(t, s.LogInside())
}

// TestASwapWithLogs puts a copy in place of data whose log is on another volume: each data directory goes on having its own.
func TestASwapWithLogs(t *testing.T) {
	t.Parallel()
	for _, reason := range []postgres.RemovalReason{"", postgres.RemovedForSpace} {
		for step := range 3 {
			dir := t.TempDir()
			s := postgres.New(postgres.Paths{Volume: dir + "/volume", Data: dir + "/volume/pgdata", WAL: dir + "/wal"}, nil)
			tag := s.Paths.WAL + "/0123456789abcdef"
			for data, log := range map[string]string{s.Paths.Data: tag + "/old", s.Paths.Data + ".new": tag + "/new"} {
				require.NoError(t, os.MkdirAll(data, 0o700))
				require.NoError(t, os.MkdirAll(log, 0o700))
				require.NoError(t, os.WriteFile(data+"/PG_VERSION", []byte("15\n"), 0o600))
				require.NoError(t, os.Symlink(log, data+"/pg_wal"))
			}
			require.NoError(t, os.MkdirAll(tag+"/of a copy that was interrupted", 0o700))
			require.NoError(t, os.MkdirAll(s.Paths.WAL+"/fedcba9876543210/of another", 0o700))
			require.NoError(t, os.MkdirAll(dir+"/volume/onggi", 0o700))
			require.NoError(t, os.WriteFile(dir+"/volume/onggi/wal", []byte("0123456789abcdef\n"), 0o600))
			require.NoError(t, os.WriteFile(dir+"/volume/onggi/work.json", []byte(`{"work":"swap","term":3,"reason":"`+string(reason)+`"}`), 0o600))
			away := s.Paths.Data + ".diverged-3"
			if reason != "" {
				away = s.Paths.Data + ".removing"
			}
			if step >= 1 {
				require.NoError(t, os.Rename(s.Paths.Data, away))
			}
			if step >= 2 {
				require.NoError(t, os.Rename(s.Paths.Data+".new", s.Paths.Data))
			}
			_, err := s.Recover()
			require.NoError(t, err)
			at, err := os.Readlink(s.Paths.Data + "/pg_wal")
			require.NoError(t, err)
			require.Equal(t, tag+"/new", at)
			require.DirExists(t, tag+"/new")
			require.NoDirExists(t, tag+"/of a copy that was interrupted")
			require.DirExists(t, s.Paths.WAL+"/fedcba9876543210/of another")
			_, err = os.Stat(tag + "/old")
			require.Equal(t, reason != "", os.IsNotExist(err), "the log of data that is kept is kept")
		}
	}
}

// TestALogsVolumeThatIsLostInASwap loses the logs of both directories.
func TestALogsVolumeThatIsLostInASwap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := postgres.New(postgres.Paths{Volume: dir, Data: dir + "/pgdata", WAL: dir + "/wal"}, nil)
	require.NoError(t, os.MkdirAll(s.Paths.Data+".new", 0o700))
	require.NoError(t, os.WriteFile(s.Paths.Data+".new/PG_VERSION", []byte("15\n"), 0o600))
	require.NoError(t, os.Symlink(dir+"/wal/0123456789abcdef/gone", s.Paths.Data+".new/pg_wal"))
	require.NoError(t, os.MkdirAll(dir+"/onggi", 0o700))
	require.NoError(t, os.WriteFile(dir+"/onggi/work.json", []byte(`{"work":"swap"}`), 0o600))
	for range 2 { // before the copy is in its place, and after
		lost, err := s.LogLost()
		require.NoError(t, err)
		require.Equal(t, dir+"/wal/0123456789abcdef/gone", lost)
		_, err = s.Recover()
		require.NoError(t, err)
	}
}
