package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	// openTimeout is for the head of a watch's answer, which comes at once.
	openTimeout = 15 * time.Second
	// quiet is how long a watch may say nothing, if no one says otherwise. A server that has no bookmarks to send is asked ever more
	// rarely, up to maxQuiet, as long as asking brings no news.
	quiet, maxQuiet = 90 * time.Second, 10 * time.Minute
	firstBackoff    = 250 * time.Millisecond
	// longLived is a watch that went well: what comes after it starts anew.
	longLived = 5 * time.Second
)

// source is what a feed watches.
type source struct {
	path         string
	selectors    url.Values
	acceptList   string
	acceptWatch  string
	shortest     time.Duration // a watch ends by itself after this to twice this, and goes on where it was
	maxBackoff   time.Duration
	class        class
	endsIfDenied bool
}

// sink takes what a feed reads. It is called by one goroutine.
type sink interface {
	replace(items []json.RawMessage) (changed bool, err error)
	apply(gone bool, item json.RawMessage) (version string, err error)
	denied()
}

// feed lists, watches, and does so again, until its context ends.
type feed struct {
	client *Client
	source source
	sink   sink

	mu       sync.Mutex
	relist   bool
	wake     context.CancelCauseFunc // ends what the feed does at the moment
	progress time.Time
	last     Result
}

// Why an attempt is ended from outside.
var (
	errRelist = errors.New("asked to list anew")
	errQuiet  = errors.New("the watch says nothing")
)

// Health is how a watch is doing.
type Health struct {
	Progress time.Time // when the server last said anything; zero: never
	Last     Result    // of the last list or watch that was begun
}

func (f *feed) health() Health {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Health{Progress: f.progress, Last: f.last}
}

// again makes the feed list anew now, whatever it does.
func (f *feed) again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.relist = true
	if f.wake != nil {
		f.wake(errRelist)
	}
}

// attempt is a context for one step, which again and a silence of the server end.
func (f *feed) attempt(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wake = cancel
	if f.relist {
		cancel(errRelist)
	}
	return ctx, cancel
}

// asked tells whether someone wants a list, and forgets it.
func (f *feed) asked() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.relist
	f.relist = false
	return asked
}

func (f *feed) saw(r Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = r
	if r.Outcome == Applied {
		f.progress = f.client.options.Now()
	}
}

// pace is what the feed has learned of the server.
type pace struct {
	backoff time.Duration
	quiet   time.Duration
	silent  bool // the list to come is because of a silence
}

func (f *feed) run(ctx context.Context) {
	p := pace{quiet: f.client.options.Quiet}
	version := ""
	for ctx.Err() == nil {
		if f.asked() {
			version, p.silent = "", false
		}
		var r Result
		if version == "" {
			version, r = f.list(ctx, &p)
		} else {
			version, r = f.watch(ctx, version, &p)
		}
		if r.Outcome == Applied {
			continue
		}
		if r.Code == http.StatusForbidden && f.source.endsIfDenied {
			f.sink.denied()
			return
		}
		f.pause(ctx, &p, r.RetryAfter)
	}
}

// pause waits ever longer, by chance a little more or less, and at least as long as the server asked. again ends it.
func (f *feed) pause(ctx context.Context, p *pace, atLeast time.Duration) {
	p.backoff = min(f.source.maxBackoff, max(firstBackoff, 2*p.backoff))
	wait := time.Duration((0.5 + f.client.options.Jitter()) * float64(p.backoff))
	ctx, cancel := f.attempt(ctx)
	defer cancel(nil)
	sleep(ctx, max(wait, atLeast))
}

func (f *feed) list(ctx context.Context, p *pace) (string, Result) {
	ctx, cancel := f.attempt(ctx)
	defer cancel(nil)
	ctx, end := context.WithTimeout(ctx, openTimeout)
	defer end()
	version, changed := "", false
	q := call{verb: "list", method: http.MethodGet, path: f.source.path, query: f.source.selectors, accept: f.source.acceptList, class: f.source.class}
	r := f.client.do(ctx, q, func(body []byte) error {
		var l listWire
		err := json.Unmarshal(body, &l)
		switch {
		case err != nil:
			return err
		case l.Metadata.Version == "":
			return fmt.Errorf("a %q without a resourceVersion is no list", l.Kind)
		case l.Metadata.Continue != "":
			return errors.New("the list goes on elsewhere, which was not asked for")
		}
		version = l.Metadata.Version
		changed, err = f.sink.replace(l.Items)
		return err
	})
	f.saw(r)
	if r.Outcome != Applied {
		return "", r
	}
	if p.silent && !changed {
		p.quiet = min(max(maxQuiet, f.client.options.Quiet), 2*p.quiet)
	} else if changed {
		p.quiet = f.client.options.Quiet
	}
	p.silent = false
	return version, r
}

type listWire struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Version  string `json:"resourceVersion"`
		Continue string `json:"continue"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// watch reads one watch to its end. The version it returns is where the next one goes on; empty: list first.
func (f *feed) watch(ctx context.Context, version string, p *pace) (string, Result) {
	ctx, cancel := f.attempt(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(openTimeout, func() { cancel(errQuiet) })
	defer watchdog.Stop()

	span := time.Duration((1 + f.client.options.Jitter()) * float64(f.source.shortest))
	query := url.Values{
		"watch": {"true"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {version},
		"timeoutSeconds": {strconv.Itoa(max(1, int(span/time.Second)))},
	}
	for key, values := range f.source.selectors {
		query[key] = values
	}
	q := call{verb: "watch", method: http.MethodGet, path: f.source.path, query: query, accept: f.source.acceptWatch, class: f.source.class}
	answer, r := f.client.open(ctx, q)
	if answer == nil {
		result := r.result(q)
		f.saw(result)
		return "", result
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		r.read(answer)
		result := r.result(q)
		f.saw(result)
		return "", result
	}
	f.saw(Result{Outcome: Applied, Code: answer.StatusCode})
	stream := &events{body: answer.Body}
	next, since := version, f.client.options.Now()
	for {
		watchdog.Reset(p.quiet)
		e, err := stream.next()
		if err != nil {
			return f.ended(ctx, p, f.client.options.Now().Sub(since), next, err)
		}
		if e.Type == "ERROR" {
			return "", e.failure(q)
		}
		if next, err = f.take(e, next); err != nil {
			return "", Result{Outcome: Unknown, Code: http.StatusOK, Err: fmt.Errorf("watch %s: %v", q.path, err)}
		}
		if f.client.options.Now().Sub(since) >= longLived {
			p.backoff = 0
		}
		f.saw(Result{Outcome: Applied, Code: http.StatusOK})
	}
}

// take gives one event to the sink.
func (f *feed) take(e event, version string) (string, error) {
	switch e.Type {
	case "BOOKMARK":
		var o struct {
			Metadata struct {
				Version string `json:"resourceVersion"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(e.Object, &o); err != nil {
			return "", err
		}
		if o.Metadata.Version == "" {
			return "", errors.New("a bookmark without a resourceVersion")
		}
		return o.Metadata.Version, nil
	case "ADDED", "MODIFIED", "DELETED":
		return f.sink.apply(e.Type == "DELETED", e.Object)
	default:
		return version, nil // a type of a newer server
	}
}

// ended tells what to do when a watch's stream stops. The next one goes on at the last version seen, and at once only after a watch that
// lived long: a server that ends each of them must not be met with a loop.
func (f *feed) ended(ctx context.Context, p *pace, lived time.Duration, next string, err error) (string, Result) {
	switch context.Cause(ctx) {
	case errRelist:
		return "", Result{Outcome: Applied}
	case errQuiet:
		p.silent = true
		return "", Result{Outcome: Unknown, Err: errQuiet}
	}
	if errors.Is(err, io.EOF) && lived >= longLived {
		return next, Result{Outcome: Applied}
	}
	return next, Result{Outcome: Unknown, Err: err}
}
