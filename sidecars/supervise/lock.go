package supervise

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockName is the file at the root of the volume that whoever may write there holds locked.
const lockName = ".onggi.lock"

// tryLock takes the lock, or says who stands in the way. It is an open file description's: it ends with the last process that
// inherited the file, not with the one that took it.
func tryLock(f *os.File) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
}

// acquire tries until the volumes are ours, one after the other: nothing runs before all are.
func (s *supervisor) acquire() {
	var locks []*os.File
	for _, volume := range []string{s.o.Volume, s.o.WAL} {
		if volume == "" {
			continue
		}
		f := s.acquireOne(volume)
		if f == nil {
			return
		}
		locks = append(locks, f)
	}
	s.post(func() {
		s.locks = locks
		s.log.printf("holds the volume")
		s.tell()
	})
}

// acquireOne tries until a volume is ours; nil where the supervisor has ended before.
func (s *supervisor) acquireOne(volume string) *os.File {
	path := filepath.Join(volume, lockName)
	said := time.Duration(0)
	for waited := time.Duration(0); ; waited += 100 * time.Millisecond {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			if err = tryLock(f); err == nil {
				return f
			}
			f.Close()
		}
		if waited == said {
			s.log.printf("waits for the volume, since another supervisor may hold it: lock %s: %s", path, err)
			said = waited*2 + time.Second
			said -= said % (100 * time.Millisecond)
		}
		select {
		case <-s.stopped:
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}
