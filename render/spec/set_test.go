package spec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

const settable = `apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop}
spec:
  version: "17"
  backend: cloudnative-pg
  storage: {size: 10Gi, class: fast}
  parameters: {work_mem: 8MB}
environments:
  dev: {instances: 1}
  prod: {instances: 3, storage: {size: 100Gi}}
`

func settableDocument(t *testing.T) *spec.Document {
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: []byte(settable)}})
	require.Empty(t, problems)
	return set.Clusters[0]
}

// A setting is what the same patch would be in the environment: the last word, read as strictly.
func TestWith(t *testing.T) {
	tests := []struct {
		name     string
		settings []spec.Setting
		same     func(*spec.Spec) // does to the spec without settings what they are to do
	}{
		{"none", nil, func(*spec.Spec) {}},
		{"a number", []spec.Setting{{"instances", "5"}}, func(s *spec.Spec) { s.Instances = 5 }},
		{"a string that looks like a number", []spec.Setting{{"version", "16"}}, func(s *spec.Spec) { s.Version = "16" }},
		{"a string in quotes", []spec.Setting{{"version", `"16"`}}, func(s *spec.Spec) { s.Version = "16" }},
		{"with spec before it", []spec.Setting{{"spec.storage.size", "20Gi"}}, func(s *spec.Spec) { s.Storage.Size = "20Gi" }},
		{"two in one mapping", []spec.Setting{{"storage.size", "20Gi"}, {"storage.class", "slow"}},
			func(s *spec.Spec) { s.Storage.Size, s.Storage.Class = "20Gi", "slow" }},
		{"taken away", []spec.Setting{{"storage.class", "null"}}, func(s *spec.Spec) { s.Storage.Class = "" }},
		{"an entry of a map", []spec.Setting{{"parameters.max_connections", "200"}},
			func(s *spec.Spec) { s.Parameters = map[string]string{"work_mem": "8MB", "max_connections": "200"} }},
		{"a key with a point", []spec.Setting{{`parameters["pg_stat_statements.max"]`, "1000"}},
			func(s *spec.Spec) {
				s.Parameters = map[string]string{"work_mem": "8MB", "pg_stat_statements.max": "1000"}
			}},
		{"a mapping", []spec.Setting{{"storage", "{size: 1Gi}"}}, func(s *spec.Spec) { s.Storage.Size = "1Gi" }},
		{"a list", []spec.Setting{{"hba", `["hostssl all all 10.0.0.0/8 scram-sha-256"]`}},
			func(s *spec.Spec) { s.HBA = []string{"hostssl all all 10.0.0.0/8 scram-sha-256"} }},
	}
	for _, tt := range tests {
		for _, env := range []string{"", "dev", "prod"} {
			t.Run(tt.name+"/"+env, func(t *testing.T) {
				doc := settableDocument(t)
				want, problems := doc.Resolve(env)
				require.Empty(t, problems)
				tt.same(&want.Spec)
				with, problems := doc.With(tt.settings)
				require.Empty(t, problems)
				got, problems := with.Resolve(env)
				require.Empty(t, problems)
				require.Equal(t, want.Spec, got.Spec)
				again, problems := doc.Resolve(env)
				require.Empty(t, problems, "the document itself is as it was")
				if len(tt.settings) > 0 {
					require.NotEqual(t, got.Spec, again.Spec)
				}
			})
		}
	}
}

func TestWithRefuses(t *testing.T) {
	tests := []struct {
		name     string
		settings []spec.Setting
		want     []string
	}{
		{"no field", []spec.Setting{{"spec", "1"}}, []string{"set[spec]:1:1: ONG3006: a setting without a field"}},
		{"a field that is not there", []spec.Setting{{"storage.sise", "1Gi"}}, []string{"set[storage.sise]:1:1: ONG1020: there is no field sise here"}},
		{"a null for nothing", []spec.Setting{{"bakcup", "null"}}, []string{"set[bakcup]:1:1: ONG1020: there is no field bakcup here"}},
		{"a wrong value", []spec.Setting{{"storage.size", "10GB"}}, []string{`set[storage.size]:1:1: ONG2005: "10GB" is not a size`}},
		{"a wrong type", []spec.Setting{{"instances", "many"}}, []string{"set[instances]:1:1: ONG1024: this is a string, but a whole number is needed here"}},
		{"an entry of a list", []spec.Setting{{"expose[0].ip", "10.0.0.1"}}, []string{"set[expose[0].ip]:1:1: ONG3006: expose[0].ip is no path to a field"}},
		{"no YAML", []spec.Setting{{"storage", "{size: 1Gi"}}, []string{"set[storage]:1:1: ONG1004: this { is never closed"}},
		{"two values", []spec.Setting{{"instances", "1\n---\n2"}}, []string{"set[instances]:1:1: ONG3006: a setting has one value, this text holds 2"}},
		{"within another", []spec.Setting{{"storage.size", "1Gi"}, {"storage", "{size: 2Gi}"}}, []string{"set[storage.size]:1:1: ONG3006: storage.size and storage are both set"}},
		{"twice", []spec.Setting{{"instances", "1"}, {"spec.instances", "2"}}, []string{"set[spec.instances]:1:1: ONG3006: spec.instances and instances are both set"}},
		{"a secret", []spec.Setting{{"bootstrap.initdb.sql", `["ALTER ROLE app PASSWORD 'hunter22'"]`}}, []string{"set[bootstrap.initdb.sql]:1:2: ONG5004: SQL with a password in it"}},
		{"all at once", []spec.Setting{{"instances", "many"}, {"storage.size", "10GB"}}, []string{
			"set[instances]:1:1: ONG1024: this is a string, but a whole number is needed here", `set[storage.size]:1:1: ONG2005: "10GB" is not a size`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := settableDocument(t).With(tt.settings)
			var got []string
			for _, p := range problems {
				got = append(got, p.Error())
				require.NotEmpty(t, p.Fix)
				require.NotContains(t, p.Source, "hunter22")
			}
			require.Equal(t, tt.want, got)
		})
	}
}

// What only shows when everything is laid over each other is said at the setting too.
func TestWithAndResolve(t *testing.T) {
	doc, problems := settableDocument(t).With([]spec.Setting{{"storage", "null"}})
	require.Empty(t, problems)
	_, problems = doc.Resolve("prod")
	require.Len(t, problems, 1)
	require.Equal(t, "ONG1023", problems[0].Code)
}

func FuzzWith(f *testing.F) {
	f.Add("storage.size", "20Gi")
	f.Add(`parameters["a.b"]`, "1")
	f.Add("expose", "[{name: lb}]")
	f.Add("a[", "{")
	set, _ := spec.Load([]spec.Source{{Name: "shop.yaml", Data: []byte(settable)}})
	f.Fuzz(func(t *testing.T, path, value string) {
		doc, problems := set.Clusters[0].With([]spec.Setting{{path, value}})
		if len(problems) > 0 {
			require.Nil(t, doc)
			return
		}
		_, _ = doc.Resolve("prod")
	})
}
