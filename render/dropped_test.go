package render_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/provenance"
	"github.com/onggi-db/onggi/render/spec"
)

// Nothing that a spec says is dropped: for every field there is a sample in which another value gives other objects, or a
// problem. A field that nobody reads would be found out on the day that it is needed.
func TestNoFieldIsDropped(t *testing.T) {
	all := fields(reflect.TypeFor[spec.Spec](), "")
	read := make(map[string]bool)
	keep := func(objs []manifest.Object) ([]manifest.Object, error) { return objs, nil }
	data, err := os.ReadFile("testdata/fields.yaml")
	require.NoError(t, err)
	more := compiled(t, "fields", []spec.Source{{Name: "fields.yaml", Data: data}})
	for _, s := range append(samples(t), more...) {
		for _, leaf := range provenance.Leaves(s.cluster.Spec) {
			field := fieldOf(leaf.Path, all)
			if read[field] {
				continue
			}
			values := []any{provenance.Other(leaf.Value)}
			if choices, ok := spec.SchemaAt("spec." + field)["enum"].([]any); ok {
				values = choices
			}
			for _, value := range values {
				moved, compiled := provenance.Moved(s.cluster, leaf, value, keep, s.bundle.Objects)
				if !compiled || len(moved) > 0 {
					read[field] = true
				}
			}
		}
	}
	for _, field := range all {
		if strings.HasPrefix(field, "secrets.existing") || strings.HasPrefix(field, "secrets.store") {
			continue // for package policies: where Secrets come from
		}
		require.True(t, read[field], "nothing reads spec.%s, or no sample sets it", field)
	}
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

// fieldOf is the field that a path leads to: without indexes, and without the key of a free mapping.
func fieldOf(path string, all []string) string {
	path = index.ReplaceAllString(path, "")
	for _, f := range all {
		if path == f || strings.HasPrefix(path, f+".") {
			return f
		}
	}
	return path
}

// fields are the paths of all scalar fields of a type, lists and maps of scalars included.
func fields(typ reflect.Type, path string) []string {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		return fields(typ.Elem(), path)
	case reflect.Map:
		if typ.Elem().Kind() != reflect.String {
			return nil // free-form
		}
		return []string{path}
	case reflect.Struct:
		var out []string
		for i := range typ.NumField() {
			f := typ.Field(i)
			at := path
			if !f.Anonymous {
				at = strings.TrimPrefix(path+"."+f.Tag.Get("json"), ".")
			}
			out = append(out, fields(f.Type, at)...)
		}
		return out
	}
	return []string{path}
}
