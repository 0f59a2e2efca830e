package cmp

import "syscall"

// freeBytes is how much more fits onto the disk of a folder.
func freeBytes(dir string) (free uint64, problem string) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, err.Error()
	}
	return stat.Bavail * uint64(stat.Bsize), ""
}
