package watch

import (
	"context"
	"errors"
	"time"

	"github.com/fsnotify/fsnotify"
)

// retryEvery is how often what failed is tried again: nobody tells when a file that was in the way is moved away.
const retryEvery = time.Second

// loop gathers what is to be looked at, and waits until it is time to look.
type loop struct {
	w        *Watcher
	debounce *debounce
	dirt     map[string]*dirt
	again    time.Time // when to try again what failed; zero for not at all
	poll     <-chan time.Time
}

// newLoop begins with everything.
func newLoop(w *Watcher) *loop {
	quiet := w.o.Debounce
	if quiet <= 0 {
		quiet = DefaultDebounce
	}
	l := &loop{w: w, debounce: newDebounce(quiet), dirt: w.disk.everything()}
	l.debounce.event(time.Now())
	if w.o.Poll > 0 {
		l.poll = time.Tick(w.o.Poll)
	}
	return l
}

// wait returns when it is time to look, or the context is done, or the system cannot tell any more what happens.
func (l *loop) wait(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now := time.Now()
		if !l.again.IsZero() && !now.Before(l.again) {
			l.again = time.Time{}
			l.everything()
		}
		due, waiting := l.debounce.due()
		if waiting && !now.Before(due) {
			return nil
		}
		if !l.again.IsZero() && (!waiting || l.again.Before(due)) {
			due, waiting = l.again, true
		}
		var ring <-chan time.Time
		if waiting {
			timer.Reset(due.Sub(now))
			ring = timer.C
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ring:
		case <-l.poll:
			l.everything()
		case e, open := <-l.w.tell.happened:
			if !open {
				return errors.New("the system does not tell any more what happens to the files")
			}
			l.event(e)
		case err, open := <-l.w.tell.failed:
			if open && !errors.Is(err, fsnotify.ErrEventOverflow) {
				return err
			}
			l.everything() // some events were lost
		}
	}
}

func (l *loop) everything() {
	l.dirt = l.w.disk.everything()
	l.debounce.event(time.Now())
}

// event takes one event. Those about nothing that is read do not even begin a burst.
func (l *loop) event(e fsnotify.Event) {
	for _, h := range l.w.disk.eyes.hints(e.Name) {
		if !l.w.disk.concerns(h) {
			continue
		}
		d := l.dirt[h.folder]
		if d == nil {
			d = &dirt{names: make(map[string]bool)}
			l.dirt[h.folder] = d
		}
		d.deep = d.deep || h.deep
		d.names[h.name] = true
		l.debounce.event(time.Now())
	}
}

// retry has what failed tried again in a while.
func (l *loop) retry(failed bool) {
	l.again = time.Time{}
	if failed {
		l.again = time.Now().Add(retryEvery)
	}
}
