package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/peers"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// keeperOf is a keeper of a leader whose repository has one backup.
func keeperOf(t *testing.T) *Keeper {
	f := config.File{Backup: &config.Backup{}}
	k := (&Keeper{
		Agent: &Agent{ended: make(chan struct{})}, Database: &Database{Postgres: postgres.New(postgres.Paths{Volume: t.TempDir()}, nil)},
		File: func() config.File { return f }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}).Start()
	k.Agent.shown.Store(&shown{})
	k.seen = sight{state: backup.OK, info: backup.Info{Backups: []backup.Backup{{Label: "a", Size: 1}, {Label: "huge", Size: 1 << 62}}}}
	return k
}

func TestOfAWeeklyBackupTheLastIsKnownAmongHourlyOnes(t *testing.T) {
	var runs []rest.BackupRun
	add := func(kind, state, id string) {
		runs = keep(append(runs, rest.BackupRun{ID: id, Type: kind, State: state}), 3)
	}
	add("full", "done", "full 1")
	add("full", "done", "full 2")
	add("diff", "failed", "diff 1")
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		add("incr", "done", id)
	}
	var ids []string
	for _, run := range runs {
		ids = append(ids, run.ID)
	}
	require.Equal(t, []string{"full 2", "diff 1", "3", "4", "5"}, ids)
}

// A member that is asked for the backups asks the leader, whose answer has to fit into a message.
func TestADocumentFitsIntoAMessage(t *testing.T) {
	k := keeperOf(t)
	day := time.Unix(1790000000, 0).UTC()
	k.seen.info.Backups = nil
	for i := range 400 {
		label := fmt.Sprintf("20261122-124711F_20261122-%06dI", i)
		k.seen.info.Backups = append(k.seen.info.Backups, backup.Backup{Label: label, Type: "incr", Prior: label, Start: day, Stop: day, Size: 1 << 40, WALStart: label, WALStop: label})
	}
	for range keptRuns {
		k.runs = append(k.runs, rest.BackupRun{Type: "incr", State: "failed", Text: strings.Repeat("가<", 500), Begun: day, Ended: day})
	}
	reply, err := k.Obey(t.Context(), "m1", Order{Verb: "document"})
	require.NoError(t, err)
	text, err := json.Marshal(reply)
	require.NoError(t, err)
	require.Less(t, len(text), peers.MaxBody)
	require.Greater(t, len(text), peers.MaxBody*3/4)
	told := reply.Document.Backups
	require.Equal(t, "20261122-124711F_20261122-000399I", told[len(told)-1].Label, "the newest are told")
	require.Len(t, reply.Document.Runs, keptRuns)
	require.Len(t, k.document().Backups, 400, "the leader itself tells all")
	require.Len(t, k.runs[0].Text, 2000)

	k.seen.info.Backups, k.runs = k.seen.info.Backups[:9], k.runs[:2]
	reply, err = k.Obey(t.Context(), "m1", Order{Verb: "document"})
	require.NoError(t, err)
	require.Len(t, reply.Document.Backups, 9)
	require.Len(t, reply.Document.Runs[0].Text, 2000, "where there is room nothing is cut")
}

func TestOneRestoreAtATimeAndNoBackupBesideIt(t *testing.T) {
	leads, small := standing{Leads: true}, InPlace{Set: "a"}
	for _, row := range []struct {
		name string
		k    func(*Keeper)
		s    standing
		want InPlace
		said string
	}{
		{"by who does not lead", func(*Keeper) {}, standing{}, small, "does not lead"},
		{"from a repository that is not ours", func(k *Keeper) { k.seen.state, k.seen.reason = backup.Foreign, "shop's" }, leads, small, "foreign: shop's"},
		{"of a backup that is none", func(*Keeper) {}, leads, InPlace{Set: "b"}, "no such backup"},
		{"while a backup is under way", func(k *Keeper) { k.under = &underway{} }, leads, small, "a backup is under way"},
		{"without room for both", func(*Keeper) {}, leads, InPlace{}, "--without-copy"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := keeperOf(t)
			row.k(k)
			_, outcome := k.claim(row.s, row.want)
			require.Equal(t, rest.Precondition, outcome.Result)
			require.Contains(t, outcome.Text, row.said)
			require.Empty(t, k.restore.State, "what was refused is not under way")
		})
	}

	k := keeperOf(t)
	discard, outcome := k.claim(leads, InPlace{WithoutCopy: true})
	require.Equal(t, rest.Done, outcome.Result)
	require.True(t, discard)
	_, outcome = k.claim(leads, small)
	require.Equal(t, rest.Outcome{Result: rest.Precondition, Text: "a restore is under way"}, outcome)
	_, outcome = k.begin(t.Context(), backup.Full)
	require.Equal(t, rest.Outcome{Result: rest.Precondition, Text: "a restore is under way"}, outcome)

	k.restoreIs("failed", "no")
	discard, outcome = k.claim(leads, InPlace{Set: "a", WithoutCopy: true})
	require.Equal(t, rest.Done, outcome.Result)
	require.False(t, discard, "there is room for both")
	require.Empty(t, k.restore.Text)
	require.Zero(t, k.restore.Ended)
}

func TestARestoreThatIsNeverBegunEnds(t *testing.T) {
	k := keeperOf(t)
	one := &inPlace{ended: make(chan error, 1), still: func() bool { return false }}
	k.Database.inPlace = one
	require.ErrorIs(t, k.awaitReplaced(one, time.Millisecond), errLeadsNoMore)
	require.Nil(t, k.Database.takeInPlace(), "nor is it another job's")

	failed := errors.New("the disk is full")
	time.AfterFunc(20*time.Millisecond, func() { one.ended <- failed })
	require.ErrorIs(t, k.awaitReplaced(one, time.Millisecond), failed, "one that has begun is waited for, whoever leads")
}

func TestToWaitForABackupIsNoFailure(t *testing.T) {
	r, now := &Recovery{}, time.Unix(1790000000, 0)
	failed := errors.New("no")
	for range 9 {
		r.tried(errWaits, now)
		require.Equal(t, now.Add(lookAgain), r.after)
	}
	for _, pause := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
		r.tried(failed, now)
		require.Equal(t, now.Add(pause), r.after)
	}
	for range 9 {
		r.tried(failed, now)
	}
	require.Equal(t, now.Add(10*time.Minute), r.after)
	r.tried(nil, now)
	require.NoError(t, r.patience(t.Context()))
	r.tried(failed, time.Now())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.patience(ended), context.Canceled)
}
