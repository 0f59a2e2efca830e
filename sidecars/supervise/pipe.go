package supervise

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// errPipe ends the reading of messages on a connection that becomes a program's.
var errPipe = errors.New("the connection is a pipe")

// anyTool says whether some program of Exec lives.
func (s *supervisor) anyTool() bool {
	if s.tool != nil && s.tool.pid > 0 {
		return true
	}
	for _, t := range s.asides {
		if t.pid > 0 {
			return true
		}
	}
	return false
}

// servePipe gives a connection to a program. The connection is answered before: what comes after the answer is the program's.
func (s *supervisor) servePipe(c *conn, command Command) {
	command.Aside = true
	may := make(chan error, 1)
	s.post(func() { may <- s.mayRun(command) })
	var err error
	select {
	case err = <-may:
	case <-s.stopped:
		err = refuse(CodeTerminating, "the supervisor ends")
	}
	if err != nil {
		var why *Error
		errors.As(err, &why) // mayRun gives no other
		c.end(why)
		<-c.done
		return
	}
	c.send(message{Answer: &answer{}})
	close(c.out) // nobody else sends: the connection does not lead
	<-c.done
	file, err := c.net.File()
	if err != nil {
		return
	}
	begun := make(chan error, 1)
	s.post(func() { begun <- s.launchPipe(file, command) })
	select {
	case err = <-begun:
		if err != nil {
			s.log.printf("no program for a pipe: %s", err)
		}
	case <-s.stopped:
	}
	file.Close()
}

// launchPipe starts a program whose standard input and output are the connection. What it says on standard error is logged.
func (s *supervisor) launchPipe(file *os.File, c Command) error {
	if err := s.mayRun(c); err != nil { // a sweep or the end may have begun since the connection was answered
		return err
	}
	stdout, outW, err := newStream(1, nil)
	if err != nil {
		return err
	}
	outW.Close()
	stderr, errW, err := newStream(outputTail, s.log.write)
	if err != nil {
		return err
	}
	defer errW.Close()
	if c.Dir == "" {
		c.Dir = s.o.Volume
	}
	pid, err := s.spawn(program{argv: c.Argv, env: c.Env, dir: c.Dir, files: append([]*os.File{file, file, errW}, s.locks...)})
	if err != nil {
		return err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	s.asides = append(s.asides, &tool{id: hex.EncodeToString(id[:]), aside: true, name: c.Argv[0], pid: pid, since: s.clock(), stdout: stdout, stderr: stderr})
	s.tell()
	return nil
}

// Pipe runs a program beside everything else, with the connection that it returns as its standard input and output. Closing that is the end
// of its input; the program's end is the end of what can be read.
func Pipe(ctx context.Context, socket string, c Command) (net.Conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connect to the supervisor: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = raw.SetDeadline(deadline)
	}
	err = greetPipe(raw, c)
	if err != nil {
		raw.Close()
		return nil, err
	}
	_ = raw.SetDeadline(time.Time{})
	return raw, nil
}

// greetPipe reads no byte beyond the answer.
func greetPipe(raw net.Conn, c Command) error {
	if _, err := raw.Write(encode(message{Hello: &hello{Version: Version, Pipe: &c}})); err != nil {
		return fmt.Errorf("greet the supervisor: %w", err)
	}
	for {
		line, err := readLine(raw)
		if err != nil {
			return fmt.Errorf("greet the supervisor: %w", err)
		}
		m, err := decode(line)
		switch {
		case err != nil:
			return err
		case m.End != nil:
			return m.End
		case m.Answer != nil:
			return nil
		}
	}
}

// readLine reads a line byte by byte: what follows it belongs to somebody else.
func readLine(r io.Reader) ([]byte, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < maxLine {
		if _, err := io.ReadFull(r, one); err != nil {
			return nil, err
		}
		if one[0] == '\n' {
			return line, nil
		}
		line = append(line, one[0])
	}
	return nil, refuse(CodeMalformed, "a line longer than %d bytes", maxLine)
}
