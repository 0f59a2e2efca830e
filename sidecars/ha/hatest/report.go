package hatest

import (
	"fmt"
	"strings"
	"time"
)

// Stats of a run, or of many.
type Stats struct {
	Simulated                         time.Duration
	Events, Steps, Messages, Requests int
	Writes, Acks, StaleAcks           int
	Failovers, Terms, Lossy           int
	Forced, Accepted, Excused         int
	Fenced, Crashes, Cuts, Answered   int
	Faults                            [kinds]int
	// Outage is the longest after a fault of the kind.
	Outage    [kinds]time.Duration
	Outages   int
	MaxOutage time.Duration
}

// outage is over: it is booked on the fault before it.
func (w *World) outage(d time.Duration) {
	s := &w.stats
	s.Outages++
	s.MaxOutage = max(s.MaxOutage, d)
	s.Outage[w.lastFault] = max(s.Outage[w.lastFault], d)
}

// Add sums up two.
func (s *Stats) Add(t *Stats) {
	s.Simulated += t.Simulated
	s.Events += t.Events
	s.Steps += t.Steps
	s.Messages += t.Messages
	s.Requests += t.Requests
	s.Writes += t.Writes
	s.Acks += t.Acks
	s.StaleAcks += t.StaleAcks
	s.Failovers += t.Failovers
	s.Terms += t.Terms
	s.Lossy += t.Lossy
	s.Forced += t.Forced
	s.Accepted += t.Accepted
	s.Excused += t.Excused
	s.Fenced += t.Fenced
	s.Crashes += t.Crashes
	s.Cuts += t.Cuts
	s.Answered += t.Answered
	s.Outages += t.Outages
	s.MaxOutage = max(s.MaxOutage, t.MaxOutage)
	for i := range s.Faults {
		s.Faults[i] += t.Faults[i]
		s.Outage[i] = max(s.Outage[i], t.Outage[i])
	}
}

// Table is for people. took is how long the runs took.
func (s *Stats) Table(took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.0f simulated hours, %d events (%.2f million/s), %d steps, %d messages, %d requests\n", s.Simulated.Hours(), s.Events,
		float64(s.Events)/1e6/took.Seconds(), s.Steps, s.Messages, s.Requests)
	fmt.Fprintf(&b, "%d promotions in %d terms, %d with losses (async), %d by a person's word (%d with losses, %d past a holder that nothing could tell), %d fenced, %d cut between two actions; %d acknowledged, %d stale after a thaw\n",
		s.Failovers, s.Terms, s.Lossy, s.Forced, s.Accepted, s.Excused, s.Fenced, s.Cuts, s.Acks, s.StaleAcks)
	for k := range s.Faults {
		if s.Faults[k] > 0 {
			fmt.Fprintf(&b, "  %-18s %6d  longest outage %6.1fs\n", Kind(k), s.Faults[k], s.Outage[k].Seconds())
		}
	}
	return b.String()
}
