package ha

import "time"

// Config is what people chose. It may change between two steps.
type Config struct {
	Timing  Timing
	Mode    Mode
	W       int // standbys that a commit is acknowledged by, where Mode is not Async
	Ordinal int // of the pod in its StatefulSet
	// Instances is how many there should be: a member of a higher ordinal is leaving.
	Instances int
	Priority  int
	// Outside: the cluster is one that follows a server elsewhere. A cluster that has written does not become one.
	Outside bool
	// Supervised: a change that ends the primary waits for a person, who moves it.
	Supervised bool
	// Barred members never lead.
	Barred bool
	// Revision names the file that this is of: members compare theirs.
	Revision string
	// MaxLag is how far behind a standby may be and still be elected (Async), or be counted on (otherwise), in bytes.
	MaxLag LSN
	// MaxSilence is how long ago an asynchronous standby may have streamed for the last time.
	MaxSilence time.Duration
	// Patience
	RemoveAfter   time.Duration // a silent member is taken off the record
	SickAfter     time.Duration // a primary that cannot write gives up
	PromoteWithin time.Duration
	StopWithin    time.Duration
	// StallAfter is when Preferred goes on alone.
	StallAfter time.Duration
	// RestartWithin is how long a crashed primary may take to come back in its place, where there is no better.
	RestartWithin time.Duration
}

// Defaults fills what is zero.
func (c Config) Defaults() Config {
	if c.Timing == (Timing{}) {
		c.Timing = standard
	}
	if c.Mode == "" {
		c.Mode = Async
	}
	if c.Mode != Async && c.W == 0 {
		c.W = 1
	}
	or := func(d *time.Duration, by time.Duration) {
		if *d == 0 {
			*d = by
		}
	}
	if c.Instances == 0 {
		c.Instances = 3
	}
	if c.MaxLag == 0 {
		c.MaxLag = 1 << 20
		if c.Mode != Async {
			c.MaxLag = 16 << 20
		}
	}
	or(&c.MaxSilence, 10*time.Second)
	or(&c.RemoveAfter, 30*time.Second)
	or(&c.SickAfter, 10*time.Second)
	or(&c.PromoteWithin, 30*time.Second)
	or(&c.StopWithin, 10*time.Second)
	or(&c.StallAfter, 5*time.Second)
	or(&c.RestartWithin, 20*time.Second)
	return c
}
