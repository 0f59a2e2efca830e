package watch

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// notifier has the system tell when something happens in a folder. A folder that is gone may be removed again without error.
type notifier interface {
	Add(dir string) error
	Remove(dir string) error
}

// eyes know which folders are watched, by their real paths: two names of one folder, one of them through a link, are one
// watch for the system, and its events would come for only one of them.
type eyes struct {
	notifier
	blind  bool                      // nothing is told: the watch polls
	sights map[string]map[sight]bool // real folder → what an event there is about
	real   map[sight]string
	// known has the real folder that each watch is on. A folder that was moved takes its watch along, under the old name.
	known map[identity]string
	ids   map[string]identity // the other way round
}

// sight is what an event in a folder is about: the folder itself, or a root that stands in it.
type sight struct {
	folder string
	// root says that folder is an argument, and the event is one of the folder above it or of what it links to. Then only
	// is the one name that matters there, or "" for any.
	root bool
	only string
}

// hint is what an event says: something may have happened to name in folder; deep means to the folder and all below.
type hint struct {
	folder, name string
	deep         bool
}

// newEyes takes nil for a watch that polls.
func newEyes(n notifier) *eyes {
	return &eyes{notifier: n, blind: n == nil, sights: make(map[string]map[sight]bool), real: make(map[sight]string), known: make(map[identity]string), ids: make(map[string]identity)}
}

// open watches dir for the sake of s, anew if it did before: dir may have become another folder.
func (e *eyes) open(dir string, s sight) error {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return err
	}
	e.shut(s)
	if real, err = e.settled(real); err != nil {
		return err
	}
	if err := e.Add(real); err != nil {
		return limitReached(dir, err)
	}
	if e.sights[real] == nil {
		e.sights[real] = make(map[sight]bool)
	}
	e.sights[real][s] = true
	e.real[s] = real
	return nil
}

// settled ends a watch that a folder has brought along from where it was before: the system would take a second one for the
// first, and tell of it by its old name. A folder that is mounted twice is both, and keeps the first name.
func (e *eyes) settled(real string) (string, error) {
	id, ok, err := identify(real)
	if err != nil || !ok {
		return real, err
	}
	old := e.known[id]
	if there, _, err := identify(old); err == nil && there == id {
		return old, nil
	}
	if e.ids[old] == id {
		for s := range e.sights[old] {
			delete(e.real, s)
		}
		delete(e.sights, old)
		delete(e.ids, old)
		_ = e.Remove(old) // it may be gone already
	}
	e.known[id], e.ids[real] = real, id
	return real, nil
}

// shut ends what open began. That there is nothing left to end is no error.
func (e *eyes) shut(s sight) {
	real, watched := e.real[s]
	if !watched {
		return
	}
	delete(e.real, s)
	delete(e.sights[real], s)
	if len(e.sights[real]) > 0 {
		return
	}
	delete(e.sights, real)
	delete(e.known, e.ids[real])
	delete(e.ids, real)
	_ = e.Remove(real) // a folder that is gone took its watch along
}

// hints are what an event at a real path is about. A folder's own event comes with the path of the folder.
func (e *eyes) hints(path string) []hint {
	var out []hint
	dir, name := filepath.Split(path)
	for s := range e.sights[filepath.Clean(dir)] {
		switch {
		case !s.root:
			out = append(out, hint{folder: s.folder, name: name})
		case s.only == "" || s.only == name:
			out = append(out, hint{folder: s.folder, deep: true})
		}
	}
	for s := range e.sights[path] {
		if !s.root {
			out = append(out, hint{folder: s.folder})
		}
	}
	return out
}

// limitReached says which limit of the system is too low, if that is what is wrong.
func limitReached(dir string, err error) error {
	const poll = "or watch with --poll 1s, which asks the system for nothing"
	switch {
	case runtime.GOOS != "linux":
		return err
	case errors.Is(err, syscall.ENOSPC):
		return limitError{fmt.Sprintf("watch %s: the system's limit of watched folders is reached: raise it with sysctl fs.inotify.max_user_watches=524288, %s", dir, poll)}
	case errors.Is(err, syscall.EMFILE):
		return limitError{fmt.Sprintf("watch %s: the system's limit of programs that watch is reached: raise it with sysctl fs.inotify.max_user_instances=512, %s", dir, poll)}
	}
	return err
}

// limitError ends a watch: one that sees only some of its folders would be believed to see all.
type limitError struct{ message string }

func (e limitError) Error() string { return e.message }

// events is where a notifier tells what happened.
type events struct {
	happened <-chan fsnotify.Event
	failed   <-chan error
	close    func() error
}

// shut ends the telling.
func (e events) shut() error {
	if e.close == nil {
		return nil
	}
	return e.close()
}

// watchFolders begins a watch, of the path that messages name.
func watchFolders(path string) (notifier, events, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, events{}, limitReached(path, err)
	}
	return w, events{w.Events, w.Errors, w.Close}, nil
}
