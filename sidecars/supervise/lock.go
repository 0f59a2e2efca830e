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

// acquire tries until the volume is ours.
func (s *supervisor) acquire() {
	path := filepath.Join(s.o.Volume, lockName)
	said := time.Duration(0)
	for waited := time.Duration(0); ; waited += 100 * time.Millisecond {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			if err = tryLock(f); err == nil {
				s.post(func() {
					s.lock = f
					s.log.printf("holds the volume")
					s.tell()
				})
				return
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
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
