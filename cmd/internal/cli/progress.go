package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// lineWidth is that of the narrowest usual terminal.
const lineWidth = 80

// Progress is a line on stderr that counts databases. It appears only on a terminal and only when the work is long.
type Progress struct {
	s     *Streams
	total int

	mu    sync.Mutex
	done  int
	begun time.Time
	shown time.Time
}

// NewProgress counts to total.
func NewProgress(s *Streams, total int) *Progress {
	return &Progress{s: s, total: total, begun: time.Now()}
}

// Step counts one more, by its name.
func (p *Progress) Step(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	now := time.Now()
	if !p.s.Terminal || now.Sub(p.begun) < 500*time.Millisecond || now.Sub(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = now
	fmt.Fprintf(p.s.Err, "\r%-*.*s", lineWidth-1, lineWidth-1, fmt.Sprintf("%d of %d  %s", p.done, p.total, name))
}

// End wipes the line.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shown.IsZero() {
		fmt.Fprintf(p.s.Err, "\r%s\r", strings.Repeat(" ", lineWidth-1))
	}
}
