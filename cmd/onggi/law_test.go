package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/spec/spectest"
	"github.com/onggi-db/onggi/render/variant"
)

var (
	lawSeeds = flag.Int("seeds", 0, "how many random specs must hold the law; ONGGI_SEEDS says the same, 16 without either")
	lawSeed  = flag.Int64("seed", -1, "the one random spec to look at, as a failure names it")
)

// seeds are those of this run, or one in so many of them for tests that are slow.
func seeds(t *testing.T, oneIn int) []uint64 {
	n := 16
	if text := os.Getenv("ONGGI_SEEDS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err, "ONGGI_SEEDS")
	}
	if *lawSeeds > 0 {
		n = *lawSeeds
	}
	if *lawSeed >= 0 {
		return []uint64{uint64(*lawSeed)}
	}
	out := make([]uint64, (n+oneIn-1)/oneIn)
	for i := range out {
		out[i] = uint64(i * oneIn)
	}
	return out
}

// law is one random spec under test.
type law struct {
	*testing.T
	seed uint64
	c    spectest.Case
}

// eachSeed runs a test over the random specs; a failing one is printed, with how to have it again.
func eachSeed(t *testing.T, seeds []uint64, test func(*law)) {
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := &law{t, seed, spectest.Random(rand.New(rand.NewPCG(seed, 0)))}
			defer func() {
				if t.Failed() {
					name, _, _ := strings.Cut(t.Name(), "/")
					t.Logf("go test ./cmd/onggi -run '^%s$' -args -seed=%d\n%s", name, seed, text(l.c.YAML()))
				}
			}()
			test(l)
		})
	}
}

func text(sources []spec.Source) string {
	var b strings.Builder
	for _, s := range sources {
		fmt.Fprintf(&b, "---- %s\n%s", s.Name, s.Data)
	}
	return b.String()
}

// built renders every variant. A spec that is refused is refused with problems, and nothing else is asked of it.
func (l *law) built(sources []spec.Source, knobs bool) (doc *spec.Document, set variant.Set, ok bool) {
	loaded, problems := spec.Load(sources)
	require.Empty(l, problems, "a generated spec is well-formed")
	require.Len(l, loaded.Clusters, 1)
	doc = loaded.Clusters[0]
	set, err := variant.Build(doc, variant.Options{Transform: project.Transformer(doc), Knobs: knobs})
	if err != nil {
		require.IsType(l, spec.Problems{}, err)
		l.Logf("refused: %v", err)
		return doc, set, false
	}
	return doc, set, true
}

// variants are the base and the environments.
func variants(set variant.Set) []variant.Env {
	return append([]variant.Env{{Namespace: set.Namespace, Objects: set.Base}}, set.Envs...)
}

// For every spec and environment, render = helm template = kustomize build, and a knob of the chart means what the field of
// the spec means.
func TestLaw(t *testing.T) {
	compiled, refused, turned := 0, 0, 0
	eachSeed(t, seeds(t, 1), func(l *law) {
		doc, set, ok := l.built(l.c.YAML(), true)
		if !ok {
			refused++
			return
		}
		compiled++
		chart, err := charts.Emit(set, charts.Options{})
		require.NoError(l, err)
		for _, m := range charts.Verify(set, chart) {
			require.NoError(l, m)
		}
		overlay, err := overlays.Emit(set, overlays.Options{})
		require.NoError(l, err)
		require.NoError(l, overlays.Verify(set, overlay))
		turned += l.knobs(doc, set, chart)
	})
	t.Logf("%d specs compiled, %d were refused, %d knobs were turned", compiled, refused, turned)
	if *lawSeed < 0 {
		require.Greater(t, compiled, 3*refused, "most random specs are to compile, or the test tests nothing")
	}
}

// What is rendered depends on the spec alone: not on the run, the number of cores, the order of files or the form of the
// spec. What is written means what was rendered.
func TestSameSpecSameBytes(t *testing.T) {
	eachSeed(t, seeds(t, 2), func(l *law) {
		_, set, ok := l.built(l.c.YAML(), false)
		if !ok {
			return
		}
		first := l.bytes(set)
		turned := l.c.YAML()
		slices.Reverse(turned)
		cores := runtime.GOMAXPROCS(1)
		defer runtime.GOMAXPROCS(cores)
		_, again, ok := l.built(turned, false)
		require.True(l, ok)
		require.Equal(l, first, l.bytes(again), "a second run, on one core, with the files in another order")
		_, fromJSON, ok := l.built(l.c.JSON(), false)
		require.True(l, ok, "as JSON")
		for i, env := range variants(set) {
			require.Empty(l, manifest.Diff(env.Objects, variants(fromJSON)[i].Objects), "as JSON, in %q", env.Name)
			decoded, err := manifest.Decode("stream", manifest.Encode(env.Objects...))
			require.NoError(l, err)
			require.Len(l, decoded, len(env.Objects))
			for i, o := range decoded {
				require.Equal(l, manifest.Canonical(env.Objects[i].Body()), manifest.Canonical(o.Body()))
			}
		}
	})
}

// bytes is everything that is written of a set.
func (l *law) bytes(set variant.Set) map[string]string {
	out := make(map[string]string)
	for _, env := range variants(set) {
		out["manifests "+env.Name] = string(manifest.Encode(env.Objects...))
	}
	chart, err := charts.Emit(set, charts.Options{})
	require.NoError(l, err)
	overlay, err := overlays.Emit(set, overlays.Options{})
	require.NoError(l, err)
	for kind, files := range map[string]map[string][]byte{"chart ": chart, "overlay ": overlay} {
		for path, data := range files {
			out[kind+path] = string(data)
		}
	}
	return out
}

// Every object is one that an API server with the operators' definitions takes.
func TestRandomObjectsAreValid(t *testing.T) {
	dir := shared(t)
	newest, err := crd.Load(os.DirFS(dir))
	require.NoError(t, err)
	oldest, err := crd.Load(os.DirFS(dir), "cnpg-1.25")
	require.NoError(t, err)
	eachSeed(t, seeds(t, 1), func(l *law) {
		_, set, ok := l.built(l.c.YAML(), false)
		if !ok {
			return
		}
		schemas := newest
		if l.c.Cluster["spec"].(map[string]any)["operatorVersion"] == "1.25" {
			schemas = oldest
		}
		for _, env := range variants(set) {
			for _, o := range env.Objects {
				require.Empty(l, schemas.Validate(o), "in %q", env.Name)
			}
		}
	})
}

// shared is the folder of upstream definitions: data that is not part of the repository.
func shared(t *testing.T) string {
	dir := os.Getenv("ONGGI_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir + "/crds"); err != nil {
		t.Skipf("needs the upstream definitions: set ONGGI_SHARED to the folder that holds crds/ (%v)", err)
	}
	return dir + "/crds"
}
