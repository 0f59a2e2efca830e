package supervise

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What pg_control says of the server, at an offset that did not move since PostgreSQL 8.
const (
	controlSize         = 512 // one sector, written at once
	controlState        = 16
	controlRecovering   = 5 // DB_IN_ARCHIVE_RECOVERY
	controlInProduction = 6 // DB_IN_PRODUCTION
)

// control is a reading of global/pg_control; nil when it could not be read.
type control []byte

// readControl uses bare system calls, since it runs twice a second for as long as a standby does.
func readControl(data string) control {
	fd, err := unix.Open(filepath.Join(data, "global", "pg_control"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	b := make([]byte, controlSize)
	if n, err := unix.Read(fd, b); err != nil || n < controlSize {
		return nil
	}
	return b
}

func (c control) state() uint32 {
	if len(c) < controlSize {
		return 0
	}
	return binary.NativeEndian.Uint32(c[controlState:])
}

// phase is what a running server says it is, given the control file as it was before it started. A file that nobody has
// written since says how the last server ended: one that crashed as a primary left "in production".
func (c control) phase(before control) Phase {
	switch {
	case bytes.Equal(c, before):
		return Starting
	case c.state() == controlInProduction:
		return Writing
	case c.state() == controlRecovering:
		return Following
	default:
		return Starting
	}
}

// look is one glance at the volume and the namespace, taken beside the loop since a dead disk answers never.
type look struct {
	start     int // Status.Starts when it was asked
	phase     Phase
	counted   bool
	processes int
	disk, wal *Disk
}

// ask is what to look at.
type ask struct {
	start  int // 0: postgres does not run
	before control
	count  bool
}

func (s *supervisor) look(a ask) look {
	l := look{start: a.start, phase: Starting, counted: a.count}
	if a.start > 0 {
		l.phase = readControl(s.o.Data).phase(a.before)
		if l.phase == Writing {
			// Twice, for the one chance in many of having read a sector that was being written.
			time.Sleep(10 * time.Millisecond)
			l.phase = readControl(s.o.Data).phase(a.before)
		}
	}
	if a.count {
		l.processes = len(processes())
		l.disk = diskOf(s.o.Volume)
		if s.o.WAL != "" {
			l.wal = diskOf(s.o.WAL)
		}
	}
	return l
}

// diskOf measures a file system; nil where that fails.
func diskOf(mount string) *Disk {
	var st unix.Statfs_t
	if unix.Statfs(mount, &st) != nil {
		return nil
	}
	return &Disk{Free: st.Bavail * uint64(st.Bsize), Total: st.Blocks * uint64(st.Bsize)}
}

// processes lists every process of the namespace but PID 1.
func processes() []int {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid > 1 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// strays lists the living children of PID 1 that it did not start itself: what daemons and dead parents left.
func strays(own func(pid int) bool) []int {
	var found []int
	for _, pid := range processes() {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue
		}
		// "pid (name) state ppid …", where a name may hold anything.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 1 && fields[0] != "Z" && fields[1] == "1" && !own(pid) {
			found = append(found, pid)
		}
	}
	return found
}
