package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// lineWidth is that of the narrowest usual terminal.
const lineWidth = 80

// progress is a line on stderr that counts databases. It appears only on a terminal and only when the work is long.
type progress struct {
	s     *streams
	total int

	mu    sync.Mutex
	done  int
	begun time.Time
	shown time.Time
}

func newProgress(s *streams, total int) *progress {
	return &progress{s: s, total: total, begun: time.Now()}
}

func (p *progress) step(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	now := time.Now()
	if !p.s.terminal || now.Sub(p.begun) < 500*time.Millisecond || now.Sub(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = now
	fmt.Fprintf(p.s.err, "\r%-*.*s", lineWidth-1, lineWidth-1, fmt.Sprintf("%d of %d  %s", p.done, p.total, name))
}

// end wipes the line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shown.IsZero() {
		fmt.Fprintf(p.s.err, "\r%s\r", strings.Repeat(" ", lineWidth-1))
	}
}
