package hatest

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Mistake is a known one of what surrounds the core: the loop, the supervisor, the clocks.
type Mistake uint8

// The mistakes.
const (
	NoMistake Mistake = iota
	WritesUnconditionally
	TakesDeletionForDeath
	TakesAnyDeathForProof
	HasNoGuard
	FencesSmartly
	CountsFromWhenItHeard
	RemembersNothing
	LabelsBeforeItHolds
	TrustsOneClock
	TrustsTheSlewedClock
	mistakes
)

var mistakeNames = [mistakes]string{"none", "writes without comparison", "takes a deleted pod for a dead one", "takes any death for the holder's", "has no guard",
	"fences by a smart stop", "counts a permit from when it heard of it", "remembers nothing on the volume", "labels before it holds the record",
	"trusts a clock that a suspended machine does not count", "trusts the clock that NTP slews"}

func (m Mistake) String() string { return mistakeNames[m] }

// Mutant is a cluster with one known mistake, in the core or around it.
type Mutant struct {
	Name    string
	Core    Core
	Mistake Mistake
	ground  ground
}

// Mutants lists all of them.
func Mutants() []Mutant {
	var all []Mutant
	for _, name := range ha.Mutants() {
		core := Real()
		core.New = func(d ha.Durable, nonce string, now ha.Instant) ha.State {
			return ha.Mutate(ha.New(d, nonce, now), name)
		}
		all = append(all, Mutant{Name: name, Core: core, ground: grounds(name)})
	}
	for m := NoMistake + 1; m < mistakes; m++ {
		all = append(all, Mutant{Name: m.String(), Core: Real(), Mistake: m, ground: grounds(m.String())})
	}
	return all
}

// Hunt runs seeds from first on until one shows that the mutant is one, and not the real core; false where n did not.
func (m Mutant) Hunt(first uint64, n int) (Violation, bool) {
	for seed := first; seed < first+uint64(n); seed++ {
		o, faults := m.ground.draw(seed)
		o.Core, o.Mistake = m.Core, m.Mistake
		v := play(o, faults).Violation()
		o.Core, o.Mistake = Real(), NoMistake
		if v != nil && play(o, faults).Violation() == nil {
			return *v, true
		}
	}
	return Violation{At: time.Duration(n)}, false
}

// grounds is where to look for a mistake that the swarm at large seldom meets.
func grounds(name string) ground {
	synchronous := []ha.Mode{ha.Required, ha.Preferred}
	apart := []drawn{{CutAll, 5 * second, 30 * second, 0}, {CutPeers, 5 * second, 20 * second, 0}, {CutAPI, 10 * second, 60 * second, 0}}
	switch name {
	case "counts from the answer":
		return ground{kinds: append(apart, drawn{SlowNetwork, 60 * second, 90 * second, 8}, drawn{SlowNetwork, 60 * second, 90 * second, 8}), modes: []ha.Mode{ha.Required},
			nodes: 3, buggify: true, profile: "fast", gap: 10 * second}
	case "forgets its writes under way", "a permit while its record may be given away":
		return ground{kinds: []drawn{{APIFlaky, 20 * second, 40 * second, 2}, {CutLink, 5 * second, 40 * second, 0}, {CutAPI, 10 * second, 40 * second, 0}, {KillSidecar, second, 3 * second, 0},
			{KillPod, 0, 0, 0}}, modes: synchronous, nodes: 3, crash: 0.005, gap: 12 * second}
	case "grants after voting", "a new process has promised nothing":
		return ground{kinds: []drawn{{CutAPI, 20 * second, 60 * second, 0}, {CutPeers, 5 * second, 12 * second, 0}, {CutLink, 5 * second, 12 * second, 0}, {APISlow, 10 * second, 40 * second, 3},
			{KillSidecar, second, 4 * second, 0}, {APIFlaky, 20 * second, 60 * second, 1}}, nodes: 3, gap: 8 * second}
	case "votes while it receives":
		return ground{kinds: []drawn{{KillPostmaster, 0, 0, 0}, {CrashBackend, 0, 0, 0}}, modes: synchronous, nodes: 3, buggify: true, lag: 400 * time.Millisecond}
	case "elects who only cascaded":
		return ground{kinds: []drawn{{CutAll, 20 * second, 40 * second, 0}}, modes: []ha.Mode{ha.Async}, nodes: 3, gap: 2 * second, profile: "fast", buggify: true}
	case "publishes before it is confirmed", "changes two things at a time", "relaxes commits before it publishes":
		return ground{kinds: []drawn{{PendingRestart, 0, 0, 0}, {KillPod, 0, 0, 0}, {CutLink, 5 * second, 20 * second, 0}, {APISlow, 10 * second, 30 * second, 1}}, modes: synchronous, nodes: 3,
			lag: 200 * time.Millisecond, buggify: true, gap: 8 * second}
	case "renews while it cannot write":
		return ground{kinds: []drawn{{StopPostmaster, 60 * second, 90 * second, 0}}, nodes: 3, gap: 60 * second, outage: 40 * second}
	case "any instance":
		return ground{kinds: []drawn{{KillSupervisor, 0, 0, 0}}, modes: []ha.Mode{ha.Async}, nodes: 3}
	case "writes without comparison":
		return ground{kinds: append(apart, drawn{FreezeWatch, 20 * second, 60 * second, 0}), nodes: 3}
	case "opens at once after a crash":
		return ground{kinds: []drawn{{StopPostmaster, 10 * second, 30 * second, 0}, {KillPostmaster, 0, 0, 0}, {CutLink, 10 * second, 40 * second, 0}, {KillSidecar, second, 3 * second, 0}},
			modes: []ha.Mode{ha.Required}, nodes: 2, gap: 8 * second, buggify: true}
	case "copies from a former term", "bars who was named over":
		return ground{kinds: []drawn{{EditRecord, 0, 0, 0}, {SuspendPod, 20 * second, 60 * second, 0}, {FreezePod, 20 * second, 40 * second, 0}}, nodes: 3, gap: 12 * second}
	case "takes at once where there is no record":
		return ground{kinds: append(apart, drawn{DeleteRecord, 0, 0, 0}), nodes: 3, gap: 10 * second}
	case "is forced unasked":
		return ground{kinds: []drawn{{CutPeers, 20 * second, 60 * second, 0}, {Failover, 0, 0, 1}}, nodes: 3, gap: 8 * second}
	case "is forced for ever":
		return ground{kinds: []drawn{{StopPostmaster, 30 * second, 40 * second, 0}, {Failover, 0, 0, 1}, {Failover, 0, 0, 1}, {Switchover, 0, 0, 0}, {CutLink, 10 * second, 40 * second, 0}, {CutAll, 10 * second, 40 * second, 0}},
			modes: synchronous, nodes: 3, gap: 5 * second}
	case "stamps another's claim":
		return ground{kinds: []drawn{{FenceRequest, 10 * second, 30 * second, 0}, {Failover, 0, 0, 1}, {Failover, 0, 0, 1}, {KillPostmaster, 0, 0, 0}}, modes: []ha.Mode{ha.Preferred}, nodes: 3, gap: 5 * second}
	case "leads alone while it is asked whether it lives":
		return ground{kinds: []drawn{{KillSidecar, 12 * second, 30 * second, 0}, {StopSidecar, 12 * second, 30 * second, 0}, {Failover, 0, 0, 1}, {Failover, 0, 0, 1}, {APISlow, 20 * second, 60 * second, 1}},
			modes: synchronous, nodes: 2, gap: 5 * second}
	case "leads alone as it wakes":
		return ground{kinds: []drawn{{SuspendPod, 30 * second, 60 * second, 0}, {FreezePod, 30 * second, 60 * second, 0}, {Failover, 0, 0, 1}, {Failover, 0, 0, 1}}, modes: synchronous, nodes: 2, gap: 5 * second}
	case "counts what was passed on for the holder's own":
		return ground{kinds: []drawn{{CutAll, 10 * second, 40 * second, 0}, {CutAll, 10 * second, 40 * second, 0}, {OnItsOwn, 0, 0, 0}}, nodes: 3, gap: 20 * second, outside: true}
	case "starts by what is published alone":
		return ground{kinds: []drawn{{APIFlaky, 20 * second, 40 * second, 1}, {APIFlaky, 20 * second, 40 * second, 1}, {KillPostmaster, 0, 0, 0}, {CutLink, 5 * second, 20 * second, 0}, {CutAll, 5 * second, 20 * second, 0}},
			modes: synchronous, nodes: 3, gap: 6 * second, lag: 200 * time.Millisecond}
	case "waits for a lost log for ever", "keeps to its upstream while it replays":
		return ground{kinds: []drawn{{LoseSegment, 0, 0, 0}, {KillPostmaster, 0, 0, 0}, {KillPod, 0, 0, 0}}, nodes: 3, gap: 20 * second}
	case "takes silence for a lost log", "takes any segment for the same", "believes an old refusal":
		return ground{kinds: []drawn{{LongReplay, 40 * second, 90 * second, 3}, {KillSidecar, second, 3 * second, 0}}, nodes: 3, gap: 20 * second}
	case "trusts the clock that NTP slews":
		return ground{kinds: append(apart, drawn{SlewClock, 60 * second, 120 * second, 0}, drawn{SlewClock, 60 * second, 120 * second, 0}), nodes: 3, buggify: true, gap: 8 * second}
	}
	return ground{}
}
