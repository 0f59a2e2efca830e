package supervise

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// writePatience is how long the supervisor may leave a message unread before the client gives it up.
const writePatience = 2 * time.Second

// Client is the sidecar's end of one connection. It does not connect again: when Done is closed, Dial another.
type Client struct {
	net     *net.UnixConn
	permit  func() time.Duration
	updates chan Status
	done    chan struct{}
	writing sync.Mutex

	mu      sync.Mutex
	err     error
	status  Status
	pending map[string]chan answer
}

// Dial connects to the supervisor, and from then on leads: an older connection is ended. At each tick permit is asked how long
// postgres may still be a primary; it must be quick, and is called by one goroutine. It returns once the versions agree and
// the first status is there.
func Dial(ctx context.Context, socket string, permit func() time.Duration) (*Client, error) {
	nc, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connect to the supervisor: %w", err)
	}
	c := &Client{
		net: nc.(*net.UnixConn), permit: permit, updates: make(chan Status, 1), done: make(chan struct{}), pending: map[string]chan answer{},
	}
	first := make(chan struct{})
	go c.read(first)
	select {
	case <-first:
		return c, nil
	case <-c.done:
		return nil, fmt.Errorf("talk to the supervisor: %w", c.Err())
	case <-ctx.Done():
		c.Close()
		return nil, fmt.Errorf("talk to the supervisor: %w", ctx.Err())
	}
}

// Instance names the supervisor process.
func (c *Client) Instance() string { return c.Status().Instance }

// Status is the last status received.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Updates has the newest status that was not received yet. Older ones are passed over: a status says everything.
func (c *Client) Updates() <-chan Status { return c.updates }

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is why the connection has ended: an *Error if the supervisor said it.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection. Postgres goes on for as long as its permit lasts.
func (c *Client) Close() { c.net.Close() }

// Start starts postgres and returns the postmaster's pid. It does not wait until postgres is ready. Started already in the same mode
// is a success.
func (c *Client) Start(ctx context.Context, s Start) (pid int, err error) {
	a, err := c.call(ctx, message{Start: &s})
	return a.PID, err
}

// Stop stops postgres, returns when nothing of it is left, and says how it ended: nil if none ever ran.
func (c *Client) Stop(ctx context.Context, s Stop) (*Exit, error) {
	a, err := c.call(ctx, message{Stop: &s})
	return a.Exit, err
}

// Kill kills every process beside the supervisor, and returns as Stop does.
func (c *Client) Kill(ctx context.Context, reason string) (*Exit, error) {
	a, err := c.call(ctx, message{Kill: &kill{Reason: reason}})
	return a.Exit, err
}

// Exec runs a program to its end. When ctx ends first, the program is cancelled: SIGTERM, and SIGKILL 2 s later.
func (c *Client) Exec(ctx context.Context, cmd Command) (*Output, error) {
	a, err := c.call(ctx, message{ID: cmd.ID, Exec: &cmd})
	return a.Output, err
}

// Cancel ends the tool with that ID, if it runs. Its Exec says how it ended.
func (c *Client) Cancel(id string) error { return c.write(message{ID: id, Cancel: &struct{}{}}) }

// Promoting announces that the standby is about to be promoted. Only after it returned nil may that be done: from then on the
// end of the permit kills, and a standby that becomes a primary unannounced is killed.
func (c *Client) Promoting(ctx context.Context) error {
	_, err := c.call(ctx, message{Promoting: &struct{}{}})
	return err
}

// Revoke ends the permit. What needed it is killed.
func (c *Client) Revoke(ctx context.Context) error {
	_, err := c.call(ctx, message{Revoke: &struct{}{}})
	return err
}

// Reload has postgres read its configuration again.
func (c *Client) Reload(ctx context.Context) error {
	_, err := c.call(ctx, message{Reload: &struct{}{}})
	return err
}

// Exit tells a terminating supervisor that the sidecar needs nothing more of it: it ends as soon as postgres has.
func (c *Client) Exit(ctx context.Context) error {
	_, err := c.call(ctx, message{Exit: &struct{}{}})
	return err
}

func (c *Client) call(ctx context.Context, m message) (answer, error) {
	if m.ID == "" {
		var id [8]byte
		_, _ = rand.Read(id[:])
		m.ID = hex.EncodeToString(id[:])
	}
	got := make(chan answer, 1)
	c.mu.Lock()
	if c.pending[m.ID] != nil {
		c.mu.Unlock()
		return answer{}, refuse(CodeBadRequest, "request %s is being waited for already", m.ID)
	}
	c.pending[m.ID] = got
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.pending, m.ID)
	}()
	if err := c.write(m); err != nil {
		return answer{}, c.ended(err)
	}
	select {
	case a := <-got:
		return a.result()
	case <-c.done:
		// The answer may have been the last thing the supervisor said.
		select {
		case a := <-got:
			return a.result()
		default:
			return answer{}, c.ended(c.Err())
		}
	case <-ctx.Done():
		if m.Exec != nil {
			_ = c.Cancel(m.ID)
		}
		return answer{}, fmt.Errorf("wait for the supervisor: %w", ctx.Err())
	}
}

// result is the answer as a call returns it.
func (a answer) result() (answer, error) {
	if a.Error != nil {
		return answer{}, a.Error
	}
	return a, nil
}

// ended is the error of a request whose connection was lost: whether it was carried out is unknown.
func (c *Client) ended(err error) error {
	return refuse(CodeUnsupervised, "the connection ended before the answer: %s", err)
}

func (c *Client) write(m message) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.net.SetWriteDeadline(time.Now().Add(writePatience))
	_, err := c.net.Write(encode(m))
	if err != nil && !hungUp(err) {
		c.net.Close()
	}
	return err
}

// hungUp tells the error of a write to a supervisor that has ended: what it said before is still to be read. It is a reset where the supervisor
// left something unread, and that in the midst of the write.
func hungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// read takes messages until the connection ends. first is closed with the first status.
func (c *Client) read(first chan struct{}) {
	defer close(c.done)
	defer c.net.Close()
	greeted, ticked := false, false
	err := lines(c.net, func(m message) error {
		switch {
		case m.End != nil:
			return m.End
		case !greeted:
			if m.Hello == nil || m.Hello.Version != Version {
				return refuse(CodeVersion, "the supervisor does not speak version %d", Version)
			}
			greeted = true
			return c.write(message{Hello: &hello{Version: Version}})
		case m.Tick != nil:
			if err := c.tick(m.Tick); err != nil {
				return err
			}
			if !ticked {
				ticked = true
				close(first)
			}
		case m.Answer != nil:
			c.answered(m.ID, *m.Answer)
		}
		return nil
	})
	if err == nil {
		err = errors.New("the supervisor closed the connection")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// tick keeps the status, and answers with what is left of the permit.
func (c *Client) tick(t *ticked) error {
	c.mu.Lock()
	if t.Status != nil {
		c.status = *t.Status
	}
	c.status.Permit = t.Permit
	c.mu.Unlock()
	if left := min(c.permit(), maxGrant).Milliseconds(); left > 0 {
		if err := c.write(message{Grant: &grant{N: t.N, Millis: left}}); err != nil && !hungUp(err) {
			return err
		}
	}
	if t.Status == nil {
		return nil
	}
	select {
	case <-c.updates:
	default:
	}
	c.updates <- *t.Status
	return nil
}

func (c *Client) answered(id string, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.pending[id]; got != nil {
		delete(c.pending, id)
		got <- a
	}
}
