package peers

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Stream takes a connection that a peer opened for a kind, and closes it when done. body is what the caller said when it asked for it.
type Stream func(ctx context.Context, from string, body []byte, conn net.Conn)

// A stream is opened in two letters. The first, stream-open, names the kind and says what it is for; its answer is a ticket, good for one use and a
// moment. The second, stream, shows the ticket under the seal, and from its answer on the connection belongs to the two ends. So a recorded letter
// opens nothing, as a beat's that is heard twice does no harm, and what a stream carries may.
const (
	kindStreamOpen = "stream-open"
	kindStream     = "stream"
	ticketLife     = 10 * time.Second
	mostTickets    = 64
)

// opening is the body of stream-open.
type opening struct {
	Kind string `json:"kind"`
	Body []byte `json:"body,omitempty"`
}

// ticketed is its answer, and the body of stream.
type ticketed struct {
	Ticket string `json:"ticket"`
}

// Streams are the kinds of streams that a handler serves.
type Streams struct {
	kinds map[string]Stream

	mutex   sync.Mutex
	tickets map[string]promised
}

type promised struct {
	opening
	from  string
	until time.Time
}

// NewStreams are streams of these kinds.
func NewStreams(kinds map[string]Stream) *Streams {
	return &Streams{kinds: kinds, tickets: map[string]promised{}}
}

// promise gives a ticket.
func (s *Streams) promise(_ context.Context, from string, o opening) (ticketed, error) {
	if s.kinds[o.Kind] == nil {
		return ticketed{}, Refusal{http.StatusNotFound, "no such kind of stream"}
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	ticket := hex.EncodeToString(raw[:])
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for old, p := range s.tickets {
		if time.Now().After(p.until) {
			delete(s.tickets, old)
		}
	}
	if len(s.tickets) >= mostTickets {
		return ticketed{}, Refusal{http.StatusServiceUnavailable, "too many streams are being opened"}
	}
	s.tickets[ticket] = promised{o, from, time.Now().Add(ticketLife)}
	return ticketed{ticket}, nil
}

// redeem takes a ticket back.
func (s *Streams) redeem(from, ticket string) (promised, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	p, ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	if !ok || p.from != from || time.Now().After(p.until) {
		return promised{}, Refusal{http.StatusForbidden, "the ticket is used, too old, or another's"}
	}
	return p, nil
}

// WithStreams is the handler with these streams beside its kinds.
func (h *Handler) WithStreams(s *Streams) *Handler {
	kinds := map[string]Answer{kindStreamOpen: Typed(s.promise), kindStream: func(context.Context, string, []byte) ([]byte, error) {
		return nil, Refusal{http.StatusBadRequest, "a stream is not called like a message"}
	}}
	for kind, answer := range h.kinds {
		kinds[kind] = answer
	}
	return &Handler{self: h.self, trust: h.trust, kinds: kinds, streams: s}
}

// serveStream hands the connection over, once the letter that shows a ticket was let in.
func (h *Handler) serveStream(w http.ResponseWriter, r *http.Request, request letter) {
	var shown ticketed
	err := decode(request.body, &shown)
	var p promised
	if err == nil {
		p, err = h.streams.redeem(request.from, shown.Ticket)
	}
	if err != nil {
		refusal := Refusal{http.StatusBadRequest, err.Error()}
		errors.As(err, &refusal)
		h.answer(w, request, refusal.Status, []byte(refusal.Text))
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		h.answer(w, request, http.StatusInternalServerError, []byte("the connection cannot be handed over"))
		return
	}
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	header := http.Header{}
	answer := letter{answer: true, status: http.StatusSwitchingProtocols, kind: request.kind, cluster: h.self.Cluster, from: h.self.Member, to: request.from, nonce: request.nonce}
	_ = answer.put(header, h.trust.Keys)
	fmt.Fprint(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: onggi-stream\r\n")
	_ = header.Write(buffered)
	_, _ = buffered.WriteString("\r\n")
	if buffered.Flush() != nil {
		conn.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	h.streams.kinds[p.Kind](r.Context(), request.from, p.Body, &readAhead{conn, buffered.Reader})
}

// readAhead is a connection of which some bytes were read already.
type readAhead struct {
	net.Conn
	reader *bufio.Reader
}

func (c *readAhead) Read(p []byte) (int, error) {
	if c.reader.Buffered() > 0 {
		return c.reader.Read(p[:min(len(p), c.reader.Buffered())])
	}
	return c.Conn.Read(p)
}

// CloseWrite tells the other side that nothing more comes.
func (c *readAhead) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}

// Stream opens a connection for a kind to a peer. It is the caller's to close.
func (c *Client) Stream(ctx context.Context, peer Peer, kind string, body []byte) (net.Conn, error) {
	ticket, err := Ask[ticketed](ctx, c, peer, kindStreamOpen, opening{kind, body})
	if err != nil {
		return nil, err
	}
	conn, err := c.connect(ctx, peer)
	if err != nil {
		return nil, fmt.Errorf("open a stream to %s: %w", peer.Member, err)
	}
	if err := c.openStream(ctx, conn, peer, ticket); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("open a stream to %s: %w", peer.Member, err)
	}
	return &readAhead{conn.Conn, conn.reader}, nil
}

func (c *Client) openStream(ctx context.Context, conn *conn, peer Peer, ticket ticketed) error {
	body, err := json.Marshal(ticket)
	if err != nil {
		return fmt.Errorf("encode the ticket: %w", err)
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	request := c.letterTo(peer, kindStream, body)
	conn.bounded.N = MaxBody
	if err := conn.send(request, c.keys); err != nil {
		return err
	}
	response, err := http.ReadResponse(conn.reader, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body) // conn.bounded bounds it, and there is none where the stream is open
	if err != nil {
		return err
	}
	if err := genuine(request, response, text, c.keys); err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return Refusal{response.StatusCode, string(text)}
	}
	return conn.SetDeadline(time.Time{})
}
