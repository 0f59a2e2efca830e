package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/rest"
)

const ours = 7710976486247204454

// place is a repository: what pgBackRest would say of it, and what was done to it.
type place struct {
	t *testing.T
	// code and system are what info says; system 0 is no stanza. broken is the error of everything.
	code    int
	system  uint64
	backups int
	broken  string
	hold    string // the path of the mark
	verbs   []string
	// making is called while the stanza is made.
	making func()
}

func (p *place) Run(_ context.Context, c postgres.Command) (postgres.Result, error) {
	verb := c.Argv[len(c.Argv)-1]
	p.verbs = append(p.verbs, verb)
	switch {
	case p.broken != "":
		return postgres.Result{Code: 103, Stderr: p.broken}, nil
	case verb == "stanza-create":
		_, err := os.Stat(p.hold)
		require.NoError(p.t, err, "nothing is sent meanwhile")
		if p.making != nil {
			p.making()
		}
		p.code, p.system = backup.CodeNoBackup, ours
		return postgres.Result{}, nil
	}
	db, backups := "", []string{}
	if p.system != 0 {
		db = fmt.Sprintf(`{"id":1,"system-id":%d,"version":"15"}`, p.system)
	}
	for i := range p.backups {
		backups = append(backups, fmt.Sprintf(`{"label":"20261122-12471%dF","type":"full"}`, i))
	}
	return postgres.Result{Stdout: fmt.Sprintf(`[{"name":"shop","status":{"code":%d,"message":"m"},"db":[%s],"backup":[%s]}]`, p.code, db, strings.Join(backups, ","))}, nil
}

func (p *place) made() int {
	return len(slices.DeleteFunc(slices.Clone(p.verbs), func(verb string) bool { return verb != "stanza-create" }))
}

// events are what was told.
type events struct {
	Cluster
	told *[]string
}

func (e events) Tell(_ context.Context, _ bool, reason, _ string) { *e.told = append(*e.told, reason) }

// leading is a keeper in a lead of term 3 whose repository is ours, with two backups, as it saw a minute ago.
func leading(t *testing.T) (*Keeper, *place, standing, *[]string) {
	k, told := keeperOf(t), &[]string{}
	dir := t.TempDir()
	f := config.File{Backup: &config.Backup{Repository: config.Repository{Type: "posix", Path: "/backups"}, Stanza: "shop", Bin: "pgbackrest"}}
	f.Run.Dir, f.Postgres.Data, f.Postgres.Port = dir, "/data", 5432
	k.File = func() config.File { return f }
	p := &place{t: t, system: ours, backups: 2, hold: MarksOf(f).Hold}
	k.Database.Postgres.Tools, k.Database.Marks = p, MarksOf(f)
	k.Agent.parts.Cluster = events{told: told}
	s := standing{Leads: true, Term: 3, SystemID: ours, Members: []ha.Member{{ID: "m0", Name: "shop-0"}}, Choice: []backup.Member{{Name: "shop-0", Leader: true}}}
	k.seen = sight{term: 3, state: backup.Unknown}
	r, ok := k.repository()
	require.True(t, ok)
	k.look(t.Context(), r, s)
	require.Equal(t, backup.OK, k.seen.state, k.seen.reason)
	require.Len(t, k.document().Backups, 2)
	k.seen.adopted, k.seen.tried = true, time.Now().Add(-time.Minute)
	return k, p, s, told
}

// empty takes everything out of the place.
func (p *place) empty() { p.code, p.system, p.backups = backup.CodeNoPath, 0, 0 }

func TestAnEmptiedRepositoryGetsItsStanzaAgainBeforeABackup(t *testing.T) {
	k, p, s, told := leading(t)
	p.empty()
	p.making = func() { require.Empty(t, k.document().Backups, "what is gone is not listed") }
	u, _, outcome := k.choose(t.Context(), s, backup.Full)
	require.Equal(t, rest.Done, outcome.Result, outcome.Text)
	require.Equal(t, "shop-0", u.run.Member)
	require.Equal(t, 1, p.made())
	require.Equal(t, []string{"BackupsLost"}, *told)
	require.Empty(t, k.document().Backups)
	require.NoFileExists(t, p.hold, "the archive goes on")

	again, _, outcome := k.choose(t.Context(), s, backup.Full)
	require.Equal(t, rest.Conflict, outcome.Result)
	require.Same(t, u, again)
}

func TestWhoLooksMakesAStanzaOnlyWhereThereIsNone(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*Keeper, *place, *standing)
		state  backup.State // afterwards
		made   int
		listed int
	}{
		{"it is empty", func(_ *Keeper, p *place, _ *standing) { p.empty() }, backup.OK, 1, 0},
		{"it is as it was", func(*Keeper, *place, *standing) {}, backup.OK, 0, 2},
		{"it is another's now", func(_ *Keeper, p *place, _ *standing) { p.system, p.backups = 42, 1 }, backup.Foreign, 0, 0},
		{"it cannot be reached", func(_ *Keeper, p *place, _ *standing) { p.empty(); p.broken = "unable to connect" }, backup.Unknown, 0, 2},
		{"it cannot be read", func(_ *Keeper, p *place, _ *standing) { p.empty(); p.code = backup.CodeOtherFailed }, backup.Unknown, 0, 2},
		{"we do not know who we are", func(_ *Keeper, p *place, s *standing) { p.empty(); s.SystemID = 0 }, backup.Unknown, 0, 2},
		{"a backup is under way", func(k *Keeper, p *place, _ *standing) { p.empty(); k.under = &underway{} }, backup.Missing, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			k, p, s, _ := leading(t)
			row.change(k, p, &s)
			r, _ := k.repository()
			k.look(t.Context(), r, s)
			require.Equal(t, row.state, k.seen.state, k.seen.reason)
			require.Equal(t, row.made, p.made())
			require.Len(t, k.document().Backups, row.listed)
			require.Equal(t, row.state == backup.OK, k.seen.reason == "")
		})
	}
}

// What was seen of another lead, or before it is known what is under way, is no reason to make anything.
func TestARefreshIsForTheLeadThatTheKeeperIsIn(t *testing.T) {
	for name, change := range map[string]func(*Keeper, *standing){
		"a moment ago":             func(k *Keeper, _ *standing) { k.seen.tried = time.Now() },
		"another lead":             func(_ *Keeper, s *standing) { s.Term = 4 },
		"no lead":                  func(_ *Keeper, s *standing) { s.Leads = false },
		"nothing is adopted yet":   func(k *Keeper, _ *standing) { k.seen.adopted = false },
		"a backup is under way":    func(k *Keeper, _ *standing) { k.under = &underway{} },
		"a restore is under way":   func(k *Keeper, _ *standing) { k.restore.State = "running" },
		"there are no backups now": func(k *Keeper, _ *standing) { k.File = func() config.File { return config.File{} } },
	} {
		t.Run(name, func(t *testing.T) {
			k, p, s, _ := leading(t)
			p.empty()
			p.verbs = nil
			change(k, &s)
			k.refresh(t.Context(), s, toldFor)
			require.Empty(t, p.verbs)
		})
	}
}

func TestWhoAsksForABackupWaitsForALookAndNotForEver(t *testing.T) {
	k, p, s, _ := leading(t)
	release, err := k.alone(t.Context())
	require.NoError(t, err)
	brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, outcome := k.choose(brief, s, backup.Full)
	require.Equal(t, rest.Failed, outcome.Result)
	require.Contains(t, outcome.Text, "being read")
	k.under = &underway{}
	_, _, outcome = k.choose(t.Context(), s, backup.Full)
	require.Equal(t, rest.Conflict, outcome.Result, "this is known at once")
	k.under = nil
	release()

	p.broken = "unable to connect"
	_, _, outcome = k.choose(t.Context(), s, backup.Full)
	require.Equal(t, rest.Precondition, outcome.Result)
	require.Contains(t, outcome.Text, "unable to connect")

	p.broken, k.seen.term = "", 4
	_, _, outcome = k.choose(t.Context(), s, backup.Full)
	require.Equal(t, rest.Precondition, outcome.Result)
	require.Contains(t, outcome.Text, "the lead has changed")
}

// A push that fails, or a run, says that the repository may not be what it was.
func TestTheRepositoryIsLookedAtWhereItMayBeLost(t *testing.T) {
	k, _, s, _ := leading(t)
	now := time.Now()
	for _, row := range []struct {
		failed, sent time.Time
		fails        bool
	}{
		{time.Time{}, now, false},
		{now, now.Add(-time.Hour), true},
		{now, now.Add(time.Second), false},
		{now.Add(-time.Hour), now.Add(-2 * time.Hour), false}, // it was looked at since
	} {
		k.Agent.shown.Store(&shown{detail: Detail{Archiver: &rest.Archive{LastFailure: row.failed, LastSuccess: row.sent}}})
		require.Equal(t, row.fails, k.archiveFails())
	}
	k.under = &underway{}
	k.conclude(t.Context(), s, rest.BackupRun{Type: "full", State: "failed"})
	require.Nil(t, k.under)
	require.Zero(t, k.seen.tried, "the next round looks")
}

// Two have reasons to send nothing, and neither ends the other's.
func TestNothingIsSentForTwoReasons(t *testing.T) {
	d := &Database{Marks: Marks{Hold: filepath.Join(t.TempDir(), "hold")}}
	d.settings.Members = 3
	require.NoError(t, d.quiet(func() error {
		d.hold()
		return nil
	}))
	require.FileExists(t, d.Marks.Hold, "the server is being stopped")
	require.NoError(t, d.silence(forStop, false))
	require.NoFileExists(t, d.Marks.Hold)
	require.NoError(t, d.quiet(func() error {
		require.NoError(t, d.silence(forStop, false))
		require.FileExists(t, d.Marks.Hold, "a server that starts waits for the stanza")
		return nil
	}))
	require.NoFileExists(t, d.Marks.Hold)
}
