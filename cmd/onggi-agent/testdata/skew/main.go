// Skew runs a program for which CLOCK_MONOTONIC_RAW goes at another rate, as on a node whose oscillator or hypervisor is wrong:
//
//	skew 0.99 onggi-agent run --config FILE
//
// The kernel asks it, by a seccomp filter, what each clock_gettime of that clock gives. Everything else is the kernel's, other clocks too.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const socket = 3 // of the process that becomes the program

func main() {
	if os.Args[1] == "become" {
		check(become(os.Args[2:]))
	}
	rate, err := strconv.ParseFloat(os.Args[1], 64)
	check(err)
	check(run(rate, os.Args[2:]))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "skew:", err)
		os.Exit(1)
	}
}

// filter has clock_gettime(CLOCK_MONOTONIC_RAW) asked, and lets all else pass.
func filter() []unix.SockFilter {
	const number, first = 0, 16 // offsets in struct seccomp_data
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	unless := func(k uint32, skip uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jf: skip}
	}
	give := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	return []unix.SockFilter{
		load(number), unless(unix.SYS_CLOCK_GETTIME, 3),
		load(first), unless(unix.CLOCK_MONOTONIC_RAW, 1),
		give(unix.SECCOMP_RET_USER_NOTIF), give(unix.SECCOMP_RET_ALLOW),
	}
}

// become filters this thread, gives the other process the right to answer, and becomes the program.
func become(argv []string) error {
	runtime.LockOSThread()
	program := filter()
	length := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&length)))
	if errno != 0 {
		return fmt.Errorf("filter system calls: %w", errno)
	}
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(int(fd)), nil, 0); err != nil {
		return fmt.Errorf("hand over the filter: %w", err)
	}
	_ = unix.Close(socket)
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, argv, os.Environ())
}

// run starts the program and answers until it ends.
func run(rate float64, argv []string) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, append([]string{"become"}, argv...)...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = os.Stdout, os.Stderr, []*os.File{os.NewFile(uintptr(pair[1]), "socket")}
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = cmd.ExtraFiles[0].Close() // so that its end is seen
	one, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(pair[0], one, rights, 0)
	if err != nil {
		return fmt.Errorf("take the filter over: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return fmt.Errorf("take the filter over: %d messages, %v", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	go answer(fds[0], rate)
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, unix.SIGTERM, unix.SIGINT)
	go func() {
		for s := range ends {
			_ = cmd.Process.Signal(s)
		}
	}()
	return cmd.Wait()
}

// What the kernel asks and is answered; struct seccomp_notif and seccomp_notif_resp.
type question struct {
	ID         uint64
	PID, Flags uint32
	Number     int32
	Arch       uint32
	At         uint64
	Args       [6]uint64
}

type reply struct {
	ID    uint64
	Value int64
	Error int32
	Flags uint32
}

const (
	receive = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	send    = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
)

// answer tells the time at a rate of its own, from now on.
func answer(fd int, rate float64) {
	var begun unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC_RAW, &begun)
	for {
		var q question
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), receive, uintptr(unsafe.Pointer(&q))); errno != 0 {
			if errno == unix.EINTR || errno == unix.ENOENT {
				continue
			}
			return
		}
		var now unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_MONOTONIC_RAW, &now)
		told := begun.Nano() + int64(float64(now.Nano()-begun.Nano())*rate)
		text := binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(nil, uint64(told/1e9)), uint64(told%1e9))
		r := reply{ID: q.ID}
		if memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", q.PID), os.O_WRONLY, 0); err != nil {
			r.Error = -int32(unix.EFAULT)
		} else {
			if _, err := memory.WriteAt(text, int64(q.Args[1])); err != nil {
				r.Error = -int32(unix.EFAULT)
			}
			_ = memory.Close()
		}
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), send, uintptr(unsafe.Pointer(&r)))
	}
}
