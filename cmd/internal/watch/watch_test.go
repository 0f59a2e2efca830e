package watch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/tree"
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
	o.Emit = emit(env)
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

func TestTheFirstCycleRendersEverything(t *testing.T) {
	p, s := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/eu/crm.yaml": shop("crm", 4)})
	require.Empty(t, s.Moved)
	require.Empty(t, s.Problems)
	require.Equal(t, len(ours(t, p.at("out/shop")))+len(ours(t, p.at("out/crm")))-2, s.Written, "the ledgers are not counted")
	require.Len(t, s.Databases, 2)
	shop := s.Databases[0]
	require.Equal(t, []string{"shop", "databases", p.at("specs"), p.at("specs/shop.yaml")}, []string{shop.Name, shop.Namespace, shop.Folder, shop.File})
	require.True(t, shop.Good)
	require.Contains(t, p.cluster("shop"), "instances: 3")
}

// However an editor saves, there is one cycle, and it has the new text: never a part of it, never a deletion.
func TestSaves(t *testing.T) {
	half := func(data string) (string, string) { return data[:len(data)/2], data[len(data)/2:] }
	tests := []struct {
		name string
		save func(p *play, file, data string)
	}{
		{"written in place", func(p *play, file, data string) { p.put(file, data) }},
		{"renamed into place", func(p *play, file, data string) {
			p.put(file+".tmp123", data)
			p.move(file+".tmp123", file)
		}},
		{"vim: the old file becomes the backup", func(p *play, file, data string) {
			p.put("specs/4913", "") // whether a file can be made here
			p.remove("specs/4913")
			p.put("specs/.shop.yaml.swp", "b0VIM")
			p.move(file, file+"~")
			p.put(file, data)
			p.remove(file + "~")
		}},
		{"vim with backupcopy=yes", func(p *play, file, data string) {
			p.put(file+"~", p.read(file))
			p.put(file, data)
			p.remove(file + "~")
		}},
		{"VS Code: truncated, then written in two parts", func(p *play, file, data string) {
			a, b := half(data)
			p.slowly(file, a, b, 0)
		}},
		{"two parts with a pause between them, the file kept open", func(p *play, file, data string) {
			a, b := half(data)
			p.slowly(file, a, b, 120*time.Millisecond)
		}},
		{"emacs: a lock link, an auto-save file, a backup by renaming", func(p *play, file, data string) {
			require.NoError(p.t, os.Symlink("me@host.1:1", p.at("specs/.#shop.yaml")))
			p.put("specs/#shop.yaml#", data)
			p.move(file, file+"~")
			p.put(file, data)
			p.remove("specs/#shop.yaml#")
			p.remove("specs/.#shop.yaml")
		}},
		{"removed, and made again a moment later", func(p *play, file, data string) {
			p.remove(file)
			time.Sleep(100 * time.Millisecond) // longer than the debounce
			p.put(file, data)
		}},
		{"empty for a moment", func(p *play, file, data string) {
			p.put(file, "")
			time.Sleep(100 * time.Millisecond)
			p.put(file, data)
		}},
		{"a swap of two names", func(p *play, file, data string) {
			p.put("specs/new", data)
			p.move(file, "specs/old")
			p.move("specs/new", file)
			p.remove("specs/old")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 4)})
			tt.save(p, "specs/shop.yaml", shop("shop", 5))
			s := p.next()
			require.Equal(t, instances("shop", 3, 5), moves(s))
			require.Empty(t, s.Problems)
			require.Equal(t, []int{1, 0}, []int{s.Written, s.Removed})
			require.Contains(t, p.cluster("shop"), "instances: 5")
			p.nothing()
		})
	}
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

func TestWhatChangesNothingTellsNothing(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/README.md": "read me"})
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(p.at("specs/shop.yaml"), later, later))
	require.NoError(t, os.Chmod(p.at("specs/shop.yaml"), 0o600))
	p.put("specs/shop.yaml", shop("shop", 3))
	p.put("specs/README.md", "read me again")
	p.put("specs/.hidden.yaml", "nonsense: [")
	p.put("specs/.git/config.yaml", "nonsense: [")
	p.put("specs/shop.schema.json", "{")
	require.NoError(t, os.Mkdir(p.at("specs/empty"), 0o755))
	p.nothing()
}

func TestAProblemKeepsWhatWasGood(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 4)})
	before := p.cluster("shop")

	p.put("specs/shop.yaml", strings.Replace(shop("shop", 5), "10Gi", "10GB", 1))
	s := p.next()
	require.Len(t, s.Problems, 1)
	require.Equal(t, 8, s.Problems[0].Line)
	require.Empty(t, s.Moved)
	require.Equal(t, []bool{true, false}, []bool{s.Databases[0].Good, s.Databases[1].Good})
	require.Equal(t, before, p.cluster("shop"))

	bundle, err := p.w.Render(s.Databases[1].ID, "")
	require.NoError(t, err)
	require.EqualValues(t, 3, bundle.Plan.Instances, "what is served is what was good")

	p.put("specs/crm.yaml", shop("crm", 2))
	s = p.next()
	require.Equal(t, instances("crm", 4, 2), moves(s), "others are not held up")
	require.Len(t, s.Problems, 1)
	require.Equal(t, before, p.cluster("shop"))

	p.put("specs/shop.yaml", shop("shop", 5))
	s = p.next()
	require.Empty(t, s.Problems)
	require.Equal(t, instances("shop", 3, 5), moves(s), "compared with what was good, not with what was wrong")
	require.True(t, s.Databases[1].Good)
}

func TestAFileThatDoesNotLoadKeepsItsDatabases(t *testing.T) {
	for name, text := range map[string]string{
		"syntax":                "a: [b",
		"another kind":          strings.Replace(shop("shop", 3), "DatabaseCluster", "DatabaseClustr", 1),
		"emptied":               "",
		"a second one is wrong": shop("shop", 3) + "---\n" + strings.Replace(shop("till", 3), "10Gi", "10GB", 1),
		"renamed and wrong":     strings.Replace(shop("till", 3), "10Gi", "10GB", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 4)})
			p.put("specs/shop.yaml", text)
			s := p.next()
			require.NotEmpty(t, s.Problems)
			require.Empty(t, s.Moved)
			require.Contains(t, p.cluster("shop"), "instances: 3")
			p.put("specs/shop.yaml", shop("shop", 4))
			require.Equal(t, instances("shop", 3, 4), moves(p.until(func(s watch.State) bool { return len(s.Problems) == 0 })))
		})
	}
}

func TestComingAndGoing(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3)})
	p.put("specs/eu/north/crm.yaml", shop("crm", 4))
	require.Equal(t, "new: crm\n", moves(p.next()))
	require.Contains(t, p.cluster("crm"), "instances: 4")

	p.put("specs/eu/north/crm.yaml", shop("crm", 2))
	require.Equal(t, instances("crm", 4, 2), moves(p.next()), "a new folder is watched")

	p.move("specs/eu", "away")
	s := p.next()
	require.Equal(t, "gone: crm\n", moves(s))
	require.Positive(t, s.Removed)
	require.NoDirExists(t, p.at("out/crm"))
	p.put("away/north/crm.yaml", shop("crm", 7))
	p.nothing()

	p.move("away", "specs/us")
	require.Equal(t, "new: crm\n", moves(p.next()))
	p.put("specs/us/north/crm.yaml", shop("crm", 8))
	require.Equal(t, instances("crm", 7, 8), moves(p.next()), "it is watched again")

	p.move("specs/us/north/crm.yaml", "specs/us/north/renamed.yaml")
	s = p.next()
	require.Empty(t, s.Moved, "the same database in another file")
	require.Contains(t, p.cluster("crm"), "instances: 8")
	require.Equal(t, p.at("specs/us/north/renamed.yaml"), s.Databases[2].File)

	p.move("specs/us", "specs/asia")
	require.Empty(t, p.next().Moved, "the same database in another folder")
	p.put("specs/asia/north/renamed.yaml", shop("crm", 9))
	require.Equal(t, instances("crm", 8, 9), moves(p.next()), "a folder does not take its watch along under the old name")
	p.move("specs/asia", "specs/us")
	p.next()

	p.remove("specs/us/north/renamed.yaml")
	require.Equal(t, "gone: crm\n", moves(p.next()))
	require.Equal(t, map[string]bool{"shop": true, "sentinel-1": true}, folders(t, p.at("out")))
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

func TestTwoWatchesOfOneFolder(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3)})
	second, err := watch.New([]string{p.at("specs")}, watch.Options{Dir: p.at("out"), Emit: emit("")})
	require.NoError(t, err)
	err = second.Run(context.Background())
	require.ErrorIs(t, err, tree.ErrBusy)

	require.NoError(t, p.stop())
	fleet, err := tree.Open(p.at("out"), tree.Options{})
	require.NoError(t, err, "the folder is free again")
	require.NoError(t, fleet.Close())
}
