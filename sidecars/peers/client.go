package peers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Peer is whom to call. The address is never a name: a call must not wait for DNS.
type Peer struct {
	Member  string
	Address netip.AddrPort
}

// ErrSuperseded ends a call when a later one of the same kind to the same peer begins.
var ErrSuperseded = errors.New("a later call took its place")

// ErrNotGenuine is an answer that the peer that was meant did not give: of another member, or without its seal.
var ErrNotGenuine = errors.New("the answer is not the peer's")

// Client calls peers. It is safe for concurrent use.
type Client struct {
	self   Identity
	keys   Keys
	secure func() *tls.Config // nil is plain TCP
	dial   net.Dialer

	mutex   sync.Mutex
	flights map[flightKey]*flight
	idle    map[string][]*conn // by member
	closed  bool
}

type flightKey struct{ member, kind string }

// flight is a call under way.
type flight struct{ cancel context.CancelCauseFunc }

// maxIdle is how many connections to one peer are kept: one for beats, one for what comes between.
const maxIdle = 2

// NewClient is a client. secure gives the TLS configuration of a new connection, such as [Files.Client]; nil is plain TCP.
func NewClient(self Identity, keys Keys, secure func() *tls.Config) *Client {
	return &Client{
		self: self, keys: keys, secure: secure,
		dial:    net.Dialer{KeepAlive: 15 * time.Second},
		flights: map[flightKey]*flight{}, idle: map[string][]*conn{},
	}
}

// Call sends a message and returns the answer. It ends with its context at the latest; without a deadline there it waits for ever.
//
// A [Refusal] is the peer's own no. With any other error it is not known whether the message arrived, and messages have to be such
// that hearing them twice does no harm: one whose kept connection turns out to be closed is sent again on a new one.
func (c *Client) Call(ctx context.Context, peer Peer, kind string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	key, mine := flightKey{peer.Member, kind}, &flight{cancel}
	c.mutex.Lock()
	if c.closed {
		c.mutex.Unlock()
		return nil, net.ErrClosed
	}
	if earlier := c.flights[key]; earlier != nil {
		earlier.cancel(ErrSuperseded)
	}
	c.flights[key] = mine
	c.mutex.Unlock()
	defer func() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		if c.flights[key] == mine {
			delete(c.flights, key)
		}
	}()
	answer, err := c.exchange(ctx, peer, kind, body)
	if err != nil {
		err = ended(ctx, err)
	}
	if err != nil {
		var refusal Refusal
		if errors.As(err, &refusal) || errors.Is(err, ErrSuperseded) {
			return nil, err
		}
		return nil, fmt.Errorf("call %s of %s at %s: %w", kind, peer.Member, peer.Address, err)
	}
	return answer, nil
}

// ended is why a call ended: its context, rather than the timeout of a socket, which can come a moment before the context's own.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return context.DeadlineExceeded
	}
	return err
}

// Ask is Call over the types of a message.
func Ask[Response, Request any](ctx context.Context, c *Client, peer Peer, kind string, request Request) (Response, error) {
	var response Response
	body, err := json.Marshal(request)
	if err != nil {
		return response, fmt.Errorf("encode %s: %w", kind, err)
	}
	answer, err := c.Call(ctx, peer, kind, body)
	if err != nil {
		return response, err
	}
	return response, decode(answer, &response)
}

// exchange does one call, on a kept connection if there is one.
func (c *Client) exchange(ctx context.Context, peer Peer, kind string, body []byte) ([]byte, error) {
	for {
		conn := c.take(peer)
		kept := conn != nil
		if !kept {
			var err error
			if conn, err = c.connect(ctx, peer); err != nil {
				return nil, err
			}
		}
		answer, stale, err := conn.roundTrip(ctx, c.letterTo(peer, kind, body), c.keys)
		if err == nil || errors.As(err, new(Refusal)) {
			c.keep(peer, conn)
			return answer, err
		}
		_ = conn.Close() // a broken exchange leaves nothing worth keeping
		if !kept || !stale || ctx.Err() != nil {
			return nil, err
		}
	}
}

func (c *Client) letterTo(peer Peer, kind string, body []byte) letter {
	return letter{kind: kind, cluster: c.self.Cluster, from: c.self.Member, to: peer.Member, nonce: newNonce(), body: body}
}

// take is a kept connection to where the peer is now. Those to where it was are closed.
func (c *Client) take(peer Peer) *conn {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	kept := c.idle[peer.Member]
	for len(kept) > 0 {
		last := kept[len(kept)-1]
		kept = kept[:len(kept)-1]
		c.idle[peer.Member] = kept
		if last.address == peer.Address {
			return last
		}
		_ = last.Close()
	}
	delete(c.idle, peer.Member)
	return nil
}

func (c *Client) keep(peer Peer, used *conn) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.closed || used.spent || len(c.idle[peer.Member]) >= maxIdle {
		_ = used.Close()
		return
	}
	c.idle[peer.Member] = append(c.idle[peer.Member], used)
}

// Keep closes the connections to all members but these.
func (c *Client) Keep(members ...string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for member, conns := range c.idle {
		keep := false
		for _, m := range members {
			keep = keep || m == member
		}
		if keep {
			continue
		}
		for _, conn := range conns {
			_ = conn.Close()
		}
		delete(c.idle, member)
	}
}

// Close ends every call and every connection.
func (c *Client) Close() {
	c.mutex.Lock()
	c.closed = true
	for _, f := range c.flights {
		f.cancel(net.ErrClosed)
	}
	c.mutex.Unlock()
	c.Keep()
}

func (c *Client) connect(ctx context.Context, peer Peer) (*conn, error) {
	raw, err := c.dial.DialContext(ctx, "tcp", peer.Address.String())
	if err != nil {
		return nil, err
	}
	if c.secure != nil {
		secured := tls.Client(raw, c.secure())
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		raw = secured
	}
	bounded := &io.LimitedReader{R: raw}
	return &conn{Conn: raw, address: peer.Address, bounded: bounded, reader: bufio.NewReaderSize(bounded, 1<<10)}, nil
}

// conn is a connection that carries one exchange at a time.
type conn struct {
	net.Conn
	address netip.AddrPort
	bounded *io.LimitedReader // what one answer may take, its headers included
	reader  *bufio.Reader
	spent   bool // not to be used again
}

// roundTrip sends a letter and reads the answer. stale says that the connection ended before a byte of the answer came, as one does
// that the peer had closed while it was idle.
func (c *conn) roundTrip(ctx context.Context, request letter, keys Keys) (body []byte, stale bool, err error) {
	deadline, _ := ctx.Deadline() // zero is none
	if err := c.SetDeadline(deadline); err != nil {
		return nil, true, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer func() { c.spent = c.spent || !stop() }() // the deadline in the past may yet be set
	c.bounded.N = MaxBody + 16<<10
	if err := c.send(request, keys); err != nil {
		return nil, true, err
	}
	if _, err := c.reader.Peek(1); err != nil {
		return nil, true, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, false, err
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, MaxBody+1))
	_ = response.Body.Close()
	switch {
	case err != nil:
		return nil, false, err
	case len(body) > MaxBody:
		return nil, false, fmt.Errorf("the answer is longer than %d bytes", MaxBody)
	}
	c.spent = response.Close || c.reader.Buffered() > 0
	if err := genuine(request, response, body, keys); err != nil {
		return nil, false, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, false, Refusal{response.StatusCode, string(body)}
	}
	return body, false, nil
}

// genuine tells whether an answer is one to this request.
func genuine(request letter, response *http.Response, body []byte, keys Keys) error {
	answer := letter{
		answer: true, status: response.StatusCode, kind: request.kind, cluster: request.cluster, from: request.to, to: request.from,
		nonce: request.nonce, body: body,
	}
	refusal := Refusal{response.StatusCode, string(body)}
	switch from := response.Header.Get(headerFrom); {
	case response.StatusCode == http.StatusMisdirectedRequest:
		return refusal // somebody else has the address: a no that needs no proof
	case response.StatusCode == http.StatusUnauthorized:
		return refusal // our keys differ, so its seal says nothing to us
	case from != request.to:
		return fmt.Errorf("%w: %q has the address", ErrNotGenuine, from)
	}
	if err := answer.check(response.Header, keys); err != nil {
		return fmt.Errorf("%w: %w", ErrNotGenuine, err)
	}
	return nil
}

// send writes a letter in one write, so that it is one segment.
func (c *conn) send(request letter, keys Keys) error {
	var out bytes.Buffer
	header := http.Header{}
	if err := request.put(header, keys); err != nil {
		return err
	}
	fmt.Fprintf(&out, "POST %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		prefix, request.kind, c.address, len(request.body))
	_ = header.Write(&out) // into memory
	out.WriteString("\r\n")
	out.Write(request.body)
	_, err := c.Write(out.Bytes())
	return err
}
