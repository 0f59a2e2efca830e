package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ControlState is the state of the cluster that pg_control records, in pg_controldata's words.
type ControlState string

// The states that pg_controldata of 13 to 18 prints.
const (
	StartingUp         ControlState = "starting up"
	ShutDown           ControlState = "shut down"
	ShutDownInRecovery ControlState = "shut down in recovery"
	ShuttingDown       ControlState = "shutting down"
	InCrashRecovery    ControlState = "in crash recovery"
	InArchiveRecovery  ControlState = "in archive recovery"
	InProduction       ControlState = "in production"
)

// Control is what pg_control says: the only thing that can be known of a server that does not run.
type Control struct {
	Version            int // of pg_control itself
	Catalog            int
	System             string // the system identifier, decimal
	State              ControlState
	Checkpoint         LSN // where the record of the last checkpoint begins
	Redo               LSN
	Timeline           uint32 // of the last checkpoint
	PrevTimeline       uint32 // differs from Timeline only where the checkpoint begins a timeline
	MinRecovery        LSN    // recovery has to come this far to be consistent; 0 where that does not matter
	MinRecoveryTL      uint32
	BackupStart        LSN // not 0 while a base backup has not been recovered to its end
	BackupEnd          LSN
	BackupEndRequired  bool
	WALLevel           string
	WALLogHints        bool
	Checksums          bool
	MaxConnections     int
	MaxWorkers         int
	MaxWALSenders      int
	MaxPreparedXacts   int
	MaxLocksPerXact    int
	SegmentSize, Block int // bytes of a WAL segment and of a WAL page
}

// ParseControl reads the output of pg_controldata 13 to 18, run with LC_ALL=C. A line that it knows and that is not there
// is an error; lines that it does not know are what newer versions add.
func ParseControl(output string) (Control, error) {
	p := controlParser{fields: map[string]string{}}
	for line := range strings.Lines(output) {
		// "Latest checkpoint's oldestCommitTsXid:0" has no space after its colon.
		if name, value, found := strings.Cut(line, ":"); found {
			p.fields[name] = strings.TrimSpace(value)
		}
	}
	c := Control{
		Version:           p.number("pg_control version number"),
		Catalog:           p.number("Catalog version number"),
		System:            p.text("Database system identifier"),
		State:             ControlState(p.text("Database cluster state")),
		Checkpoint:        p.lsn("Latest checkpoint location"),
		Redo:              p.lsn("Latest checkpoint's REDO location"),
		Timeline:          p.timeline("Latest checkpoint's TimeLineID"),
		PrevTimeline:      p.timeline("Latest checkpoint's PrevTimeLineID"),
		MinRecovery:       p.lsn("Minimum recovery ending location"),
		MinRecoveryTL:     p.timeline("Min recovery ending loc's timeline"),
		BackupStart:       p.lsn("Backup start location"),
		BackupEnd:         p.lsn("Backup end location"),
		BackupEndRequired: p.text("End-of-backup record required") == "yes",
		WALLevel:          p.text("wal_level setting"),
		WALLogHints:       p.text("wal_log_hints setting") == "on",
		Checksums:         p.number("Data page checksum version") != 0,
		MaxConnections:    p.number("max_connections setting"),
		MaxWorkers:        p.number("max_worker_processes setting"),
		MaxWALSenders:     p.number("max_wal_senders setting"),
		MaxPreparedXacts:  p.number("max_prepared_xacts setting"),
		MaxLocksPerXact:   p.number("max_locks_per_xact setting"),
		SegmentSize:       p.number("Bytes per WAL segment"),
		Block:             p.number("WAL block size"),
	}
	if p.err == nil {
		p.err = c.check()
	}
	if p.err != nil {
		return Control{}, fmt.Errorf("read the output of pg_controldata: %v", p.err)
	}
	return c, nil
}

func (c Control) check() error {
	if _, err := strconv.ParseUint(c.System, 10, 64); err != nil {
		return fmt.Errorf("system identifier %q is not a number", c.System)
	}
	switch c.State {
	case StartingUp, ShutDown, ShutDownInRecovery, ShuttingDown, InCrashRecovery, InArchiveRecovery, InProduction:
	default:
		return fmt.Errorf("cluster state %q is not one that is known", c.State)
	}
	if c.SegmentSize < 1<<20 || c.SegmentSize&(c.SegmentSize-1) != 0 || c.Block < 1<<10 || c.Block&(c.Block-1) != 0 || c.Block > c.SegmentSize {
		return fmt.Errorf("WAL segments of %d bytes in pages of %d cannot be", c.SegmentSize, c.Block)
	}
	return nil
}

// controlParser keeps the first error, so that the list of fields can be read as a list.
type controlParser struct {
	fields map[string]string
	err    error
}

func (p *controlParser) text(name string) string {
	value, found := p.fields[name]
	if !found && p.err == nil {
		p.err = fmt.Errorf("it has no line %q", name)
	}
	return value
}

func (p *controlParser) number(name string) int {
	text := p.text(name)
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("%s is %q, not a number", name, text)
	}
	return int(n)
}

func (p *controlParser) timeline(name string) uint32 {
	text := p.text(name)
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("%s is %q, not a timeline", name, text)
	}
	return uint32(n)
}

func (p *controlParser) lsn(name string) LSN {
	l, err := ParseLSN(p.text(name))
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("%s: %v", name, err)
	}
	return l
}

// checkpointRecord is the length of the WAL record of a checkpoint: the header of a record (24 bytes), that of its data (2)
// and the struct CheckPoint, which has 88 bytes in all of 13 to 18. A place in the log is a multiple of 8.
const checkpointRecord = (24 + 2 + 88 + 7) &^ 7

// CleanEnd is where the log of a primary that was shut down cleanly ends: behind its shutdown checkpoint, which is the last
// record it wrote. A standby whose log reaches there has all of it. It is false for a server in any other state, whose end
// nobody can tell without reading the log.
func (c Control) CleanEnd() (LSN, bool) {
	if c.State != ShutDown {
		return 0, false
	}
	const pageHeader, segmentHeader = 24, 40
	page := LSN(c.Block)
	at, left := c.Checkpoint, LSN(checkpointRecord)
	for {
		room := page - at%page
		if left <= room {
			at += left
			break
		}
		left -= room
		at += room
		if at%LSN(c.SegmentSize) == 0 {
			at += segmentHeader
		} else {
			at += pageHeader
		}
	}
	return at, true
}

// HotStandbyFloor is the least value that each of these parameters must have for a standby to replay this log. A standby
// with less refuses to start, or stops replaying.
func (c Control) HotStandbyFloor() map[string]int {
	return map[string]int{
		"max_connections": c.MaxConnections, "max_worker_processes": c.MaxWorkers, "max_wal_senders": c.MaxWALSenders,
		"max_prepared_transactions": c.MaxPreparedXacts, "max_locks_per_transaction": c.MaxLocksPerXact,
	}
}

// Control asks pg_controldata about the data directory, whether the server runs or not.
func (s *Server) Control(ctx context.Context) (Control, error) { return s.controlOf(ctx, s.Paths.Data) }

func (s *Server) controlOf(ctx context.Context, data string) (Control, error) {
	result, err := s.run(ctx, 10*time.Second, "pg_controldata", "-D", data)
	if err != nil {
		return Control{}, err
	}
	return ParseControl(result.Stdout)
}
