package agent

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

// starving is a standby to which a primary that lives gives nothing, and what it was allowed last.
func starving() (*loop, *bool) {
	timing, _ := ha.Profile("default")
	allowed := new(bool)
	l := &loop{
		agent: &Agent{parts: Parts{Log: slog.New(slog.DiscardHandler), Fetch: func(may bool) error { *allowed = may; return nil }}},
		book:  map[string]acquaintance{}, settings: Settings{Core: ha.Config{Timing: timing}.Defaults()}, now: ha.Instant{Raw: int64(time.Hour), Boot: int64(time.Hour)},
	}
	l.seen.Self.ID = "m0"
	l.seen.Record.Record.Holder.ID = "m1"
	l.seen.Supervisor.Phase = ha.Standby
	l.seen.Postgres = ha.Postgres{At: l.now, InRecovery: true, Upstream: "m1", Replayed: 100}
	l.hears()
	return l, allowed
}

// hears is a beat of the holder, now.
func (l *loop) hears() {
	l.book["m1"] = acquaintance{Member: ha.Member{ID: "m1"}, report: ha.Report{Open: true}, heard: l.now}
	l.pace.beatHeard = l.now
}

// after lets time pass in which the holder beats, unless the test says otherwise.
func (l *loop) after(d time.Duration, beats bool) {
	for end := l.now.Add(d); l.now.Raw < end.Raw; {
		l.now = l.now.Add(100 * time.Millisecond)
		if beats {
			l.hears()
		}
		l.feed()
	}
}

// An archive that does not answer must not stand between a standby and its promotion: it is asked only where nothing else is to be had, and not for a
// moment longer.
func TestWhenTheArchiveIsAsked(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*loop)
		silent bool
	}{
		{name: "it streams again", change: func(l *loop) { l.seen.Postgres.Streaming = true }},
		{name: "the holder is silent", silent: true},
		{name: "the holder takes no writes", change: func(l *loop) { l.book["m1"] = acquaintance{heard: l.now} }, silent: true},
		{name: "it ends its receiver for an election", change: func(l *loop) { l.seen.Postgres.Upstream = "" }},
		{name: "another holds the record", change: func(l *loop) { l.seen.Record.Record.Holder.ID = "m2" }},
		{name: "it holds the record itself", change: func(l *loop) { l.seen.Record.Record.Holder.ID = "m0" }},
		{name: "postgres is down", change: func(l *loop) { l.seen.Supervisor.Phase = ha.Down }},
		{name: "postgres does not answer", change: func(l *loop) { l.seen.Postgres.At = ha.Instant{} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			l, allowed := starving()
			l.after(hungryFor-200*time.Millisecond, true)
			require.False(t, *allowed, "not at once: a primary that was restarted is soon back")
			l.after(time.Second, true)
			require.True(t, *allowed)
			require.False(t, l.fetching(), "nothing came yet")
			l.seen.Postgres.Replayed = 200
			l.after(100*time.Millisecond, true)
			require.True(t, l.fetching(), "it gets on")
			l.after(fetchedFor+time.Second, true)
			require.False(t, l.fetching(), "and no more: a copy may be the way")
			if row.change != nil {
				row.change(l)
			}
			l.after(4*time.Second, !row.silent)
			require.False(t, *allowed)
			require.False(t, l.fetching())
		})
	}
}

// A standby that lets nobody in yet tells nothing of itself: it asks the archive once its primary has refused it something. Until then it has enough to do.
func TestAStandbyThatReplaysAsksTheArchiveForWhatItsPrimaryLacks(t *testing.T) {
	l, allowed := starving()
	l.seen.Postgres = ha.Postgres{Replaying: true, Upstream: "m1"}
	l.after(hungryFor+time.Second, true)
	require.False(t, *allowed, "it replays")
	l.seen.Supervisor.Lacks, l.seen.Supervisor.Refused = "000000010000000000000007", 1
	l.after(hungryFor+time.Second, true)
	require.True(t, *allowed)
	l.seen.Postgres = ha.Postgres{At: l.now, InRecovery: true, Upstream: "m1", Streaming: true}
	l.after(time.Second, true)
	require.False(t, *allowed, "it streams")
}

func TestAMarkIsThereOrNot(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mark")
	for _, there := range []bool{false, true, true, false, false} {
		require.NoError(t, setMark(name, there))
		_, err := os.Stat(name)
		require.Equal(t, there, err == nil)
	}
	require.NoError(t, setMark("", true), "where there is no archive, there is nothing to mark")
	require.Error(t, setMark(filepath.Join(name, "no", "folder"), true))
}

// A sidecar that was restarted finds what its predecessor had begun by the name of it.
func TestARunIsKnownByItsName(t *testing.T) {
	run := newRun("diff", "shop-1")
	again, ok := parseRun(run.ID, "shop-1")
	require.True(t, ok)
	require.Equal(t, run, again)
	for _, bad := range []string{"", "backup.full", "backup.full.x.y", "clone-7", "restore.full.1.a"} {
		_, ok := parseRun(bad, "shop-1")
		require.False(t, ok, bad)
	}
}

func TestHowARunEnds(t *testing.T) {
	for name, row := range map[string]struct {
		output *supervise.Output
		err    error
		state  string
		text   string
	}{
		"well":       {&supervise.Output{}, nil, "done", ""},
		"by a code":  {&supervise.Output{Code: 56, Stderr: "ERROR: [056]: no primary\n   HINT: are all in recovery?\n"}, nil, "failed", "ended with 56: ERROR: [056]: no primary; HINT: are all in recovery?"},
		"by a kill":  {&supervise.Output{Reason: "everything was killed"}, nil, "failed", "everything was killed"},
		"by nothing": {nil, errNotConnected, "failed", "not connected"},
	} {
		t.Run(name, func(t *testing.T) {
			k := (&Keeper{}).Start()
			run := newRun("full", "shop-1")
			k.ended(run, row.output, row.err)
			reply, err := k.Obey(t.Context(), "m1", Order{Verb: "state", ID: run.ID})
			require.NoError(t, err)
			require.Equal(t, row.state, reply.Run.State)
			require.Contains(t, reply.Run.Text, row.text)
			reply, err = k.Obey(t.Context(), "m1", Order{Verb: "state"})
			require.NoError(t, err)
			require.Equal(t, rest.Absent, reply.Result, "nothing is under way")
		})
	}
	_, err := (&Keeper{}).Start().Obey(t.Context(), "m1", Order{Verb: "erase"})
	require.ErrorContains(t, err, "no order")
}

// A drill recovers a cluster that has no backups of its own, and asks how that went.
func TestARecoveredClusterTellsHowItWent(t *testing.T) {
	file := config.File{Cluster: "drill", Recover: &config.Recover{Stanza: "shop", Repository: config.Repository{Type: "posix", Path: "/b"}}}.Defaults()
	recovery := RecoveryOf(file, "shop-0")
	k := (&Keeper{File: func() config.File { return file }, Database: &Database{Recovery: recovery}}).Start()
	s := &Source{Keeper: k}
	recovery.is(nil, "running", "replays the log")
	recovery.is(nil, "failed", "recovery ended before the target")
	b, ok := s.Backups(t.Context())
	require.True(t, ok)
	require.Equal(t, "failed", b.Restore.State)
	require.Equal(t, "recovery ended before the target", b.Restore.Text)
	require.Equal(t, "/b stanza shop", b.Restore.From)
	require.False(t, b.Restore.Ended.Before(b.Restore.Begun))
	file.Recover = nil
	_, ok = s.Backups(t.Context())
	require.False(t, ok)
	_, outcome := s.Backup(t.Context(), "full")
	require.Equal(t, rest.Absent, outcome.Result)
}
