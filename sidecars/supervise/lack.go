package supervise

import (
	"bytes"
	"sync"
)

// Of a standby that asked for a segment of the log: what its receiver prints before the name, and after it. The text is that of PostgreSQL 13 to 18. Who
// refuses prints the end of it, for each of its own standbys; so the beginning has to be there.
var (
	beforeSegment = []byte("could not receive data from WAL stream: ERROR:  requested WAL segment ")
	afterSegment  = []byte(" has already been removed\n")
)

// segmentName is the length of the name of a segment: timeline, log and segment, in hex.
const segmentName = 24

// lack is what one postmaster was refused.
type lack struct {
	mu      sync.Mutex
	segment string
	refused uint64
}

// said takes whole lines that it printed.
func (l *lack) said(lines []byte) {
	for {
		_, after, found := bytes.Cut(lines, beforeSegment)
		if !found {
			return
		}
		lines = after
		if len(after) > segmentName && bytes.HasPrefix(after[segmentName:], afterSegment) && isSegment(after[:segmentName]) {
			l.mu.Lock()
			l.segment = string(after[:segmentName])
			l.refused++
			l.mu.Unlock()
		}
	}
}

func (l *lack) last() (segment string, refused uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.segment, l.refused
}

func isSegment(name []byte) bool {
	return len(bytes.Trim(name, "0123456789ABCDEF")) == 0
}
