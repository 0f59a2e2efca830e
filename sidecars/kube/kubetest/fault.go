package kubetest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is what goes wrong with some requests: those that match each of the first four, of which an empty one matches all.
type Fault struct {
	Client   string // as the token says, or the User-Agent
	Verb     string // get, list, watch, create, update, patch, delete
	Resource string // leases, pods, events, nodes
	Name     string // of the object; of a list or watch, the one its field selector names

	Delay        time.Duration // before anything is done; done it is, even for a client that has given up
	Drop         bool          // the connection is closed, and nothing done
	Hang         bool          // nothing is done and nothing answered, as long as the client waits
	Code         int           // this is answered, and nothing done
	RetryAfter   int           // seconds, with Code
	LoseResponse bool          // it is done, and the connection closed instead of an answer
	SlowResponse time.Duration // it is done, and the answer waits, until the server is stopped at the latest
	Truncate     bool          // it is done, and half the answer sent
	Freeze       bool          // watches say nothing more, those that run as well, and stay open
	WatchError   int           // watches that begin have an ERROR event of this code
	HalfClose    bool          // watches that begin have the sending side closed by the server, which still listens

	Times int // how many requests it strikes; 0: all until it is taken away

	stopping <-chan struct{} // of the run that the request it strikes came to
}

// Inject adds a fault. What it returns takes it away.
func (s *Server) Inject(f Fault) (heal func()) {
	s.mu.Lock()
	s.faults = append(s.faults, &f)
	s.mu.Unlock()
	s.store.poke()
	return func() {
		s.mu.Lock()
		s.faults = slices.DeleteFunc(s.faults, func(g *Fault) bool { return g == &f })
		s.mu.Unlock()
		s.store.poke()
	}
}

// fault is what befalls a request: the first one that matches. A frozen watch is no matter of its beginning.
func (s *Server) fault(q query) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Freeze || !f.matches(q) {
			continue
		}
		struck := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return struck
	}
	return Fault{}
}

func (s *Server) frozen(q query) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.faults, func(f *Fault) bool { return f.Freeze && f.matches(q) })
}

func (f *Fault) matches(q query) bool {
	match := func(want, is string) bool { return want == "" || want == is }
	return match(f.Client, q.client) && match(f.Verb, q.verb) && match(f.Resource, q.resource) && match(f.Name, q.name)
}

// before is what goes wrong before the request is looked at. True: that was it.
func (s *Server) before(f Fault, q query, w http.ResponseWriter, r *http.Request) bool {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-stopping(r):
			panic(http.ErrAbortHandler)
		}
	}
	switch {
	case f.Drop:
		s.record(q, 0)
		panic(http.ErrAbortHandler)
	case f.Hang:
		s.record(q, 0)
		select {
		case <-r.Context().Done():
		case <-stopping(r):
		}
		panic(http.ErrAbortHandler)
	case f.Code != 0:
		failure := refuse(f.Code, reasons()[f.Code], "injected")
		failure.retryAfter = f.RetryAfter
		s.answer(w, q, Fault{}, f.Code, failure.status())
		return true
	case f.HalfClose:
		s.record(q, http.StatusOK)
		halfClose(w, r)
		return true
	}
	return false
}

// halfClose begins an answer and shuts the sending side down.
func halfClose(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
	_ = buffered.Flush()
	if side, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = side.CloseWrite()
	}
	one := make([]byte, 1)
	go func() {
		<-stopping(r)
		_ = conn.SetDeadline(time.Unix(1, 0))
	}()
	for {
		if _, err := conn.Read(one); err != nil {
			return
		}
	}
}

// answerWith sends an answer as the fault lets it.
func (s *Server) answerWith(w http.ResponseWriter, f Fault, code int, retryAfter int, body []byte) {
	switch {
	case f.LoseResponse:
		panic(http.ErrAbortHandler)
	case f.SlowResponse > 0:
		select {
		case <-time.After(f.SlowResponse):
		case <-f.stopping:
			panic(http.ErrAbortHandler)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	w.WriteHeader(code)
	if f.Truncate {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}
