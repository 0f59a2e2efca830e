package live

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render"
)

// Options of a page.
type Options struct {
	// Render gives the last good objects of a database, by its ID, in one environment. It is called by many goroutines at once.
	Render func(id, env string) (render.Bundle, error)
	// Heartbeat is how often a silent stream says that it is alive; 0 is [DefaultHeartbeat].
	Heartbeat time.Duration
	// Host is a name beside addresses and localhost that the page is reached by; "" for none.
	Host string
}

// DefaultHeartbeat is shorter than the time after which proxies take a silent connection for dead.
const DefaultHeartbeat = 15 * time.Second

// writeTimeout is how long a reader may take for one event before it is dropped. It comes back by itself.
const writeTimeout = 10 * time.Second

// Server is the page. It is an [http.Handler].
type Server struct {
	o       Options
	handler http.Handler
	epoch   string        // tells one run of the program from the next in the IDs of events
	closing chan struct{} // closed when Serve ends

	mu      sync.Mutex
	current *view         // nil before the first state
	changed chan struct{} // closed, and made anew, when current is replaced
}

// New is a page that waits for its first state.
func New(o Options) *Server {
	if o.Heartbeat == 0 {
		o.Heartbeat = DefaultHeartbeat
	}
	s := &Server{o: o, epoch: time.Now().UTC().Format("20060102T150405.000000000"), closing: make(chan struct{}), changed: make(chan struct{})}
	mux := http.NewServeMux()
	for _, f := range files() {
		mux.HandleFunc("GET "+f.path, f.serve)
	}
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /database", s.database)
	mux.HandleFunc("GET /picture", s.picture)
	s.handler = guard(mux, o.Host)
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Update shows a new state to everyone who looks. It waits for nobody.
func (s *Server) Update(state watch.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = newView(state, s.current)
	close(s.changed)
	s.changed = make(chan struct{})
}

// latest is the current view, nil before the first, and a channel that is closed when there is a newer one.
func (s *Server) latest() (*view, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.changed
}

// Serve answers on a listener until the context is done, then lets running answers end and closes the streams.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	// What clients do wrong is between them and us: it is not told on the watch's terminal.
	quiet := log.New(io.Discard, "", 0)
	server := &http.Server{Handler: s, ErrorLog: quiet, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	close(s.closing)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}
