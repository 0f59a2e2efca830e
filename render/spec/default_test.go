package spec

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDefaultsAgree holds the defaults in tags, which the schema and the reference show, equal to those that are filled in:
// every field with a default gets that one, and no other field gets any.
func TestDefaultsAgree(t *testing.T) {
	var full Spec
	fill(reflect.ValueOf(&full).Elem())
	full.setDefaults()
	compareDefaults(t, "spec", shapes().spec, reflect.ValueOf(full))

	var project Project
	fill(reflect.ValueOf(&project).Elem())
	project.setDefaults()
	compareDefaults(t, "project", shapes().project, reflect.ValueOf(project))

	require.Equal(t, "default", shapes().cluster.named("metadata").shape.named("namespace").rules.fallback)
}

// fill makes every struct that a pointer or a list could hold, with zero fields.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			fill(f)
		case reflect.Pointer:
			if f.Type().Elem().Kind() == reflect.Struct {
				f.Set(reflect.New(f.Type().Elem()))
				fill(f.Elem())
			}
		case reflect.Slice:
			if f.Type().Elem().Kind() == reflect.Struct {
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
				fill(f.Index(0))
			}
		}
	}
}

func compareDefaults(t *testing.T, path string, s *shape, v reflect.Value) {
	for _, f := range s.fields {
		at, value, inner := path+"."+f.name, v.FieldByIndex(f.index), f.shape
		if value.Kind() == reflect.Slice && value.Len() > 0 {
			value, inner, at = value.Index(0), inner.elem, at+"[]"
		}
		if value.Kind() == reflect.Pointer && !value.IsNil() {
			value = value.Elem()
		}
		if inner.class == object {
			compareDefaults(t, at, inner, value)
			continue
		}
		got := ""
		if value.Kind() != reflect.Pointer && (!value.IsZero() || value.Kind() == reflect.Bool && f.shape.pointer) {
			got = fmt.Sprint(value)
		}
		// An entry that a bare name stands for has that name, not a default.
		require.Equal(t, f.rules.fallback, strings.TrimPrefix(got, "[]"), at)
	}
}

func TestPortByEngine(t *testing.T) {
	s := Spec{Engine: "mysql", Expose: []Expose{{Name: "lb"}}}
	s.setDefaults()
	require.Equal(t, 3306, s.Expose[0].Port)
}

func TestDefaultInitdb(t *testing.T) {
	i := DefaultInitdb()
	require.Equal(t, "UTF8", i.Encoding)
	require.Equal(t, "C", i.Locale)
	require.True(t, *i.Checksums)
}
