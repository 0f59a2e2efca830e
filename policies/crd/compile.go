package crd

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// compiled is one version of one definition, ready to validate with; or what is wrong with the definition.
type compiled struct {
	err        error
	structural *structuralschema.Structural
	openapi    validation.SchemaValidator
	rules      *schemacel.Validator // nil when the schema has no CEL rule
	namespaced bool
	// dropStatus is set where status is a subresource: a create cannot write it.
	dropStatus bool
}

// lookup compiles the definition of a kind once. It returns nil for a kind that has none.
func (s *Schemas) lookup(gvk schema.GroupVersionKind) *compiled {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.compiled[gvk]; ok {
		return c
	}
	src, ok := s.sources[gvk.GroupKind()]
	if !ok {
		return nil
	}
	c, err := compile(src.data, gvk.Version)
	if err != nil {
		c = &compiled{err: fmt.Errorf("%s: %w", src.path, err)}
	}
	s.compiled[gvk] = c
	return c
}

func compile(data []byte, version string) (*compiled, error) {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(data, &crd); err != nil {
		return nil, err
	}
	if crd.APIVersion != apiextensionsv1.SchemeGroupVersion.String() {
		return nil, fmt.Errorf("a definition of %s %s, only %s is served", crd.Kind, crd.APIVersion, apiextensionsv1.SchemeGroupVersion)
	}
	i := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
		return v.Name == version && v.Served
	})
	if i < 0 {
		return nil, fmt.Errorf("version %q is not served, only %s", version, strings.Join(served(crd), ", "))
	}
	v := crd.Spec.Versions[i]
	if v.Schema == nil {
		return nil, fmt.Errorf("version %q has no schema", version)
	}
	var internal apiextensions.CustomResourceValidation
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(v.Schema, &internal, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, fmt.Errorf("schema is not structural: %w", err)
	}
	if errs := structuralschema.ValidateStructural(nil, structural); len(errs) > 0 {
		return nil, fmt.Errorf("schema is not structural: %w", errs.ToAggregate())
	}
	structural = structural.DeepCopy() // its defaults are shared with internal, and pruning writes to them
	if err := defaulting.PruneDefaults(structural); err != nil {
		return nil, err
	}
	openapi, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	return &compiled{
		structural: structural,
		openapi:    openapi,
		rules:      schemacel.NewValidator(structural, true, celconfig.PerCallLimit),
		namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		dropStatus: v.Subresources != nil && v.Subresources.Status != nil,
	}, nil
}

func served(crd apiextensionsv1.CustomResourceDefinition) []string {
	var names []string
	for _, v := range crd.Spec.Versions {
		if v.Served {
			names = append(names, v.Name)
		}
	}
	return names
}
