package spec_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestBad holds the exact text that a person sees for every spec in testdata/bad against the .txt beside it. A folder
// there is a project of several files.
func TestBad(t *testing.T) {
	entries, err := os.ReadDir("testdata/bad")
	require.NoError(t, err)
	cases := 0
	for _, e := range entries {
		name := e.Name()
		if strings.HasSuffix(name, ".txt") {
			continue
		}
		cases++
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			problems := check(badSources(t, name))
			require.NotEmpty(t, problems, "this spec is good")
			var out bytes.Buffer
			require.NoError(t, problems.Render(&out, false))
			golden := filepath.Join("testdata/bad", strings.TrimSuffix(name, ".yaml")+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String())
			for _, p := range problems {
				_, known := spec.Explain(p.Code)
				require.True(t, known, "%s is not in the catalogue", p.Code)
				require.NotEmpty(t, p.Fix, "%s says nothing about what to do", p.Code)
			}
		})
	}
	require.GreaterOrEqual(t, cases, 50)
}

// check is what a command does with its input: load it, and resolve every cluster in every environment.
func check(sources []spec.Source) spec.Problems {
	set, problems := spec.Load(sources)
	for _, doc := range set.Clusters {
		for _, env := range append([]string{""}, doc.Environments()...) {
			_, more := doc.Resolve(env)
			problems = append(problems, more...)
		}
	}
	return problems.Sort()
}

func badSources(t *testing.T, name string) []spec.Source {
	var sources []spec.Source
	err := filepath.WalkDir(filepath.Join("testdata/bad", name), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel("testdata/bad", path)
		sources = append(sources, spec.Source{Name: filepath.ToSlash(rel), Data: data})
		return err
	})
	require.NoError(t, err)
	return sources
}
