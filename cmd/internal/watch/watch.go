// Package watch keeps what was rendered equal to specs while people edit them.
//
//	w, err := watch.New(paths, watch.Options{Dir: "out", Emit: emit, OnState: print})
//	if err != nil { … }
//	err = w.Run(ctx) // until ctx is done
//
// The first cycle renders everything; each one after it renders what changed since, and nothing else. After every cycle that
// did something, OnState is told what is known now.
package watch

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/tree"
)

// Options of a watch. The zero value renders the specs alone and writes nothing.
type Options struct {
	// Dir is the folder to write to; "" writes nothing.
	Dir string
	// Envs are the environments to render, AllEnvs asks for every one that a database has. With neither it is the spec alone,
	// and with Bases the spec alone comes besides, which charts and overlays need.
	Envs    []string
	AllEnvs bool
	Bases   bool
	// Emit makes the folders of one database below Dir. It is called from several goroutines at once.
	Emit func(doc *spec.Document) ([]Output, error)
	// Force gives up the edits that people made to files that onggi wrote.
	Force bool
	// Debounce is how long it has to be quiet before a change counts; 0 is [DefaultDebounce].
	Debounce time.Duration
	// Poll looks at every file this often, for file systems that send no events; 0 has the system tell.
	Poll time.Duration
	// OnState is called after each cycle, from the goroutine of Run: the next cycle waits for it.
	OnState func(State)
}

// DefaultDebounce is longer than the pauses between the writes of one save, and shorter than what a person notices.
const DefaultDebounce = 25 * time.Millisecond

// Output is one folder below Options.Dir.
type Output struct {
	Dir  string // slash-separated
	Tree tree.Tree
}

// State is what is known after a cycle. It never changes; whoever gets it may keep it.
type State struct {
	// Serial counts the cycles that told something, from 1.
	Serial int
	// Took is the time from the first event of the cycle to the last file on disk.
	Took time.Duration
	// Databases are all that are known, sorted by folder, name and namespace.
	Databases []Database
	// Moved is what this cycle moved, in the order of databases and environments. The first cycle has nothing to compare with.
	Moved []Move
	// Problems are all current ones of the specs, sorted; empty when all is well.
	Problems spec.Problems
	// Failures are what could not be read or written. It is tried again every second.
	Failures []error
	// Written, Removed and Unchanged count the files that this cycle looked at below Options.Dir.
	Written, Removed, Unchanged int
}

// Database is one DatabaseCluster that is watched.
type Database struct {
	// ID is namespace/name, which tells databases apart and stays when their file moves. See [Watcher.Render].
	ID string
	// Folder and File are where the spec stands, as paths that begin with what New was given, slash-separated.
	Folder, File    string
	Name, Namespace string
	// Envs are the environments that are rendered, sorted; "" is the spec alone.
	Envs []string
	// Good is true when it is rendered as it stands now. Otherwise the last good output is kept, if there ever was one.
	Good bool
}

// Move is what moved in one database and environment.
type Move struct {
	Database Database
	Env      string
	// Change is Added for a database, or an environment of it, that is new, and Removed for one that is gone.
	Change manifest.Change
	// Differences between the last good objects and those of now; each object of an added one is a difference. Whole objects
	// come without their bodies, and of very many differences only the first are kept: Count has all.
	Differences []manifest.Difference
	Count       int
}

// Watcher watches. Run may be called once.
type Watcher struct {
	o     Options
	disk  *disk
	out   *output // nil when nothing is written
	known known
	tell  events

	serial int
	last   State
}

// New checks that the paths, files or folders, can be watched.
func New(paths []string, o Options) (*Watcher, error) {
	w := &Watcher{o: o, known: newKnown()}
	var n notifier
	if o.Poll == 0 {
		var err error
		if n, w.tell, err = watchFolders(strings.Join(paths, " ")); err != nil {
			return nil, err
		}
	}
	var err error
	if w.disk, err = newDisk(paths, newEyes(n)); err != nil {
		return nil, errors.Join(err, w.tell.shut())
	}
	if o.Dir != "" {
		w.out = &output{dir: o.Dir, options: tree.Options{Force: o.Force, NoFlush: true}}
	}
	return w, nil
}

// Run renders until the context is done, and then returns nil with everything on disk whole. It returns an error only when
// it cannot go on: another run has the folder, or the system's limit of watches is reached.
func (w *Watcher) Run(ctx context.Context) error {
	defer w.tell.shut()
	if w.out != nil {
		if _, err := w.out.begin(); err != nil {
			return err
		}
		defer w.out.close()
	}
	l := newLoop(w)
	for {
		if err := l.wait(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		seen := w.disk.look(l.dirt)
		if seen.err != nil {
			return seen.err
		}
		begun, believe := l.debounce.seen(time.Now(), seen.doubts)
		if !believe {
			continue
		}
		l.dirt = make(map[string]*dirt)
		w.cycle(ctx, w.disk.accept(seen), begun)
		l.retry(len(w.last.Failures) > 0)
	}
}

// ErrUnknown is what Render returns for a database that is not known, or has never been good.
var ErrUnknown = errors.New("no such database")

// Render gives the last good objects of one database, by its ID, in one environment, "" for the spec alone. It is rendered
// anew each time, in about a millisecond; it may be called from any goroutine.
func (w *Watcher) Render(id, env string) (render.Bundle, error) {
	in, db, ok := w.known.good(id)
	if !ok {
		return render.Bundle{}, ErrUnknown
	}
	doc := in.find(db)
	if doc == nil {
		return render.Bundle{}, ErrUnknown
	}
	bundle, _, err := project.Compile(doc, env)
	return bundle, err
}
