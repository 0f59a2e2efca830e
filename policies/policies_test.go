package policies

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every rule has samples it passes and samples it fails, and the findings of those are word for word what the golden says.
func TestSamples(t *testing.T) {
	for _, p := range Builtin() {
		if strings.HasPrefix(p.ID, "ONG709") {
			continue // about waivers: TestWaive
		}
		t.Run(p.ID, func(t *testing.T) {
			for _, file := range samples(t, p.ID, "pass") {
				require.Empty(t, ofRule(p.ID, Check(sample(t, file))), file)
			}
			for _, file := range samples(t, p.ID, "fail") {
				found := ofRule(p.ID, Check(sample(t, file)))
				require.NotEmpty(t, found, file)
				golden(t, strings.TrimSuffix(file, ".yaml")+".txt", print(found))
			}
		})
	}
}

// No folder of samples outlives its rule.
func TestSamplesHaveARule(t *testing.T) {
	known := map[string]bool{}
	for _, p := range Builtin() {
		known[p.ID] = true
	}
	dirs, err := filepath.Glob("testdata/ONG*")
	require.NoError(t, err)
	for _, dir := range dirs {
		require.True(t, known[filepath.Base(dir)], dir)
	}
}

func samples(t *testing.T, id, kind string) []string {
	files, err := filepath.Glob(filepath.Join("testdata", id, kind+"*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "%s has no %s sample", id, kind)
	return files
}

// sample reads an input: its objects, and what comments at the top say beside them.
//
//	# existing: NAME KEY,KEY
//	# operator: VERSION
//	# kubernetes: VERSION
//	# live: CLUSTER PRIMARY
func sample(t testing.TB, file string) Input {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	objects, err := manifest.Decode(filepath.Base(file), data)
	require.NoError(t, err)
	in := Input{Objects: objects, Namespace: "db"}
	for line := range strings.Lines(string(data)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !ok {
			break
		}
		name, value, _ := strings.Cut(comment, ": ")
		switch name {
		case "existing":
			secret, keys, some := strings.Cut(value, " ")
			ref := SecretRef{Name: secret}
			if some {
				ref.Keys = strings.Split(keys, ",")
			}
			in.External = append(in.External, ref)
		case "operator":
			in.OperatorVersion = value
		case "kubernetes":
			in.KubeVersion = value
		case "live":
			cluster, primary, _ := strings.Cut(value, " ")
			in.Live = append(in.Live, manifest.New(manifest.Map{
				"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": manifest.Map{"name": cluster, "namespace": "db"},
				"status": manifest.Map{"currentPrimary": primary},
			}))
		}
	}
	return in
}

func ofRule(id string, fs []Finding) []Finding {
	var out []Finding
	for _, f := range fs {
		if f.Policy == id {
			out = append(out, f)
		}
	}
	return out
}

func print(fs []Finding) string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "%s: %s %s: %s %s: %s\n", f.Origin, f.Ref, manifest.FormatPath(f.Path), f.Level, f.Policy, f.Message)
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run with -update")
	require.Equal(t, string(want), got)
}
