package crd_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestViolations(t *testing.T) {
	schemas, err := crd.Load(os.DirFS("testdata/crds"))
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/cases/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", print(schemas.Validate(read(t, file))))
		})
	}
}

func TestValidateLeavesTheObjectAlone(t *testing.T) {
	schemas, err := crd.Load(os.DirFS("testdata/crds"))
	require.NoError(t, err)
	o := read(t, "testdata/cases/unknown-fields.yaml")
	before := o.Clone()
	require.NotEmpty(t, schemas.Validate(o))
	require.Equal(t, before, o)
}

func TestLoad(t *testing.T) {
	big := read(t, "testdata/cases/accepted.yaml") // 20 litres: more than the old release allowed
	t.Run("the shallowest definition is the default", func(t *testing.T) {
		schemas, err := crd.Load(os.DirFS("testdata/crds"))
		require.NoError(t, err)
		require.Empty(t, schemas.Validate(big))
		require.Equal(t, "[Ash.kiln.example Jar.kiln.example Kiln.kiln.example Shard.kiln.example]", fmt.Sprint(schemas.Kinds()))
	})
	t.Run("a named release wins for the kinds it has", func(t *testing.T) {
		schemas, err := crd.Load(os.DirFS("testdata/crds"), "old")
		require.NoError(t, err)
		require.Equal(t, "Jar/soy spec.litres: Invalid: Invalid value: 20: spec.litres in body should be less than or equal to 9\n", print(schemas.Validate(big)))
		require.Len(t, schemas.Kinds(), 4)
	})
	t.Run("a release nobody has is refused", func(t *testing.T) {
		_, err := crd.Load(os.DirFS("testdata/crds"), "older")
		require.EqualError(t, err, `read custom resource definitions: no folder "older" holds one`)
	})
	t.Run("a folder that cannot be read is an error", func(t *testing.T) {
		_, err := crd.Load(os.DirFS("testdata/none"))
		require.ErrorContains(t, err, "read custom resource definitions: ")
	})
}

// print gives one line per violation, as a report would.
func print(vs []crd.Violation) string {
	var b strings.Builder
	for _, v := range vs {
		fmt.Fprintf(&b, "%s %s: %s: %s\n", v.Ref, manifest.FormatPath(v.Path), v.Reason, v.Message)
	}
	return b.String()
}

func read(t testing.TB, file string) manifest.Object {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return decode(t, data)
}

func decode(t testing.TB, data []byte) manifest.Object {
	t.Helper()
	var body manifest.Map
	require.NoError(t, yaml.Unmarshal(data, &body)) // manifest.Decode refuses what some cases are about
	return manifest.New(manifest.Clone(body))
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
