package tree

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ErrBusy is what a run gets while another one writes the same folder.
var ErrBusy = errors.New("another run is writing this folder")

// Reason says why a file is in the way.
type Reason string

// The reasons, as a person reads them.
const (
	Foreign     Reason = "onggi did not write it; move it away"
	Edited      Reason = "edited since onggi wrote it; put the edit into the spec, or give it up with --force"
	NeedsFile   Reason = "a folder with other things in it, where a file has to go; move it away"
	NeedsFolder Reason = "not a folder, and files have to go below it; move it away"
)

// Conflict is one file, folder or link that Sync will not replace.
type Conflict struct {
	Path   string // below the folder, slash-separated
	Reason Reason
}

// ConflictError lists everything that is in the way in one folder, sorted by path. Nothing was written.
type ConflictError struct {
	Dir       string
	Conflicts []Conflict
}

func (e *ConflictError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "write %s: nothing was written, since %s in the way:", e.Dir, count(len(e.Conflicts)))
	for _, c := range e.Conflicts {
		fmt.Fprintf(&b, "\n  %s: %s", filepath.Join(e.Dir, filepath.FromSlash(c.Path)), c.Reason)
	}
	return b.String()
}

func count(n int) string {
	if n == 1 {
		return "1 file is"
	}
	return fmt.Sprintf("%d files are", n)
}
