package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// InPlace is a restore of a cluster's own backup in the place of its data. Everybody else is fenced first, so that nobody takes the lead with what is to
// be undone; the leader restores beside its data, keeps the old directory, and the others copy themselves again.
type InPlace struct {
	Target config.RecoverTarget `json:"target"`
	Set    string               `json:"set,omitempty"`
	// WithoutCopy removes the old data directory first where there is no room for both.
	WithoutCopy bool `json:"withoutCopy,omitempty"`
}

// inPlace is one that is under way.
type inPlace struct {
	InPlace
	source  repository
	keep    string // the path of the old directory
	discard bool   // no room for both: the old one goes first
	still   func() bool
	began   func(what string)
	ended   chan error
}

// restoringFile is on the volume while others are fenced for a restore, with their names.
const restoringFile = "restoring.json"

func (k *Keeper) restoringPath() string {
	return filepath.Join(k.Database.Postgres.Paths.Volume, "onggi", restoringFile)
}

// Restore begins a restore in place on this member, which has to be the leader. What cannot be done is refused before anything is.
func (k *Keeper) Restore(ctx context.Context, want InPlace) rest.Outcome {
	if err := want.check(); err != nil {
		return rest.Outcome{Result: rest.Invalid, Text: err.Error()}
	}
	r, ok := k.repository()
	if !ok {
		return rest.Outcome{Result: rest.Absent, Text: "this cluster has no backups"}
	}
	s := k.Agent.standing()
	release, err := k.alone(ctx)
	if err != nil {
		return rest.Outcome{Result: rest.Failed, Text: err.Error()}
	}
	k.refresh(ctx, s, 0) // a database is not taken down for backups that are gone
	discard, refused := k.claim(s, want)
	release()
	if refused.Result != rest.Done {
		return refused
	}
	one := &inPlace{
		InPlace: want, source: r, ended: make(chan error, 1), still: func() bool { now := k.Agent.standing(); return now.Term == s.Term && k.Agent.Leader() == s.Self.ID },
		keep: k.Database.Postgres.Paths.Data + ".before-restore-" + time.Now().UTC().Format("20060102T150405Z"), discard: discard, began: func(what string) { k.restoreIs("running", what) },
	}
	k.restoreIs("running", "stops the other members")
	if err := k.fenceOthers(ctx, s); err != nil {
		k.unfenceOthers(context.WithoutCancel(ctx), false)
		k.restoreIs("failed", err.Error())
		return rest.Outcome{Result: rest.Failed, Text: err.Error()}
	}
	go k.restoreInPlace(context.WithoutCancel(ctx), s, one)
	return rest.Outcome{Result: rest.Done, Text: "the restore has begun; ctl backups tells how it does"}
}

// claim says whether a restore in place can begin, and whether it needs the room of the data that is there. Once it can, it is the one under way:
// from here on neither another one nor a backup begins.
func (k *Keeper) claim(s standing, want InPlace) (discard bool, outcome rest.Outcome) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var size uint64
	for _, b := range k.seen.info.Backups {
		if want.Set == "" || b.Label == want.Set {
			size = b.Size
		}
	}
	refuse := func(format string, args ...any) (bool, rest.Outcome) {
		return false, rest.Outcome{Result: rest.Precondition, Text: fmt.Sprintf(format, args...)}
	}
	switch {
	case !s.Leads:
		return refuse("this member does not lead, or takes no writes")
	case k.seen.state != backup.OK:
		return refuse("the repository is %s: %s", k.seen.state, k.seen.reason)
	case size == 0:
		return refuse("there is no such backup")
	case k.under != nil:
		return refuse("a backup is under way")
	case k.restore.State == "running":
		return refuse("a restore is under way")
	}
	free, freeOfLog, err := k.Database.Postgres.Free()
	if err != nil {
		return false, rest.Outcome{Result: rest.Failed, Text: err.Error()}
	}
	full := free < size+size/10+(256<<20)
	fullOfLog := freeOfLog < restoredLog
	discard = full || fullOfLog
	switch {
	case want.WithoutCopy:
	case full:
		return refuse("the volume has %d MB free, and %d MB are needed to keep the data that is there now: --without-copy goes without", free>>20, size>>20)
	case fullOfLog:
		return refuse("the volume of the log has %d MB free, and %d MB are needed to keep the log that is there now: --without-copy goes without", freeOfLog>>20, restoredLog>>20)
	}
	k.restore = rest.RestoreRun{State: "running", From: ownBackups, Begun: time.Now().UTC()}
	return discard, rest.Outcome{Result: rest.Done}
}

// restoredLog is the room that a server needs for its log while it recovers.
const restoredLog = 256 << 20

// ownBackups is where a restore in place is from, for people.
const ownBackups = "the cluster's own backups"

func (w InPlace) check() error {
	targets := 0
	for _, set := range []bool{w.Target.Time != "", w.Target.LSN != "", w.Target.XID != "", w.Target.Name != "", w.Target.Immediate} {
		if set {
			targets++
		}
	}
	if targets != 1 {
		return errors.New("a restore in place needs one target: time, lsn, xid, name or immediate")
	}
	return nil
}

// restoreIs notes how far it is.
func (k *Keeper) restoreIs(state, text string) {
	k.mu.Lock()
	k.restore.State, k.restore.Text = state, text
	if state != "running" {
		k.restore.Ended = time.Now().UTC()
	}
	k.mu.Unlock()
	k.Log.Info("restore in place", "state", state, "what", text)
}

// fenceOthers stops everybody else and keeps them stopped. Who does not answer could lead later with what is to be undone, so all have to.
func (k *Keeper) fenceOthers(ctx context.Context, s standing) error {
	var names []string
	for _, m := range s.Members {
		if m.ID != s.Self.ID {
			names = append(names, m.Name)
		}
	}
	text, err := json.Marshal(names)
	if err == nil {
		err = replaceFile(k.restoringPath(), text)
	}
	if err != nil {
		return fmt.Errorf("note on the volume who is stopped: %w", err)
	}
	for _, m := range s.Members {
		if m.ID == s.Self.ID {
			continue
		}
		brief, cancel := context.WithTimeout(ctx, 30*time.Second)
		answer, err := k.Forward(brief, m, Forwarded{Verb: ha.Fence})
		cancel()
		if err == nil && !answer.OK {
			err = errors.New(answer.Why)
		}
		if err != nil {
			return fmt.Errorf("stop %s: %w: every member has to answer, or leave the cluster first", m.Name, err)
		}
	}
	return nil
}

// unfenceOthers lets those run again that were stopped for a restore, with a copy of the leader's data where that was replaced: they would find out
// by themselves, but only after a while.
func (k *Keeper) unfenceOthers(ctx context.Context, replaced bool) {
	text, err := os.ReadFile(k.restoringPath())
	if err != nil {
		return
	}
	var names []string
	_ = json.Unmarshal(text, &names) // what cannot be read names nobody
	left := false
	for _, name := range names {
		m, known := k.Agent.member(name)
		if !known {
			continue
		}
		brief, cancel := context.WithTimeout(ctx, 10*time.Second)
		var err error
		if replaced {
			_, err = k.Forward(brief, m, Forwarded{Verb: ha.Reinit})
		}
		if err == nil {
			_, err = k.Forward(brief, m, Forwarded{Verb: ha.Unfence})
		}
		if err != nil {
			left = true
			k.Log.Warn("a member that was stopped for a restore does not answer, and is asked again", "member", name, "err", err)
		}
		cancel()
	}
	if !left {
		_ = os.Remove(k.restoringPath())
	}
}

// restoreInPlace does it, and lets the others go on whatever came of it.
func (k *Keeper) restoreInPlace(ctx context.Context, s standing, one *inPlace) {
	err := k.replaceData(ctx, s, one)
	if err == nil {
		k.restoreIs("running", "starts")
		err = k.awaitLead(ctx, s)
	}
	if err == nil {
		// The others copy from a primary of which they have heard that it takes writes. Who has not yet would start as it is, and find out late.
		time.Sleep(2*k.Agent.shown.Load().settings.Core.Timing.Beat + time.Second)
	}
	k.unfenceOthers(ctx, err == nil)
	if err != nil {
		k.restoreIs("failed", err.Error())
		k.Agent.tell(true, "RestoreFailed", err.Error())
		return
	}
	text := "done; the data from before is kept in " + one.keep
	if one.discard {
		text = "done; the data from before is gone"
	}
	k.restoreIs("done", text)
	k.Agent.tell(false, "Restored", text)
}

// replaceData has what was written until now archived, then the job done.
func (k *Keeper) replaceData(ctx context.Context, s standing, one *inPlace) error {
	k.restoreIs("running", "archives what was written until now")
	if err := k.Database.Postgres.ArchiveAll(ctx, time.Minute); err != nil {
		return err
	}
	k.Database.mu.Lock()
	k.Database.inPlace = one
	k.Database.mu.Unlock()
	k.Agent.post(ctx, func(l *loop) {
		l.exec.begin(l, ha.Action{Do: ha.Init, Term: s.Term, Why: "a restore in place"})
	})
	return k.awaitReplaced(one, time.Second)
}

// awaitReplaced waits for the end of the job. One that the loop dropped, since it was of a past term by then, is never begun and has none.
func (k *Keeper) awaitReplaced(one *inPlace, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case err := <-one.ended:
			return err
		case <-k.Agent.ended:
			return ErrNotReady
		case <-ticker.C:
		}
		if !one.still() && k.Database.takeInPlace() != nil {
			return errLeadsNoMore
		}
	}
}

// errLeadsNoMore ends a restore in place on a member that is not the leader any more.
var errLeadsNoMore = errors.New("another member leads by now")

// awaitLead waits until the restored server takes writes, or somebody else leads.
func (k *Keeper) awaitLead(ctx context.Context, s standing) error {
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); {
		now := k.Agent.standing()
		if now.Leads {
			return nil
		}
		if now.Term != s.Term && now.Held && now.Holder.ID != s.Self.ID {
			return errLeadsNoMore
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return errors.New("the restored server does not take writes")
}

// takeInPlace is the restore in place that is to be the next job, which it then is no more: nil where none is.
func (d *Database) takeInPlace() *inPlace {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.inPlace
	d.inPlace = nil
	return one
}

// replace stops the server, restores beside its data, and puts that in its place.
func (d *Database) replace(ctx context.Context, one *inPlace, f Facts) (err error) {
	defer func() { one.ended <- err }()
	one.began("stops the server")
	if err := d.stop(ctx); err != nil {
		return err
	}
	if one.discard {
		one.began("removes the data, since there is no room for both")
		if err := d.Postgres.RemoveData(); err != nil {
			return fmt.Errorf("make room: %w", err)
		}
	}
	o := d.restoreOptions(one.source, one.Target, one.Set, filepath.Join(one.source.settings.Dir, "server"), func() error {
		if !one.still() {
			return errLeadsNoMore
		}
		return nil
	}, one.began)
	o.Replace = one.keep
	if f.SystemID != 0 {
		o.System = strconv.FormatUint(f.SystemID, 10)
	}
	done, err := d.Postgres.Restore(ctx, o)
	if err == nil && f.Log != nil {
		f.Log.Info("restored in place", "timeline", done.Timeline, "end", done.End.String(), "kept", done.Kept)
	}
	return err
}
