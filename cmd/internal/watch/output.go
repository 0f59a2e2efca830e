package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/onggi-db/onggi/render/tree"
)

// output is the folder that is written. It is locked for as long as the watch runs: two that write one folder in turn would
// undo each other's work.
type output struct {
	dir     string
	options tree.Options
	fleet   *tree.Fleet
	id      fs.FileInfo
}

// begin makes ready to write. It reports whether the folder is another one than before, in which nothing is written yet:
// someone removed it, or moved it away.
func (o *output) begin() (anew bool, err error) {
	if o.fleet != nil {
		if now, err := os.Stat(o.dir); err == nil && os.SameFile(now, o.id) {
			o.fleet.Again()
			return false, nil
		}
		o.close()
	}
	fleet, err := tree.Open(o.dir, o.options)
	if errors.Is(err, tree.ErrBusy) {
		return true, fmt.Errorf("%w; a watch keeps the folder until it is ended", err)
	}
	if err != nil {
		return true, err
	}
	if o.id, err = os.Stat(o.dir); err != nil {
		return true, errors.Join(fmt.Errorf("read %s: %w", o.dir, err), fleet.Close())
	}
	o.fleet = fleet
	return true, nil
}

func (o *output) close() {
	if o.fleet != nil {
		_ = o.fleet.Close() // what was written is whole already; only the lock is left, and it ends with the process
		o.fleet = nil
	}
}
