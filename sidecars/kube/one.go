package kube

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ObjectEvent is one object as it is now.
type ObjectEvent[T any] struct {
	Object *T        // nil: there is none, or we may not know
	Denied bool      // there are no rights to it: this is the last event
	At     time.Time // when it was read, by Options.Now
}

// ObjectWatch tells the state of one object.
type ObjectWatch[T any] struct {
	feed   feed
	events chan ObjectEvent[T]
	decode func([]byte) (T, error)
	which  func(T) identity
	// missing is what goes undone without the rights, for the log; empty: the watch goes on asking.
	missing string
	told    identity
}

// identity is an object at one moment.
type identity struct{ uid, version string }

func watchOne[T any](ctx context.Context, c *Client, s source, decode func([]byte) (T, error), which func(T) identity, missing string) *ObjectWatch[T] {
	w := &ObjectWatch[T]{events: make(chan ObjectEvent[T], 1), decode: decode, which: which, missing: missing}
	s.endsIfDenied = missing != ""
	w.feed = feed{client: c, sink: w, source: s}
	go func() {
		defer close(w.events)
		w.feed.run(ctx)
	}()
	return w
}

// Events has the newest state, after each list and each change. It is closed when the watch ended.
func (w *ObjectWatch[T]) Events() <-chan ObjectEvent[T] { return w.events }

// Relist drops the watch and lists anew, at once. Call it after a Conflict: the watch should have known.
func (w *ObjectWatch[T]) Relist() { w.feed.again() }

// Health is how the watch is doing.
func (w *ObjectWatch[T]) Health() Health { return w.feed.health() }

func (w *ObjectWatch[T]) replace(items []json.RawMessage) (bool, error) {
	if len(items) > 1 {
		return false, errors.New("more than one object of a name")
	}
	if len(items) == 0 {
		return w.tell(nil), nil
	}
	o, err := w.decode(items[0])
	if err != nil {
		return false, err
	}
	return w.tell(&o), nil
}

func (w *ObjectWatch[T]) apply(gone bool, item json.RawMessage) (string, error) {
	o, err := w.decode(item)
	if err != nil {
		return "", err
	}
	if gone {
		w.tell(nil)
	} else {
		w.tell(&o)
	}
	return w.which(o).version, nil
}

func (w *ObjectWatch[T]) denied() {
	if w.missing == "" {
		return
	}
	w.feed.client.options.Log(w.missing)
	newest(w.events, ObjectEvent[T]{Denied: true, At: w.feed.client.options.Now()})
}

func (w *ObjectWatch[T]) tell(o *T) (changed bool) {
	now := identity{version: "-"}
	if o != nil {
		now = w.which(*o)
	}
	changed, w.told = w.told != now, now
	newest(w.events, ObjectEvent[T]{Object: o, At: w.feed.client.options.Now()})
	return changed
}
