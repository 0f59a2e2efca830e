package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onggi-db/onggi/sidecars/agent"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/peers"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// currentFile is the configuration in force.
type currentFile struct{ value atomic.Pointer[config.File] }

func (c *currentFile) load() config.File   { return *c.value.Load() }
func (c *currentFile) store(f config.File) { c.value.Store(&f) }

// token is the shared secret of the members, in a file that may be renewed.
type token struct {
	file string

	mu    sync.Mutex
	at    time.Time
	value string
}

// read gives the token as the file has it now, or as it was when the file could last be read.
func (t *token) read() string {
	if t.file == "" {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	info, err := os.Stat(t.file)
	if err != nil || info.ModTime().Equal(t.at) {
		return t.value
	}
	text, err := os.ReadFile(t.file)
	if text = bytes.TrimSpace(text); err == nil && len(text) > 0 {
		t.at, t.value = info.ModTime(), string(text)
	}
	return t.value
}

// letters is the client of the peers. It is made once the volume's identity is known: letters are signed with it.
type letters struct {
	cluster string
	token   *token
	files   *peers.Files // nil: plain TCP
	member  func() string

	once   sync.Once
	client *peers.Client
}

func newLetters(f config.File) (*letters, error) {
	l := &letters{cluster: f.Cluster, token: &token{file: f.Listen.TokenFile}}
	if t := f.Listen.TLS; t.Cert != "" {
		l.files = &peers.Files{Certificate: t.Cert, Key: t.Key, Authorities: t.CA, Name: f.Cluster}
		if err := l.files.Load(); err != nil {
			return nil, fmt.Errorf("read the certificates of the agents: %w", err)
		}
	}
	if l.files == nil && l.token.read() == "" {
		return nil, errors.New("members have nothing to know each other by: set listen.tokenFile or listen.tls")
	}
	return l, nil
}

// keys are what letters are sealed with; nil where certificates are enough.
func (l *letters) keys() peers.Keys {
	if l.token.file == "" {
		return nil
	}
	return func() [][]byte {
		if t := l.token.read(); t != "" {
			return [][]byte{[]byte(t)}
		}
		return nil
	}
}

// trust is what callers are believed for.
func (l *letters) trust() peers.Trust {
	t := peers.Trust{Keys: l.keys()}
	if l.files != nil {
		t.Certificate = l.files.VerifyClient
	}
	return t
}

func (l *letters) identity() peers.Identity {
	return peers.Identity{Cluster: l.cluster, Member: l.member()}
}

func (l *letters) made() *peers.Client {
	l.once.Do(func() {
		var secure func() *tls.Config
		if l.files != nil {
			secure = l.files.Client
		}
		l.client = peers.NewClient(l.identity(), l.keys(), secure)
	})
	return l.client
}

// Send implements agent.Wire. It is called only by an agent that knows its volume.
func (l *letters) Send(ctx context.Context, to ha.Member, m ha.Message) (ha.Message, error) {
	return agent.Letters{Client: l.made()}.Send(ctx, to, m)
}

// kindRequest carries a request of a person from the member that was asked to the one that can do it.
const kindRequest = "request"

func (l *letters) forward(ctx context.Context, to ha.Member, r agent.Forwarded) (agent.Answer, error) {
	address, err := netip.ParseAddrPort(to.Addr)
	if err != nil {
		return agent.Answer{}, fmt.Errorf("ask %s: its address %q is none", to.Name, to.Addr)
	}
	return peers.Ask[agent.Answer](ctx, l.made(), peers.Peer{Member: to.ID, Address: address}, kindRequest, r)
}

// serving are the two servers: for the network, and for the socket in the pod.
type serving struct{ open, local *http.Server }

func (s *serving) close() {
	_ = s.open.Close()
	_ = s.local.Close()
}

// serve begins to answer. The context of requests ends with ctx.
func (s *sidecar) serve(ctx context.Context) (*serving, error) {
	f := s.current.load()
	auth := rest.Auth{Token: func() []string {
		if t := s.letters.token.read(); t != "" {
			return []string{t}
		}
		return nil
	}}
	var secure *tls.Config
	if s.letters.files != nil {
		secure = s.letters.files.Open()
		auth.Certificate = s.letters.files.VerifyClient
	}
	handler := rest.New(s.source, auth)
	network, err := net.Listen("tcp", net.JoinHostPort(s.pod.IP, strconv.Itoa(f.Listen.Port)))
	if err != nil {
		return nil, fmt.Errorf("listen for peers and probes: %w", err)
	}
	if secure != nil {
		network = tls.NewListener(network, secure)
	}
	_ = os.Remove(f.ControlSocket())
	socket, err := net.Listen("unix", f.ControlSocket())
	if err == nil {
		err = os.Chmod(f.ControlSocket(), 0o600)
	}
	if err != nil {
		_ = network.Close()
		return nil, fmt.Errorf("listen for ctl: %w", err)
	}
	both := &serving{open: rest.NewServer(s.split(handler), secure), local: rest.NewServer(s.inside(handler.Local()), nil)}
	for _, one := range []*http.Server{both.open, both.local} {
		one.BaseContext = func(net.Listener) context.Context { return ctx }
	}
	both.open.IdleTimeout = 2 * time.Minute // longer than any two beats are apart
	go func() { _ = both.open.Serve(network) }()
	go func() { _ = both.local.Serve(socket) }()
	return both, nil
}

// split gives peers what is theirs, once the volume's identity is known.
func (s *sidecar) split(handler http.Handler) http.Handler {
	var once sync.Once
	var letters http.Handler
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/peer/") {
			handler.ServeHTTP(w, r)
			return
		}
		if s.agent.Member() == "" {
			http.Error(w, agent.ErrNotReady.Error(), http.StatusServiceUnavailable)
			return
		}
		once.Do(func() {
			letters = peers.NewHandler(s.letters.identity(), s.letters.trust(), s.kinds()).WithStreams(s.streams())
		})
		letters.ServeHTTP(w, r)
	})
}

// kinds are the messages of the protocol, and requests of people that were asked of another member.
func (s *sidecar) kinds() map[string]peers.Answer {
	kinds := agent.Kinds(s.agent)
	kinds[kindRequest] = peers.Typed(func(ctx context.Context, _ string, r agent.Forwarded) (agent.Answer, error) {
		return s.source.Take(ctx, r)
	})
	kinds[kindBackup] = peers.Typed(s.keeper.Obey)
	return kinds
}
