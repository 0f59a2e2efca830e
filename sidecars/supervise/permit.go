package supervise

import "time"

const (
	// maxGrantAge is how old a tick may be to be answered: an older answer comes from a sidecar, or to a supervisor, that stood still.
	maxGrantAge = 2 * time.Second
	// maxGrant bounds one grant, so that no arithmetic of a sidecar makes a permit for ever.
	maxGrant = 60 * time.Second
)

// verdict is what became of a grant.
type verdict string

const (
	grantExtended verdict = "extended"
	grantShorter  verdict = "shorter" // ends no later than what was granted before
	grantUnknown  verdict = "unknown" // its tick was not sent to this connection, or was forgotten
	grantLate     verdict = "late"    // its tick is older than maxGrantAge
)

// permit is the right to run a primary until an end, and the ticks that may still extend it. It is a value without a clock.
//
// The law: the end is always exactly sent(n)+millis of one accepted grant, so a process that dies at the end never outlives
// what the sidecar said, however ticks and grants were delayed, repeated or exchanged.
type permit struct {
	end  instant
	held bool
	sent [16]tick
	next int // where in sent the next tick goes
}

type tick struct {
	n  uint64 // 0 is no tick
	at instant
}

// ticked records that tick n was about to be sent.
func (p *permit) ticked(n uint64, at instant) {
	p.sent[p.next] = tick{n: n, at: at}
	p.next = (p.next + 1) % len(p.sent)
}

// forget makes every grant that is on its way void: for a new connection, or after a freeze.
func (p *permit) forget() { p.sent, p.next = [16]tick{}, 0 }

// granted takes the answer to tick n.
func (p *permit) granted(n uint64, d time.Duration, now instant) verdict {
	for _, t := range p.sent {
		if t.n != n || n == 0 {
			continue
		}
		if now.since(t.at) > maxGrantAge {
			return grantLate
		}
		end := t.at.plus(min(max(d, 0), maxGrant))
		// The pair is exchanged as a whole. Taking the later of each clock would make an end that nobody granted.
		if left(end, now) <= p.left(now) {
			return grantShorter
		}
		p.end, p.held = end, true
		return grantExtended
	}
	return grantUnknown
}

// revoke ends the permit at once, and everything that is on its way to extend it.
func (p *permit) revoke() {
	p.end, p.held = instant{}, false
	p.forget()
}

// left is what remains of the permit, never negative.
func (p *permit) left(now instant) time.Duration {
	if !p.held {
		return 0
	}
	return left(p.end, now)
}

func left(end, now instant) time.Duration { return max(0, min(end.raw-now.raw, end.boot-now.boot)) }
