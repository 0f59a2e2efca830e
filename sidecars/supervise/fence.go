package supervise

import (
	"sync"
	"time"
)

// fencePause is the longest the fence sleeps. It stands beside the loop, which looks at the deadline with each tick, and the guard.
const fencePause = 2 * time.Second

// fence holds the permit and kills at its end. It waits for nothing that a disk, a socket or a full pipe could
// hold up.
type fence struct {
	clock func() instant
	kill  func() error
	page  *page // nil when there is no guard
	fired chan struct{}
	rouse chan struct{}

	mu     sync.Mutex
	permit permit
	armed  bool
}

func newFence(clock func() instant, kill func() error, p *page) *fence {
	return &fence{clock: clock, kill: kill, page: p, fired: make(chan struct{}, 1), rouse: make(chan struct{}, 1)}
}

func (f *fence) ticked(n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.permit.ticked(n, f.clock())
}

func (f *fence) granted(n uint64, d time.Duration) verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.permit.granted(n, d, f.clock())
	if v == grantExtended {
		f.publish()
	}
	return v
}

func (f *fence) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.permit.forget()
}

func (f *fence) revoke() {
	f.mu.Lock()
	f.permit.revoke()
	f.publish()
	f.mu.Unlock()
	f.check()
}

// arm makes the end of the permit deadly, if at least floor of it is left. Only then may something run that writes.
func (f *fence) arm(floor time.Duration) (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := f.permit.left(f.clock())
	if left == 0 || left < floor {
		return left, false
	}
	f.armed = true
	f.publish()
	select {
	case f.rouse <- struct{}{}:
	default:
	}
	return left, true
}

// disarm is for when nothing is left that could write.
func (f *fence) disarm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
	f.publish()
}

func (f *fence) state() (left time.Duration, armed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.permit.left(f.clock()), f.armed
}

// check kills if the deadline has passed, and says whether it has.
func (f *fence) check() bool {
	f.mu.Lock()
	passed := deadline{end: f.permit.end, armed: f.armed}.passed(f.clock())
	f.mu.Unlock()
	if !passed {
		return false
	}
	// An error is told by the sweep that follows, which kills again.
	_ = f.kill()
	select {
	case f.fired <- struct{}{}:
	default:
	}
	return true
}

// publish is called with mu held.
func (f *fence) publish() {
	if f.page != nil {
		f.page.write(deadline{end: f.permit.end, armed: f.armed})
	}
}

// watch kills at the end of the permit until stop is closed.
func (f *fence) watch(stop <-chan struct{}) {
	timer := time.NewTimer(fencePause)
	defer timer.Stop()
	for {
		left, armed := f.state()
		wait := fencePause
		switch {
		case armed && f.check():
			wait = 5 * time.Millisecond
		case armed:
			// Short of the end at first: the clock of the timer may be slewed, the clocks of the deadline are not.
			wait = min(wait, max(left*9/10, time.Millisecond))
		}
		timer.Reset(wait)
		select {
		case <-stop:
			return
		case <-f.rouse:
		case <-timer.C:
		}
	}
}
