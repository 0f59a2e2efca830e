package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// What Argo CD gets from the plugin is what onggi render prints, byte for byte, for every sample in every environment.
func TestPluginIsRender(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	same := func(t *testing.T, dir, file, env string) {
		want, stderr, code := runAt(t, "render", filepath.Join(dir, file), "--env", env)
		require.Zero(t, code, stderr)
		t.Chdir(dir)
		t.Setenv("ARGOCD_APP_PARAMETERS", parameters(t, map[string]any{"env": env, "file": file}))
		got, stderr, code := runAt(t, "cmp", "generate")
		require.Zero(t, code, stderr)
		require.Equal(t, want, got)
		require.Empty(t, stderr)
	}
	for _, g := range goldens(t) {
		dir := filepath.Join(root, g.specs)
		shared := environmentsOf(t, dir)
		for _, env := range shared {
			t.Run(g.name+"/"+env, func(t *testing.T) { same(t, dir, "", env) })
		}
		if len(shared) > 0 {
			continue
		}
		for _, doc := range documentsOf(t, dir) { // each has environments of its own
			require.Empty(t, doc.Extras, "render with a file leaves them out")
			for _, env := range doc.Environments() {
				t.Run(g.name+"/"+doc.Name+"/"+env, func(t *testing.T) { same(t, dir, filepath.Base(doc.File), env) })
			}
		}
	}
}

// One database after the other, by file and name as Applications have it, is all of them together.
func TestPluginByDatabase(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	for _, name := range []string{"fleet", "team", "everything"} {
		dir := filepath.Join(root, "testdata", "specs", name)
		env := environmentsOf(t, dir)[0]
		want, stderr, code := runAt(t, "render", dir, "--env", env)
		require.Zero(t, code, stderr)
		var parts []string
		for _, doc := range documentsOf(t, dir) {
			file, err := filepath.Rel(dir, doc.File)
			require.NoError(t, err)
			t.Run(name+"/"+doc.Name, func(t *testing.T) {
				t.Chdir(dir)
				t.Setenv("ARGOCD_APP_PARAMETERS", parameters(t, map[string]any{"env": env, "file": file, "database": doc.Name}))
				got, stderr, code := runAt(t, "cmp", "generate")
				require.Zero(t, code, stderr)
				parts = append(parts, got)
			})
		}
		require.Equal(t, want, strings.Join(parts, "---\n"))
	}
}

// An Application of the plugin asks for what the other sources deliver: from its own parameters, in its own path, come the
// objects of the golden files.
func TestPluginOfApplications(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	for name, specs := range map[string]string{"homelab": "examples/homelab", "fleet": "testdata/specs/fleet"} {
		repo := t.TempDir()
		dir := filepath.Join(repo, "databases") // as argocd.path of both has it
		require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, specs))))
		project := filepath.Join(dir, "onggi.yaml")
		data, err := os.ReadFile(project)
		require.NoError(t, err)
		patched := regexp.MustCompile(`(?m)^(  path: )\S+`).ReplaceAllString(string(data), "  source: plugin\n${1}databases")
		patched = strings.NewReplacer("  applicationSet: true\n", "", "  source: manifests\n", "").Replace(patched)
		require.Contains(t, patched, "source: plugin")
		require.NoError(t, os.WriteFile(project, []byte(patched), 0o644))
		_, stderr, code := runAt(t, "render", dir, "--format", "argocd", "-o", dir)
		require.Zero(t, code, stderr)
		files, err := filepath.Glob(filepath.Join(dir, "argocd", "applications", "*.yaml"))
		require.NoError(t, err)
		require.Greater(t, len(files), 1)
		for _, file := range files {
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) {
				data, err := os.ReadFile(file)
				require.NoError(t, err)
				var app struct {
					Metadata struct{ Labels map[string]string }
					Spec     struct {
						Source struct {
							Path   string
							Plugin struct{ Parameters []map[string]any }
						}
					}
				}
				require.NoError(t, yaml.Unmarshal(data, &app))
				asked, err := json.Marshal(app.Spec.Source.Plugin.Parameters)
				require.NoError(t, err)
				t.Chdir(filepath.Join(repo, app.Spec.Source.Path))
				t.Setenv("ARGOCD_APP_SOURCE_PATH", app.Spec.Source.Path)
				t.Setenv("ARGOCD_APP_PARAMETERS", string(asked))
				out, stderr, code := runAt(t, "cmp", "generate")
				require.Zero(t, code, stderr)
				got, err := manifest.Decode("stdout", []byte(out))
				require.NoError(t, err)
				folder := filepath.Join(root, "testdata", "golden", name, "manifests", app.Metadata.Labels["onggi.dev/environment"], app.Metadata.Labels["onggi.dev/database"])
				var want []manifest.Object
				for _, golden := range mustGlob(t, filepath.Join(folder, "*.yaml")) {
					data, err := os.ReadFile(golden)
					require.NoError(t, err)
					objs, err := manifest.Decode(golden, data)
					require.NoError(t, err)
					want = append(want, objs...)
				}
				require.Empty(t, manifest.Diff(want, got))
			})
		}
	}
}

func mustGlob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, names, pattern)
	return names
}

// parameters are strings by their names, as Argo CD passes them on.
func parameters(t *testing.T, values map[string]any) string {
	t.Helper()
	var list []map[string]any
	for name, value := range values {
		list = append(list, map[string]any{"name": name, "string": value})
	}
	data, err := json.Marshal(list)
	require.NoError(t, err)
	return string(data)
}

func documentsOf(t *testing.T, dir string) []*spec.Document {
	t.Helper()
	in, err := source.Read(strings.NewReader(""), []string{dir})
	require.NoError(t, err)
	var out []*spec.Document
	require.NoError(t, in.Batches(t.Context(), func(docs []*spec.Document) error {
		out = append(out, docs...)
		return nil
	}))
	return out
}

// environmentsOf are those that all documents of a folder have, the base alone where there are none at all.
func environmentsOf(t *testing.T, dir string) []string {
	t.Helper()
	count := map[string]int{}
	docs := documentsOf(t, dir)
	var out []string
	for _, doc := range docs {
		for _, env := range doc.Environments() {
			if count[env]++; count[env] == len(docs) {
				out = append(out, env)
			}
		}
	}
	if len(count) == 0 {
		return []string{""}
	}
	return out
}
