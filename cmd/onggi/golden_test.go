package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/spec"
)

// golden is a folder of specs and the formats whose output is kept in testdata/golden/<name>/<format>.
type golden struct {
	name, specs string
	formats     []string
}

// goldens are the example and every case of testdata/specs. Manifests show what is rendered, so every case has them; the other
// formats are proven equal to them, so a few show their form.
func goldens(t *testing.T) []golden {
	out := []golden{{"homelab", filepath.Join("examples", "homelab"), formats()}}
	entries, err := os.ReadDir(filepath.Join("..", "..", "testdata", "specs"))
	require.NoError(t, err)
	for _, e := range entries {
		g := golden{e.Name(), filepath.Join("testdata", "specs", e.Name()), []string{formatManifests}}
		switch e.Name() {
		case "native-homelab":
			g.formats = formats()
		case "everything", "native-everything":
			g.formats = []string{formatManifests, formatHelm, formatKustomize}
		case "fleet":
			g.formats = []string{formatManifests, formatArgoCD}
		}
		out = append(out, g)
	}
	return out
}

// runAt runs the program with the repository as its working folder's stand-in: paths are made absolute.
func runAt(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err})
	return out.String(), err.String(), code
}

func TestGoldens(t *testing.T) {
	for _, g := range goldens(t) {
		for _, format := range g.formats {
			t.Run(g.name+"/"+format, func(t *testing.T) {
				want := filepath.Join("..", "..", "testdata", "golden", g.name, format)
				args := []string{"render", filepath.Join("..", "..", g.specs), "--format", format, "-o", want}
				if format == formatManifests && hasEnvironments(t, filepath.Join("..", "..", g.specs)) {
					args = append(args, "--all-envs")
				}
				if !*update {
					args = append(args, "--check")
				}
				stdout, stderr, code := runAt(t, args...)
				require.Zero(t, code, "%s%s\nif this is meant: make golden", stdout, stderr)
			})
		}
	}
}

func hasEnvironments(t *testing.T, dir string) bool {
	in, err := source.Read(strings.NewReader(""), []string{dir})
	require.NoError(t, err)
	found := false
	require.NoError(t, in.Batches(context.Background(), func(docs []*spec.Document) error {
		for _, doc := range docs {
			found = found || len(doc.Environments()) > 0
		}
		return nil
	}))
	return found
}

// A second run over the goldens must leave every file as it is: the same input gives the same bytes, whatever the order of
// maps, the number of cores or the working folder.
func TestSameBytesAnywhere(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	specs := filepath.Join(root, "testdata", "specs", "everything")
	first, _, code := runAt(t, "render", specs, "--env", "prod")
	require.Zero(t, code)
	for _, setting := range []struct{ name, value string }{
		{"GOMAXPROCS", "1"}, {"LC_ALL", "tr_TR.UTF-8"}, {"TZ", "Asia/Seoul"}, {"HOME", "/nonexistent"},
	} {
		t.Run(setting.name, func(t *testing.T) {
			t.Setenv(setting.name, setting.value)
			t.Chdir(t.TempDir())
			again, _, code := runAt(t, "render", specs, "--env", "prod")
			require.Zero(t, code)
			require.Equal(t, first, again)
		})
	}
}
