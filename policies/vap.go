package policies

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	celgo "github.com/google/cel-go/cel"
	registration "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

//go:embed vap/*.yaml
var vapFiles embed.FS

// oldestKubernetes is the first release with admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy. Expressions are
// compiled in its environment: a function that a newer release added does not compile here, as it would not there.
var oldestKubernetes = version.MajorMinor(1, 30)

// admissionPolicies are the policies that a resource has to pass.
type admissionPolicies map[schema.GroupVersionResource][]*vap

// vap is one ValidatingAdmissionPolicy with the level its binding gives it, compiled.
type vap struct {
	Policy
	conditions  plugincel.ConditionEvaluator // matchConditions; nil without
	validations plugincel.ConditionEvaluator
	messages    plugincel.ConditionEvaluator // messageExpressions, one per validation
	texts       []registration.Validation
}

// vapFile is one file, decoded.
type vapFile struct {
	Policy
	path   string
	policy *registration.ValidatingAdmissionPolicy
}

// The embedded policies, decoded when somebody asks what rules there are and compiled on the first Check. They are constants
// of the program: a file that cannot be read is a bug that every test of this package meets.
var (
	embeddedVAP = sync.OnceValue(func() []vapFile {
		files, err := readVAP(vapFiles)
		if err != nil {
			panic("embedded policies: " + err.Error())
		}
		return files
	})
	compiledVAP = sync.OnceValue(func() admissionPolicies {
		out, err := compileVAP(embeddedVAP())
		if err != nil {
			panic("embedded policies: " + err.Error())
		}
		return out
	})
)

// readVAP decodes every policy of fsys. Policies use nothing that this package does not evaluate: a file that does is
// refused, not half obeyed.
func readVAP(fsys fs.FS) ([]vapFile, error) {
	names, err := fs.Glob(fsys, "vap/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []vapFile
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		p, binding, err := decodeVAP(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		level, err := supported(p, binding)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, vapFile{path: name, policy: p, Policy: Policy{
			ID:    strings.ToUpper(strings.TrimSuffix(p.Name, ".onggi.dev")),
			Title: p.Annotations["policies.onggi.dev/title"],
			Level: level,
			Why:   p.Annotations["policies.onggi.dev/why"],
			Fix:   p.Annotations["policies.onggi.dev/fix"],
		}})
	}
	return out, nil
}

// compileVAP compiles every expression and sorts the policies by what they match.
func compileVAP(files []vapFile) (admissionPolicies, error) {
	out := admissionPolicies{}
	env, err := admissionEnv()
	if err != nil {
		return out, err
	}
	for _, f := range files {
		v, err := compileOne(env, f)
		if err != nil {
			return out, fmt.Errorf("%s: %w", f.path, err)
		}
		for _, r := range f.policy.Spec.MatchConstraints.ResourceRules {
			for _, resource := range r.Resources {
				gvr := schema.GroupVersionResource{Group: r.APIGroups[0], Version: r.APIVersions[0], Resource: resource}
				out[gvr] = append(out[gvr], v)
			}
		}
	}
	return out, nil
}

// decodeVAP reads a file of one policy and its binding.
func decodeVAP(data []byte) (*registration.ValidatingAdmissionPolicy, *registration.ValidatingAdmissionPolicyBinding, error) {
	first, second, ok := bytes.Cut(data, []byte("\n---\n"))
	if !ok {
		return nil, nil, fmt.Errorf("want a policy and its binding")
	}
	p, b := &registration.ValidatingAdmissionPolicy{}, &registration.ValidatingAdmissionPolicyBinding{}
	if err := yaml.UnmarshalStrict(first, p); err != nil {
		return nil, nil, err
	}
	if err := yaml.UnmarshalStrict(second, b); err != nil {
		return nil, nil, err
	}
	return p, b, nil
}

func compileOne(env *environment.EnvSet, f vapFile) (*vap, error) {
	p := f.policy
	c, err := newCompiler(env)
	if err != nil {
		return nil, err
	}
	decls := plugincel.OptionalVariableDeclarations{}
	for i, variable := range p.Spec.Variables {
		result := c.CompileAndStoreVariable(named{variable}, decls, environment.NewExpressions)
		if result.Error != nil {
			return nil, fmt.Errorf("spec.variables[%d]: %w", i, result.Error)
		}
	}
	v := &vap{Policy: f.Policy, texts: p.Spec.Validations}
	conditions := accessors(p.Spec.MatchConditions, celgo.BoolType, func(c registration.MatchCondition) string { return c.Expression })
	validations := accessors(p.Spec.Validations, celgo.BoolType, func(v registration.Validation) string { return v.Expression })
	messages := accessors(p.Spec.Validations, celgo.StringType, func(v registration.Validation) string { return v.MessageExpression })
	v.validations = c.CompositedCompiler.CompileCondition(validations, decls, environment.NewExpressions)
	v.messages = c.CompositedCompiler.CompileCondition(messages, decls, environment.NewExpressions)
	compiled := []plugincel.ConditionEvaluator{v.validations, v.messages}
	if len(conditions) > 0 {
		v.conditions = c.CompositedCompiler.CompileCondition(conditions, decls, environment.NewExpressions)
		compiled = append(compiled, v.conditions)
	}
	for _, c := range compiled {
		if errs := c.CompilationErrors(); len(errs) > 0 {
			return nil, errs[0]
		}
	}
	return v, nil
}

// supported refuses what the evaluator does not do, and reads the level off the binding.
func supported(p *registration.ValidatingAdmissionPolicy, b *registration.ValidatingAdmissionPolicyBinding) (Level, error) {
	m := p.Spec.MatchConstraints
	switch {
	case p.Spec.FailurePolicy != nil && *p.Spec.FailurePolicy != registration.Fail:
		return "", fmt.Errorf("failurePolicy must be Fail")
	case p.Spec.ParamKind != nil || b.Spec.ParamRef != nil:
		return "", fmt.Errorf("parameters are not supported")
	case len(p.Spec.AuditAnnotations) > 0:
		return "", fmt.Errorf("audit annotations are not supported")
	case m == nil || len(m.ResourceRules) == 0:
		return "", fmt.Errorf("matchConstraints.resourceRules are required")
	case m.NamespaceSelector != nil || m.ObjectSelector != nil || len(m.ExcludeResourceRules) > 0:
		return "", fmt.Errorf("selectors and excludeResourceRules belong into the binding or a matchCondition")
	case b.Spec.PolicyName != p.Name || b.Name != p.Name:
		return "", fmt.Errorf("the binding is of %q, not of %q", b.Spec.PolicyName, p.Name)
	}
	for _, r := range m.ResourceRules {
		wild := slices.ContainsFunc(slices.Concat(r.APIGroups, r.APIVersions, r.Resources), func(s string) bool { return strings.ContainsAny(s, "*/") })
		switch {
		case len(r.ResourceNames) > 0 || r.Scope != nil || wild:
			return "", fmt.Errorf("wildcards, subresources, resourceNames and scope are not supported")
		case len(r.APIGroups) != 1 || len(r.APIVersions) != 1 || !slices.Contains(r.Operations, registration.Create):
			return "", fmt.Errorf("a resource rule names one group, one version and the operation CREATE")
		}
	}
	switch {
	case slices.Equal(b.Spec.ValidationActions, []registration.ValidationAction{registration.Deny}):
		return Error, nil
	case slices.Equal(b.Spec.ValidationActions, []registration.ValidationAction{registration.Warn}):
		return Warning, nil
	case slices.Equal(b.Spec.ValidationActions, []registration.ValidationAction{registration.Audit}):
		return Info, nil
	}
	return "", fmt.Errorf("validationActions must be one of Deny, Warn and Audit, not %v", b.Spec.ValidationActions)
}

// expression is one CEL expression and the type it must have.
type expression struct {
	text    string
	returns *celgo.Type
}

func (e expression) GetExpression() string      { return e.text }
func (e expression) ReturnTypes() []*celgo.Type { return []*celgo.Type{e.returns} }

// named is a variable of a policy.
type named struct {
	v registration.Variable
}

func (n named) GetExpression() string      { return n.v.Expression }
func (n named) ReturnTypes() []*celgo.Type { return []*celgo.Type{celgo.AnyType, celgo.DynType} }
func (n named) GetName() string            { return n.v.Name }

// accessors keeps the places of absent expressions: a validation without a messageExpression has a nil one.
func accessors[T any](items []T, returns *celgo.Type, text func(T) string) []plugincel.ExpressionAccessor {
	out := make([]plugincel.ExpressionAccessor, len(items))
	for i, item := range items {
		if t := text(item); t != "" {
			out[i] = expression{t, returns}
		}
	}
	return out
}

// message is what the API server would answer for validation i: the evaluated message if it is one short line, the written
// one, or the expression.
func (v *vap) message(i int, evaluated string) string {
	evaluated = strings.TrimSpace(evaluated)
	if strings.Contains(evaluated, "\n") || len(evaluated) > maxMessage {
		evaluated = ""
	}
	text := v.texts[i]
	return cmp.Or(evaluated, strings.TrimSpace(text.Message), "failed expression: "+strings.TrimSpace(text.Expression))
}
