package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/provision"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// Provisioner keeps roles, databases and passwords in the server as the file wants them, while this member is the primary. On any other it
// sees to the one password that a standby needs.
type Provisioner struct {
	Agent    *Agent
	Database *Database
	// File is the configuration in force.
	File func() config.File
	Log  *slog.Logger
	// Waits tells that databases are copied from elsewhere first.
	Waits func() bool

	mu   sync.Mutex
	told rest.Provision
}

const (
	// provisionLooks is how often it is looked whether this member leads.
	provisionLooks = 2 * time.Second
	// secretsEvery is how often the files with passwords are read.
	secretsEvery = 10 * time.Second
	// provisionWithin ends one round. An extension with much in it takes minutes to install.
	provisionWithin = 30 * time.Minute
	// admitsWithin ends a look at whether a password is in force.
	admitsWithin = 5 * time.Second
)

// Told is what came of it so far.
func (p *Provisioner) Told() rest.Provision {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := p.told
	told.Problems = slices.Clone(told.Problems)
	return told
}

// Run goes on until ctx ends.
func (p *Provisioner) Run(ctx context.Context) {
	ticker := time.NewTicker(provisionLooks)
	defer ticker.Stop()
	var r rounds
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		leads := p.Agent.leads()
		if !r.look(now, leads) {
			continue
		}
		f := p.File()
		if !leads {
			p.forget()
			p.followPassword(ctx, f)
			continue
		}
		inputs := inputsOf(f)
		inputs.waits = p.Waits != nil && p.Waits()
		if r.due(now, inputs.mark()) {
			p.round(ctx, f, inputs, &r)
		}
	}
}

// leads tells that this member's server takes writes, and may go on to.
func (a *Agent) leads() bool {
	s := a.shown.Load()
	q := &s.seen.Postgres
	return s.ready && !s.fenced && !q.At.IsZero() && !q.InRecovery && !q.Gated && a.Permit(s.fence.Instance) > 0
}

// forget forgets what failed while this member led: it is another's to tell.
func (p *Provisioner) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told.Problems, p.told.Applied = nil, time.Time{}
}

// round makes the server as wanted once.
func (p *Provisioner) round(ctx context.Context, f config.File, in inputs, r *rounds) {
	limited, cancel := context.WithTimeout(ctx, provisionWithin)
	defer cancel()
	result, soon := p.replicator(limited, f, in, r)
	more := provision.Apply(limited, p.Database.Postgres.Session, wantedOf(f, in))
	result.Done, result.Failed = append(result.Done, more.Done...), append(result.Failed, more.Failed...)
	for _, did := range result.Done {
		p.Log.Info("provision: " + did)
	}
	if ctx.Err() != nil || !p.Agent.leads() { // what failed did so because the server went
		r.led = false
		return
	}
	r.done(time.Now(), in.mark(), len(result.Failed) > 0, soon)
	p.tell(result)
}

// tell counts what was done, and says what was not.
func (p *Provisioner) tell(result provision.Result) {
	var problems []string
	for _, failure := range result.Failed {
		problems = append(problems, failure.String())
		p.Log.Error("provision: "+failure.What, "err", failure.Err)
	}
	p.mu.Lock()
	news := len(problems) > 0 && !slices.Equal(problems, p.told.Problems)
	p.told.Changes += uint64(len(result.Done))
	p.told.Failures += uint64(len(result.Failed))
	p.told.Problems = problems
	if problems == nil {
		p.told.Applied = time.Now()
	}
	p.mu.Unlock()
	if news {
		more := ""
		if len(problems) > 1 {
			more = fmt.Sprintf(", and %d more", len(problems)-1)
		}
		p.Agent.tell(true, "ProvisionFailed", problems[0]+more)
	}
}

// replicator sees to the password by which standbys log in. A stream that is open goes on whatever becomes of it, but who connects anew
// needs the one that is in force. So a new one is known to every member before it is: the primary waits, and its standbys go on with the
// old one until the primary lets the new one in. soon is when to look again.
func (p *Provisioner) replicator(ctx context.Context, f config.File, in inputs, r *rounds) (result provision.Result, soon time.Duration) {
	server := p.Database.Postgres
	wanted := in.replicator
	role := provision.Role{Role: config.Role{Name: postgres.Replicator, Login: true, Replication: true, Loose: true}, Password: wanted,
		AtBirth: postgres.ReplicatorGrants()}
	kept, err := server.Passfile()
	if err != nil {
		wanted.Err = errors.Join(wanted.Err, err)
	}
	if wanted.Text != "" && kept != "" && kept != wanted.Text && f.Instances > 1 {
		if left := time.Duration(f.Postgres.RotationSeconds)*time.Second - time.Since(r.rotates(wanted.Text, time.Now())); left > 0 {
			role.Password, soon = provision.Password{}, left
		}
	}
	result = provision.Apply(ctx, server.Session, provision.Wanted{Roles: []provision.Role{role}})
	if role.Password.Text != "" && kept != wanted.Text && result.Failed == nil {
		if err := server.SetPassfile(wanted.Text); err != nil {
			result.Failed = append(result.Failed, provision.Failure{What: "keep the replicator's password", Err: err})
		}
	}
	return result, soon
}

// followPassword takes a new password of the replicator once the primary lets it in.
func (p *Provisioner) followPassword(ctx context.Context, f config.File) {
	server := p.Database.Postgres
	if f.Postgres.ReplicationPasswordFile == "" {
		return
	}
	wanted, err := postgres.ReadPassword(f.Postgres.ReplicationPasswordFile)
	if err != nil {
		return // the file is being replaced; what the passfile has goes on
	}
	kept, err := server.Passfile()
	holder, held := p.Agent.holder()
	if err != nil || kept == wanted || kept != "" && !held {
		return
	}
	if kept != "" {
		limited, cancel := context.WithTimeout(ctx, admitsWithin)
		defer cancel()
		upstream, err := p.Database.upstreamOf(holder, "")
		if err == nil {
			err = server.Admits(limited, upstream, wanted)
		}
		if err != nil {
			p.Log.Debug("the replicator's new password is not in force yet", "err", err)
			return
		}
	}
	if err := server.SetPassfile(wanted); err != nil {
		p.Log.Error("the replicator's new password is not kept", "err", err)
		return
	}
	p.Log.Info("provision: follow the primary with the replicator's new password")
}
