package watch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// patience is how long a test waits for what has to come. It is no measure of speed.
const patience = 20 * time.Second

// play is a watch of a folder of specs that a test edits.
type play struct {
	t          *testing.T
	dir        string // specs/ and out/ are below it
	w          *watch.Watcher
	states     chan watch.State
	stop       func() error
	sentinels  int
	lastSerial int
	emitted    atomic.Int64
}

// emit writes the manifests of one environment or the spec alone, as onggi render --env prod -o does.
func emit(env string) func(*spec.Document) ([]watch.Output, error) {
	return func(doc *spec.Document) ([]watch.Output, error) {
		bundle, _, err := project.Compile(doc, env)
		if err != nil {
			return nil, err
		}
		out := watch.Output{Dir: doc.Name}
		for i, name := range manifest.FileNames(bundle.Objects) {
			err = errors.Join(err, out.Tree.Add(name, manifest.Encode(bundle.Objects[i])))
		}
		return []watch.Output{out}, err
	}
}

// newPlay makes specs/ with the files, and starts nothing yet.
func newPlay(t *testing.T, files map[string]string) *play {
	p := &play{t: t, dir: t.TempDir(), states: make(chan watch.State, 100)}
	require.NoError(t, os.MkdirAll(p.at("specs"), 0o755))
	for name, data := range files {
		p.put(name, data)
	}
	return p
}

func begin(t *testing.T, files map[string]string) (*play, watch.State) {
	p := newPlay(t, files)
	p.start(watch.Options{}, "specs")
	return p, p.next()
}

// start watches paths below the folder of the play, and writes out/.
func (p *play) start(o watch.Options, paths ...string) {
	p.t.Helper()
	if o.Dir == "" {
		o.Dir = p.at("out")
	}
	env := ""
	if len(o.Envs) > 0 {
		env = o.Envs[0]
	}
	o.Emit = func(doc *spec.Document) ([]watch.Output, error) {
		p.emitted.Add(1)
		return emit(env)(doc)
	}
	p.run(o, paths...)
}

func (p *play) run(o watch.Options, paths ...string) {
	p.t.Helper()
	o.OnState = func(s watch.State) { p.states <- s }
	for i, name := range paths {
		paths[i] = p.at(name)
	}
	var err error
	p.w, err = watch.New(paths, o)
	require.NoError(p.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.w.Run(ctx) }()
	p.stop = func() error {
		cancel()
		select {
		case err := <-done:
			done <- err
			return err
		case <-time.After(patience):
			return errors.New("the watch does not end")
		}
	}
	p.t.Cleanup(func() { require.NoError(p.t, p.stop()) })
}

func (p *play) at(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p *play) put(name, data string) {
	p.t.Helper()
	require.NoError(p.t, os.MkdirAll(filepath.Dir(p.at(name)), 0o755))
	require.NoError(p.t, os.WriteFile(p.at(name), []byte(data), 0o644))
}

func (p *play) move(from, to string) {
	p.t.Helper()
	require.NoError(p.t, os.Rename(p.at(from), p.at(to)))
}

func (p *play) remove(name string) {
	p.t.Helper()
	require.NoError(p.t, os.RemoveAll(p.at(name)))
}

func (p *play) read(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(p.at(name))
	require.NoError(p.t, err)
	return string(data)
}

// next is the state of the next cycle that tells something. None may be missing between two.
func (p *play) next() watch.State {
	p.t.Helper()
	select {
	case s := <-p.states:
		p.lastSerial++
		require.Equal(p.t, p.lastSerial, s.Serial)
		return s
	case <-time.After(patience):
		require.FailNow(p.t, "nothing happens")
	}
	return watch.State{}
}

// until is the first state with what is wanted.
func (p *play) until(wanted func(watch.State) bool) watch.State {
	p.t.Helper()
	for {
		if s := p.next(); wanted(s) {
			return s
		}
	}
}

// nothing makes sure that what was done so far moved nothing: the next cycle is that of another change, and has only that.
func (p *play) nothing() {
	p.t.Helper()
	p.sentinels++
	name := fmt.Sprintf("sentinel-%d", p.sentinels)
	p.put("specs/sentinels/"+name+".yaml", shop(name, 1))
	s := p.next()
	require.Empty(p.t, s.Problems)
	require.Empty(p.t, s.Failures)
	for _, m := range s.Moved {
		require.Equal(p.t, name, m.Database.Name)
	}
	require.NotEmpty(p.t, s.Moved)
}

// shop is a small spec.
func shop(name string, instances int) string {
	return fmt.Sprintf(`apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: %s, namespace: databases}
spec:
  version: "17"
  backend: cloudnative-pg
  instances: %d
  storage: {size: 10Gi}
`, name, instances)
}

// moves are the differences of a state, one a line: what a person would read.
func moves(s watch.State) string {
	var b strings.Builder
	for _, m := range s.Moved {
		switch {
		case m.Change == manifest.Changed:
			for _, d := range m.Differences {
				fmt.Fprintln(&b, d)
			}
		case m.Change == manifest.Added:
			fmt.Fprintln(&b, "new:", m.Database.Name)
		default:
			fmt.Fprintln(&b, "gone:", m.Database.Name)
		}
	}
	return b.String()
}

func instances(name string, was, is int) string {
	return fmt.Sprintf("Cluster/databases/%s spec.instances: %d != %d\n", name, was, is)
}

// ours are the files below out/ that a watch leaves, without what it keeps for itself.
func ours(t *testing.T, dir string) map[string]string {
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	}))
	return files
}

func (p *play) cluster(name string) string {
	return p.read(path.Join("out", name, "cluster-"+name+".yaml"))
}

func folders(t *testing.T, dir string) map[string]bool {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, e := range entries {
		if e.IsDir() {
			names[e.Name()] = true
		}
	}
	return names
}

// slowly writes a file in two parts, as a program does that keeps it open meanwhile.
func (p *play) slowly(name, a, b string, pause time.Duration) {
	f, err := os.OpenFile(p.at(name), os.O_WRONLY|os.O_TRUNC, 0)
	require.NoError(p.t, err)
	_, err = f.WriteString(a)
	require.NoError(p.t, err)
	time.Sleep(pause)
	_, err = f.WriteString(b)
	require.NoError(p.t, err)
	require.NoError(p.t, f.Close())
}

// longAgo sets a file's time back, and returns a check that nobody has touched it since.
func (p *play) longAgo(name string) func() {
	then := time.Unix(1000000000, 0)
	require.NoError(p.t, os.Chtimes(p.at(name), then, then))
	return func() {
		p.t.Helper()
		info, err := os.Stat(p.at(name))
		require.NoError(p.t, err)
		require.Equal(p.t, then.Unix(), info.ModTime().Unix(), "%s was touched", name)
	}
}

func moved(s watch.State) (names []string) {
	for _, m := range s.Moved {
		names = append(names, m.Database.Name)
	}
	return names
}

// fleet is n specs in folders of ten.
func fleet(n, instances int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("specs/team-%d/db-%02d.yaml", i/10, i)] = shop(fmt.Sprintf("db-%02d", i), instances)
	}
	return files
}

// secretFor is a manifest of that name. That it is no Secret does not matter to whose it is.
func secretFor(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: databases}\ndata: {a: b}\n"
}

func withSecret(name, secret string, instances int) string {
	return shop(name, instances) + "  databases: [{name: app, secret: " + secret + "}]\n"
}
