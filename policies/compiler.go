package policies

import (
	"fmt"

	celgo "github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// compiler compiles the expressions of one policy in the API server's environment. The API server's own compiler builds
// eight environments for each policy, one per combination of what an expression may use; policies here use one of them, so
// theirs is built once and only extended by the variables of each policy, which halves the time of the first Check.
type compiler struct{ *plugincel.CompositedCompiler }

// admissionEnv declares what every expression of an admission policy sees: object, oldObject, request, namespaceObject.
func admissionEnv() (*environment.EnvSet, error) {
	request, namespace := plugincel.BuildRequestType(), plugincel.BuildNamespaceType()
	return environment.MustBaseEnvSet(oldestKubernetes).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []celgo.EnvOption{
			celgo.Variable(plugincel.ObjectVarName, celgo.DynType),
			celgo.Variable(plugincel.OldObjectVarName, celgo.DynType),
			celgo.Variable(plugincel.NamespaceVarName, namespace.CelType()),
			celgo.Variable(plugincel.RequestVarName, request.CelType()),
		},
		DeclTypes: []*apiservercel.DeclType{namespace, request},
	}, environment.StrictCostOpt)
}

func newCompiler(env *environment.EnvSet) (compiler, error) {
	composed, err := plugincel.NewCompositedCompilerForTypeChecking(env) // without a compiler of its own
	if err != nil {
		return compiler{}, err
	}
	c := compiler{composed}
	composed.Compiler, composed.ConditionCompiler = c, c
	return c, nil
}

// CompileCELExpression compiles and checks one expression, as the API server's compiler does.
func (c compiler) CompileCELExpression(e plugincel.ExpressionAccessor, _ plugincel.OptionalVariableDeclarations, mode environment.Type) plugincel.CompilationResult {
	program, output, err := c.program(e, mode)
	if err != nil {
		return plugincel.CompilationResult{ExpressionAccessor: e, Error: &apiservercel.Error{Type: apiservercel.ErrorTypeInvalid, Detail: err.Error()}}
	}
	return plugincel.CompilationResult{Program: program, ExpressionAccessor: e, OutputType: output}
}

func (c compiler) program(e plugincel.ExpressionAccessor, mode environment.Type) (celgo.Program, *celgo.Type, error) {
	env, err := c.Env(mode)
	if err != nil {
		return nil, nil, err
	}
	ast, issues := env.Compile(e.GetExpression())
	if issues != nil {
		return nil, nil, fmt.Errorf("compilation failed: %s", issues)
	}
	allowed := false
	for _, t := range e.ReturnTypes() {
		allowed = allowed || ast.OutputType().IsExactType(t) || celgo.AnyType.IsExactType(t)
	}
	if !allowed {
		return nil, nil, fmt.Errorf("must evaluate to %v but got %v", e.ReturnTypes()[0], ast.OutputType())
	}
	program, err := env.Program(ast, celgo.InterruptCheckFrequency(celconfig.CheckFrequency))
	return program, ast.OutputType(), err
}

// CompileCondition compiles expressions that are evaluated together; the place of a nil one stays empty.
func (c compiler) CompileCondition(es []plugincel.ExpressionAccessor, decls plugincel.OptionalVariableDeclarations, mode environment.Type) plugincel.ConditionEvaluator {
	results := make([]plugincel.CompilationResult, len(es))
	for i, e := range es {
		if e != nil {
			results[i] = c.CompileCELExpression(e, decls, mode)
		}
	}
	return plugincel.NewCondition(results)
}
