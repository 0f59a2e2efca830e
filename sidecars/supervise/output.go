package supervise

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// log writes whole lines of several writers to one stream.
//
// Lines of postgres are written by the goroutine that read them: when the stream is full, that one waits, and in the end
// postgres does. The supervisor's own lines are queued instead, and counted when they do not fit: it never waits.
type log struct {
	mu    sync.Mutex
	out   io.Writer
	queue chan string
	lost  atomic.Int64

	flushing chan chan struct{}
}

func newLog(out io.Writer) *log {
	l := &log{out: out, queue: make(chan string, 64), flushing: make(chan chan struct{})}
	go l.run()
	return l
}

func (l *log) run() {
	for {
		select {
		case line := <-l.queue:
			l.own(line)
		case flushed := <-l.flushing:
			for len(l.queue) > 0 {
				l.own(<-l.queue)
			}
			close(flushed)
			return
		}
	}
}

func (l *log) own(line string) {
	if n := l.lost.Swap(0); n > 0 {
		line += fmt.Sprintf("onggi: %d messages of the supervisor were dropped, since nobody read them\n", n)
	}
	l.write([]byte(line))
}

func (l *log) printf(format string, args ...any) {
	select {
	case l.queue <- "onggi: " + fmt.Sprintf(format, args...) + "\n":
	default:
		l.lost.Add(1)
	}
}

func (l *log) write(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A stream that is gone must not stop postgres: its lines are lost, as they would be without us.
	_, _ = l.out.Write(b)
}

// tail keeps the last bytes of a stream.
type tail struct {
	mu    sync.Mutex
	limit int
	b     []byte
	cut   bool
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	// Twice the limit before it is moved, so that a long stream is not moved with every line.
	if len(t.b) > 2*t.limit {
		t.cut = true
		t.b = append(t.b[:0], t.b[len(t.b)-t.limit:]...)
	}
	return len(b), nil
}

func (t *tail) text() (text string, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.b) > t.limit {
		return string(t.b[len(t.b)-t.limit:]), true
	}
	return string(t.b), t.cut
}

// stream is a pipe out of a child.
type stream struct {
	tail *tail
	done chan struct{} // closed when every writer is gone and everything is read
}

// drained says whether everything that was written has been read.
func (s *stream) drained() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// newStream makes a pipe; the child gets w, and whoever started it closes w. Whole lines go to each, if it is not nil.
func newStream(limit int, each func(lines []byte)) (*stream, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	s := &stream{tail: &tail{limit: limit}, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		defer r.Close()
		forward(r, func(lines []byte) {
			_, _ = s.tail.Write(lines)
			if each != nil {
				each(lines)
			}
		})
	}()
	return s, w, nil
}

// forward hands on what it reads in whole lines, several at once if they are there, and in pieces where one is longer than
// the buffer. A last line without an end gets one.
func forward(r io.Reader, each func(lines []byte)) {
	buf := make([]byte, 16<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		kept += n
		end := bytes.LastIndexByte(buf[:kept], '\n') + 1
		if end == 0 && kept == len(buf) {
			end = kept
		}
		if end > 0 {
			each(buf[:end])
			kept = copy(buf, buf[end:kept])
		}
		if err != nil {
			if kept > 0 {
				each(append(buf[:kept:kept], '\n'))
			}
			return
		}
	}
}

// flush writes what is queued, if the stream takes it within a second.
func (l *log) flush() {
	flushed := make(chan struct{})
	select {
	case l.flushing <- flushed:
	case <-time.After(time.Second):
		return
	}
	select {
	case <-flushed:
	case <-time.After(time.Second):
	}
}
