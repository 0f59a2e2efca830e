package agent

import (
	"maps"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/rest"
)

// counts are what is counted and measured. REST reads them while the loop goes on, so they have a lock.
type counts struct {
	mu          sync.Mutex
	Steps       uint64
	StepTime    time.Duration // of all steps
	StepMax     time.Duration
	GapMax      time.Duration // by which a step came later than it was due, or that one took
	Dropped     uint64        // actions whose term had passed
	Canceled    uint64        // waits for standbys
	canceled    canceled
	Conflicts   uint64
	Roles       map[string]uint64
	Kills       map[string]uint64
	KillSeconds rest.Histogram
	Rejoins     map[string]uint64
	Phases      map[string]time.Duration // of the last failover
	Outage      time.Duration
}

func (c *counts) step(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Steps++
	c.StepTime += took
	c.StepMax = max(c.StepMax, took)
	c.GapMax = max(c.GapMax, took)
}

// turned counts how late a turn begins.
func (c *counts) turned(late time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.GapMax = max(c.GapMax, late)
}

func (c *counts) dropped() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Dropped++
}

func (c *counts) conflict() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Conflicts++
}

// canceled is what one supervisor told last.
type canceled struct {
	instance string
	n        uint64
}

// waits counts commits that were not waited for. The supervisor counts from its start.
func (c *counts) waits(instance string, n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if instance == "" {
		return
	}
	if c.canceled.instance != instance {
		c.canceled = canceled{instance: instance}
	}
	c.Canceled += n - min(n, c.canceled.n)
	c.canceled.n = n
}

// killed counts a kill by the supervisor, as it told of it.
func (c *counts) killed(reason string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add(&c.Kills, reason)
	if c.KillSeconds.Bounds == nil {
		c.KillSeconds = rest.NewHistogram(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
	}
	c.KillSeconds = c.KillSeconds.Observe(took.Seconds())
}

// role counts a change of role, by what it was.
func (c *counts) role(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add(&c.Roles, what)
}

func (c *counts) rejoined(how string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add(&c.Rejoins, how)
}

// phases adds to those of the last change of hands. Nil begins another.
func (c *counts) phases(took map[string]time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if took == nil || c.Phases == nil {
		c.Phases = map[string]time.Duration{}
	}
	maps.Copy(c.Phases, took)
}

func (c *counts) outage(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Outage = d
}

func add(to *map[string]uint64, key string) {
	if *to == nil {
		*to = map[string]uint64{}
	}
	(*to)[key]++
}

// counters are a copy for REST.
func (c *counts) counters() rest.Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return rest.Counters{
		RoleChanges: maps.Clone(c.Roles), FenceKills: maps.Clone(c.Kills), FenceKillSeconds: c.KillSeconds, Rejoins: maps.Clone(c.Rejoins),
		FailoverPhases: maps.Clone(c.Phases), LastOutage: c.Outage, Conflicts: c.Conflicts, WaitsCanceled: c.Canceled, LoopGap: c.GapMax,
	}
}
