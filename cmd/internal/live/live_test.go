package live_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/live"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// fake is a watch that a test turns by hand.
type fake struct {
	docs   map[string]*spec.Document
	state  watch.State
	page   *live.Server
	before map[string][]manifest.Object
}

func newFake(t testing.TB, o live.Options, files ...spec.Source) *fake {
	t.Helper()
	f := newFakeUnloaded(o)
	f.load(t, files...)
	return f
}

// newFakeUnloaded has not told anything yet.
func newFakeUnloaded(o live.Options) *fake {
	f := &fake{before: map[string][]manifest.Object{}}
	o.Render = f.render
	f.page = live.New(o)
	return f
}

// load makes what the files hold the state of the watch.
func (f *fake) load(t testing.TB, files ...spec.Source) {
	t.Helper()
	set, problems := spec.Load(files)
	f.docs = map[string]*spec.Document{}
	f.state.Databases, f.state.Moved, f.state.Problems = nil, nil, problems
	for _, doc := range set.Clusters {
		id := doc.Namespace + "/" + doc.Name
		d := watch.Database{ID: id, File: doc.File, Name: doc.Name, Namespace: doc.Namespace, Envs: doc.Environments(), Good: true}
		if len(d.Envs) == 0 {
			d.Envs = []string{""}
		}
		f.docs[id] = doc
		for _, env := range d.Envs {
			bundle, err := f.render(id, env)
			var wrong spec.Problems
			if err != nil {
				require.ErrorAs(t, err, &wrong)
				f.state.Problems, d.Good = append(f.state.Problems, wrong...).Sort(), false
				continue
			}
			if old, ok := f.before[id+"@"+env]; ok {
				if diffs := manifest.Diff(old, bundle.Objects); len(diffs) > 0 {
					f.state.Moved = append(f.state.Moved, watch.Move{Database: d, Env: env, Differences: diffs, Count: len(diffs)})
				}
			}
			f.before[id+"@"+env] = bundle.Objects
		}
		f.state.Databases = append(f.state.Databases, d)
	}
	f.state.Serial++
	f.page.Update(f.state)
}

func (f *fake) render(id, env string) (render.Bundle, error) {
	doc, ok := f.docs[id]
	if !ok {
		return render.Bundle{}, watch.ErrUnknown
	}
	bundle, _, err := project.Compile(doc, env)
	return bundle, err
}

func homelab(t testing.TB) []spec.Source {
	t.Helper()
	return sources(t, "../../../examples/homelab")
}

func sources(t testing.TB, dir string) []spec.Source {
	t.Helper()
	var out []spec.Source
	files, err := filepath.Glob(dir + "/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		out = append(out, spec.Source{Name: filepath.Base(file), Data: data})
	}
	require.NotEmpty(t, out)
	return out
}
