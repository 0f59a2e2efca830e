package project_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/spec"
)

const (
	plain   = "{version: \"17\", backend: cloudnative-pg, storage: {size: 1Gi}}"
	exposed = "{version: \"17\", backend: cloudnative-pg, storage: {size: 1Gi}, expose: [{name: lb, ip: 192.168.0.206, sourceRanges: [192.168.0.0/24]}]}"
	native  = "{version: \"17\", backend: native, storage: {size: 1Gi}}"
)

func load(t *testing.T, components string, specs ...string) []*spec.Document {
	t.Helper()
	sources := []spec.Source{{Name: "p/onggi.yaml", Data: fmt.Appendf(nil,
		"apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: p}\ncomponents: [%s]\nenvironments: [{name: dev}, {name: prod}]\n", components)}}
	for i, s := range specs {
		sources = append(sources, spec.Source{Name: fmt.Sprintf("p/%d/db.yaml", i),
			Data: fmt.Appendf(nil, "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: db-%d}\nspec: %s\n", i, s)})
	}
	set, problems := spec.Load(sources)
	require.Empty(t, problems)
	return set.Clusters
}

func all(*spec.ProjectFile) bool { return true }

func nothing(string, render.Bundle, *spec.Cluster) error { return nil }

func TestAComponentIsJudgedByAllDatabases(t *testing.T) {
	prod := plain + "\nenvironments: {prod: {expose: [{name: lb, ip: 192.168.0.206, sourceRanges: [192.168.0.0/24]}]}}"
	tests := []struct {
		name, components string
		specs            []string
		envs             []string
		want             string
	}{
		{"no use in one database", "arm64, metallb", []string{plain}, []string{""}, "p/0/db.yaml: nothing of db-0 is patched by metallb"},
		{"no use in several", "arm64, metallb", []string{plain, native, plain}, []string{""}, "nothing of the project's 3 databases is patched by metallb"},
		{"several without use", "longhorn, arm64, metallb", []string{native}, []string{""}, "p/0/db.yaml: nothing of db-0 is patched by longhorn, metallb"},
		{"the first has a use", "metallb", []string{exposed, plain}, []string{""}, ""},
		{"the last has a use", "metallb", []string{plain, plain, exposed}, []string{""}, ""},
		{"each has a use for another", "longhorn, metallb", []string{native, plain, exposed}, []string{""}, ""},
		{"in an environment that is not rendered", "metallb", []string{plain, prod}, []string{"dev"}, ""},
		{"in one that is", "metallb", []string{prod, plain}, []string{"", "dev", "prod"}, ""},
		{"nothing is rendered", "metallb", []string{plain, prod}, nil, ""},
		{"nothing is rendered, nothing found", "metallb", []string{plain, plain}, nil, "nothing of the project's 2 databases is patched by metallb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs := load(t, tt.components, tt.specs...)
			judge := project.Judge{Whole: all}
			for _, err := range source.InParallel(t.Context(), len(docs), func(i int) error { return judge.Each(docs[i], tt.envs, nothing) }) {
				require.NoError(t, err)
			}
			problems := judge.Add(nil)
			if tt.want == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, "p/onggi.yaml:4:1: ONG3020: "+tt.want, problems[0].Error())
			require.Equal(t, 3, problems.Exit())
		})
	}
}

func TestWhatIsNotJudged(t *testing.T) {
	docs := load(t, "metallb", plain)
	elsewhere := spec.Problem{Code: "ONG1023", Pos: spec.Pos{File: "q/db.yaml", Line: 1}}
	below := spec.Problem{Code: "ONG1023", Pos: spec.Pos{File: "p/team/db.yaml", Line: 1}}
	tests := []struct {
		name   string
		whole  func(*spec.ProjectFile) bool
		others spec.Problems
		want   int
	}{
		{"a run that reads a part", func(*spec.ProjectFile) bool { return false }, nil, 0},
		{"the zero value", nil, nil, 0},
		{"a project with another problem", all, spec.Problems{below}, 1},
		{"but beside one of another folder", all, spec.Problems{elsewhere}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			judge := project.Judge{Whole: tt.whole}
			require.NoError(t, judge.Each(docs[0], []string{""}, nothing))
			require.Len(t, judge.Add(tt.others), tt.want)
		})
	}
}

// A database that renders in one environment and not in another may have its use for a Component there.
func TestAnEnvironmentThatDoesNotRenderIsNoVerdict(t *testing.T) {
	docs := load(t, "metallb", plain+"\nenvironments: {prod: {version: null}}")
	judge := project.Judge{Whole: all}
	require.NoError(t, judge.Each(docs[0], []string{"dev"}, nothing))
	require.Empty(t, judge.Add(nil))
	require.ErrorContains(t, judge.Each(docs[0], []string{"dev", "prod"}, nothing), "version is required")
}

func TestEachTellsTheProblemsOfAllEnvironments(t *testing.T) {
	docs := load(t, "arm64", plain+"\nenvironments: {dev: {version: null}, prod: {storage: null}}")
	var worked []string
	_, err := project.Each(docs[0], []string{"", "dev", "prod"}, func(env string, bundle render.Bundle, cluster *spec.Cluster) error {
		require.Equal(t, env, cluster.Env)
		require.NotEmpty(t, bundle.Objects)
		worked = append(worked, env)
		return nil
	})
	var problems spec.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 2)
	require.Equal(t, []string{""}, worked)
	_, err = project.Each(docs[0], []string{"", ""}, func(string, render.Bundle, *spec.Cluster) error { return fmt.Errorf("full") })
	require.EqualError(t, err, "full")
	require.False(t, strings.Contains(err.Error(), "\n"), "what is no problem ends it")
}
