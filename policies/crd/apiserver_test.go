package crd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render/manifest"
)

// What Validate says is what the strategy that an API server creates custom resources with says, word for word. The
// unknown fields come before the strategy and are compared by the goldens.
func TestSameAsTheAPIServer(t *testing.T) {
	schemas, err := crd.Load(os.DirFS("testdata/crds"))
	require.NoError(t, err)
	data, err := os.ReadFile("testdata/crds/jar.yaml")
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/cases/*.yaml")
	require.NoError(t, err)
	compared := 0
	for _, file := range files {
		o := read(t, file)
		if ref := o.Ref(); ref.Kind != "Jar" || ref.APIVersion != "kiln.example/v1" {
			continue
		}
		var want, got []string
		want = append(want, createJar(t, data, o.Clone().Body())...)
		for _, v := range schemas.Validate(o) {
			if v.Reason == crd.Invalid {
				got = append(got, v.Message)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		require.Equal(t, want, got, file)
		compared++
	}
	require.Greater(t, compared, 5)
}

func createJar(t *testing.T, data []byte, body manifest.Map) []string {
	var def apiextensionsv1.CustomResourceDefinition
	require.NoError(t, yaml.Unmarshal(data, &def))
	var internal apiextensions.CustomResourceValidation
	require.NoError(t, apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(def.Spec.Versions[0].Schema, &internal, nil))
	structural, err := structuralschema.NewStructural(internal.OpenAPIV3Schema)
	require.NoError(t, err)
	openapi, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	require.NoError(t, err)
	strategy := customresource.NewStrategy(nil, true, schema.GroupVersionKind{Group: "kiln.example", Version: "v1", Kind: "Jar"},
		openapi, openapi, structural, &apiextensions.CustomResourceSubresourceStatus{}, nil, nil)

	u := &unstructured.Unstructured{Object: body}
	u.SetNamespace("default")
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, structural)
	strategy.PrepareForCreate(context.Background(), u)
	defaulting.Default(u.Object, structural)
	var out []string
	for _, e := range strategy.Validate(context.Background(), u) {
		if e.Field == "<nil>" || e.Field == "" {
			continue // "some validation rules were not checked": a remark, not a finding
		}
		out = append(out, e.ErrorBody())
	}
	return out
}

// No object, however odd, makes Validate panic or answer differently the second time.
func FuzzValidate(f *testing.F) {
	files, err := filepath.Glob("testdata/cases/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		data, err = yaml.YAMLToJSON(data)
		require.NoError(f, err)
		f.Add(data)
	}
	schemas, err := crd.Load(os.DirFS("testdata/crds"))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, data []byte) {
		var body manifest.Map
		if json.Unmarshal(data, &body) != nil {
			return
		}
		o := manifest.New(manifest.Clone(body))
		first := schemas.Validate(o)
		require.Equal(t, fmt.Sprint(first), fmt.Sprint(schemas.Validate(o)))
	})
}
