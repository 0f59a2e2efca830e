package render_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// The same spec gives the same objects, and stays as it was.
func TestCompileIsPure(t *testing.T) {
	for _, s := range samples(t) {
		before := snapshot(t, s.cluster)
		again, problems := render.Compile(s.cluster)
		require.Empty(t, problems)
		require.Equal(t, said(s.bundle.Objects), said(again.Objects), s.name)
		require.Equal(t, s.bundle.Plan, again.Plan, s.name)
		require.Equal(t, before, snapshot(t, s.cluster), s.name)
	}
}

// said is all that objects say.
func said(objs []manifest.Object) []any {
	out := make([]any, len(objs))
	for i, o := range objs {
		out[i] = []any{o.Part, o.Origin, o.Body()}
	}
	return out
}

// snapshot is all that a cluster says about itself.
func snapshot(t *testing.T, c *spec.Cluster) string {
	t.Helper()
	text, err := json.Marshal([]any{c.Name, c.Namespace, c.Env, c.Environment, c.Spec, c.Project, said(c.Extras), c.File})
	require.NoError(t, err)
	return string(text)
}

// Objects share no memory with each other, with the spec or with a later render: an emitter may change what it was given.
func TestObjectsShareNothing(t *testing.T) {
	for _, s := range samples(t) {
		first := slices.Clone(s.bundle.Objects)
		for i := range first {
			first[i] = first[i].Clone()
		}
		owner := make(map[uintptr]string)
		for _, o := range s.bundle.Objects {
			walk(o.Body(), o.Ref().String(), func(v any, place string) {
				at := reflect.ValueOf(v).Pointer()
				require.Empty(t, owner[at], "%s: %s is the same as %s", s.name, place, owner[at])
				owner[at] = place
			})
		}
		for _, o := range s.bundle.Objects {
			spoil(o.Body())
		}
		again, problems := render.Compile(s.cluster)
		require.Empty(t, problems)
		require.Equal(t, said(first), said(again.Objects), s.name)
	}
}

// What is only written is never made a mapping of: that is a third of what it would cost.
func TestWritingMakesNoBodies(t *testing.T) {
	for _, s := range samples(t) {
		bundle, problems := render.Compile(s.cluster)
		require.Empty(t, problems)
		require.NotEmpty(t, manifest.Encode(bundle.Objects...))
		for _, o := range bundle.Objects {
			require.Equal(t, o.Origin == "", o.Fields() != nil, "%s: %s", s.name, o.Ref())
		}
	}
}

// walk visits every mapping and every list that is not empty.
func walk(v any, place string, visit func(v any, place string)) {
	switch v := v.(type) {
	case manifest.Map:
		visit(v, place)
		for k, inner := range v {
			walk(inner, place+"."+k, visit)
		}
	case []any:
		if len(v) > 0 {
			visit(v, place)
		}
		for i, inner := range v {
			walk(inner, fmt.Sprintf("%s[%d]", place, i), visit)
		}
	}
}

// spoil changes everything that can be changed in place.
func spoil(v any) {
	switch v := v.(type) {
	case manifest.Map:
		for _, inner := range v {
			spoil(inner)
		}
		clear(v)
	case []any:
		for i, inner := range v {
			spoil(inner)
			v[i] = "spoilt"
		}
	}
}

// Objects hold the types that encoders, patches and comparisons know, and are in the order they are applied in.
func TestObjectsAreCanonical(t *testing.T) {
	for _, s := range samples(t) {
		requireCanonical(t, s.bundle.Objects)
	}
}

func requireCanonical(t *testing.T, objs []manifest.Object) {
	t.Helper()
	for _, o := range objs {
		require.Equal(t, manifest.Canonical(o.Body()), any(o.Body()), "%s", o.Ref())
		require.NotEmpty(t, o.Part, "%s", o.Ref())
		require.NotEmpty(t, o.Ref().Name)
	}
	sorted := slices.Clone(objs)
	manifest.Sort(sorted)
	for i := range sorted {
		require.Equal(t, sorted[i].Ref(), objs[i].Ref())
	}
}

// One document may be resolved and compiled by many goroutines at once. Run with -race.
func TestCompileInParallel(t *testing.T) {
	set, problems := spec.Load(folder(t, "../testdata/specs/everything"))
	require.Empty(t, problems)
	doc := set.Clusters[0]
	cluster, problems := doc.Resolve("prod")
	require.Empty(t, problems)
	want, problems := render.Compile(cluster)
	require.Empty(t, problems)
	var wait sync.WaitGroup
	got := make([]render.Bundle, 16)
	for i := range got {
		wait.Go(func() {
			c := cluster // the same one
			if i%2 == 0 {
				c, _ = doc.Resolve("prod") // or one of its own
			}
			got[i], _ = render.Compile(c)
		})
	}
	wait.Wait()
	for _, bundle := range got {
		require.Equal(t, said(want.Objects), said(bundle.Objects))
	}
}

// FuzzCompile takes any bytes from a file to objects, in every environment. Nothing panics; objects are canonical; whatever
// is wrong has a code that can be looked up, and a place.
func FuzzCompile(f *testing.F) {
	for _, pattern := range []string{"../testdata/specs/*/*.yaml", "../examples/*/*.yaml", "testdata/bad/*.yaml", "spec/testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		require.NotEmpty(f, files)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	known := make(map[string]bool)
	for _, doc := range render.Codes() {
		known[doc.Code] = true
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: data}})
		for _, doc := range set.Clusters {
			envs := append([]string{""}, doc.Environments()...)
			for _, env := range envs[:min(len(envs), 4)] {
				cluster, found := doc.Resolve(env)
				problems = append(problems, found...)
				if len(found) > 0 {
					continue
				}
				bundle, found := render.Compile(cluster)
				problems = append(problems, found...)
				if len(found) == 0 {
					requireCanonical(t, bundle.Objects)
				}
			}
		}
		for _, p := range problems {
			require.True(t, known[p.Code], p.Code)
			require.Equal(t, "shop.yaml", p.File)
			require.NotEmpty(t, p.Message)
		}
	})
}
