package ha

import "slices"

// setting is a quorum by names: what is published, in force, or wanted.
type setting struct {
	W  int
	Of []string // sorted
}

func (s setting) equal(t setting) bool { return s.W == t.W && slices.Equal(s.Of, t.Of) }

// transition gives the one next change on the way from what is published and what is in force to what is wanted: first what makes an
// election stricter, then what makes a commit looser. published.W 0 says that only the holder may lead, so that what is in force is free; idle
// is what is in force then, while there is nobody to count on. confirmed tells that everything acknowledged before the setting in force
// is on W of its members.
//
// After every one of these changes, any W_inforce acknowledgements and any R of the published members have a member in common.
func transition(published, inforce, wanted, idle setting, confirmed bool) (publish, apply *setting) {
	none := setting{}
	if published.W == 0 {
		target := wanted
		if wanted.W == 0 {
			target = idle
		}
		switch {
		case !inforce.equal(target):
			return nil, &target
		case wanted.W > 0 && confirmed:
			return &wanted, nil
		}
		return nil, nil
	}
	if wanted.W == 0 {
		return &none, nil
	}
	wider := setting{min(published.W, wanted.W), union(published.Of, wanted.Of)}
	switch {
	case !published.equal(wider):
		return &wider, nil
	case !inforce.equal(wanted):
		return nil, &wanted
	case !published.equal(wanted) && confirmed:
		return &wanted, nil
	}
	return nil, nil
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// sync moves what is published and what is in force towards what is wanted, one change at a time.
func (d *step) sync() {
	p := &d.o.Postgres
	d.streams()
	inforce := setting{p.Sync.W, p.Sync.Names}
	if d.unsettled(inforce) {
		return
	}
	if d.rec.Mode == Async || d.c.Mode == Async {
		d.syncMode(inforce)
		return
	}
	wanted := d.wantedSetting()
	if d.mutant == relaxesFirst && !inforce.equal(wanted) {
		d.apply(&wanted)
	}
	publish, apply := transition(d.rec.named(), inforce, wanted, d.idle(), d.confirmed())
	d.publish(publish)
	d.apply(apply)
}

// streams notes whom postgres sees streaming.
func (d *step) streams() {
	for _, w := range d.o.Postgres.Standbys {
		if peer := d.peerNamed(w.Name); peer != nil && w.Streaming {
			peer.Streamed = d.now
		}
	}
}

// unsettled tells that what is published, or what is in force, may yet become what was asked for before. The order of changes is safe
// only where each has been seen before the next is asked for.
func (d *step) unsettled(inforce setting) bool {
	if d.mutant == changesTwoAtATime {
		return false
	}
	for i := range d.inflight {
		if r := &d.inflight[i].Record; r.Mode != d.rec.Mode || !r.Sync.Equal(d.rec.Sync) {
			return true
		}
	}
	if a := d.lead.Applying; a != nil && !inforce.equal(*a) {
		d.apply(a)
		return true
	}
	d.lead.Applying = nil
	return false
}

// syncMode is the way between asynchronous and synchronous replication. To the former it is published first that anyone may lead; to
// the latter commits wait first, and it is published that only the holder may lead.
func (d *step) syncMode(inforce setting) {
	if d.c.Mode == Async {
		if d.rec.Mode == Async {
			if !inforce.equal(setting{}) {
				d.apply(&setting{})
			}
			return
		}
		d.mode = Async
		return
	}
	if idle := d.idle(); !inforce.equal(idle) {
		d.apply(&idle)
		return
	}
	d.mode = d.c.Mode
}

// idle is what is in force while nobody is counted on: commits wait for whoever comes, or for nobody.
func (d *step) idle() setting {
	if d.c.Mode != Required {
		return setting{}
	}
	var names []string
	for _, m := range d.rec.Members {
		if m.ID != d.o.Self.ID {
			names = append(names, m.Name)
		}
	}
	if len(names) < d.c.W {
		return setting{1, []string{Blocked}}
	}
	slices.Sort(names)
	return setting{d.c.W, names}
}

// wantedSetting counts on the standbys that stream and are near. Those already counted on keep their place for a while.
func (d *step) wantedSetting() setting {
	p := &d.o.Postgres
	var of []string
	for _, m := range d.rec.Members {
		if m.ID != d.o.Self.ID && d.reliable(m, p) {
			of = append(of, m.Name)
		}
	}
	slices.Sort(of)
	w := d.c.W
	if len(of) < w {
		if d.c.Mode == Required {
			return d.keep(of)
		}
		w = len(of)
	}
	if w == 0 {
		return setting{}
	}
	return setting{w, of}
}

// keep is what is wanted where too few are there: what is published, so that commits wait for those who should have them.
func (d *step) keep(of []string) setting {
	if d.rec.Sync.W == 0 {
		return setting{}
	}
	now := d.rec.named()
	gone := func(name string) bool {
		p := d.peerNamed(name)
		return p != nil && d.replaced(p)
	}
	if slices.ContainsFunc(now.Of, gone) {
		return setting{} // its volume does not come back: only the holder may lead, until there are others
	}
	if w := d.c.W; w <= len(union(now.Of, of)) {
		return setting{w, union(now.Of, of)}
	}
	return now
}

func (d *step) reliable(m Member, p *Postgres) bool {
	peer := d.peer(m.ID)
	if peer == nil || peer.Report.Leaving || d.replaced(peer) || peer.Report.Member.ID == "" && !d.rec.Sync.has(m.ID) && d.mutant != countsStrangersByName || d.now.since(peer.Heard) > d.c.Timing.Window && !d.rec.Sync.has(m.ID) {
		return false
	}
	i := slices.IndexFunc(p.Standbys, func(w Walsender) bool { return w.Name == m.Name && w.Streaming })
	if i < 0 {
		return d.rec.Sync.has(m.ID) && d.now.since(peer.Streamed) < d.c.StallAfter
	}
	flushed := p.Standbys[i].Flushed
	if p.Stalled > d.c.StallAfter && flushed < p.Position.LSN && d.c.Mode == Preferred {
		return false
	}
	behind := p.Position.LSN - min(flushed, p.Position.LSN)
	return behind <= d.c.MaxLag
}

// confirmed tells that W members of the setting in force have everything from before it.
func (d *step) confirmed() bool {
	s := d.o.Postgres.Sync
	if d.mutant == tightensUnconfirmed {
		return true
	}
	return s.Applied > 0 && s.W > 0 && d.flushed(s.Applied, s.Names) >= s.W
}

// named is what a record publishes, by names.
func (r *Record) named() setting {
	s := setting{W: r.Sync.W}
	for _, id := range r.Sync.Of {
		if m, ok := r.Member(id); ok {
			s.Of = append(s.Of, m.Name)
		}
	}
	slices.Sort(s.Of)
	return s
}

func (d *step) peerNamed(name string) *peer {
	for _, m := range d.rec.Members {
		if m.Name == name {
			return d.peer(m.ID)
		}
	}
	return nil
}

func (d *step) publish(s *setting) {
	if s == nil {
		return
	}
	q := Quorum{W: s.W}
	for _, name := range s.Of {
		if p := d.peerNamed(name); p != nil {
			q.Of = append(q.Of, p.Member.ID)
		}
	}
	if len(q.Of) < len(s.Of) {
		return
	}
	slices.Sort(q.Of)
	d.published = &q
}

func (d *step) apply(s *setting) {
	if s != nil {
		d.lead.Applying = s
		d.do(Action{Do: SetSync, Sync: SyncSetting{W: s.W, Names: s.Of}, Why: "synchronous replication changes"})
	}
}

// wantedSync puts what this step decided on the record.
func (d *step) wantedSync(next *Record) string {
	if d.mode != "" && next.Mode != d.mode {
		next.Mode, next.Sync = d.mode, Quorum{}
		return "another replication mode"
	}
	if d.c.Mode != Async && next.Mode != Async && next.Mode != d.c.Mode {
		next.Mode = d.c.Mode
		return "another replication mode"
	}
	if d.published != nil && !next.Sync.Equal(*d.published) {
		next.Sync = *d.published
		return "synchronous standbys"
	}
	return ""
}

// firstSync is the setting with which a primary starts: never looser than what is published, or may be published yet.
func (d *step) firstSync() SyncSetting {
	s, ok := d.demanded()
	switch {
	case !ok:
		s = setting{1, []string{Blocked}} // until it is known what is published
	case s.W == 0 && d.rec.Mode != Async:
		s = d.idle()
	}
	return SyncSetting{W: s.W, Names: s.Of}
}

// demanded is the loosest setting that is as strict as every record that may be in force: the one that is seen, and those whose writing has no outcome
// yet. W 0 says that none asks for anything; false, that nothing short of blocking is strict enough.
func (d *step) demanded() (setting, bool) {
	var all setting
	add := func(r *Record) {
		if r.Mode == Async || r.Sync.W == 0 {
			return
		}
		s := r.named()
		if all.W > 0 {
			s.Of = slices.DeleteFunc(s.Of, func(name string) bool { return !slices.Contains(all.Of, name) })
		}
		all = setting{max(all.W, s.W), s.Of}
	}
	add(d.rec)
	if d.mutant != startsAsPublished {
		for i := range d.inflight {
			add(&d.inflight[i].Record)
		}
	}
	return all, len(all.Of) >= all.W
}
