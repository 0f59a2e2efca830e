// Package world makes the machines that the chaos run breaks: each host is a network namespace on one bridge, each container a
// process with PID, mount, IPC and host name namespaces of its own.
//
// Enter starts this program again as PID 1 of a world of namespaces, so nothing has to be cleaned up: when that process ends, however it
// ends, the kernel removes what is inside. Build, called there, lays the bridge. Then
//
//	host, err := w.AddHost("demo-0")            // an address of its own
//	p, err := w.Start(world.Container{Host: host, Args: …}) // its PID 1
//	w.Cut(world.Link{From: host.IP})            // what it sends is lost, silently
//	p.Signal(unix.SIGSTOP)
//
// The world's own side of the bridge has two addresses: clients call from Client, servers of the platform (API server, etcd) listen on Platform.
package world

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Addresses of the world's side of the bridge.
var (
	Client   = netip.MustParseAddr("10.77.0.1")
	Platform = netip.MustParseAddr("10.77.0.2")
)

// World is the network and the place of files. Its methods may be called from many goroutines.
type World struct {
	Dir     string // everything that belongs to the run, on tmpfs unless asked otherwise
	starter *starter

	mu       sync.Mutex
	hosts    int
	living   []*Host
	cut      map[Link]bool
	services string // rules of nft, once there are any
}

// Build makes the world, inside the namespaces of Enter. With disk its files lie on the disk of dir, otherwise in memory.
func Build(dir string, disk bool) (*World, error) {
	w := &World{Dir: dir, starter: newStarter(), cut: map[Link]bool{}}
	if err := w.mounts(disk); err != nil {
		return nil, err
	}
	for _, args := range []string{
		"link set lo up",
		// An address of its own: otherwise it is that of a port, and changes, for half a minute unknown to the others, when that port goes.
		"link add br0 address 02:00:00:00:00:01 type bridge forward_delay 0",
		"addr add " + Client.String() + "/16 dev br0",
		"addr add " + Platform.String() + "/16 dev br0",
		"link set br0 up",
	} {
		if err := ip(args); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// mounts gives the world its own /proc, /run and /dev, and name lookups that never leave the machine.
func (w *World) mounts(disk bool) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if !disk {
		if err := unix.Mount("chaos", w.Dir, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("mount %s: %w", w.Dir, err)
		}
	}
	if err := unix.Mount("chaos", "/run", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	if err := w.devices(); err != nil {
		return err
	}
	for name, content := range map[string]string{"/etc/resolv.conf": "options timeout:1 attempts:1\n", "/etc/hosts": "127.0.0.1 localhost\n"} {
		mine := filepath.Join(w.Dir, filepath.Base(name))
		if err := os.WriteFile(mine, []byte(content), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(mine, name, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", name, err)
		}
	}
	return nil
}

// devices is a /dev as a container has it, with a place for the termination log.
func (w *World) devices() error {
	dev := filepath.Join(w.Dir, "dev")
	if err := os.MkdirAll(filepath.Join(dev, "shm"), 0o777|os.ModeSticky); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(dev, "shm"), 0o777|os.ModeSticky); err != nil {
		return err
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		at := filepath.Join(dev, name)
		if err := os.WriteFile(at, nil, 0o666); err != nil {
			return err
		}
		if err := unix.Mount("/dev/"+name, at, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount /dev/%s: %w", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dev, "termination-log"), nil, 0o666); err != nil {
		return err
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(to, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	if err := unix.Mount(dev, "/dev", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	return nil
}

// ip runs one command of iproute2.
func ip(args string) error {
	out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// MountMemory mounts a file system in memory of that many MiB.
func MountMemory(at string, size int) error {
	return unix.Mount("chaos", at, "tmpfs", 0, fmt.Sprintf("mode=0755,size=%dm", size))
}
