// Package freeport gives tests the number of a TCP port for a server that they start later, as Postgres and etcd are, which cannot be handed a
// socket that listens already.
//
// A port of the kernel's own choosing is free only until the next connection of anybody: once the socket that had it is closed, it is given to
// others, and of forty ports that tests ask for side by side two are the same in one run of twenty. So the ports here lie below those that the
// kernel gives away, and each is locked, for as long as the test wants it, against all other tests on the machine.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
)

// The ports: below 32768, from where Linux gives them away, and below those that the labs of cmd/onggi-agent count from.
const first, count = 12000, 8000

// Take is a port on which nobody listens, and which no other Take of this machine returns before release is called.
func Take() (port int, release func(), err error) {
	for range 200 {
		port := first + rand.IntN(count)
		unlock, err := lock(port)
		if err != nil {
			continue // another test's
		}
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			_ = l.Close()
			return port, unlock, nil
		}
		unlock()
	}
	return 0, nil, errors.New("find a free port: none of 200 was")
}

// lock is a name in the kernel, which ends with the process that has it and, as ports do, belongs to the network namespace. Where there are no
// such names, ports are merely unlikely to be the same.
func lock(port int) (unlock func(), err error) {
	if runtime.GOOS != "linux" {
		return func() {}, nil
	}
	l, err := net.Listen("unix", fmt.Sprintf("@onggi-port-%d", port))
	if err != nil {
		return nil, err
	}
	return func() { _ = l.Close() }, nil
}
