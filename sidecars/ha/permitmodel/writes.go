package permitmodel

// write is member i writing the record, answered at once or late.
func (m *model) write(s *State, i, arg int, kind writeKind, late bool) bool {
	w, ok := m.send(s, i, kind, arg)
	switch {
	case !ok:
		return false
	case late:
		return m.enqueue(s, w)
	default:
		return m.apply(s, &w) && m.answer(s, w)
	}
}

// syncs are what may be published: ANY w (n), by the distance from the holder.
var syncs = [...]struct{ w, skip uint8 }{{1, 0}, {2, 0}, {1, 1}, {1, 2}}

func (k writeKind) arguments() uint8 {
	switch k {
	case add, remove:
		return Members
	case publish:
		return uint8(len(syncs))
	default:
		return 1
	}
}

// send checks that member i may send the write and gives it, with what sending it does to the sender.
func (m *model) send(s *State, i int, kind writeKind, arg int) (write, bool) {
	n := &s.nodes[i]
	w := write{phase: 1, kind: kind, from: uint8(i), base: true, instance: true, asked: true,
		members: s.rec.members, w: s.rec.w, n: s.rec.n, term: s.rec.term}
	holds := s.rec.exists && int(s.rec.holder) == i && n.believes == s.rec.term
	switch kind {
	case take:
		if !m.mayTake(s, i) {
			return w, false
		}
		w.term++
		if w.w > 0 {
			w.n = w.n.without(i)
			if s.rec.holder != nobody {
				w.n = w.n.with(int(s.rec.holder))
			}
			if w.n.size() < int(w.w) {
				return w, false
			}
		}
		n.voted, n.floor = true, w.term
		return w, w.term <= m.sc.MaxTerm
	case create:
		return m.sendCreate(s, i, w)
	case claim: // while its permit lasts, nobody else can have taken the record before it was lost
		ok := s.rec.exists && s.rec.holder == nobody && n.believes != 0 && n.named && m.permit(s, i) > 0
		return w, ok
	case refresh:
		return w, holds
	case release:
		if !holds || !m.sc.Release || s.rec.released {
			return w, false
		}
		n.alive, n.believes = 0, 0
		for k := range s.writes {
			if int(s.writes[k].from) == i && !m.p.LateAnswers {
				s.writes[k].asked = false
			}
		}
		return w, true
	}
	if !holds || s.left.changes == 0 {
		return w, false
	}
	return m.sendChange(s, i, w, arg)
}

// sendChange is the holder changing who is a member, or who votes for commits.
func (m *model) sendChange(s *State, i int, w write, arg int) (write, bool) {
	n := &s.nodes[i]
	switch w.kind {
	case add:
		if n.required.has(arg) || arg == i || !m.p.AddBeforeGrant && (!n.pending.has(arg) || n.grants[arg] == 0) {
			return w, false
		}
		w.members = n.required.with(arg)
		if m.p.UnknownIsNo {
			n.pending = n.pending.without(arg)
		}
	case remove:
		if m.sc.W > 0 || arg == i || !n.required.has(arg) || n.pending != 0 {
			return w, false
		}
		w.members = n.required.without(arg)
		if m.p.RemoveBeforeCAS {
			n.required = w.members
		}
	case publish:
		if m.sc.W == 0 || n.pendingW != 0 {
			return w, false
		}
		w.w, w.n = syncs[arg].w, n.required.without(i)
		if skip := int(syncs[arg].skip); skip > 0 {
			w.n = w.n.without((i + skip) % Members)
		}
		if w.n.size() < int(w.w) || w.w == n.w && w.n == n.n {
			return w, false
		}
		if !m.p.UnknownIsNo {
			n.pendingW, n.pendingN = w.w, w.n
		}
	}
	s.left.changes--
	return w, true
}

func (m *model) sendCreate(s *State, i int, w write) (write, bool) {
	n := &s.nodes[i]
	holder := n.believes != 0 && n.named && m.permit(s, i) > 0
	w.term, w.members, w.w, w.n = n.term+1, n.members, n.w, n.n
	if s.rec.exists || w.term > m.sc.MaxTerm {
		return w, false
	}
	if n.believes != 0 && n.named && (holder || m.p.LapsedMayCreate) {
		return w, true
	}
	if n.believes != 0 || !m.p.MembersMayCreate || !n.members.has(i) {
		return w, false
	}
	if m.p.CreateNamesHolder && m.sc.W > 0 {
		return w, false // it has nobody to ask for votes
	}
	waited := n.wait == 0 || m.p.CreateAtOnce
	return w, m.free(n) && waited || !m.p.CreateNamesHolder
}

// mayTake is the challenger's rule.
func (m *model) mayTake(s *State, i int) bool {
	n, rec := &s.nodes[i], &s.rec
	if !rec.exists || int(rec.holder) == i || !rec.members.has(i) || n.believes != 0 && n.believes >= rec.term {
		return false
	}
	if rec.w > 0 && !rec.n.has(i) {
		return false
	}
	if rec.holder != nobody && (rec.released || !rec.instance) {
		return true
	}
	if n.wait > 0 || !n.voted || n.boot > 0 || n.promise > 0 && !m.p.VoteInPromise {
		return false
	}
	if rec.w == 0 {
		return true
	}
	need, votes := rec.n.size()-int(rec.w)+1, 0
	if m.p.SmallR {
		need = int(rec.w)
	}
	for j := range Members {
		if rec.n.has(j) && s.nodes[j].voted {
			votes++
		}
	}
	return votes >= need
}

// wantAdd is the holder asking somebody for grants before it makes it a member.
func (m *model) wantAdd(s *State, i, j int) bool {
	n := &s.nodes[i]
	if i == j || m.sc.W > 0 || m.p.AddBeforeGrant || s.left.changes == 0 || n.believes == 0 || (n.required | n.pending).has(j) {
		return false
	}
	n.pending = n.pending.with(j)
	return true
}

func (m *model) enqueue(s *State, w write) bool {
	for k := range m.sc.SlowWrites {
		if s.writes[k].phase == 0 {
			s.writes[k] = w
			return true
		}
	}
	return false
}
