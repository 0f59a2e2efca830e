package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Resend marks every whole segment that a standby received as not archived yet: the primary may have died before it had sent it, and a segment that
// is in the archive already is not sent twice. It returns how many there are. Call it before a promotion.
//
// The segment in which a timeline was left is not sent. Each member has it as far as it came on that timeline, with whatever the file held before behind that: what one
// sends is not what another sent, and an archive that refuses the difference takes nothing any more. Up to the switch it is in the first segment of the next
// timeline, by which it is known here: nothing of a later timeline is as old as what belongs to an earlier one alone.
func (s *Server) Resend() (int, error) {
	dir := filepath.Join(s.Paths.Data, "pg_wal", "archive_status")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("mark segments for the archive: %v", err)
	}
	all, err := s.Segments()
	if err != nil {
		return 0, err
	}
	n, now := 0, time.Now()
	for _, e := range entries {
		name, done := strings.CutSuffix(e.Name(), ".done")
		if !done || !(isSegment(name) && !left(name, all) || strings.HasSuffix(name, ".history")) {
			continue
		}
		ready := filepath.Join(dir, name+".ready")
		if err := os.Rename(filepath.Join(dir, e.Name()), ready); err != nil {
			return n, fmt.Errorf("mark segments for the archive: %v", err)
		}
		_ = os.Chtimes(ready, now, now) // it waits from now on
		n++
	}
	return n, nil
}

// left tells a segment of a timeline that was left before its end: a later one has the same segment, or an earlier.
func left(segment string, all []string) bool {
	for _, other := range all {
		if other[:8] > segment[:8] && other[8:] <= segment[8:] {
			return true
		}
	}
	return false
}

func isSegment(name string) bool {
	if len(name) != 24 {
		return false
	}
	_, err := strconv.ParseUint(name[8:], 16, 64)
	return err == nil
}
