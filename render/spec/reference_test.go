package spec_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

// TestReference fails when a type was changed and go generate was not run.
func TestReference(t *testing.T) {
	got, err := os.ReadFile("../../docs/reference/spec.md")
	require.NoError(t, err)
	require.Equal(t, string(spec.Reference()), string(got), "run go generate in render/spec")
}

func TestFieldDoc(t *testing.T) {
	f, ok := spec.FieldDoc("spec.backup.retention")
	require.True(t, ok)
	require.Equal(t, spec.Field{Path: "spec.backup.retention", Name: "retention", Type: "string", Example: "90d",
		Limits: "matches ^[1-9][0-9]*[dwm]$", Doc: "Retention is how far back a restore must be possible, e.g. 90d, 12w or 6m (months)."}, f)

	for path, want := range map[string]string{
		"spec":                            "Spec",
		"backup":                          "Backup",
		"spec.databases":                  "Database",
		"spec.databases[0]":               "Database",
		"spec.externalClusters[].archive": "Archive",
		"metadata":                        "Metadata",
		"project":                         "Project",
		"project.argocd":                  "ArgoCD",
		"spec.parameters.max_connections": "",
	} {
		f, ok := spec.FieldDoc(path)
		require.True(t, ok, path)
		require.Equal(t, want, f.Object, path)
		for _, c := range f.Children {
			_, ok := spec.FieldDoc(c.Path)
			require.True(t, ok, c.Path)
		}
	}
	for _, path := range []string{"spec.backup.retain", "nothing", "spec.instances.x", "spec.instances[0]"} {
		_, ok := spec.FieldDoc(path)
		require.False(t, ok, path)
	}
}

// TestDocumented holds that every field has a comment, and that the comment says more than the name.
func TestDocumented(t *testing.T) {
	var walk func(path string)
	count := 0
	walk = func(path string) {
		f, ok := spec.FieldDoc(path)
		require.True(t, ok, path)
		for _, c := range f.Children {
			count++
			require.Greater(t, len(c.Doc), len(c.Name)+5, c.Path)
			require.True(t, strings.HasSuffix(c.Doc, "."), "%s: %s", c.Path, c.Doc)
			if c.Object != "" {
				walk(c.Path)
			}
		}
	}
	walk("metadata")
	walk("spec")
	walk("project")
	require.Greater(t, count, 250)
}
