package render_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/backend"
	"github.com/onggi-db/onggi/render/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestBad holds the exact text that a person sees for every spec in testdata/bad against the .txt beside it. A folder there is
// a project of several files. Together they show every code of the stages after reading, and every thing that CloudNativePG
// lacks or once lacked, and that native lacks.
func TestBad(t *testing.T) {
	entries, err := os.ReadDir("testdata/bad")
	require.NoError(t, err)
	shown := make(map[string]bool)
	text := ""
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".yaml")
		if strings.HasSuffix(name, ".txt") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			problems := compileAll(badSources(t, e.Name()))
			require.NotEmpty(t, problems, "this spec is good")
			var out bytes.Buffer
			require.NoError(t, problems.Render(&out, false))
			golden := filepath.Join("testdata/bad", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String())
			for _, p := range problems {
				shown[p.Code] = true
				require.NotEmpty(t, p.Fix, "%s says nothing about what to do", p.Code)
				require.NotZero(t, p.Line, "%s is nowhere", p.Code)
			}
			text += out.String()
		})
	}
	for _, doc := range laterCodes(t) {
		require.True(t, shown[doc.Code], "no bad spec shows %s", doc.Code)
	}
	for _, f := range backend.Features() {
		if cell := f.In[backend.CloudNativePG]; cell != (backend.Support{Yes: true}) {
			require.Contains(t, text, f.What, "no bad spec asks for what %s has: %s", backend.CloudNativePG, cell)
		}
		if !f.In[backend.Native].Yes {
			require.Contains(t, text, "native has no "+f.What, "no bad spec asks native for it")
		}
	}
}

// compileAll is what a command does with its input: load it, and compile every cluster in every environment.
func compileAll(sources []spec.Source) spec.Problems {
	set, problems := spec.Load(sources)
	for _, doc := range set.Clusters {
		for _, env := range append([]string{""}, doc.Environments()...) {
			cluster, found := doc.Resolve(env)
			problems = append(problems, found...)
			if len(found) == 0 {
				_, found = render.Compile(cluster)
				problems = append(problems, found...)
			}
		}
	}
	return problems.Sort()
}

func badSources(t *testing.T, name string) []spec.Source {
	at := filepath.Join("testdata/bad", name)
	if info, err := os.Stat(at); err == nil && info.IsDir() {
		return folder(t, at)
	}
	data, err := os.ReadFile(at)
	require.NoError(t, err)
	return []spec.Source{{Name: name, Data: data}}
}
