package agent

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// Keeper looks after backups. On the leader it makes the stanza, reads the repository, and has backups made by the member that is best for
// it; on every member it makes the backup that the leader asks for. Nothing of it decides who leads, and nothing that fails here harms the server.
type Keeper struct {
	Agent      *Agent
	Supervisor *Supervisor
	Database   *Database
	// File is the configuration in force.
	File func() config.File
	// Ask gives an order to another member's keeper.
	Ask func(ctx context.Context, to ha.Member, o Order) (Reply, error)
	// Forward asks another member's core.
	Forward func(ctx context.Context, to ha.Member, r Forwarded) (Answer, error)
	Log     *slog.Logger
	// Importing is how an import does; nil where there is none.
	Importing func() rest.RestoreRun
	// WebIdentity tells that the pod has an identity for AWS.
	WebIdentity bool

	// looking holds something while the repository is looked at, and while a run is being chosen: the stanza is not made again under one. See alone.
	looking chan struct{}

	mu    sync.Mutex
	seen  sight
	runs  []rest.BackupRun // those that ended, as the leader knows of them
	under *underway        // the run that this leader has begun
	mine  map[string]rest.BackupRun
	done  map[[2]string]uint64 // runs by type and result
	gaps  uint64
	// restore is one in place.
	restore rest.RestoreRun
	wake    chan struct{}
}

// sight is what is known of the repository.
type sight struct {
	term   uint64 // of the lead for which it holds
	state  backup.State
	reason string
	at     time.Time // of the last look that succeeded, in this lead
	tried  time.Time // of the last one
	info   backup.Info
	asked  time.Time // when the first backup was last asked for
	// adopted: it is known whether a backup was under way when this lead began.
	adopted bool
}

// underway is a run as the leader knows it.
type underway struct {
	run  rest.BackupRun
	by   ha.Member
	lost time.Time // since when its member does not answer
}

const (
	keeperEvery = 2 * time.Second
	// bareEvery is the same where no backups are configured, which may change.
	bareEvery = 30 * time.Second
	// lookEvery is the time between two looks at a repository that is as it should be, troubleEvery at one that is not.
	lookEvery    = 5 * time.Minute
	troubleEvery = 20 * time.Second
	// lostFor is how long a member that makes a backup may be silent.
	lostFor = 2 * time.Minute
	// immediateAgain is the time between two tries of the first backup.
	immediateAgain = 5 * time.Minute
	// keptRuns is how many runs that ended are told of, beside the last of each type and result.
	keptRuns = 24
)

// Start makes k ready; it is called once, before anything else is.
func (k *Keeper) Start() *Keeper {
	k.looking = make(chan struct{}, 1)
	k.wake, k.mine, k.done = make(chan struct{}, 1), map[string]rest.BackupRun{}, map[[2]string]uint64{}
	return k
}

// Run works until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	ticker := time.NewTicker(keeperEvery)
	defer ticker.Stop()
	prepared := time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-k.wake:
		}
		r, ok := k.repository()
		if !ok {
			ticker.Reset(bareEvery)
			continue
		}
		ticker.Reset(keeperEvery)
		if time.Since(prepared) > time.Minute || k.stale() {
			if err := r.prepare(); err != nil {
				k.trouble(backup.Unknown, err.Error())
				continue
			}
			prepared = time.Now()
		}
		k.attach()
		k.lead(ctx, r)
	}
}

// repository is the one that is configured.
func (k *Keeper) repository() (repository, bool) {
	f := k.File()
	if f.Backup == nil {
		return repository{}, false
	}
	s := backup.Of(*f.Backup, f)
	s.WebIdentity = k.WebIdentity
	return repository{s, k.Database.Postgres.Tools}, true
}

// stale tells that the last look failed: a key may have been renewed.
func (k *Keeper) stale() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen.state == backup.Unknown && time.Since(k.seen.tried) > troubleEvery
}

// lead is what the leader does.
func (k *Keeper) lead(ctx context.Context, r repository) {
	standing := k.Agent.standing()
	if !standing.Leads {
		k.mu.Lock()
		k.seen, k.under = sight{}, nil
		k.mu.Unlock()
		return
	}
	k.mu.Lock()
	if k.seen.term != standing.Term {
		k.seen = sight{term: standing.Term, state: backup.Unknown, reason: "the repository was not read yet"}
		k.under = nil
	}
	first := !k.seen.adopted
	every := lookEvery
	if k.seen.state != backup.OK || k.archiveFails() {
		every = troubleEvery
	}
	due := time.Since(k.seen.tried) > every
	k.mu.Unlock()
	if first {
		k.adopt(ctx, standing)
		k.mu.Lock()
		k.seen.adopted = true
		k.mu.Unlock()
	}
	if due {
		k.look(ctx, r, standing)
	}
	k.follow(ctx, standing)
	k.abandoned(ctx)
	k.immediate(ctx, standing)
}

// immediate makes the first backup.
func (k *Keeper) immediate(ctx context.Context, standing standing) {
	f := k.File()
	k.mu.Lock()
	want := f.Backup != nil && f.Backup.Immediate && k.seen.state == backup.OK && len(k.seen.info.Backups) == 0 && k.under == nil &&
		time.Since(k.seen.asked) > immediateAgain
	if want {
		k.seen.asked = time.Now()
	}
	k.mu.Unlock()
	if !want {
		return
	}
	if _, outcome := k.begin(ctx, backup.Full); outcome.Result != rest.Done {
		k.Log.Warn("the first backup does not begin", "why", outcome.Text)
	}
}

// standing is what the keeper has to know of the member and its cluster.
type standing struct {
	Leads    bool // a primary that has written
	Term     uint64
	SystemID uint64
	Self     ha.Member
	Holder   ha.Member
	Held     bool
	Members  []ha.Member
	Choice   []backup.Member
}

func (a *Agent) standing() standing {
	s := a.shown.Load()
	r, p := &s.seen.Record.Record, &s.seen.Postgres
	out := standing{Term: r.Term, SystemID: r.SystemID, Self: s.seen.Self, Members: r.Members}
	out.Holder, out.Held = r.Member(r.Holder.ID)
	out.Leads = s.ready && s.state.Lead() != 0 && r.Holder.ID == s.seen.Self.ID && s.seen.Supervisor.Phase == ha.Primary && !p.At.IsZero() && !p.InRecovery &&
		!s.wrote.IsZero()
	if out.SystemID == 0 {
		out.SystemID = p.SystemID
	}
	for _, m := range r.Members {
		one := backup.Member{Name: m.Name, Leader: m.ID == s.seen.Self.ID && out.Leads}
		if at := slices.IndexFunc(p.Standbys, func(w ha.Walsender) bool { return w.Name == m.Name }); at >= 0 {
			one.Streaming = p.Standbys[at].Streaming
			one.Lag = uint64(p.Position.LSN - min(p.Position.LSN, p.Standbys[at].Flushed))
		}
		out.Choice = append(out.Choice, one)
	}
	return out
}

// tell writes an event, at best.
func (a *Agent) tell(warning bool, reason, message string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	a.parts.Cluster.Tell(ctx, warning, reason, message)
}

// Tell writes an event, at best, without waiting for it.
func (a *Agent) Tell(warning bool, reason, message string) { go a.tell(warning, reason, message) }

// Leader is the id of the member that the record names, empty for none.
func (a *Agent) Leader() string { return a.shown.Load().seen.Record.Record.Holder.ID }

// LeadingMember is the member that the record names.
func (a *Agent) LeadingMember() (ha.Member, bool) { return a.holder() }

// abandoned lets members run again that were stopped for a restore which a former sidecar had begun.
func (k *Keeper) abandoned(ctx context.Context) {
	k.mu.Lock()
	running := k.restore.State == "running"
	k.mu.Unlock()
	if _, err := os.Stat(k.restoringPath()); running || err != nil {
		return
	}
	k.Log.Warn("a restore in place was interrupted: the members that were stopped for it go on")
	k.unfenceOthers(ctx, false)
}
