package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/sidecars/agent"
	"github.com/onggi-db/onggi/sidecars/kube"
)

// render and the agent do not know each other. What both have to say alike is compared here.

// The Role that is rendered has exactly the verbs that the agent uses, but for the optional ones in the cluster.
func TestRightsOfTheAgent(t *testing.T) {
	var used, rendered []string
	line := func(group, resource, verb string, named bool) string {
		return strings.Join([]string{group, resource, verb, map[bool]string{true: "named", false: "any"}[named]}, " ")
	}
	for _, r := range kube.Rights() {
		if !r.Cluster {
			used = append(used, line(r.Group, r.Resource, r.Verb, r.Named))
		}
	}
	for _, r := range native.Rights() {
		for _, verb := range r.Verbs {
			rendered = append(rendered, line(r.Group, r.Resource, verb, r.Named))
		}
	}
	slices.Sort(used)
	slices.Sort(rendered)
	require.Equal(t, used, rendered)
}

// The parameters that render refuses are those that the agent refuses whatever their value: the cases of its ownedReason.
func TestParametersOfTheAgent(t *testing.T) {
	tree, err := parser.ParseFile(token.NewFileSet(), "../../sidecars/postgres/parameters.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var refused []string
	ast.Inspect(tree, func(n ast.Node) bool {
		f, is := n.(*ast.FuncDecl)
		if !is {
			return true
		}
		if f.Name.Name != "ownedReason" {
			return false
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, is := n.(*ast.CaseClause); is {
				for _, name := range c.List {
					text, err := strconv.Unquote(name.(*ast.BasicLit).Value)
					require.NoError(t, err)
					refused = append(refused, text)
				}
			}
			return true
		})
		return false
	})
	slices.Sort(refused)
	require.Equal(t, refused, native.OwnedNames())
	for _, name := range refused {
		require.NotEmpty(t, native.Owned(strings.ToUpper(name)), name)
	}
	require.NotEmpty(t, native.Owned("shared_preload_libraries"))
	require.Empty(t, native.Owned("max_connections"))
}

// Services select by the label that the agent puts on its pod.
func TestRoleLabelOfTheAgent(t *testing.T) {
	require.Equal(t, agent.RoleLabel, native.RoleLabel)
}
