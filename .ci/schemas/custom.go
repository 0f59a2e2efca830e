package main

import (
	"errors"
	"fmt"
	"maps"

	"sigs.k8s.io/yaml"
)

// custom makes a schema of each served version of a CustomResourceDefinition.
func custom(data []byte) (map[kind]map[string]any, error) {
	var crd struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Served bool
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &crd); err != nil {
		return nil, err
	}
	if crd.Spec.Names.Kind == "" {
		return nil, errors.New("not a CustomResourceDefinition")
	}
	schemas := map[kind]map[string]any{}
	for _, v := range crd.Spec.Versions {
		if !v.Served {
			continue
		}
		if v.Schema.OpenAPIV3Schema == nil {
			return nil, fmt.Errorf("version %s has no schema", v.Name)
		}
		k := kind{crd.Spec.Group, v.Name, crd.Spec.Names.Kind}
		schemas[k] = k.object(closed(v.Schema.OpenAPIV3Schema))
	}
	return schemas, nil
}

// closed turns a structural schema into a JSON Schema that allows only the fields it names, as the API server prunes all others.
// What stands below anyOf and its like only narrows fields, so it stays as it is.
func closed(in map[string]any) map[string]any {
	out := maps.Clone(in)
	delete(out, "description")
	if properties, ok := in["properties"].(map[string]any); ok {
		inner := map[string]any{}
		for name, sub := range properties {
			inner[name] = closedOrAny(sub)
		}
		if in["x-kubernetes-embedded-resource"] == true {
			for _, name := range []string{"apiVersion", "kind", "metadata"} {
				inner[name] = map[string]any{}
			}
		}
		out["properties"] = inner
		if _, open := in["additionalProperties"]; !open && in["x-kubernetes-preserve-unknown-fields"] != true {
			out["additionalProperties"] = false
		}
	}
	if items, ok := in["items"]; ok {
		out["items"] = closedOrAny(items)
	}
	if values, ok := in["additionalProperties"].(map[string]any); ok {
		out["additionalProperties"] = closedOrAny(values)
	}
	if in["x-kubernetes-int-or-string"] == true {
		out["type"] = []any{"integer", "string"}
	}
	if typ, ok := out["type"].(string); ok && in["nullable"] == true {
		out["type"] = []any{typ, "null"}
	}
	return out
}

func closedOrAny(sub any) any {
	if schema, ok := sub.(map[string]any); ok {
		return closed(schema)
	}
	return sub
}
