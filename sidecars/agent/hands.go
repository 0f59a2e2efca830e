package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

// Do implements Hands.
func (d *Database) Do(ctx context.Context, a ha.Action, f Facts) error {
	switch a.Do {
	case ha.StartPrimary:
		return d.startPrimary(ctx, a, f.Log)
	case ha.StartStandby:
		return d.startStandby(ctx, a, f.Log)
	case ha.Stop:
		return d.stop(ctx)
	case ha.Promote:
		return d.promote(ctx, a, f.Log)
	case ha.Follow:
		return d.follow(ctx, a.Upstream)
	case ha.SetSync:
		return d.setSync(ctx, a.Sync)
	case ha.Checkpoint:
		return d.Postgres.Checkpoint(ctx)
	case ha.Open:
		return d.Postgres.Gate(ctx, false)
	case ha.Init:
		if one := d.takeInPlace(); one != nil {
			return d.replace(ctx, one, f)
		}
		return d.init(ctx, f)
	case ha.Clone:
		return d.clone(ctx, a.Upstream, f)
	case ha.Rewind:
		return d.rewind(ctx, a.Upstream, f)
	case ha.Slots:
		return d.slots(ctx, a.Names, f)
	}
	return fmt.Errorf("%s is nothing that is done to postgres", a.Do)
}

// FollowOutside says whom a standby cluster follows; nil: nobody.
func (d *Database) FollowOutside(u *postgres.Upstream) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outside = u
}

// WaitForFirst says whether commits wait for the first of the standbys, or for any.
func (d *Database) WaitForFirst(first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = first
}

// syncBy is a setting as it is put to the server.
func (d *Database) syncBy(s ha.SyncSetting) postgres.Sync {
	d.mu.Lock()
	defer d.mu.Unlock()
	return postgres.Sync{W: s.W, Standbys: s.Names, First: d.first}
}

// ConnectBy says how members are connected to that speak TLS.
func (d *Database) ConnectBy(t postgres.TLS) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tls = t
}

// Configure takes what people chose. A server that runs reads it at once; what needs a restart is told by its status.
func (d *Database) Configure(ctx context.Context, s postgres.Settings) error {
	d.mu.Lock()
	d.settings = s
	d.full = time.Time{}
	d.mu.Unlock()
	if !d.exists() {
		return nil
	}
	standby := d.has("standby.signal")
	if err := d.configure(ctx, standby); err != nil {
		return err
	}
	// Also where the files are as they were: a sidecar before this one may have been killed between writing them and telling the server.
	return d.Postgres.Reread(ctx)
}

// configure writes the files of the data directory.
func (d *Database) configure(ctx context.Context, standby bool) error {
	d.mu.Lock()
	s := d.settings
	answered := d.attempts.unkept && !d.attempts.since.IsZero()
	d.mu.Unlock()
	if answered && !d.Postgres.Kept() {
		// Before the files become others: those that a server answered by, if only for a moment, are better than none.
		if err := d.Postgres.KeepGood(); err != nil {
			return err
		}
	}
	if standby {
		control, err := d.Postgres.Control(ctx)
		if err != nil {
			return err
		}
		s.AtLeast = control.HotStandbyFloor()
	}
	if err := d.boundSlots(&s); err != nil {
		return err
	}
	done, err := d.Postgres.Configure(s)
	if errors.Is(err, postgres.ErrRejected) {
		d.putAside("postgres did not start with what was chosen")
		return nil // the last good settings are in force
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.attempts.aside, d.held = "", done.Held
	}
	d.attempts.unkept = d.attempts.unkept && !done.Changed // the files are not those that the server was started with
	return err
}

func (d *Database) startPrimary(ctx context.Context, a ha.Action, log *slog.Logger) error {
	if err := d.prepare(ctx, false, log); err != nil {
		return err
	}
	if err := d.setSync(ctx, a.Sync); err != nil {
		return err
	}
	if err := d.Postgres.Gate(ctx, a.Gated); err != nil {
		return err
	}
	command, err := d.Postgres.StartCommand(postgres.AsPrimary)
	if err != nil {
		return err
	}
	return d.start(ctx, supervise.Primary, command)
}

func (d *Database) startStandby(ctx context.Context, a ha.Action, log *slog.Logger) error {
	if err := d.prepare(ctx, true, log); err != nil {
		return err
	}
	if err := d.setSync(ctx, a.Sync); err != nil {
		return err
	}
	if err := d.Postgres.Gate(ctx, false); err != nil {
		return err
	}
	if err := d.follow(ctx, a.Upstream); err != nil {
		return err
	}
	command, err := d.Postgres.StartCommand(postgres.AsStandby)
	if err != nil {
		return err
	}
	return d.start(ctx, supervise.Standby, command)
}

func (d *Database) start(ctx context.Context, mode supervise.Mode, command postgres.Command) error {
	if err := d.silence(forStop, false); err != nil {
		return err
	}
	if err := d.Supervisor.start(ctx, mode, command); err != nil {
		return err
	}
	d.started()
	return nil
}

// promote sets for whom commits will wait before there can be any.
func (d *Database) promote(ctx context.Context, a ha.Action, log *slog.Logger) error {
	d.resend(log)
	if err := d.setSync(ctx, a.Sync); err != nil {
		return err
	}
	if err := d.skip(ctx, a.Beyond); err != nil {
		return err
	}
	if err := d.Supervisor.promoting(ctx); err != nil {
		return err
	}
	_, err := d.Postgres.Promote(ctx, d.syncBy(a.Sync))
	return err
}

// skip keeps timelines from being begun twice.
func (d *Database) skip(ctx context.Context, beyond uint32) error {
	now, err := d.Postgres.Status(ctx, postgres.Brief)
	if err != nil || !now.InRecovery || beyond <= now.Timeline {
		return err
	}
	return d.Postgres.Skip(now.Timeline, beyond)
}

func (d *Database) follow(ctx context.Context, upstream ha.Member) error {
	if upstream.ID == "" {
		return d.Postgres.Detach(ctx)
	}
	to, err := d.upstreamOf(upstream, postgres.SlotName(d.Name))
	if err != nil {
		return err
	}
	return d.Postgres.Follow(ctx, to)
}

func (d *Database) upstreamOf(m ha.Member, slot string) (postgres.Upstream, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.ID == ha.Outside {
		if d.outside == nil {
			return postgres.Upstream{}, errors.New("the server outside is not known any more")
		}
		return *d.outside, nil
	}
	u := postgres.Upstream{Host: m.Host, Port: d.Port, Slot: slot, Name: d.Name, TLS: d.tls}
	if m.Plain {
		u.TLS = postgres.TLS{}
	}
	return u, nil
}

func (d *Database) setSync(ctx context.Context, s ha.SyncSetting) error {
	setting := d.syncBy(s)
	text, err := setting.Names()
	if err != nil {
		return err
	}
	at, err := d.Postgres.SetSync(ctx, setting)
	if err != nil || at == 0 {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sync = applied{text, at}
	return nil
}

func (d *Database) clone(ctx context.Context, upstream ha.Member, f Facts) error {
	options := postgres.CloneOptions{Term: f.Term}
	if f.SystemID != 0 {
		options.System = strconv.FormatUint(f.SystemID, 10)
	}
	from, err := d.upstreamOf(upstream, "")
	if err != nil {
		return err
	}
	_, err = d.Postgres.Clone(ctx, from, options)
	return err
}

func (d *Database) rewind(ctx context.Context, upstream ha.Member, f Facts) error {
	gates := postgres.Gates{Timeline: f.Timeline}
	if f.SystemID != 0 {
		gates.System = strconv.FormatUint(f.SystemID, 10)
	}
	from, err := d.upstreamOf(upstream, "")
	if err != nil {
		return err
	}
	outcome, why, err := d.Postgres.Rewind(ctx, from, gates, time.Hour)
	if err == nil && outcome == postgres.RewindImpossible {
		err = fmt.Errorf("it cannot be rewound: %s", why)
	}
	return err
}

// slotSpare is how much log a standby keeps for other members beyond what it has replayed itself: it does not know how far they are.
const slotSpare = 64 << 20

func (d *Database) slots(ctx context.Context, names []string, f Facts) error {
	wanted := map[string]postgres.LSN{}
	for _, name := range names {
		wanted[name] = 0
		if f.Replayed > slotSpare {
			wanted[name] = postgres.LSN(f.Replayed - slotSpare)
		}
	}
	changes, err := d.Postgres.Slots(ctx, maps.Clone(wanted))
	made := func(one postgres.SlotChange) bool { return one.What != postgres.SlotAdvanced } // what is moved under a load would be told by the second
	if err == nil && f.Log != nil && slices.ContainsFunc(changes, made) {
		f.Log.Info("slots", "changes", fmt.Sprint(changes))
	}
	return err
}
