package policies

import (
	"context"
	"slices"
	"strings"

	celtypes "github.com/google/cel-go/common/types"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/onggi-db/onggi/render/manifest"
)

const maxMessage = celconfig.MaxEvaluatedMessageExpressionSizeBytes

// evaluate runs the policies over one object, as on its creation.
func evaluate(policies []*vap, e *entry) []Finding {
	attr := attributes(e)
	var request *admissionv1.AdmissionRequest
	var out []Finding
	for _, v := range policies {
		if !slices.ContainsFunc(v.rules, func(r namedRule) bool {
			return (&rules.Matcher{Rule: r.RuleWithOperations, Attr: attr}).Matches()
		}) {
			continue
		}
		if request == nil {
			request = plugincel.CreateAdmissionRequest(attr, metav1.GroupVersionResource(attr.GetResource()), metav1.GroupVersionKind(attr.GetKind()))
		}
		out = append(out, v.evaluate(e, attr, request)...)
	}
	return out
}

// attributes describe the creation of an object by nobody in particular. The plural is guessed from the kind, by the rule
// that names nearly every resource there is.
func attributes(e *entry) *admission.VersionedAttributes {
	gvk := schema.FromAPIVersionAndKind(e.ref.APIVersion, e.ref.Kind)
	gvr, _ := meta.UnsafeGuessKindToResource(gvk)
	object := &unstructured.Unstructured{Object: e.Body}
	return &admission.VersionedAttributes{
		Attributes: admission.NewAttributesRecord(object, nil, gvk, e.ref.Namespace, e.ref.Name, gvr, "",
			admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{}),
		VersionedObject: admission.NewLazyObject(object),
		VersionedKind:   gvk,
	}
}

// evaluate returns what the API server would deny the object for. An expression that fails denies too: failurePolicy is Fail.
func (v *vap) evaluate(e *entry, attr *admission.VersionedAttributes, request *admissionv1.AdmissionRequest) []Finding {
	none := plugincel.OptionalVariableBindings{}
	ctx := context.Background()
	matches, _, err := v.conditions.ForInput(ctx, attr, request, none, nil, celconfig.RuntimeCELCostBudgetMatchConditions)
	if err != nil {
		return []Finding{v.finding(e, err.Error())}
	}
	for _, m := range matches {
		switch {
		case m.EvalResult == celtypes.False:
			return nil
		case m.Error != nil:
			return []Finding{v.finding(e, m.Error.Error())}
		}
	}
	results, budget, err := v.validations.ForInput(ctx, attr, request, none, nil, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return []Finding{v.finding(e, err.Error())}
	}
	var out []Finding
	var messages []plugincel.EvaluationResult
	for i, r := range results {
		switch {
		case r.Error != nil:
			out = append(out, v.finding(e, r.Error.Error()))
		case r.EvalResult != celtypes.True:
			if messages == nil {
				messages, _, err = v.messages.ForInput(ctx, attr, request, none, nil, budget)
			}
			text := ""
			if err == nil && messages[i].EvalResult != nil && messages[i].Error == nil {
				text, _ = messages[i].EvalResult.Value().(string)
			}
			out = append(out, v.finding(e, v.message(i, text)))
		}
	}
	return out
}

func (v *vap) finding(e *entry, message string) Finding {
	path, text := splitMessage(message)
	return v.complete(e.finding(path, text))
}

// splitMessage takes the field path off the front of a policy's message.
func splitMessage(message string) ([]any, string) {
	for at := 0; ; {
		i := strings.Index(message[at:], ": ")
		if i < 0 {
			return nil, message
		}
		if path, err := manifest.ParsePath(message[:at+i]); err == nil && len(path) > 0 {
			return path, message[at+i+2:]
		}
		at += i + 2
	}
}
