package pooler

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ask keeps what PgBouncer says of itself, until ctx ends. The first answer is awaited more eagerly: the pod is not ready before.
func (p *process) ask(ctx context.Context) {
	for {
		limited, cancel := context.WithTimeout(ctx, askEvery)
		s := p.console.snapshot(limited)
		cancel()
		p.mu.Lock()
		p.latest = s
		if s.version != "" {
			p.answered = time.Now()
		}
		next := askEvery
		if p.answered.IsZero() {
			next = 100 * time.Millisecond
		}
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-p.ended:
			return
		case <-time.After(next):
		}
	}
}

// snapshot asks for everything; without a version there is nothing else either.
func (c console) snapshot(ctx context.Context) snapshot {
	var s snapshot
	rows, err := c.run(ctx, "SHOW VERSION")
	if err != nil || len(rows) != 1 {
		return s
	}
	s.version = rows[0]["version"]
	s.pools, _ = c.run(ctx, "SHOW POOLS")
	s.stats, _ = c.run(ctx, "SHOW STATS")
	s.all, _ = c.run(ctx, "SHOW DATABASES")
	settings, _ := c.run(ctx, "SHOW CONFIG")
	s.configured = make(map[string]string, len(settings))
	for _, row := range settings {
		s.configured[row["key"]] = row["value"]
	}
	lists, _ := c.run(ctx, "SHOW LISTS")
	s.lists = make(map[string]float64, len(lists))
	for _, row := range lists {
		if value, ok := number(row, "items"); ok {
			s.lists[row["list"]] = value
		}
	}
	return s
}

// already tells that PgBouncer refused to do what is done. It has one code for everything it refuses.
func already(err error) bool {
	var answered *pgconn.PgError
	if !errors.As(err, &answered) {
		return false
	}
	return answered.Message == "already suspended/paused" || answered.Message == "pooler is not paused/suspended"
}

// handler answers probes and scrapes from memory.
func (p *process) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/liveness":
			_, _ = io.WriteString(w, "it runs\n") // or this process would have ended with it
		case "/readiness":
			if why := p.unready(time.Now()); why != "" {
				http.Error(w, why, http.StatusServiceUnavailable)
				return
			}
			_, _ = io.WriteString(w, "ready\n")
		case "/metrics":
			p.mu.Lock()
			s := p.latest
			s.reloads, s.reloadFailed = p.reloads, p.failed
			p.mu.Unlock()
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, metrics(s))
		default:
			http.NotFound(w, r)
		}
	})
}

// unready is why clients should not be led here.
func (p *process) unready(now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.draining:
		return "the pod ends"
	case p.answered.IsZero():
		return "PgBouncer has not answered yet"
	case now.Sub(p.answered) > fresh:
		return "PgBouncer does not answer"
	}
	return ""
}
