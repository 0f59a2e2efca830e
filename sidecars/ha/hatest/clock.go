package hatest

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// clock is the two clocks of a node, as functions of true time: they run at a rate of their own since the last change of it.
type clock struct {
	at                int64
	raw, boot         int64
	rawRate, bootRate float64
	mistake           Mistake
}

func (c *clock) now(t int64) ha.Instant {
	d := float64(t - c.at)
	switch c.mistake {
	case TrustsOneClock: // and it does not count suspended time
		raw := c.raw + int64(d*c.rawRate)
		return ha.Instant{Raw: raw, Boot: raw}
	case TrustsTheSlewedClock:
		boot := c.boot + int64(d*c.bootRate)
		return ha.Instant{Raw: boot, Boot: boot}
	}
	return ha.Instant{Raw: c.raw + int64(d*c.rawRate), Boot: c.boot + int64(d*c.bootRate)}
}

// set has both clocks run on at other rates from t.
func (c *clock) set(t int64, raw, boot float64) {
	d := float64(t - c.at)
	*c = clock{at: t, raw: c.raw + int64(d*c.rawRate), boot: c.boot + int64(d*c.bootRate), rawRate: raw, bootRate: boot, mistake: c.mistake}
}

// suspended takes the time of a suspended machine off the clock that does not count it.
func (c *clock) suspended(d time.Duration) {
	c.raw -= int64(float64(d) * c.rawRate)
}

// until is the true time that it takes the faster clock to count d.
func (c *clock) until(d time.Duration) time.Duration {
	return time.Duration(float64(d)/max(c.rawRate, c.bootRate)) + 1
}
