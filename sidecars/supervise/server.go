package supervise

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// helloPatience is how long a connection may take to say its version.
	helloPatience = 5 * time.Second
	// endPatience is how long a connection that ends is kept for who is to read why.
	endPatience = 5 * time.Second
)

// conn is a connection of a sidecar.
type conn struct {
	net  *net.UnixConn
	out  chan []byte
	done chan struct{} // closed when nothing more is written

	// What the loop told it last, if it did.
	told   bool
	status Status
}

// reply is where an answer goes.
type reply struct {
	conn *conn
	id   string
}

// send queues a message. A sidecar that does not read loses its connection, and has to come again.
func (c *conn) send(m message) {
	select {
	case c.out <- encode(m):
	default:
		c.net.Close()
	}
}

// end says why, and closes once that was written.
func (c *conn) end(why *Error) {
	c.send(message{End: why})
	c.close()
}

// close closes once everything queued was written.
func (c *conn) close() {
	select {
	case c.out <- nil:
	default:
		c.net.Close()
	}
}

func (c *conn) write() {
	defer close(c.done)
	for b := range c.out {
		if b == nil {
			c.net.Close()
			return
		}
		if _, err := c.net.Write(b); err != nil {
			c.net.Close()
			return
		}
	}
}

func (s *supervisor) accept(l *net.UnixListener) {
	for {
		nc, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.log.printf("accept a connection: %s", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go s.serve(nc)
	}
}

// serve reads one connection to its end.
func (s *supervisor) serve(nc *net.UnixConn) {
	defer nc.Close()
	if uid, err := peer(nc); err != nil || uid != os.Getuid() {
		s.log.printf("refused a connection of user %d: %v", uid, err)
		return
	}
	c := &conn{net: nc, out: make(chan []byte, 64), done: make(chan struct{})}
	go c.write()
	c.send(message{Hello: &hello{Version: Version, Instance: s.instance}})
	_ = nc.SetReadDeadline(time.Now().Add(helloPatience))
	greeted, pipe := false, (*Command)(nil)
	err := lines(nc, func(m message) error {
		if !greeted {
			if m.Hello == nil || m.Hello.Version != Version {
				return refuse(CodeVersion, "this supervisor speaks version %d", Version)
			}
			_ = nc.SetReadDeadline(time.Time{})
			if pipe = m.Hello.Pipe; pipe != nil {
				return errPipe
			}
			greeted = true
			s.post(func() { s.follow(c) })
			return nil
		}
		s.post(func() { s.received(c, m) })
		return nil
	})
	if pipe != nil {
		s.servePipe(c, *pipe)
		return
	}
	var why *Error
	if errors.As(err, &why) {
		s.log.printf("ended a connection: %s", why.Message)
		c.end(why)
	} else {
		c.close()
	}
	if greeted {
		s.post(func() { s.left(c) })
	}
	select {
	case <-c.done: // said why
	case <-time.After(endPatience):
	}
}

func peer(nc *net.UnixConn) (int, error) {
	raw, err := nc.SyscallConn()
	if err != nil {
		return -1, err
	}
	uid := -1
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); credErr == nil {
			uid = int(cred.Uid)
		}
	}); err != nil {
		return -1, err
	}
	return uid, credErr
}

// follow makes a connection the one that leads.
func (s *supervisor) follow(c *conn) {
	if s.lead != nil {
		s.lead.end(refuse(CodeReplaced, "a newer connection leads"))
	}
	s.lead = c
	s.fence.forget()
	s.tell()
}

func (s *supervisor) left(c *conn) {
	if s.lead != c {
		return
	}
	s.log.printf("the sidecar left")
	s.lead = nil
	s.aloneAt = s.clock()
	s.fence.forget()
	s.endStep(s.clock())
}

func (s *supervisor) received(c *conn, m message) {
	if s.lead != c {
		return // what a replaced connection still had to say
	}
	r := reply{conn: c, id: m.ID}
	switch {
	case m.Grant != nil:
		if v := s.fence.granted(m.Grant.N, time.Duration(m.Grant.Millis)*time.Millisecond); v == grantLate || v == grantUnknown {
			s.log.printf("passed over a grant for tick %d: %s", m.Grant.N, v)
		}
	case m.Start != nil:
		s.start(&start{Start: *m.Start, reply: r})
	case m.Stop != nil:
		s.stop(&r, *m.Stop)
	case m.Kill != nil:
		s.killAsked(r, m.Kill.Reason)
	case m.Exec != nil:
		s.exec(r, *m.Exec)
	case m.Cancel != nil:
		s.cancel(r)
	case m.Promoting != nil:
		s.promoting(r)
	case m.Revoke != nil:
		s.fence.revoke()
		s.answer(r, answer{})
	case m.Reload != nil:
		s.reload(r)
	case m.Exit != nil:
		s.exitAsked = true
		s.answer(r, answer{})
		s.endStep(s.clock())
	default:
		s.refuse(r, refuse(CodeUnknown, "version %d has no such request", Version))
	}
}

func (s *supervisor) answer(r reply, a answer) {
	if r.conn != nil {
		r.conn.send(message{ID: r.id, Answer: &a})
	}
}

func (s *supervisor) refuse(r reply, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = refuse(CodeBadRequest, "%s", err)
	}
	s.answer(r, answer{Error: e})
	if e.Code == CodeNoPermit {
		s.tell() // the permit may just have been earned: ask for it now, so that who tries again need not wait for the next tick
	}
}

func (s *supervisor) signalled(sig os.Signal) {
	if sig != syscall.SIGTERM && sig != syscall.SIGINT || s.termAt != nil {
		return
	}
	now := s.clock()
	s.termAt = &now
	s.log.printf("told to end: the sidecar hands over first")
	s.tell()
	s.endStep(now)
}

// endStep moves a supervisor that was told to end towards its end.
func (s *supervisor) endStep(now instant) {
	if s.termAt == nil || s.sweep != nil || s.over {
		return
	}
	asked := now.since(*s.termAt)
	alone := s.lead == nil && min(asked, now.since(s.aloneAt)) >= s.o.Orphaned
	switch {
	case s.pg.running():
		if s.pg.phase != Stopping && (alone || asked >= s.o.Grace) {
			s.log.printf("nobody handed over in time: postgres is stopped")
			s.stop(nil, Stop{Mode: Fast})
		}
	case s.lead != nil && !s.exitAsked && min(asked, now.since(s.downAt)) < s.o.Linger:
		// The sidecar may want to read the control file, and to tell of the handover, before its container's neighbour goes.
	case s.tool != nil || len(s.asides) > 0:
		if s.anyTool() {
			s.beginSweep("the supervisor ends", nil)
		}
	default:
		s.over = true
	}
}
