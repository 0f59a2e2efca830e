package supervise

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// initialNamespace is the inode of the machine's own PID namespace, a constant of the kernel. Nobody may kill that one.
const initialNamespace = 0xEFFFFFFC

// namespace is the right to kill every process of a PID namespace but its PID 1 and oneself. The zero value has no such right.
type namespace struct {
	inode uint64
	init  bool // held by PID 1, else by its guard
}

// asInit gives the right to PID 1 of a namespace that is not the machine's.
func asInit() (namespace, error) {
	if pid := unix.Getpid(); pid != 1 {
		return namespace{}, fmt.Errorf("the supervisor has to be PID 1 of its container, and is %d: at a deadline it kills every "+
			"process it can see (is shareProcessNamespace or hostPID set, or does a shell stand before it?)", pid)
	}
	inode, err := pidNamespace()
	if err != nil {
		return namespace{}, err
	}
	return namespace{inode: inode, init: true}, nil
}

// asGuard gives the right to a child of that namespace's PID 1.
func asGuard(inode uint64) (namespace, error) {
	own, err := pidNamespace()
	if err != nil {
		return namespace{}, err
	}
	if inode != own || unix.Getppid() != 1 || unix.Getpid() == 1 {
		return namespace{}, errors.New("the guard is a child of the supervisor, in its PID namespace: this one is not")
	}
	return namespace{inode: own}, nil
}

func pidNamespace() (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &st); err != nil {
		return 0, fmt.Errorf("look at the PID namespace: %w", err)
	}
	if st.Ino == initialNamespace {
		return 0, errors.New("this is the machine's own PID namespace: the supervisor kills every process of its namespace and " +
			"needs one of its own")
	}
	return st.Ino, nil
}

// kill sends SIGKILL to everything in the namespace at once; no fork escapes it. It says whether anything was there: a
// process counts until its parent has reaped it.
func (n namespace) kill() (someone bool, err error) {
	if n.inode == 0 || n.init != (unix.Getpid() == 1) || !n.init && unix.Getppid() != 1 {
		return false, errors.New("no right to kill a namespace")
	}
	switch err := unix.Kill(-1, unix.SIGKILL); err {
	case nil:
		return true, nil
	case unix.ESRCH:
		return false, nil
	default:
		return true, fmt.Errorf("kill the namespace: %w", err)
	}
}
