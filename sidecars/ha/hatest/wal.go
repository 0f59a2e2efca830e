package hatest

import "github.com/onggi-db/onggi/sidecars/ha"

// branch is a timeline as it really is: two branches may bear the same number, and then somebody would be deceived by it.
type branch struct {
	parent *branch
	fork   ha.LSN // where it left its parent
	tli    uint32
	node   int
	term   uint64 // in which it was begun
	// What clients were told is committed on it: in all, and as something that no failover may lose.
	acked, kept ha.LSN
	// checkpointed: pg_control of its writer names this timeline.
	checkpointed bool
}

// point is a place in the log.
type point struct {
	on  *branch
	lsn ha.LSN
}

func (p point) position() ha.Position {
	if p.on == nil {
		return ha.Position{}
	}
	return ha.Position{Timeline: p.on.tli, LSN: p.lsn}
}

// has tells whether the log up to p holds everything up to q.
func (p point) has(q point) bool {
	end, ok := p.of(q.on)
	return ok && q.lsn <= end
}

// of is how much of a branch the log up to p holds; false where it never was on that branch.
func (p point) of(on *branch) (ha.LSN, bool) {
	end := p.lsn
	for b := p.on; b != nil; b = b.parent {
		if b == on {
			return end, true
		}
		end = min(end, b.fork)
	}
	return 0, false
}

// cut is the log of p up to lsn.
func (p point) cut(lsn ha.LSN) point {
	b := p.on
	for b.parent != nil && lsn <= b.fork {
		b = b.parent
	}
	return point{b, min(lsn, p.lsn)}
}

// follows tells what PostgreSQL would say to a standby at p that wants to stream from a server at q: the histories are compared by the
// numbers of timelines and the places where they end, since that is all that the files of a history hold.
func (p point) follows(q point) bool {
	end := q.lsn
	for b := q.on; b != nil; b = b.parent {
		if b.tli == p.on.tli {
			return p.lsn <= end
		}
		end = min(end, b.fork)
	}
	return false
}
