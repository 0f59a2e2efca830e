package rest

import "time"

// Provision is what came of keeping roles and databases as they are wanted.
type Provision struct {
	Applied  time.Time // when everything was as wanted last; zero: never since this member leads, or it does not
	Changes  uint64    // statements that were run
	Failures uint64    // statements that failed, and what else did
	Problems []string  // of the last time, without secrets
}

type provisionDoc struct {
	Applied  string   `json:"last_success,omitempty"`
	Changes  uint64   `json:"changes"`
	Failures uint64   `json:"failures"`
	Problems []string `json:"problems,omitempty"`
}

// document is nil where there is nothing to tell.
func (p Provision) document() *provisionDoc {
	if p.Applied.IsZero() && p.Changes == 0 && p.Failures == 0 && len(p.Problems) == 0 {
		return nil
	}
	doc := &provisionDoc{Changes: p.Changes, Failures: p.Failures, Problems: p.Problems}
	if !p.Applied.IsZero() {
		doc.Applied = p.Applied.UTC().Format(time.RFC3339)
	}
	return doc
}

func provisionMetrics(w *exposition, p *Provision) {
	one := func(name, kind, help string, value float64) {
		w.family(name, kind, help)
		w.sample(name, value)
	}
	one("onggi_provision_last_success_timestamp_seconds", "gauge", "When roles and databases were last as wanted, 0 where this member does not lead.", epoch(p.Applied))
	one("onggi_provision_problems", "gauge", "What is not as wanted, and could not be changed the last time.", float64(len(p.Problems)))
	one("onggi_provision_changes_total", "counter", "Changes of roles and databases.", float64(p.Changes))
	one("onggi_provision_failures_total", "counter", "Changes that failed.", float64(p.Failures))
}
