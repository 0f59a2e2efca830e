package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// certificates are what the server speaks TLS with, as they lie there now: its certificate, the key and the authority.
type certificates [3]os.FileInfo

func certificatesOf(t config.TLS) (c certificates) {
	for i, name := range []string{t.Cert, t.Key, t.CA} {
		c[i], _ = os.Stat(name) // what is not there is nil, and another one when it comes
	}
	return c
}

func (c certificates) same(o certificates) bool {
	for i := range c {
		if (c[i] == nil) != (o[i] == nil) || c[i] != nil && !(os.SameFile(c[i], o[i]) && c[i].ModTime().Equal(o[i].ModTime())) {
			return false
		}
	}
	return true
}

// watchCertificates has postgres read its certificates again when they were renewed: it goes on with those that it was started with otherwise,
// until they have run out.
func (s *sidecar) watchCertificates(ctx context.Context) {
	ticker := time.NewTicker(fileEvery)
	defer ticker.Stop()
	last := certificatesOf(s.current.load().Postgres.TLS)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := certificatesOf(s.current.load().Postgres.TLS)
		if now.same(last) {
			continue
		}
		if err := s.database.Postgres.Reload(ctx); err != nil && !errors.Is(err, postgres.ErrNotRunning) {
			s.log.Error("renewed certificates are not read", "err", err)
			continue // and tried again
		}
		last = now
		s.log.Info("certificates were renewed, and postgres has read them")
	}
}
