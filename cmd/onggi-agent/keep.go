package main

import (
	"context"
	"time"

	"github.com/onggi-db/onggi/sidecars/rest"
)

const (
	// keepEvery is how often the primary looks whether the role of poolers is as it should be: two small queries where it is.
	keepEvery = 10 * time.Second
	// keepSoon is how soon it does so at first, and while something keeps it from it.
	keepSoon = 3 * time.Second
)

// keepPooler keeps the role of poolers on a primary that takes writes, with the password that the file has by now. Right after a failover it
// is there already: it came with the log.
func (s *sidecar) keepPooler(ctx context.Context) {
	pause := time.Second
	for last := ""; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		file := s.current.load().Postgres.PoolerPasswordFile
		if file == "" {
			pause = keepEvery
			continue
		}
		v := s.agent.View(s.identity())
		if v.Role != rest.Primary || v.State != rest.Running || v.Gated || v.Paused {
			pause = keepSoon
			continue
		}
		limited, cancel := context.WithTimeout(ctx, keepEvery)
		changed, err := s.database.Postgres.KeepPooler(limited, file)
		cancel()
		pause = keepEvery
		switch {
		case err != nil && err.Error() != last: // once, not every ten seconds
			last = err.Error()
			s.log.Error("poolers cannot log in", "err", err)
		case err == nil:
			last = ""
			if changed {
				s.log.Info("the role of poolers is as it should be")
			}
		}
	}
}
