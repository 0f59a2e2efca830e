package permitmodel

// Action is one step of somebody. A and B are members, or a slot.
type Action struct {
	Kind kind
	A, B uint8

	Write writeKind // of an action that is one
	Late  bool      // its answer is
}

type kind uint8

const (
	tick kind = iota
	read
	beatNow
	beatSend
	beatArrive
	beatAgain
	beatAnswer
	vote
	writing
	writeApply
	writeLost
	writeAnswer
	wantAdd
	sidecarRestart
	supervisorRestart
	deleteLease
	editLease
	phaseLies
	adopt
)

type model struct {
	sc    Scenario
	p     Protocol
	t     Times
	short int // the challenger's wait

	actions []Action
	next    State
}

func newModel(sc Scenario, p Protocol) *model {
	prof := crude
	if p.NoSlack {
		prof.S = 0
	}
	m := &model{sc: sc, p: p, t: prof.Times(), actions: sc.actions()}
	if sc.Times != (Times{}) {
		m.t = sc.Times
	}
	m.short = m.t.Wait
	if p.ShortWait {
		m.short = m.t.Wait / 2
	}
	return m
}

// initial is a cluster in which member 0 has just written its first record, and everyone has read it.
func (m *model) initial() State {
	var s State
	s.rec = record{exists: true, holder: 0, instance: true, term: 1, members: m.sc.Members, w: m.sc.W, n: m.sc.N}
	for i := range s.nodes {
		s.nodes[i] = node{current: true, wait: uint8(m.short), members: m.sc.Members, term: 1, floor: 1, w: m.sc.W, n: m.sc.N}
	}
	h := &s.nodes[0]
	h.believes, h.named, h.fenced, h.required, h.api = 1, true, true, m.sc.Members, uint8(m.t.Hold+1)
	s.left = faults{sidecars: uint8(m.sc.Sidecars), supervisors: uint8(m.sc.Supervisors), deletes: uint8(m.sc.Deletes),
		edits: uint8(m.sc.Edits), changes: uint8(m.sc.Changes), phases: uint8(m.sc.Phases)}
	m.settle(&s)
	return s
}

// actions are all steps that a search with this scenario may have to try.
func (sc Scenario) actions() []Action {
	all := []Action{{Kind: tick}, {Kind: adopt}}
	add := func(may bool, a ...Action) {
		if may {
			all = append(all, a...)
		}
	}
	add(sc.Deletes > 0, Action{Kind: deleteLease})
	add(sc.Edits > 0, Action{Kind: editLease})
	add(sc.Phases > 0, Action{Kind: phaseLies})
	for i := range uint8(Members) {
		add(true, Action{Kind: read, A: i}, Action{Kind: vote, A: i})
		add(sc.Sidecars > 0, Action{Kind: sidecarRestart, A: i})
		add(sc.Supervisors > 0, Action{Kind: supervisorRestart, A: i})
		for j := range uint8(Members) {
			add(i != j, Action{Kind: beatNow, A: i, B: j})
			add(i != j && sc.SlowBeats > 0, Action{Kind: beatSend, A: i, B: j})
			add(i != j && sc.Changes > 0, Action{Kind: wantAdd, A: i, B: j})
		}
		for w := refresh; w <= release; w++ {
			for arg := range w.arguments() {
				late := sc.SlowWrites > 0 && (sc.Late == 0 || sc.Late>>w&1 == 1)
				add(sc.has(w), Action{Kind: writing, A: i, B: arg, Write: w})
				add(sc.has(w) && late, Action{Kind: writing, A: i, B: arg, Write: w, Late: true})
			}
		}
	}
	for k := range uint8(sc.SlowBeats) {
		add(true, Action{Kind: beatArrive, A: k}, Action{Kind: beatAgain, A: k}, Action{Kind: beatAnswer, A: k})
	}
	for k := range uint8(sc.SlowWrites) {
		add(true, Action{Kind: writeApply, A: k}, Action{Kind: writeLost, A: k}, Action{Kind: writeAnswer, A: k})
	}
	return all
}

// has says whether writes of the kind can come up at all.
func (sc Scenario) has(w writeKind) bool {
	switch w {
	case create, claim:
		return sc.Deletes > 0
	case add, remove, publish:
		return sc.Changes > 0
	case release:
		return sc.Release
	default:
		return true
	}
}

// successors gives every state that one step leads to. The state is emit's only until it returns.
func (m *model) successors(s *State, emit func(Action, *State)) {
	for _, a := range m.actions {
		if a.Kind == writing && !s.nodes[a.A].current {
			continue // it would fail, or be sent after a read
		}
		m.next = *s
		if m.step(&m.next, a) {
			m.settle(&m.next)
			emit(a, &m.next)
		}
	}
}

// step does one action, or says that it cannot be done now. The state is spoiled then.
func (m *model) step(s *State, a Action) bool {
	i, j := int(a.A), int(a.B)
	switch a.Kind {
	case tick:
		return m.tick(s)
	case read:
		return m.read(s, i)
	case beatNow:
		return m.beatNow(s, i, j)
	case beatSend:
		return m.beatSend(s, i, j)
	case beatArrive, beatAgain:
		return m.beatArrive(s, i, a.Kind == beatAgain)
	case beatAnswer:
		return m.beatAnswer(s, i)
	case vote:
		return m.vote(s, i)
	case writing:
		return m.write(s, i, j, a.Write, a.Late)
	case writeApply:
		return m.applyLate(s, i)
	case writeLost:
		return m.loseAnswer(s, i)
	case writeAnswer:
		return m.answerLate(s, i)
	case wantAdd:
		return m.wantAdd(s, i, j)
	default:
		return m.fault(s, a.Kind, i)
	}
}

// settle gives the supervisors every permit there is, for the worst case is a holder that always asks in time, and
// clears what no later step can tell apart.
func (m *model) settle(s *State) {
	for i := range s.nodes {
		n := &s.nodes[i]
		if p := m.permit(s, i); p > 0 {
			n.alive = max(n.alive, p+uint8(m.t.Kill))
		}
		if n.believes == 0 {
			n.named, n.fenced, n.required, n.pending, n.api = false, false, 0, 0, 0
			n.pendingW, n.pendingN, n.grants = 0, 0, [Members]uint8{}
		}
		if n.promise == 0 || !m.p.PromiseOfItsTermOnly {
			n.promiseTerm = 0
		}
		if !n.current && !n.absent {
			n.wait = uint8(m.short)
		}
		if m.sc.Deletes == 0 {
			n.members, n.term = 0, 0
		}
	}
	for k := range s.beats {
		b := &s.beats[k]
		if b.phase != 0 && (int(b.age) > m.t.Wait || b.phase == 2 && s.nodes[b.from].believes != b.term) {
			*b = beat{}
		}
	}
	for k := range s.writes {
		w := &s.writes[k]
		if w.phase == 1 && w.kind != create && !w.base || w.phase == 2 && !w.asked {
			*w = write{} // it will fail, and the sender may learn that by reading
		}
		if !w.asked {
			w.age = 0
		}
	}
}

func (m *model) tick(s *State) bool {
	down := func(v *uint8) {
		if *v > 0 {
			*v--
		}
	}
	for i := range s.nodes {
		n := &s.nodes[i]
		down(&n.alive)
		down(&n.api)
		down(&n.promise)
		down(&n.boot)
		down(&n.wait)
		for j := range n.grants {
			down(&n.grants[j])
		}
	}
	for k := range s.beats {
		if s.beats[k].phase != 0 {
			s.beats[k].age++
		}
	}
	for k := range s.writes {
		if w := &s.writes[k]; w.phase != 0 {
			w.age = min(w.age+1, uint8(m.t.Hold+1))
		}
	}
	return true
}

// permit is how long member i may serve by what it knows, in the encoding of rights.
func (m *model) permit(s *State, i int) uint8 {
	n := &s.nodes[i]
	if n.believes == 0 || !n.named && !m.p.PermitOutlivesInstance {
		return 0
	}
	if !n.fenced && !m.p.UnfencedPeers {
		return n.api
	}
	return max(n.api, m.peersPath(n, i))
}

// peersPath is the worst over everything that may be published: what is known, and what is under way.
func (m *model) peersPath(n *node, i int) uint8 {
	if m.sc.W == 0 {
		permit := uint8(m.t.Hold + 1)
		for j := range Members {
			if (n.required | n.pending).without(i).has(j) {
				permit = min(permit, n.grants[j])
			}
		}
		return permit
	}
	permit := best(n, n.n.without(i), n.w)
	if n.pendingW > 0 && !m.p.CachedSyncOnly {
		permit = min(permit, best(n, n.pendingN.without(i), n.pendingW))
	}
	return permit
}

// best is the w-th best grant among the members of of.
func best(n *node, of set, w uint8) uint8 {
	for permit := uint8(15); permit > 0; permit-- {
		count := uint8(0)
		for j := range Members {
			if of.has(j) && n.grants[j] >= permit {
				count++
			}
		}
		if count >= w {
			return permit
		}
	}
	return 0
}
