// Package kubetest is an API server to test against: a stand-in inside the process, and the real one.
//
// The stand-in, Server, speaks real HTTP and has the real server's semantics for Leases, pods with their status, nodes and events: one
// resourceVersion for all, compare-and-swap, uid preconditions, list and watch with selectors, bookmarks, compaction (410), metadata alone on
// request, graceful deletion of pods. Faults are injected per client, verb, resource and name:
//
//	server, err := kubetest.New(kubetest.Config{})
//	defer server.Close()
//	heal := server.Inject(kubetest.Fault{Client: "pod-1", Verb: "update", Resource: "leases", LoseResponse: true})
//
// Pods and nodes come from the test, which plays kubelet and scheduler with Put, Change and Remove. A Server can be stopped and started again at the
// same address, with what it stored.
package kubetest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Config is what a Server is started with. The zero value is plain HTTP on a free port of the loopback, for anybody.
type Config struct {
	Address   string            // host:port; empty: a free port of 127.0.0.1
	TLS       *tls.Config       // nil: plain HTTP
	Tokens    map[string]string // bearer token → the client's name; nil: anybody, named by the User-Agent
	Bookmarks time.Duration     // how often a watch has a bookmark; zero: each minute, as the real one; negative: never
}

// Server is an API server inside this process. Its methods are safe for use by many goroutines.
type Server struct {
	URL string

	config  Config
	address string
	release func() // of the port, once it is held
	store   *store

	mu       sync.Mutex
	http     *http.Server
	stopping chan struct{} // closed by Stop
	served   sync.WaitGroup
	faults   []*Fault
	tokens   map[string]string
	requests []Request
}

// Request is one that was received, in the order in which answers began.
type Request struct {
	Client, Verb, Resource, Name string
	Version                      string // of a watch: the one it begins at
	Code                         int    // 0: none was sent
	At                           time.Time
}

// New starts a server.
func New(c Config) (*Server, error) {
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	if c.Bookmarks == 0 {
		c.Bookmarks = time.Minute
	}
	s := &Server{config: c, address: c.Address, store: newStore(), tokens: c.Tokens}
	if err := s.Start(); err != nil {
		return nil, err
	}
	return s, nil
}

// Start listens, again after Stop, at the same address.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return errors.New("the API server runs already")
	}
	listener, err := listen(s.address)
	if err != nil {
		return fmt.Errorf("start the API server: %w", err)
	}
	s.address = listener.Addr().String()
	if s.release == nil {
		if s.release, err = hold(listener.Addr()); err != nil {
			listener.Close()
			return fmt.Errorf("start the API server: %w", err)
		}
	}
	s.URL = "http://" + s.address
	if s.config.TLS != nil {
		s.URL = "https://" + s.address
		listener = tls.NewListener(listener, s.config.TLS)
	}
	s.stopping = make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(s.serve), BaseContext: s.base(s.stopping), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	s.http = server
	s.served.Go(func() { _ = server.Serve(listener) })
	return nil
}

type stoppingKey struct{}

// base gives each request the channel of the run that it came to.
func (s *Server) base(stopping chan struct{}) func(net.Listener) context.Context {
	return func(net.Listener) context.Context {
		return context.WithValue(context.Background(), stoppingKey{}, stopping)
	}
}

func stopping(r *http.Request) <-chan struct{} {
	return r.Context().Value(stoppingKey{}).(chan struct{})
}

// Stop closes the listener and all connections, as a server that was killed does. What is stored stays.
func (s *Server) Stop() {
	s.mu.Lock()
	server := s.http
	if server != nil {
		close(s.stopping)
	}
	s.http = nil
	s.mu.Unlock()
	if server != nil {
		_ = server.Close()
		s.served.Wait()
	}
}

// Close is Stop, for good: the port is anybody's afterwards.
func (s *Server) Close() {
	s.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.release != nil {
		s.release()
		s.release = nil
	}
}

// SetTokens replaces who is known. Watches that run go on.
func (s *Server) SetTokens(tokens map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = tokens
}

// Requests are all that were received so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) record(q query, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{Client: q.client, Verb: q.verb, Resource: q.resource, Name: q.name, Version: q.version, Code: code, At: time.Now()})
}

// Put stores an object as it is, status and all, whatever was there: kubelet, scheduler and administrator are the test's. It returns the object
// with its new version. The resource is leases, pods, events or nodes; an object of a node has no namespace.
func (s *Server) Put(resource string, o Object) Object { return s.store.put(resource, o) }

// Get is a stored object; false: there is none.
func (s *Server) Get(resource, namespace, name string) (Object, bool) {
	return s.store.get(resource, namespace, name)
}

// List is all objects of a resource, by namespace and name.
func (s *Server) List(resource string) []Object { return s.store.list(resource) }

// Change edits a stored object in place, if it is there.
func (s *Server) Change(resource, namespace, name string, edit func(Object)) bool {
	return s.store.change(resource, namespace, name, edit)
}

// Remove takes an object away at once, as a forced deletion does, if it is there.
func (s *Server) Remove(resource, namespace, name string) bool {
	return s.store.remove(resource, namespace, name)
}

// Compact forgets the history: a watch that wants to go on from before is told 410.
func (s *Server) Compact() { s.store.compact() }
