package kubetest

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// listen listens so that hold can have the same port.
func listen(address string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		if err := raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); err != nil {
			return err
		}
		return failed
	}}
	return config.Listen(context.Background(), "tcp", address)
}

// hold keeps a port for a server that is stopped: a socket that is bound to it and does not listen. Who connects meanwhile is refused, and nobody
// else is given the port, as it would be sooner or later while other tests open connections.
func hold(at net.Addr) (release func(), err error) {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || tcp.IP.To4() == nil {
		return func() {}, nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("hold port %d: %w", tcp.Port, err)
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: tcp.Port, Addr: [4]byte(tcp.IP.To4())})
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("hold port %d: %w", tcp.Port, err)
	}
	return func() { _ = unix.Close(fd) }, nil
}
