package main

import (
	"context"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/rest"
)

const (
	// keepEvery is how often the primary looks whether the roles of poolers and dumps are as they should be: a few small queries where they are.
	keepEvery = 10 * time.Second
	// keepSoon is how soon it does so at first, and while something keeps it from it.
	keepSoon = 3 * time.Second
)

// kept is a role of ours that others log in by.
type kept struct {
	of   string
	file func(config.Postgres) string // of its password; "" without one
	keep func(ctx context.Context, file string) (changed bool, err error)
	last string // what was told of it
}

// keepRoles keeps the roles of poolers and of dumps on a primary that takes writes, with the passwords that the files have by now. Right after a failover
// they are there already: they came with the log.
func (s *sidecar) keepRoles(ctx context.Context) {
	roles := []kept{
		{of: "poolers", file: func(p config.Postgres) string { return p.PoolerPasswordFile }, keep: s.database.Postgres.KeepPooler},
		{of: "dumps", file: func(p config.Postgres) string { return p.DumpPasswordFile }, keep: s.database.Postgres.KeepDumper},
	}
	pause := time.Second
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = keepEvery
		p := s.current.load().Postgres
		if p.PoolerPasswordFile == "" && p.DumpPasswordFile == "" {
			continue
		}
		v := s.agent.View(s.identity())
		if v.Role != rest.Primary || v.State != rest.Running || v.Gated || v.Paused {
			pause = keepSoon
			continue
		}
		for i := range roles {
			if file := roles[i].file(p); file != "" {
				s.keepRole(ctx, &roles[i], file)
			}
		}
	}
}

func (s *sidecar) keepRole(ctx context.Context, k *kept, file string) {
	limited, cancel := context.WithTimeout(ctx, keepEvery)
	defer cancel()
	changed, err := k.keep(limited, file)
	switch {
	case err != nil && err.Error() != k.last: // once, not every ten seconds
		k.last = err.Error()
		s.log.Error(k.of+" cannot log in", "err", err)
	case err == nil:
		k.last = ""
		if changed {
			s.log.Info("the role of " + k.of + " is as it should be")
		}
	}
}
