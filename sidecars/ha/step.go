// Package ha decides.
package ha

import "time"

// Step takes what is known and gives what is to be done.
func (s State) Step(o Observation, c Config) (State, []Action) {
	return s, nil
}

// Paths gives what is left of the permit by the grants of the peers and by the record.
func (s *State) Paths(now Instant, instance string, c Config) (peers, api time.Duration) { return 0, 0 }
