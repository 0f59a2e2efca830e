package main

import (
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

// builtin makes the schemas of every stable kind that client-go knows.
func builtin() map[kind]map[string]any {
	schemas := map[kind]map[string]any{}
	for gvk, typ := range scheme.Scheme.AllKnownTypes() {
		if _, isObject := typ.FieldByName("ObjectMeta"); !isObject || !isStable(gvk.Version) {
			continue
		}
		k := kind{gvk.Group, gvk.Version, gvk.Kind}
		if k.group == "" {
			k.group = k.version
		}
		c := converter{definitions: map[string]any{}}
		schema := k.object(c.structure(typ))
		schema["definitions"] = c.definitions
		schemas[k] = schema
	}
	return schemas
}

// isStable leaves out v1beta1 and its like: what onggi writes has to outlive them.
func isStable(version string) bool {
	return version != runtime.APIVersionInternal && !strings.Contains(version, "alpha") && !strings.Contains(version, "beta")
}

// converter turns Go types into schemas. Structs become definitions, since some contain themselves.
type converter struct{ definitions map[string]any }

func (c converter) convert(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[resource.Quantity](), reflect.TypeFor[intstr.IntOrString]():
		return map[string]any{"type": []any{"string", "integer", "number"}}
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return map[string]any{"type": []any{"string", "null"}, "format": "date-time"}
	case reflect.TypeFor[metav1.Duration](), reflect.TypeFor[[]byte]():
		return map[string]any{"type": "string"}
	case reflect.TypeFor[runtime.RawExtension](), reflect.TypeFor[metav1.FieldsV1]():
		return map[string]any{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return c.convert(t.Elem())
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": c.convert(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": c.convert(t.Elem())}
	case reflect.Struct:
		return c.reference(t)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Interface:
		return map[string]any{}
	}
	return map[string]any{"type": "integer"}
}

func (c converter) reference(t reflect.Type) map[string]any {
	name := strings.NewReplacer("/", ".", "~", "-").Replace(t.PkgPath() + "." + t.Name())
	if _, done := c.definitions[name]; !done {
		c.definitions[name] = true // stops a type that contains itself
		c.definitions[name] = c.structure(t)
	}
	return map[string]any{"$ref": "#/definitions/" + name}
}

// structure is the closed schema of a struct. A field is required when it is always encoded and has no empty form: that is how
// the Kubernetes types mark most of theirs.
func (c converter) structure(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var required []any
	for field := range fields(t) {
		tag := strings.Split(field.Tag.Get("json"), ",")
		if tag[0] == "-" || tag[0] == "" {
			continue
		}
		properties[tag[0]] = c.convert(field.Type)
		switch field.Type.Kind() {
		case reflect.String, reflect.Int32, reflect.Int64:
			if len(tag) == 1 {
				required = append(required, tag[0])
			}
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// fields yields the fields of a struct, those of inlined structs among them.
func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			field := t.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.Anonymous && name == "" {
				for inner := range fields(field.Type) {
					if !yield(inner) {
						return
					}
				}
				continue
			}
			if !yield(field) {
				return
			}
		}
	}
}
