package policies

import (
	"cmp"
	"context"
	"strings"

	celtypes "github.com/google/cel-go/common/types"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/onggi-db/onggi/render/manifest"
)

const maxMessage = celconfig.MaxEvaluatedMessageExpressionSizeBytes

// evaluate runs the policies that match an object over it, as on its creation by nobody in particular. The plural of a kind
// is guessed, by the rule that names nearly every resource there is.
func evaluate(policies admissionPolicies, e *entry) []Finding {
	gvk := schema.FromAPIVersionAndKind(e.ref.APIVersion, e.ref.Kind)
	gvr, _ := meta.UnsafeGuessKindToResource(gvk)
	matching := policies[gvr]
	if len(matching) == 0 {
		return nil
	}
	object := &unstructured.Unstructured{Object: e.Body()}
	attr := &admission.VersionedAttributes{
		Attributes: admission.NewAttributesRecord(object, nil, gvk, e.ref.Namespace, e.ref.Name, gvr, "",
			admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{}),
		VersionedObject: admission.NewLazyObject(object),
		VersionedKind:   gvk,
	}
	request := plugincel.CreateAdmissionRequest(attr, metav1.GroupVersionResource(gvr), metav1.GroupVersionKind(gvk))
	var out []Finding
	for _, v := range matching {
		out = append(out, v.evaluate(e, attr, request)...)
	}
	return out
}

// evaluate returns what the API server would deny the object for. An expression that fails denies too: failurePolicy is Fail.
func (v *vap) evaluate(e *entry, attr *admission.VersionedAttributes, request *admissionv1.AdmissionRequest) []Finding {
	none := plugincel.OptionalVariableBindings{}
	ctx := context.Background()
	if v.conditions != nil {
		if matched, problem := v.matches(e, attr, request); !matched {
			return problem
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

// matches evaluates the matchConditions: false when one is false, or with a finding when one cannot be evaluated.
func (v *vap) matches(e *entry, attr *admission.VersionedAttributes, request *admissionv1.AdmissionRequest) (bool, []Finding) {
	results, _, err := v.conditions.ForInput(context.Background(), attr, request, plugincel.OptionalVariableBindings{}, nil, celconfig.RuntimeCELCostBudgetMatchConditions)
	if err != nil {
		return false, []Finding{v.finding(e, err.Error())}
	}
	var failed error
	for _, r := range results {
		if r.EvalResult == celtypes.False {
			return false, nil
		}
		failed = cmp.Or(failed, r.Error)
	}
	if failed != nil {
		return false, []Finding{v.finding(e, failed.Error())}
	}
	return true, nil
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
