package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
)

const (
	// toldFor is how long a look is good enough for people who ask what there is.
	toldFor = 15 * time.Second
	// freshWithin is how long who asks for a backup waits for a look, tellWithin who asks what there is: a store that takes longer is told of as it was seen.
	freshWithin = 45 * time.Second
	tellWithin  = 2 * time.Second
)

// errUnderWay keeps the stanza from being made. A backup that lost its first half with the repository would be a whole one in the new stanza; in none it fails.
var errUnderWay = errors.New("a backup is under way: the stanza is made when it has ended")

// archiveFails tells that something could not be sent since the last look: the repository may not be what it was. It is called with mu held.
func (k *Keeper) archiveFails() bool {
	a := k.Agent.shown.Load().detail.Archiver
	return a != nil && a.LastFailure.After(k.seen.tried) && a.LastFailure.After(a.LastSuccess)
}

// alone waits until nobody looks at the repository and no run is being chosen; what it returns lets go. It is never waited for with mu held.
func (k *Keeper) alone(ctx context.Context) (func(), error) {
	select {
	case k.looking <- struct{}{}:
		return func() { <-k.looking }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("the repository is being read: %w", ctx.Err())
	}
}

// look reads the repository, and makes the stanza where there is none.
func (k *Keeper) look(ctx context.Context, r repository, standing standing) {
	if release, err := k.alone(ctx); err == nil {
		defer release()
		k.read(ctx, r, standing)
	}
}

// refresh looks again where the last look is older than good: what was there then may be gone. Whoever calls is alone.
func (k *Keeper) refresh(ctx context.Context, s standing, good time.Duration) {
	k.mu.Lock()
	// Before it is known what is under way, and in a lead that the keeper has not begun with, nothing is to be made.
	known := s.Leads && k.seen.adopted && k.seen.term == s.Term && k.under == nil && k.restore.State != "running"
	due := known && time.Since(k.seen.tried) > good
	k.mu.Unlock()
	if !due {
		return
	}
	r, ok := k.repository()
	if !ok {
		return
	}
	if err := r.prepare(); err != nil {
		k.trouble(backup.Unknown, err.Error())
		return
	}
	// Not with the caller's context: one that goes away says nothing of the repository.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), freshWithin)
	defer cancel()
	k.read(ctx, r, s)
}

// glance is refresh for people, who do not wait for long.
func (k *Keeper) glance(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if release, err := k.alone(ctx); err == nil {
			defer release()
			k.refresh(ctx, k.Agent.standing(), toldFor)
		}
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// choose has a member for a backup that can begin. Once there is one, nobody begins another.
func (k *Keeper) choose(ctx context.Context, standing standing, kind backup.Type) (*underway, string, rest.Outcome) {
	refuse := func(result rest.Result, text string) (*underway, string, rest.Outcome) {
		return &underway{}, "", rest.Outcome{Result: result, Text: text}
	}
	k.mu.Lock()
	u := k.under
	k.mu.Unlock()
	if u != nil { // which is known without the repository
		return u, "", rest.Outcome{Result: rest.Conflict}
	}
	release, err := k.alone(ctx)
	if err != nil {
		return refuse(rest.Failed, err.Error())
	}
	defer release()
	k.refresh(ctx, standing, 0)
	f := k.File()
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.under != nil:
		return k.under, "", rest.Outcome{Result: rest.Conflict}
	case f.Backup == nil:
		return refuse(rest.Absent, "")
	case k.restore.State == "running":
		return refuse(rest.Precondition, "a restore is under way")
	case !standing.Leads:
		return refuse(rest.Precondition, "there is no leader that takes writes")
	case k.seen.term != standing.Term: // it may have changed while the repository was read
		return refuse(rest.Precondition, "the lead has changed, and its repository was not read yet")
	case k.seen.state != backup.OK:
		return refuse(rest.Precondition, fmt.Sprintf("the repository is %s: %s", cmp.Or(k.seen.state, backup.Unknown), k.seen.reason))
	case ctx.Err() != nil:
		return refuse(rest.Failed, "who asked did not wait until the repository was read")
	}
	chosen, reason, _ := backup.Choose(standing.Choice, f.Backup.Target)
	at := slices.IndexFunc(standing.Members, func(m ha.Member) bool { return m.Name == chosen.Name })
	if at < 0 {
		return refuse(rest.Precondition, reason)
	}
	k.under = &underway{run: newRun(kind, chosen.Name), by: standing.Members[at]}
	return k.under, reason, rest.Outcome{Result: rest.Done}
}

// read is look, of who is alone.
func (k *Keeper) read(ctx context.Context, r repository, standing standing) {
	info, err := r.info(ctx)
	state, why := backup.Unknown, ""
	if err == nil {
		if state, why = backup.Judge(info, standing.SystemID); state == backup.Missing {
			k.lost(r)
			if err = k.create(ctx, r); errors.Is(err, errUnderWay) {
				err, why = nil, err.Error()
			} else if err == nil {
				k.Log.Info("made the stanza", "stanza", r.settings.Stanza, "repository", r.settings.Place())
				if info, err = r.info(ctx); err == nil {
					state, why = backup.Judge(info, standing.SystemID)
				}
			}
		}
	}
	if err != nil {
		state, why = backup.Unknown, err.Error()
	}
	if state != backup.OK {
		k.trouble(state, why)
		return
	}
	k.mu.Lock()
	first := k.seen.at.IsZero()
	k.seen.state, k.seen.reason, k.seen.info = backup.OK, "", info
	k.seen.at, k.seen.tried = time.Now(), time.Now()
	k.mu.Unlock()
	if first {
		k.Log.Info("the repository is ours", "repository", r.settings.Place(), "stanza", r.settings.Stanza, "backups", len(info.Backups))
		k.checkGap(info)
	}
}

// lost says, once, that a repository which was ours is empty.
func (k *Keeper) lost(r repository) {
	k.mu.Lock()
	had := k.seen.info
	k.seen.info = backup.Info{}
	k.mu.Unlock()
	if len(had.Systems) == 0 {
		return
	}
	text := fmt.Sprintf("%s is empty: %d backups and the archive of stanza %s are gone from it, and there is no way back to any moment until there is a new full backup",
		r.settings.Place(), len(had.Backups), r.settings.Stanza)
	k.Log.Error("the repository was lost", "why", text)
	k.Agent.tell(true, "BackupsLost", text)
}

// create makes the stanza. It takes the lock that a push in the background needs, and whoever waits for such a push waits a minute for nothing. It is not
// broken off with ctx: pgBackRest goes on from no stanza, and not from half of one.
func (k *Keeper) create(ctx context.Context, r repository) error {
	k.mu.Lock()
	under := k.under != nil
	k.mu.Unlock()
	if under {
		return errUnderWay
	}
	return k.Database.quiet(func() error {
		_, err := r.run(context.WithoutCancel(ctx), infoWithin, r.settings.StanzaCreate())
		return err
	})
}

// trouble notes a repository that is not as it should be, and says so when it begins.
func (k *Keeper) trouble(state backup.State, why string) {
	k.mu.Lock()
	news := k.seen.state != state || k.seen.reason != why
	fresh := k.seen.state != state || k.seen.tried.IsZero()
	k.seen.state, k.seen.reason, k.seen.tried = state, why, time.Now()
	if state != backup.Unknown { // what was ours is not there any more
		k.seen.info = backup.Info{}
	}
	k.mu.Unlock()
	if news {
		k.Log.Error("there are no backups", "repository", string(state), "why", why)
	}
	if state == backup.Foreign && fresh {
		k.Agent.tell(true, "BackupRefused", why)
	}
}

// checkGap looks, once in a lead, whether the archive ends where our log begins. The former primary may have died with segments that it had
// not sent and that no standby had any more.
func (k *Keeper) checkGap(info backup.Info) {
	if len(info.Systems) == 0 || len(info.Backups) == 0 {
		return
	}
	last := info.Systems[len(info.Systems)-1].Max
	segments, err := k.Database.Postgres.Segments()
	if err != nil || len(segments) == 0 || last == "" {
		return
	}
	if from, gap := backup.Gap(last, segments); gap {
		k.mu.Lock()
		k.gaps++
		k.mu.Unlock()
		text := fmt.Sprintf("the archive ends with %s, and the oldest segment here is %s: between them nothing can be restored, until there is a new backup", last, from)
		k.Log.Error("a gap in the archive", "why", text)
		k.Agent.tell(true, "ArchiveGap", text)
	}
}
