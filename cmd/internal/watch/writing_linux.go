package watch

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// beingWritten reports whether somebody has the file open for writing: then it is not known to be whole, however long it has
// been quiet. The kernel grants a read lease only on a file that nobody writes. Where it grants none to anybody, on some
// network file systems or on somebody else's files, the answer is no and the pause has to do.
func beingWritten(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	fd := f.Fd()
	if _, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK); err != nil {
		return errors.Is(err, unix.EAGAIN)
	}
	// Given back at once: a writer who comes now waits for no longer than this takes.
	_, _ = unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK)
	return false
}
