package ha

import (
	"strings"
	"time"
)

// at gives the instant s seconds after the members started.
func at(s float64) Instant {
	d := int64(s * float64(time.Second))
	return Instant{Raw: 1e12 + d, Boot: 2e12 + d}
}

var (
	alpha = Member{ID: "va", Name: "shop-0", Addr: "10.0.0.1:8008", Host: "10.0.0.1"}
	bravo = Member{ID: "vb", Name: "shop-1", Addr: "10.0.0.2:8008", Host: "10.0.0.2"}
	carol = Member{ID: "vc", Name: "shop-2", Addr: "10.0.0.3:8008", Host: "10.0.0.3"}
)

// ruled is a record of three members that alpha holds in term 7.
func ruled() Record {
	return Record{Version: "100", Stamp: "n-1", Term: 7, Holder: Holder{"va", "sup-a"}, Window: 8000, Members: []Member{alpha, bravo, carol}, Mode: Async,
		At: Position{3, 1000}, SystemID: 42}
}

// scene is one member with what it sees, 100 s after its start unless told.
type scene struct {
	s State
	o Observation
	c Config
}

func sceneOf(self Member, led uint64) *scene {
	sc := &scene{c: Config{Instances: 3}.Defaults()}
	sc.s = New(Durable{Term: 7, Led: led, Streamed: 7, Last: ruled()}, "nonce", at(0))
	sc.o = Observation{Now: at(100), Self: self, Record: Seen{Known: true, Record: ruled(), First: at(1), At: at(100)},
		Supervisor: Supervisor{Instance: "sup-" + self.ID[1:], Locked: true}}
	return sc
}

// follower is bravo, streaming from alpha.
func follower() *scene {
	sc := sceneOf(bravo, 0)
	sc.o.Supervisor.Phase = Standby
	sc.o.Postgres = Postgres{At: at(100), InRecovery: true, Position: Position{3, 1000}, SystemID: 42, Upstream: "va", Receiver: true, Streaming: true}
	return sc
}

// apply is an API server that does what is written.
func (sc *scene) apply() {
	w := sc.s.writing
	sc.o.Written = &Written{Stamp: w.Stamp, Outcome: Applied}
	sc.o.Record.Record = w.Record.clone()
	sc.o.Record.Record.Version, sc.o.Record.First = w.Stamp, sc.o.Now
}

// holder is alpha, writing, granted by both, with the record refreshed.
func holder() *scene {
	sc := sceneOf(alpha, 7)
	sc.o.Supervisor.Phase = Primary
	sc.o.Postgres = Postgres{At: at(100), Position: Position{3, 1000}, SystemID: 42, Wrote: at(100)}
	sc.step()
	for _, m := range []Member{bravo, carol} {
		sc.o.Heard = append(sc.o.Heard, Message{Kind: Grant, From: m.ID, Seq: sc.seqTo(m.ID), Term: 7, Instance: "sup-a", Yes: true,
			Report: Report{Member: m, At: Position{3, 1000}, Streaming: true, Under: 7}})
	}
	sc.later(0.1).o.Postgres.Wrote = at(100.05)
	sc.apply()
	sc.step()
	return sc
}

func (sc *scene) seqTo(id string) uint64 { return sc.s.peer2(id).SeqSent[0].Seq }

func (s *State) peer2(id string) *peer { return (&step{State: s}).peer(id) }

func (sc *scene) step() []Action {
	var out []Action
	sc.s, out = sc.s.Step(sc.o, sc.c)
	sc.o.Heard, sc.o.Written = nil, nil
	return out
}

func (sc *scene) later(seconds float64) *scene {
	sc.o.Now = sc.o.Now.Add(time.Duration(seconds * float64(time.Second)))
	return sc
}

func (sc *scene) silent() *scene {
	sc.o.Postgres.Streaming, sc.o.Postgres.Receiver, sc.o.Postgres.Upstream = false, false, ""
	return sc
}

func kinds(actions []Action) string {
	var names []string
	for _, a := range actions {
		name := a.Do.String()
		if a.To != nil {
			name = a.To.Kind.String()
			if a.To.Kind == Grant || a.To.Kind == Vote {
				name += map[bool]string{true: " yes", false: " no"}[a.To.Yes]
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func beatOf(term uint64) Message {
	return Message{Kind: Beat, From: "va", To: "vb", Seq: 5, Term: term, Instance: "sup-a", Version: "100", Report: Report{Member: alpha, Open: true, Under: term, At: Position{3, 1000}}}
}
