package crd

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/onggi-db/onggi/render/manifest"
)

func isBuiltin(gvk schema.GroupVersionKind) bool { return scheme.Scheme.Recognizes(gvk) }

// validateBuiltin decodes a built-in kind into its Go type with every unknown field an error. The rules that only
// kube-apiserver holds (k8s.io/kubernetes is not a library) are beyond it; those of the metadata are not.
func validateBuiltin(gvk schema.GroupVersionKind, body manifest.Map) []Violation {
	obj, err := decodeBuiltin(gvk, body)
	if err != nil {
		return decodeViolations(gvk, body, err)
	}
	m, err := meta.Accessor(obj)
	if err != nil {
		return nil // a list, or options: it has no metadata to check
	}
	clusterScoped := slices.Contains(clusterScopedKinds, gvk.Kind)
	if m.GetNamespace() == "" && !clusterScoped {
		m.SetNamespace(metav1.NamespaceDefault)
	}
	return fromField(body, apivalidation.ValidateObjectMetaAccessor(m, !clusterScoped, nameRule(gvk.Kind), field.NewPath("metadata")))
}

func decodeBuiltin(gvk schema.GroupVersionKind, body any) (runtime.Object, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	obj, _, err := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer().Decode(data, &gvk, nil)
	return obj, err
}

var (
	unknownField = regexp.MustCompile(`^(unknown|duplicate) field "(.*)"$`)
	wrongType    = regexp.MustCompile(`^json: cannot unmarshal (\w+) into Go (?:struct field \S+|value) of type (\S+)$`)
)

func decodeViolations(gvk schema.GroupVersionKind, body manifest.Map, err error) []Violation {
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		message := rootCause(err).Error()
		if m := wrongType.FindStringSubmatch(message); m != nil {
			message = "cannot read a " + m[1] + " as " + m[2]
		}
		return []Violation{{Path: blame(gvk, body, err.Error()), Reason: Invalid, Message: message}}
	}
	var out []Violation
	for _, e := range strict.Errors() {
		v := Violation{Reason: UnknownField, Message: e.Error()}
		if m := unknownField.FindStringSubmatch(e.Error()); m != nil {
			v.Path, v.Message = parsePath(body, m[2]), m[1]+" field"
		}
		out = append(out, v)
	}
	return out
}

// blame finds the value that cannot be decoded. The decoder's errors name Go fields, or nothing at all (a bad quantity), so
// the object is decoded again without one value at a time: the value that takes the error with it is the one.
func blame(gvk schema.GroupVersionKind, body manifest.Map, message string) []any {
	var path []any
	for at := any(body); ; {
		key, ok := culprit(at, func(key any) bool {
			_, err := decodeBuiltin(gvk, without(body, append(slices.Clone(path), key)))
			if _, strict := runtime.AsStrictDecodingError(err); err == nil || strict {
				return true
			}
			return err.Error() != message
		})
		if !ok {
			return path
		}
		path, at = append(path, key), child(at, key)
	}
}

// culprit returns the first key or index of v that is guilty, in sorted order. apiVersion and kind choose the type: they
// are never the ones.
func culprit(v any, guilty func(key any) bool) (any, bool) {
	switch v := v.(type) {
	case manifest.Map:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != "apiVersion" && key != "kind" && guilty(key) {
				return key, true
			}
		}
	case []any:
		for i := range v {
			if guilty(i) {
				return i, true
			}
		}
	}
	return nil, false
}

// without returns v without the value at path; what it does not touch is shared with v.
func without(v any, path []any) any {
	switch v := v.(type) {
	case manifest.Map:
		key, _ := path[0].(string)
		out := maps.Clone(v)
		if len(path) == 1 {
			delete(out, key)
		} else {
			out[key] = without(v[key], path[1:])
		}
		return out
	case []any:
		i, _ := path[0].(int)
		if len(path) == 1 {
			return slices.Delete(slices.Clone(v), i, i+1)
		}
		out := slices.Clone(v)
		out[i] = without(v[i], path[1:])
		return out
	}
	return v
}

func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// clusterScopedKinds are the built-in kinds without a namespace that a database's manifests may hold.
var clusterScopedKinds = []string{
	"ClusterRole", "ClusterRoleBinding", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
	"PriorityClass", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
	"ValidatingWebhookConfiguration", "VolumeAttributesClass",
}

func nameRule(kind string) apivalidation.ValidateNameFunc {
	switch kind {
	case "Service":
		return apivalidation.NameIsDNS1035Label
	case "Namespace":
		return apivalidation.NameIsDNSLabel
	case "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding":
		return pathSegment
	}
	return apivalidation.NameIsDNSSubdomain
}

// pathSegment are the names of objects whose names are free but for what would break a URL: the API server's own rule for RBAC.
func pathSegment(name string, prefix bool) []string {
	var problems []string
	if !prefix && (name == "." || name == "..") {
		problems = append(problems, fmt.Sprintf("may not be '%s'", name))
	}
	for _, illegal := range []string{"/", "%"} {
		if strings.Contains(name, illegal) {
			problems = append(problems, fmt.Sprintf("may not contain '%s'", illegal))
		}
	}
	return problems
}
