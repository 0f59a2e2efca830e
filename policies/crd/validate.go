package crd

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/onggi-db/onggi/render/manifest"
)

// Reason says which of the API server's steps an object fails at.
type Reason string

// The reasons, in the order the steps are taken.
const (
	NoSchema     Reason = "NoSchema"     // no definition of this kind: nothing was checked
	BadSchema    Reason = "BadSchema"    // the definition itself cannot be used, or does not serve this version
	UnknownField Reason = "UnknownField" // strict decoding: a field the schema does not have
	Invalid      Reason = "Invalid"      // a value the schema, a list type or a CEL rule refuses
)

// Violation is one thing an API server would answer a create with.
type Violation struct {
	Ref     manifest.Ref
	Origin  string // file:line of the object, when it has one
	Path    []any  // string for a mapping key, int for a list index; empty for the object as a whole
	Reason  Reason
	Message string // the API server's own words, without the path
}

// Validate checks one object. The result is sorted by path and empty for an object that would be accepted. The object is not
// changed.
func (s *Schemas) Validate(o manifest.Object) []Violation {
	ref := o.Ref()
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	switch {
	case err != nil:
		return stamp(o, []Violation{{Path: []any{"apiVersion"}, Reason: Invalid, Message: err.Error()}})
	case ref.APIVersion == "" || ref.Kind == "":
		return stamp(o, []Violation{{Reason: Invalid, Message: "apiVersion and kind are required"}})
	}
	gvk := gv.WithKind(ref.Kind)
	c := s.lookup(gvk)
	switch {
	case c == nil && isBuiltin(gvk):
		return stamp(o, validateBuiltin(gvk, o.Body()))
	case c == nil:
		return stamp(o, []Violation{{Reason: NoSchema, Message: "no definition of " + gvk.GroupKind().String() + " was given: nothing was checked"}})
	case c.err != nil:
		return stamp(o, []Violation{{Path: []any{"apiVersion"}, Reason: BadSchema, Message: c.err.Error()}})
	}
	return stamp(o, c.validate(manifest.Clone(o.Body()), o.Body()))
}

// validate takes body through the steps of a create; it changes body as they do. written is the object as it was written,
// which paths are resolved against.
func (c *compiled) validate(body, written manifest.Map) []Violation {
	meta, found, unknownMeta, err := objectmeta.GetObjectMetaWithOptions(body, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return []Violation{{Path: []any{"metadata"}, Reason: Invalid, Message: err.Error()}}
	}
	var out []Violation
	unknown := append(unknownMeta, pruning.PruneWithOptions(body, c.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(body, c.structural)
	coerceErr, unknownEmbedded := objectmeta.CoerceWithOptions(nil, body, c.structural, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	for _, p := range append(unknown, unknownEmbedded...) {
		path := parsePath(written, p)
		out = append(out, Violation{Path: path, Reason: UnknownField, Message: "unknown field" + c.suggest(path)})
	}
	if coerceErr != nil {
		return append(out, fromField(written, field.ErrorList{coerceErr})...)
	}
	if found {
		if err := objectmeta.SetObjectMeta(body, meta); err != nil {
			return append(out, Violation{Path: []any{"metadata"}, Reason: Invalid, Message: err.Error()})
		}
	} else {
		meta = &metav1.ObjectMeta{}
	}
	if c.dropStatus {
		delete(body, "status")
	}
	defaulting.Default(body, c.structural)
	return append(out, fromField(written, c.check(meta, body))...)
}

// check is the validation proper, in the API server's order: CEL rules are not evaluated on an object whose types are wrong.
func (c *compiled) check(meta *metav1.ObjectMeta, body manifest.Map) field.ErrorList {
	ctx := context.Background()
	errs := apivalidation.ValidateObjectMeta(withNamespace(meta, c.namespaced), c.namespaced, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, body, c.openapi)...)
	errs = append(errs, objectmeta.Validate(ctx, nil, body, c.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, c.structural, body)...)
	if c.rules == nil || slices.ContainsFunc(errs, blocksRules) {
		return errs
	}
	byRule, _ := c.rules.Validate(ctx, nil, c.structural, body, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, byRule...)
}

func blocksRules(err *field.Error) bool {
	switch err.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	}
	return false
}

// withNamespace fills in the namespace of a namespaced object that has none: kubectl and Argo CD choose it when they apply.
func withNamespace(meta *metav1.ObjectMeta, namespaced bool) *metav1.ObjectMeta {
	if !namespaced || meta.Namespace != "" {
		return meta
	}
	filled := *meta
	filled.Namespace = metav1.NamespaceDefault
	return &filled
}

func fromField(written manifest.Map, errs field.ErrorList) []Violation {
	var out []Violation
	for _, e := range errs {
		out = append(out, Violation{Path: parsePath(written, e.Field), Reason: Invalid, Message: e.ErrorBody()})
	}
	return out
}

// stamp gives the violations their object and their order.
func stamp(o manifest.Object, vs []Violation) []Violation {
	for i := range vs {
		vs[i].Ref, vs[i].Origin = o.Ref(), o.Origin
	}
	slices.SortFunc(vs, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(fmt.Sprint(a.Path...), fmt.Sprint(b.Path...)), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(vs, func(a, b Violation) bool {
		return slices.Equal(a.Path, b.Path) && a.Message == b.Message && a.Reason == b.Reason
	})
}
