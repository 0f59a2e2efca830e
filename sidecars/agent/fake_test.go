package agent

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// never is after which a test takes what has not come for what never comes. It is no measure of speed.
const never = time.Minute

// bench is an agent whose parts are made up. Its clocks can be moved on.
type bench struct {
	t     *testing.T
	agent *Agent

	ahead atomic.Int64 // how far its clocks were moved on

	mu         sync.Mutex
	record     ha.Record
	version    int
	seen       func(ha.Record)
	status     FenceStatus
	asking     func() // called before each answer of the server
	told       func(FenceStatus)
	permit     func(string) time.Duration
	postgres   ha.Postgres
	data       ha.Data
	probe      error
	done       []ha.Action // by the hands, in the order in which they began
	hold       map[ha.Do]chan struct{}
	failing    map[ha.Do]error
	sent       []ha.Message
	answers    func(ha.Message) (ha.Message, error)
	killed     []string
	exited     bool
	dead       string
	pod        ha.Pod
	hindrances map[string]string // what Kubernetes says of pods, by name
	addresses  map[string]string // of pods, by name
	labels     []string
	events     []string // the reasons of what people were told
	remembered []ha.Durable
	remember   func() // called before it is done
	durable    ha.Durable
	order      []string // of what was remembered, written, done
	wrote      []ha.Record
	outcome    func() (ha.Outcome, bool) // of the next write, where it is made up
}

// newBench is a member of a cluster of one, whose supervisor holds an empty volume.
func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, pod: ha.Pod{Updated: true}, hold: map[ha.Do]chan struct{}{}, failing: map[ha.Do]error{}}
	b.status = FenceStatus{Supervisor: ha.Supervisor{Instance: "i1", Locked: true, Phase: ha.Down}}
	return b
}

func (b *bench) settings() Settings {
	timing, _ := ha.Profile("fast")
	return Settings{
		Core: ha.Config{Timing: timing, Mode: ha.Async, Instances: 3}.Defaults(),
		Self: ha.Member{Name: "shop-0", Addr: "10.0.0.1:8008", Host: "10.0.0.1"},
	}
}

func (b *bench) clock() ha.Instant { return SystemClock().Add(time.Duration(b.ahead.Load())) }

// run runs the agent until the test ends.
func (b *bench) run() *bench {
	b.t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(b.t.Output(), nil))
	}
	var err error
	b.agent, err = New(Parts{
		Store: store{b}, Fence: fence{b}, Server: server1{b}, Hands: hands{b}, Wire: wire{b}, Cluster: cluster{b}, Memory: memory{b},
		Clock: b.clock, Nonce: "n", Log: log,
	}, b.settings())
	require.NoError(b.t, err)
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.agent.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		for do, gate := range b.hold {
			close(gate)
			delete(b.hold, do)
		}
		b.mu.Unlock()
		select {
		case err := <-ended:
			require.NoError(b.t, err)
		case <-time.After(never):
			require.Fail(b.t, "Run did not return")
		}
	})
	return b
}

// later moves the clocks on, and returns once the loop has noticed: on a busy machine they would leap else.
func (b *bench) later(d time.Duration) {
	b.ahead.Add(int64(d))
	turned := make(chan struct{})
	b.agent.post(b.t.Context(), func(*loop) { close(turned) })
	select {
	case <-turned:
	case <-b.agent.ended:
	}
}

func (b *bench) eventually(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(never); ; time.Sleep(2 * time.Millisecond) {
		b.mu.Lock()
		good := ok()
		b.mu.Unlock()
		if good {
			return
		}
		if time.Now().After(end) {
			b.mu.Lock()
			defer b.mu.Unlock()
			require.FailNow(b.t, "never: "+what, "done: %v\norder: %v\nwhy: %s", b.done, b.order, b.agent.shown.Load().state.Why())
		}
	}
}

// did tells whether the hands began an action.
func (b *bench) did(do ha.Do) int {
	n := 0
	for _, a := range b.done {
		if a.Do == do {
			n++
		}
	}
	return n
}

// tell changes what the supervisor says, and says it.
func (b *bench) tell(change func(*FenceStatus)) {
	b.mu.Lock()
	change(&b.status)
	told, status := b.told, b.status
	b.mu.Unlock()
	if told != nil {
		told(status)
	}
}

// put makes another version of the record, as somebody else would.
func (b *bench) put(change func(*ha.Record)) {
	b.mu.Lock()
	change(&b.record)
	b.version++
	b.record.Version = strconv.Itoa(b.version)
	seen, record := b.seen, b.record
	b.mu.Unlock()
	if seen != nil {
		seen(record)
	}
}

type store struct{ *bench }

func (s store) Watch(ctx context.Context, seen func(ha.Record)) {
	s.mu.Lock()
	s.seen = seen
	record := s.record
	s.mu.Unlock()
	seen(record)
	<-ctx.Done()
}

func (s store) Read(context.Context) (ha.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, "read")
	return s.record, nil
}

func (s store) Write(ctx context.Context, base string, r ha.Record) (ha.Outcome, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, "write")
	s.bench.wrote = append(s.bench.wrote, r)
	if s.outcome != nil {
		if outcome, ok := s.outcome(); ok {
			return outcome, "", context.DeadlineExceeded
		}
	}
	if base != s.record.Version {
		return ha.Refused, "", context.Canceled
	}
	s.version++
	r.Version = strconv.Itoa(s.version)
	s.record = r
	return ha.Applied, r.Version, nil
}

func (s store) Heard() time.Duration { return 0 }

type fence struct{ *bench }

func (f fence) Run(ctx context.Context, permit func(string) time.Duration, told func(FenceStatus)) {
	f.mu.Lock()
	f.bench.permit, f.bench.told = permit, told
	status := f.status
	f.mu.Unlock()
	told(status)
	<-ctx.Done()
}

func (f fence) Kill(_ context.Context, why string) error {
	f.mu.Lock()
	f.killed = append(f.killed, why)
	f.mu.Unlock()
	f.tell(func(s *FenceStatus) { s.Phase = ha.Down })
	return nil
}

func (f fence) Exit(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exited = true
	return nil
}

type server1 struct{ *bench }

func (s server1) Status(context.Context) (ha.Postgres, Detail, error) {
	s.mu.Lock()
	asking := s.asking
	s.mu.Unlock()
	if asking != nil {
		asking()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Phase == ha.Down {
		return ha.Postgres{}, Detail{}, io.EOF
	}
	return s.postgres, Detail{ServerVersion: 150018}, nil
}

func (s server1) Probe(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probe
}

func (s server1) Data(context.Context) (ha.Data, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data, nil
}

type hands struct{ *bench }

// Do is what the real one does to what is seen afterwards.
func (h hands) Do(ctx context.Context, a ha.Action, _ Facts) error {
	h.mu.Lock()
	h.done = append(h.done, a)
	h.order = append(h.order, a.Do.String())
	gate, err := h.hold[a.Do], h.failing[a.Do]
	h.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err != nil {
		return err
	}
	switch a.Do {
	case ha.Init:
		h.mu.Lock()
		h.data = ha.Data{Exists: true, SystemID: 42, Clean: true, End: ha.Position{Timeline: 1, LSN: 100}}
		h.mu.Unlock()
	case ha.StartPrimary:
		h.mu.Lock()
		h.bench.postgres = ha.Postgres{Position: ha.Position{Timeline: 1, LSN: 100}, SystemID: 42, Gated: a.Gated}
		h.mu.Unlock()
		h.tell(func(s *FenceStatus) { s.Phase = ha.Primary; s.Starts++ })
	case ha.StartStandby:
		h.mu.Lock()
		h.bench.postgres = ha.Postgres{InRecovery: true, Position: ha.Position{Timeline: 1, LSN: 100}, SystemID: 42, Upstream: a.Upstream.Host,
			Receiver: true, Streaming: true}
		h.mu.Unlock()
		h.tell(func(s *FenceStatus) { s.Phase = ha.Standby; s.Starts++ })
	case ha.Follow:
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bench.postgres.Upstream = a.Upstream.Host
		h.bench.postgres.Receiver, h.bench.postgres.Streaming = a.Upstream.ID != "", a.Upstream.ID != ""
	case ha.Stop:
		h.tell(func(s *FenceStatus) { s.Phase = ha.Down })
	}
	return nil
}

type wire struct{ *bench }

func (w wire) Send(_ context.Context, _ ha.Member, m ha.Message) (ha.Message, error) {
	w.mu.Lock()
	w.sent = append(w.sent, m)
	answers := w.answers
	w.mu.Unlock()
	if answers == nil {
		return ha.Message{}, io.EOF
	}
	return answers(m)
}

type memory struct{ *bench }

func (m memory) Open() (string, ha.Durable, error) { return "m0", m.durable, nil }

func (m memory) Remember(d ha.Durable) error {
	m.mu.Lock()
	before := m.bench.remember
	m.mu.Unlock()
	if before != nil {
		before()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remembered = append(m.remembered, d)
	m.order = append(m.order, "remember")
	return nil
}
