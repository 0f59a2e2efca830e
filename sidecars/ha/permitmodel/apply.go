package permitmodel

// changed makes every sight of the record stale, and every write that was based on it fail.
func (s *State) changed() {
	for i := range s.nodes {
		n := &s.nodes[i]
		n.current, n.voted, n.forgot = false, false, false
	}
	for k := range s.writes {
		s.writes[k].base = false
	}
}

// apply is the API server doing the write.
func (m *model) apply(s *State, w *write) bool {
	if w.kind == create && s.rec.exists || w.kind != create && !w.base {
		return false
	}
	holder := w.from
	if w.kind == create && !m.p.CreateNamesHolder {
		holder = nobody
	}
	s.changed()
	s.rec = record{exists: true, holder: holder, instance: w.instance && holder != nobody, term: w.term, members: w.members, w: w.w, n: w.n,
		released: w.kind == release}
	w.phase, w.base = 2, true
	return true
}

// answer is the sender learning that its write was done.
func (m *model) answer(s *State, w write) bool {
	n := &s.nodes[w.from]
	if n.floor > w.term {
		return true // it has seen a newer term since
	}
	if w.base {
		n.current, n.absent, n.wait = true, false, uint8(m.short)
	}
	n.floor, n.members, n.term = w.term, w.members, w.term
	if w.kind == release {
		return true
	}
	if w.kind == create && !m.p.CreateNamesHolder {
		return true
	}
	if n.believes != w.term && !m.p.GrantsOutliveLease {
		n.grants = [Members]uint8{}
	}
	n.believes, n.named, n.fenced = w.term, w.instance, true
	if !(w.kind == add && m.p.AddBeforeGrant) {
		n.required = w.members
	}
	n.pending, n.w, n.n, n.pendingW, n.pendingN = 0, w.w, w.n, 0, 0
	left := m.t.Hold + 1 - int(w.age)
	if m.p.DeadlineFromResponse {
		left = m.t.Hold + 1
	}
	if left > int(n.api) {
		n.api = uint8(left)
	}
	return true
}

func (m *model) applyLate(s *State, k int) bool {
	if s.writes[k].phase != 1 {
		return false
	}
	w := s.writes[k]
	if !m.apply(s, &w) {
		s.writes[k] = write{}
		return true
	}
	s.writes[k] = w
	return true
}

func (m *model) answerLate(s *State, k int) bool {
	w := s.writes[k]
	if w.phase != 2 || !w.asked {
		return false
	}
	s.writes[k] = write{}
	return m.answer(s, w)
}

// loseAnswer is the end of the sender's patience. The write may still be done.
func (m *model) loseAnswer(s *State, k int) bool {
	if s.writes[k].phase == 0 || !s.writes[k].asked {
		return false
	}
	s.writes[k].asked = false
	s.writes[k].age = 0
	return true
}

// fault is something going wrong, or a hand on the record.
func (m *model) fault(s *State, k kind, i int) bool {
	switch k {
	case sidecarRestart:
		return m.sidecarRestart(s, i)
	case supervisorRestart:
		return m.supervisorRestart(s, i)
	case phaseLies:
		if !m.p.ProofByPhase || !s.rec.exists || s.rec.holder == nobody || s.left.phases == 0 {
			return false
		}
		s.left.phases--
		s.rec.instance = false // a challenger reads the phase and takes it for a death
		return true
	case deleteLease:
		if !s.rec.exists || s.left.deletes == 0 {
			return false
		}
		s.left.deletes--
		s.changed()
		s.rec = record{holder: nobody}
		return true
	case editLease:
		if !s.rec.exists || s.left.edits == 0 {
			return false
		}
		s.left.edits--
		s.changed()
		return true
	default:
		return m.adopt(s)
	}
}

// adopt is b, whose pod has the name of a's, taking the record for its own.
func (m *model) adopt(s *State) bool {
	b := &s.nodes[1]
	if !m.p.AdoptByPodName || !b.current || !s.rec.exists || s.rec.holder != 0 {
		return false
	}
	s.changed()
	s.rec.holder, s.rec.instance = 1, true
	b.promise, b.current, b.believes, b.named, b.fenced = 0, true, s.rec.term, true, true
	b.required, b.api = s.rec.members, uint8(m.t.Hold+1)
	return true
}

// sidecarRestart forgets all but what is on the volume. The supervisor and what it runs stay, until the deadline.
func (m *model) sidecarRestart(s *State, i int) bool {
	if s.left.sidecars == 0 {
		return false
	}
	s.left.sidecars--
	old := s.nodes[i]
	n := node{alive: old.alive, boot: uint8(m.t.Wait), members: old.members, term: old.term, w: old.w, n: old.n}
	if m.p.NoAmnesiaWait {
		n.boot = 0
	}
	n.voted, n.forgot = old.voted, old.voted && m.p.VoteForgotten
	if !m.p.VoteForgotten {
		n.floor = old.floor
	}
	s.nodes[i] = n
	for k := range s.writes {
		if w := &s.writes[k]; w.phase != 0 && int(w.from) == i {
			w.asked = false
		}
	}
	return true
}

// supervisorRestart is the death of everything the supervisor ran, and a new instance of it. The sidecar stays.
func (m *model) supervisorRestart(s *State, i int) bool {
	if s.left.supervisors == 0 {
		return false
	}
	s.left.supervisors--
	n := &s.nodes[i]
	n.alive, n.named = 0, false
	if s.rec.exists && int(s.rec.holder) == i {
		s.rec.instance = false
	}
	for k := range s.writes {
		if int(s.writes[k].from) == i {
			s.writes[k].instance = false
		}
	}
	return true
}
