package agent

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// document is what this member knows of backups.
func (k *Keeper) document() rest.Backups {
	f := k.File()
	d := rest.Backups{State: string(backup.Unknown), Backups: []rest.Backup{}}
	if state := k.Database.Recovery.State(); state.State != "" {
		d.Restore = &state
	}
	if k.Importing != nil {
		if state := k.Importing(); state.State != "" {
			d.Restore = &state
		}
	}
	if f.Backup == nil {
		d.Reason = "no backups are configured"
		return d
	}
	s := backup.Of(*f.Backup, f)
	d.Stanza, d.Repository, d.RetentionDays, d.RetentionFull, d.MaxAge = s.Stanza, s.Place(), s.RetentionDays, s.RetentionFull, f.Backup.MaxAgeSeconds
	if a := k.Agent.shown.Load().detail.Archiver; a != nil {
		d.Archive = *a
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen.state != "" {
		d.State = string(k.seen.state)
	}
	d.Reason, d.Read = k.seen.reason, k.seen.at
	for _, b := range k.seen.info.Backups {
		d.Backups = append(d.Backups, rest.Backup{
			Label: b.Label, Type: b.Type, Prior: b.Prior, Start: b.Start, Stop: b.Stop, Size: b.Size, Delta: b.Delta, Stored: b.Stored, StoredDelta: b.StoredDelta,
			WALStart: b.WALStart, WALStop: b.WALStop, Error: b.Error,
		})
	}
	if n := len(k.seen.info.Systems); n > 0 {
		d.Archive.Min, d.Archive.Max = k.seen.info.Systems[n-1].Min, k.seen.info.Systems[n-1].Max
	}
	if k.under != nil {
		run := k.under.run
		d.Running = &run
	}
	d.Runs = slices.Clone(k.runs)
	if k.restore.State != "" {
		state := k.restore
		d.Restore = &state
	}
	return d
}

// view is the same with what is counted, for the metrics.
func (k *Keeper) view() *rest.BackupView {
	v := &rest.BackupView{Configured: k.File().Backup != nil}
	if v.Configured {
		v.Leader = k.Agent.standing().Leads
		v.Archiving = k.Agent.shown.Load().detail.Archiver != nil
	}
	v.Backups = k.document()
	k.mu.Lock()
	defer k.mu.Unlock()
	v.Done, v.Gaps = maps.Clone(k.done), k.gaps
	return v
}

// Backups implements rest.BackupSource.
func (s *Source) Backups(ctx context.Context) (rest.Backups, bool) {
	k := s.Keeper
	if k == nil {
		return rest.Backups{}, false
	}
	if f := k.File(); f.Backup == nil { // one that began with what another had and is not backed up tells how that went
		return k.document(), f.Recover != nil || f.Copy != nil || f.Import != nil
	}
	standing := k.Agent.standing()
	if !standing.Leads && standing.Held && standing.Holder.ID != standing.Self.ID {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		if reply, err := k.Ask(ctx, standing.Holder, Order{Verb: "document"}); err == nil && reply.Document != nil {
			return *reply.Document, true
		}
		d := k.document()
		d.Reason = "the leader does not answer"
		return d, true
	}
	k.glance(ctx)
	return k.document(), true
}

// Backup implements rest.BackupSource.
func (s *Source) Backup(ctx context.Context, kind string) (rest.BackupRun, rest.Outcome) {
	k := s.Keeper
	if k == nil || k.File().Backup == nil {
		return rest.BackupRun{}, rest.Outcome{Result: rest.Absent}
	}
	standing := k.Agent.standing()
	if standing.Leads {
		return k.begin(ctx, backup.Type(kind))
	}
	if !standing.Held || standing.Holder.ID == standing.Self.ID {
		return rest.BackupRun{}, rest.Outcome{Result: rest.Precondition, Text: "there is no leader that takes writes"}
	}
	reply, err := k.Ask(ctx, standing.Holder, Order{Verb: "begin", Type: kind})
	if err != nil {
		return rest.BackupRun{}, rest.Outcome{Result: rest.Failed, Text: err.Error()}
	}
	if reply.Run == nil {
		return rest.BackupRun{}, rest.Outcome{Result: rest.Unknown, Text: reply.Text}
	}
	return *reply.Run, rest.Outcome{Result: reply.Result, Text: reply.Text}
}

// Restore implements rest.BackupSource.
func (s *Source) Restore(ctx context.Context, r rest.Restore) rest.Outcome {
	k := s.Keeper
	if k == nil || k.File().Backup == nil {
		return rest.Outcome{Result: rest.Absent}
	}
	want := InPlace{Set: r.Set, WithoutCopy: r.WithoutCopy, Target: config.RecoverTarget{
		Time: r.Time, LSN: r.LSN, XID: r.XID, Name: r.Name, Immediate: r.Immediate, Exclusive: r.Exclusive, Timeline: r.Timeline,
	}}
	standing := k.Agent.standing()
	if standing.Leads {
		return k.Restore(ctx, want)
	}
	if !standing.Held || standing.Holder.ID == standing.Self.ID {
		return rest.Outcome{Result: rest.Precondition, Text: "there is no leader that takes writes"}
	}
	reply, err := k.Ask(ctx, standing.Holder, Order{Verb: "restore", InPlace: &want})
	if err != nil {
		return rest.Outcome{Result: rest.Failed, Text: err.Error()}
	}
	return rest.Outcome{Result: reply.Result, Text: reply.Text}
}
