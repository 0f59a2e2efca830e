//go:build unix

package watch

import (
	"os"
	"syscall"
)

// identity is a folder's own, whatever it is called.
type identity struct{ device, inode uint64 }

// identify is false where folders have none.
func identify(dir string) (id identity, ok bool, err error) {
	info, err := os.Stat(dir)
	if err != nil {
		return identity{}, false, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false, nil
	}
	return identity{uint64(st.Dev), uint64(st.Ino)}, true, nil //nolint:unconvert // other systems have other types
}
