package argocd_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	lua "github.com/yuin/gopher-lua"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
)

// Argo CD waits for Healthy before it begins the next wave, and Degraded makes a sync fail at once: a check that says
// either too early misleads more than one that says nothing.
func TestHealth(t *testing.T) {
	files, err := argocd.Emit(argocd.Input{Project: homelab(), Databases: databases()})
	require.NoError(t, err)
	scripts := decode(t, files["argocd-cm.yaml"])["data"].(manifest.Map)

	tests := healthCases(t)
	covered := map[string]bool{}
	for _, tt := range tests {
		covered[tt.Kind] = true
		t.Run(tt.Kind+": "+tt.Name, func(t *testing.T) {
			script, ok := scripts["resource.customizations.health."+tt.Kind].(string)
			require.True(t, ok, "no health check of this kind")
			status, message, err := run(script, tt.Object)
			require.NoError(t, err)
			require.Equal(t, tt.Want, status+": "+message)
		})
	}
	for key := range scripts {
		require.True(t, covered[strings.TrimPrefix(key, "resource.customizations.health.")], "%s has no case", key)
	}
}

// No object, however incomplete, makes a check fail: Argo CD would show an error in place of a state.
func TestHealthOfIncompleteObjects(t *testing.T) {
	files, err := argocd.Emit(argocd.Input{Project: homelab(), Databases: databases()})
	require.NoError(t, err)
	scripts := decode(t, files["argocd-cm.yaml"])["data"].(manifest.Map)
	for _, tt := range healthCases(t) {
		script := scripts["resource.customizations.health."+tt.Kind].(string)
		for _, o := range incomplete(tt.Object) {
			status, _, err := run(script, o)
			require.NoError(t, err, "%s: %v", tt.Kind, o)
			require.Contains(t, []string{"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"}, status)
		}
	}
}

type healthCase struct {
	Kind   string       `json:"kind"`
	Name   string       `json:"name"`
	Object manifest.Map `json:"object"`
	Want   string       `json:"want"`
}

func healthCases(t *testing.T) []healthCase {
	t.Helper()
	data, err := os.ReadFile("testdata/health.yaml")
	require.NoError(t, err)
	var cases []healthCase
	require.NoError(t, yaml.UnmarshalStrict(data, &cases))
	return cases
}

// incomplete lists o with each of its fields taken away in turn, and nothing at all.
func incomplete(o manifest.Map) []manifest.Map {
	out := []manifest.Map{{}}
	for k, v := range o {
		less := manifest.Clone(o)
		delete(less, k)
		out = append(out, less)
		if child, ok := v.(manifest.Map); ok {
			for _, c := range incomplete(child) {
				less := manifest.Clone(o)
				less[k] = c
				out = append(out, less)
			}
		}
	}
	return out
}

// run gives a script what Argo CD gives it: the object, the base and table libraries, and nothing else. Argo CD gives it a second, too; none here takes
// a millisecond, and a busy machine may stand still for longer.
func run(script string, o manifest.Map) (status, message string, err error) {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return "", "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l.SetContext(ctx)
	l.SetGlobal("obj", value(l, o))
	if err := l.DoString(script); err != nil {
		return "", "", err
	}
	result, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", errors.New("the script returned no table")
	}
	return lua.LVAsString(result.RawGetString("status")), lua.LVAsString(result.RawGetString("message")), nil
}

func value(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		list := l.NewTable()
		for _, item := range v {
			list.Append(value(l, item))
		}
		return list
	case manifest.Map:
		table := l.NewTable()
		for k, item := range v {
			table.RawSetString(k, value(l, item))
		}
		return table
	}
	return lua.LNil
}
