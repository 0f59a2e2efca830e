package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuiltinKindsAreClosed(t *testing.T) {
	schemas := builtin()
	service := schemas[kind{"v1", "v1", "Service"}]
	require.Equal(t, false, service["additionalProperties"])
	require.Equal(t, map[string]any{"const": "v1"}, service["properties"].(map[string]any)["apiVersion"])
	definitions := service["definitions"].(map[string]any)
	port := definitions["k8s.io.api.core.v1.ServicePort"].(map[string]any)
	require.Equal(t, false, port["additionalProperties"])
	require.Equal(t, []any{"port"}, port["required"])
	require.Equal(t, map[string]any{"type": []any{"string", "integer", "number"}}, port["properties"].(map[string]any)["targetPort"])

	require.Contains(t, schemas, kind{"policy", "v1", "PodDisruptionBudget"})
	require.NotContains(t, schemas, kind{"policy", "v1beta1", "PodDisruptionBudget"}, "a version that is gone is no schema")
}

func TestCustomKindsAreClosedAsTheApiServerPrunes(t *testing.T) {
	schemas, err := custom([]byte(`
kind: CustomResourceDefinition
spec:
  group: example.com
  names: {kind: Jar}
  versions:
  - {name: v1alpha1, served: false}
  - name: v1
    served: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          apiVersion: {type: string}
          metadata: {type: object}
          spec:
            type: object
            description: left out
            properties:
              size: {x-kubernetes-int-or-string: true}
              lid: {type: string, nullable: true}
              labels: {type: object, additionalProperties: {type: object, properties: {a: {type: string}}}}
              anything: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
              template: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}
            anyOf: [{required: [size]}, {properties: {lid: {pattern: x}}}]
`))
	require.NoError(t, err)
	require.Len(t, schemas, 1)
	jar := schemas[kind{"example.com", "v1", "Jar"}]
	require.Equal(t, []any{"apiVersion", "kind", "metadata", "spec"}, jar["required"])
	require.Equal(t, false, jar["additionalProperties"])
	require.Equal(t, map[string]any{
		"type":                 "object",
		"additionalProperties": false,
		"anyOf":                []any{map[string]any{"required": []any{"size"}}, map[string]any{"properties": map[string]any{"lid": map[string]any{"pattern": "x"}}}},
		"properties": map[string]any{
			"size": map[string]any{"x-kubernetes-int-or-string": true, "type": []any{"integer", "string"}},
			"lid":  map[string]any{"type": []any{"string", "null"}, "nullable": true},
			"labels": map[string]any{"type": "object", "additionalProperties": map[string]any{
				"type": "object", "additionalProperties": false, "properties": map[string]any{"a": map[string]any{"type": "string"}},
			}},
			"anything": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": map[string]any{"a": map[string]any{"type": "string"}}},
			"template": map[string]any{
				"type": "object", "x-kubernetes-embedded-resource": true, "additionalProperties": false,
				"properties": map[string]any{"spec": map[string]any{"type": "object"}, "apiVersion": map[string]any{}, "kind": map[string]any{}, "metadata": map[string]any{}},
			},
		},
	}, jar["properties"].(map[string]any)["spec"])
}

func TestCustomRefusesOtherFiles(t *testing.T) {
	_, err := custom([]byte("kind: Service\n"))
	require.EqualError(t, err, "not a CustomResourceDefinition")
}
