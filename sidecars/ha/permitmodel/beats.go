package permitmodel

// read is a sidecar reading the record as it is now. A late answer is a read that was done earlier: it only makes waits longer.
func (m *model) read(s *State, i int) bool {
	n, rec := &s.nodes[i], &s.rec
	named := rec.exists && int(rec.holder) == i
	if n.current && !(named && n.believes == 0) {
		return false
	}
	if !n.current {
		n.current, n.wait = true, uint8(m.short)
		n.absent = !rec.exists
		if !rec.exists {
			return true
		}
		if n.promise > 0 && m.p.PromiseOfItsTermOnly && n.promiseTerm != rec.term {
			n.promise = 0
		}
		n.floor = rec.term
		if n.voted && !n.forgot {
			n.floor++
		}
		n.members, n.term = rec.members, rec.term
	}
	if !named {
		if rec.holder != nobody {
			n.believes = 0
		}
		n.w, n.n = rec.w, rec.n
		return true
	}
	if n.believes != rec.term {
		n.believes, n.fenced, n.grants, n.api = rec.term, false, [Members]uint8{}, 0
	}
	n.named = rec.instance
	n.required, n.pending = rec.members, 0
	n.w, n.n, n.pendingW, n.pendingN = rec.w, rec.n, 0, 0
	return true
}

// beatable says whether holder i sends beats to j.
func (m *model) beatable(s *State, i, j int) bool {
	n := &s.nodes[i]
	return i != j && n.believes != 0 && (n.required | n.pending | n.n | n.pendingN).has(j)
}

func (m *model) beatNow(s *State, i, j int) bool {
	if !m.beatable(s, i, j) || !m.grant(s, beat{from: uint8(i), to: uint8(j), term: s.nodes[i].believes}) {
		return false
	}
	s.nodes[i].grants[j] = uint8(m.t.Hold + 1)
	return true
}

func (m *model) beatSend(s *State, i, j int) bool {
	if !m.beatable(s, i, j) {
		return false
	}
	for k := range m.sc.SlowBeats {
		if s.beats[k].phase == 0 {
			s.beats[k] = beat{phase: 1, from: uint8(i), to: uint8(j), term: s.nodes[i].believes}
			return true
		}
	}
	return false
}

// grant is a member promising: no vote and no take for L(1+rho) from now on.
func (m *model) grant(s *State, b beat) bool {
	n := &s.nodes[b.to]
	if b.term < n.floor || n.believes >= b.term {
		return false
	}
	n.floor = max(n.floor, b.term)
	promise := m.t.Wait
	if m.p.PromiseByWallClock {
		promise = max(0, m.t.Wait-int(b.age)-m.t.Wait*3/4)
	}
	if uint8(promise) >= n.promise {
		n.promise, n.promiseTerm = uint8(promise), b.term
	}
	return true
}

func (m *model) beatArrive(s *State, k int, again bool) bool {
	b := &s.beats[k]
	if b.phase == 0 || b.phase == 2 && !again || b.phase == 1 && again {
		return false
	}
	if !m.grant(s, *b) {
		if b.phase == 1 {
			*b = beat{}
		}
		return true
	}
	b.phase = 2
	return true
}

func (m *model) beatAnswer(s *State, k int) bool {
	b := s.beats[k]
	n := &s.nodes[b.from]
	if b.phase != 2 || n.believes != b.term {
		return false
	}
	s.beats[k] = beat{}
	left := m.t.Hold + 1 - int(b.age)
	if m.p.DeadlineFromResponse {
		left = m.t.Hold + 1
	}
	if left > int(n.grants[b.to]) {
		n.grants[b.to] = uint8(left)
	}
	return true
}

// free says whether member i has waited out whatever it promised, or may have promised before its sidecar started.
func (m *model) free(n *node) bool { return n.promise == 0 && n.boot == 0 }

// vote is member i agreeing that the version of now is replaced. In async mode a challenger needs its own only.
func (m *model) vote(s *State, i int) bool {
	n := &s.nodes[i]
	if n.voted || n.believes != 0 || !s.rec.exists || !m.free(n) && !m.p.VoteInPromise {
		return false
	}
	n.voted, n.floor = true, s.rec.term+1
	return true
}
