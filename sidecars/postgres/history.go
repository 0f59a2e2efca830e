package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Switch is where a timeline was left for the next one.
type Switch struct {
	Timeline uint32 // that was left
	At       LSN    // its last place that the next timeline shares
	Reason   string
}

// History is how a timeline came to be: every timeline before it, oldest first. That of timeline 1 is empty.
type History struct {
	Timeline uint32
	Switches []Switch
}

// ParseHistory reads the history file of a timeline: lines of a timeline, where it was left and why, oldest first.
func ParseHistory(timeline uint32, text string) (History, error) {
	h := History{Timeline: timeline}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return History{}, fmt.Errorf("read the history of timeline %d, line %d: it has no place of a switch", timeline, number)
		}
		left, err := strconv.ParseUint(fields[0], 10, 32)
		if err != nil {
			return History{}, fmt.Errorf("read the history of timeline %d, line %d: %q is not a timeline", timeline, number, fields[0])
		}
		at, err := ParseLSN(fields[1])
		if err != nil {
			return History{}, fmt.Errorf("read the history of timeline %d, line %d: %v", timeline, number, err)
		}
		if n := len(h.Switches); n > 0 && (uint32(left) <= h.Switches[n-1].Timeline || at < h.Switches[n-1].At) {
			return History{}, fmt.Errorf("read the history of timeline %d, line %d: timeline %d at %s is out of order", timeline, number, left, at)
		}
		h.Switches = append(h.Switches, Switch{Timeline: uint32(left), At: at, Reason: strings.Join(fields[2:], " ")})
	}
	if n := len(h.Switches); n > 0 && h.Switches[n-1].Timeline >= timeline {
		return History{}, fmt.Errorf("read the history of timeline %d: it names timeline %d as older", timeline, h.Switches[n-1].Timeline)
	}
	return h, nil
}

// Contains says whether a log that ends at this place of this timeline is a beginning of h's: whether a server that has it
// can follow h without pg_rewind.
func (h History) Contains(timeline uint32, end LSN) bool {
	if timeline == h.Timeline {
		return true
	}
	for _, s := range h.Switches {
		if s.Timeline == timeline {
			return end <= s.At
		}
	}
	return false
}

// History reads the history file of a timeline from the data directory. That of timeline 1 needs none.
func (s *Server) History(_ context.Context, timeline uint32) (History, error) {
	if timeline == 1 {
		return History{Timeline: 1}, nil
	}
	text, err := os.ReadFile(filepath.Join(s.Paths.Data, "pg_wal", fmt.Sprintf("%08X.history", timeline)))
	if errors.Is(err, os.ErrNotExist) {
		return History{}, fmt.Errorf("read the history of timeline %d: %w", timeline, os.ErrNotExist)
	}
	if err != nil {
		return History{}, fmt.Errorf("read the history of timeline %d: %v", timeline, err)
	}
	return ParseHistory(timeline, string(text))
}

// Strayed tells that the last checkpoint of a standby, which pg_control names, is on a timeline that the newest history here had left before it. The server
// has replayed what no other has: the log of its own from after the fork, while it waited for a segment that nobody had any more. It starts no more, and
// there is nothing to rewind, since by pg_control its end is on the newest timeline. Where there is a backup_label the start is told by that.
func (s *Server) Strayed(c Control) (bool, error) {
	if !exists(filepath.Join(s.Paths.Data, "standby.signal")) || exists(filepath.Join(s.Paths.Data, "backup_label")) {
		return false, nil
	}
	newest, err := s.newestHistory()
	if err != nil || newest <= c.Timeline {
		return false, err
	}
	h, err := s.History(context.Background(), newest)
	if err != nil {
		return false, nil // what cannot be read proves nothing
	}
	for _, left := range h.Switches {
		if left.Timeline == c.Timeline {
			return left.At <= c.Checkpoint, nil
		}
	}
	return false, nil // a history that Skip wrote has no parents
}

// Skip has the server, when it is promoted, begin a timeline after these: of one that another member began and this one never heard of, the number must not
// be given to two. Where the server looks which numbers are taken it finds files that name no parent, so it follows none of them; standbys fetch
// them like others.
func (s *Server) Skip(from, to uint32) error {
	for timeline := from + 1; timeline <= to; timeline++ {
		path := filepath.Join(s.Paths.Data, "pg_wal", fmt.Sprintf("%08X.history", timeline))
		if exists(path) {
			continue
		}
		if _, err := writeFile(path, []byte("# begun by another member\n")); err != nil {
			return err
		}
	}
	return nil
}

// newestHistory is the highest timeline that the data directory has a history file of; 0 where it has none.
func (s *Server) newestHistory() (uint32, error) {
	names, err := filepath.Glob(filepath.Join(s.Paths.Data, "pg_wal", "*.history"))
	if err != nil {
		return 0, err
	}
	newest := uint32(0)
	for _, name := range names {
		if n, err := parseHex(strings.TrimSuffix(filepath.Base(name), ".history")); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, nil
}
