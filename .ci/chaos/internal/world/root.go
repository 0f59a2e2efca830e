package world

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Root is a root file system of a container's own, as an image gives it: the machine's programs, which nobody can write to, an /etc of its own,
// and nothing else but what is mounted.
type Root struct {
	Etc      string // folder on the world's side
	ReadOnly bool   // but for what is mounted
}

// newRoot is where a root is laid; each container has mounts of its own.
const newRoot = "/run/new-root"

// lay mounts the root and what is in it.
func (r Root) lay(mounts []Mount) error {
	if err := os.MkdirAll(newRoot, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("root", newRoot, "tmpfs", 0, "mode=0755,size=64m"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	for _, dir := range []string{"proc", "run", "var/lib", "var/log", "var/spool", "home", ".old"} {
		if err := os.MkdirAll(filepath.Join(newRoot, dir), 0o755); err != nil {
			return err
		}
	}
	for _, dir := range []string{"tmp", "var/tmp"} {
		at := filepath.Join(newRoot, dir)
		if err := os.Mkdir(at, 0o777); err != nil {
			return err
		}
		if err := os.Chmod(at, 0o777|os.ModeSticky); err != nil {
			return err
		}
	}
	if err := os.Symlink("../run", filepath.Join(newRoot, "var/run")); err != nil {
		return err
	}
	// What is mounted below /etc needs a place in it first.
	fixed := []Mount{{Source: "/usr", Target: "/usr", ReadOnly: true}, {Source: r.Etc, Target: "/etc"}, {Source: "/dev", Target: "/dev"}}
	for _, dir := range []string{"/bin", "/sbin", "/lib", "/lib64"} {
		if to, err := os.Readlink(dir); err == nil {
			if err := os.Symlink(to, newRoot+dir); err != nil {
				return err
			}
		} else if _, err := os.Stat(dir); err == nil {
			fixed = append(fixed, Mount{Source: dir, Target: dir, ReadOnly: true})
		}
	}
	for _, m := range append(fixed, mounts...) {
		m.Target = newRoot + m.Target
		if err := m.bind(); err != nil {
			return err
		}
	}
	if err := unix.Mount("", newRoot+"/etc", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return err
	}
	return unix.Mount("proc", newRoot+"/proc", "proc", 0, "")
}

// enter makes what was laid the root.
func (r Root) enter() error {
	if err := unix.PivotRoot(newRoot, newRoot+"/.old"); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount("/.old", unix.MNT_DETACH); err != nil {
		return err
	}
	if err := os.Remove("/.old"); err != nil {
		return err
	}
	if !r.ReadOnly {
		return nil
	}
	return unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}
