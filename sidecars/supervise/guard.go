package supervise

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	// guardDelay is how long after the deadline the guard waits for the supervisor to do it itself.
	guardDelay = 50 * time.Millisecond
	// guardPause is the longest the guard sleeps, so that it learns of a deadline that was armed or revoked meanwhile. Less than the
	// least permit of a start, so that it is never late for one.
	guardPause = 900 * time.Millisecond
	// guardSilence is how old the guard's last sign of life may be.
	guardSilence = 3 * time.Second
	// guardFD is where the guard finds the shared deadline.
	guardFD = 3
)

// Guard is the supervisor's second hand, a child process of it: at the shared deadline it kills every process of the PID
// namespace if PID 1 did not, because somebody on the node stopped it. It is started by the supervisor alone (Options.Self), refuses
// to run anywhere else, and returns only an error.
func Guard() error {
	page, err := openPage(guardFD)
	if err != nil {
		return err
	}
	ns, err := asGuard(page.words[wordNamespace].Load())
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1) // it allocates nothing from here on
	runtime.LockOSThread()
	page.beat(os.Getpid(), systemClock())
	for {
		now := systemClock()
		pause(guardStep(page, now, func() {
			if someone, _ := ns.kill(); someone {
				page.killed()
			}
		}))
		page.beat(os.Getpid(), systemClock())
	}
}

// guardStep kills if the deadline has passed long enough, and says how long to sleep.
func guardStep(p *page, now instant, kill func()) time.Duration {
	d := p.read()
	if !d.armed {
		return guardPause
	}
	if due := min(d.end.raw-now.raw, d.end.boot-now.boot) + guardDelay; due > 0 {
		return min(due, guardPause)
	}
	kill()
	// Again and again while it is armed: a supervisor that was stopped just before it started postgres may go on at any time.
	return 20 * time.Millisecond
}
