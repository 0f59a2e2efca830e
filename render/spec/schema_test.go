package spec_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/spec"
)

func compile(t *testing.T, schema any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	require.NoError(t, c.AddResource("onggi.json", plainJSON(t, schema)))
	s, err := c.Compile("onggi.json")
	require.NoError(t, err)
	return s
}

func plainJSON(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	return out
}

func documentJSON(t *testing.T, src []byte) any {
	t.Helper()
	data, err := yaml.YAMLToJSON(src)
	require.NoError(t, err)
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	return out
}

func TestSchemaAccepts(t *testing.T) {
	cluster, either := compile(t, spec.JSONSchema(spec.KindCluster)), compile(t, spec.JSONSchema(""))
	for name, src := range map[string][]byte{"shop": []byte(shop), "everything": everything(t)} {
		require.NoError(t, cluster.Validate(documentJSON(t, src)), name)
		require.NoError(t, either.Validate(documentJSON(t, src)), name)
	}
	project := compile(t, spec.JSONSchema(spec.KindProject))
	src, err := os.ReadFile("testdata/project.yaml")
	require.NoError(t, err)
	require.NoError(t, project.Validate(documentJSON(t, src)))
	require.NoError(t, either.Validate(documentJSON(t, src)))
	require.Error(t, cluster.Validate(documentJSON(t, src)))
	require.Nil(t, spec.JSONSchema("Cluster"))
}

// A null takes away what a Project's defaults say, and a field of a group that is null is not chosen. What has to be there cannot be null.
func TestSchemaAndNull(t *testing.T) {
	either := compile(t, spec.JSONSchema(""))
	project := []byte("apiVersion: onggi.dev/v1alpha1\nkind: Project\ndefaults: {backup: {destination: s3://backups/all}, bootstrap: {initdb: {}}}\nenvironments: [{name: prod, namespace: null}]\ncomponents: null\n")
	for fields, good := range map[string]bool{
		"backup: null":                   true,
		"backup:":                        true,
		"labels: {team: null}":           true,
		"pooler: {parameters: null}":     true,
		"expose: [{name: lb, ip: null}]": true,
		"bootstrap: {initdb: null, recovery: {from: old}}\n  externalClusters: [{name: old, archive: {destination: s3://backups/old}}]": true,
		"bootstrap: {initdb: {}, recovery: {from: old}}\n  externalClusters: [{name: old, archive: {destination: s3://backups/old}}]":   false,
		"expose: [{name: null}]": false,
		"databases: [null]":      false,
	} {
		src := []byte("apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop}\nspec:\n  version: \"17\"\n  backend: cloudnative-pg\n  storage: {size: 10Gi}\n  " + fields + "\n")
		set, problems := spec.Load([]spec.Source{{Name: "onggi.yaml", Data: project}, {Name: "shop.yaml", Data: src}})
		require.Empty(t, problems, fields)
		_, problems = set.Clusters[0].Resolve("")
		require.Equal(t, good, len(problems) == 0, "%s: %v", fields, problems)
		err := either.Validate(documentJSON(t, src))
		require.Equal(t, good, err == nil, "%s: %v", fields, err)
	}
	require.NoError(t, either.Validate(documentJSON(t, project)))
}

// beyondSchema are the bad specs whose mistakes JSON Schema has no words for.
var beyondSchema = map[string]string{
	"environment-excludes.yaml": "two layers exclude each other only when merged",
	"secret-private-key.yaml":   "a literal in a free-form patch",
	"trap-overrides.yaml":       "YAML 1.1 is gone once the text is JSON",
	"same-cluster":              "two files",
	"oneof-none.yaml":           "a patch may be what fills it",
}

// TestSchemaRefuses holds that what onggi refuses in a single document, the schema refuses too, but for what it cannot say.
func TestSchemaRefuses(t *testing.T) {
	either := compile(t, spec.JSONSchema(""))
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		name := filepath.Base(file)
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasPrefix(name, "syntax-") || strings.Contains(string(src), "\n---") || name == "empty.yaml" {
			continue // no document, or several
		}
		err = either.Validate(documentJSON(t, src))
		if why := beyondSchema[name]; why != "" {
			require.NoError(t, err, "%s is refused after all: take it off the list", name)
			continue
		}
		require.Error(t, err, name)
	}
}

// TestSchemaAt holds that every field has a schema of its own, that its example and default are valid by it, and that it
// needs no definitions from elsewhere.
func TestSchemaAt(t *testing.T) {
	count := 0
	var walk func(path string)
	walk = func(path string) {
		f, ok := spec.FieldDoc(path)
		require.True(t, ok, path)
		for _, c := range f.Children {
			schema := spec.SchemaAt(c.Path)
			require.NotNil(t, schema, c.Path)
			compiled := compile(t, schema)
			for _, v := range append(examples(schema), schema["default"]) {
				if v != nil {
					count++
					require.NoError(t, compiled.Validate(plainJSON(t, v)), "%s: %v", c.Path, v)
				}
			}
			if c.Object != "" {
				walk(c.Path)
			}
		}
	}
	walk("spec")
	walk("project")
	require.Greater(t, count, 100)
	require.Equal(t, "string", spec.SchemaAt("storage.size")["type"])
	require.Equal(t, "string", spec.SchemaAt("expose[0].ip")["type"])
	require.NotNil(t, spec.SchemaAt("parameters.max_connections"))
	require.Nil(t, spec.SchemaAt("storage.sise"))
}

func examples(schema map[string]any) []any {
	list, _ := schema["examples"].([]any)
	return list
}

func TestSchemaIsStable(t *testing.T) {
	first, err := json.Marshal(spec.JSONSchema(""))
	require.NoError(t, err)
	for range 5 {
		again, err := json.Marshal(spec.JSONSchema(""))
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}
