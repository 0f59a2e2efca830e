package plugin_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/spec"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       plugin.Parameters
	}{
		{"no variable", "", plugin.Parameters{}},
		{"an Application without parameters", "null", plugin.Parameters{}},
		{"none", "[]", plugin.Parameters{}},
		{"an environment", `[{"name":"env","string":"prod"}]`, plugin.Parameters{Env: "prod"}},
		{"an empty field of the form", `[{"name":"env","string":""},{"name":"file","string":""},{"name":"set","map":{}}]`, plugin.Parameters{}},
		{"a parameter without a value", `[{"name":"env"},{"name":"file"},{"name":"set"}]`, plugin.Parameters{}},
		{"files", `[{"name":"file","array":["b.yaml","./a/../c"]}]`, plugin.Parameters{Files: []string{"b.yaml", "c"}}},
		{"one file as a string", `[{"name":"file","string":"a.yaml"}]`, plugin.Parameters{Files: []string{"a.yaml"}}},
		{"a database", `[{"name":"database","string":"shop"}]`, plugin.Parameters{Database: "shop"}},
		{"fields, by their paths", `[{"name":"set","map":{"storage.size":"1Gi","instances":"2","a.b":"c","a-b":"d"}}]`,
			plugin.Parameters{Set: []spec.Setting{{Path: "a-b", Value: "d"}, {Path: "a.b", Value: "c"}, {Path: "instances", Value: "2"}, {Path: "storage.size", Value: "1Gi"}}}},
		{"the later of two counts", `[{"name":"env","string":"dev"},{"name":"env","string":"prod"}]`, plugin.Parameters{Env: "prod"}},
		{"as a whole", `[{"name":"set","map":{"instances":"2"}},{"name":"set","map":{"version":"16"}}]`, plugin.Parameters{Set: []spec.Setting{{Path: "version", Value: "16"}}}},
		{"in any order", `[{"name":"database","string":"shop"},{"name":"env","string":"prod"}]`, plugin.Parameters{Env: "prod", Database: "shop"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := plugin.Parse(tt.text)
			require.Empty(t, problems)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"no JSON", `env=prod`, []string{"parameters: ONG3102: this is no JSON array of parameters: invalid character 'e' looking for beginning of value"}},
		{"an object", `{"env":"prod"}`, []string{"parameters: ONG3102: this is no JSON array of parameters: json: cannot unmarshal object into Go value of type []json.RawMessage"}},
		{"a name that is not known", `[{"name":"targets","string":"x"}]`, []string{`parameters[targets]: ONG3101: the plugin has no parameter "targets"`}},
		{"names fold nowhere", `[{"name":"ENV","string":"x"}]`, []string{`parameters[ENV]: ONG3101: the plugin has no parameter "ENV"`}},
		{"no name", `[{"string":"x"}]`, []string{"parameters[0]: ONG3102: this parameter has no name"}},
		{"the key of Argo CD's documentation", `[{"name":"file","value":["a.yaml"]}]`, []string{`parameters[file]: ONG3102: this parameter cannot be read: unknown field "value"`}},
		{"a number", `[{"name":"env","string":1}]`, []string{"parameters[env]: ONG3102: this parameter cannot be read: cannot unmarshal number into Go struct field parameter.string of type string"}},
		{"an array for a string", `[{"name":"env","array":["prod"]}]`, []string{"parameters[env]: ONG3102: the parameter env takes a value under the key string"}},
		{"a map for an array", `[{"name":"file","map":{"a":"b"}}]`, []string{"parameters[file]: ONG3102: the parameter file takes a value under the key array"}},
		{"both for an array", `[{"name":"file","string":"a","array":["b"]}]`, []string{"parameters[file]: ONG3102: the parameter file takes a value under the key array"}},
		{"a string for a map", `[{"name":"set","string":"instances=1"}]`, []string{"parameters[set]: ONG3102: the parameter set takes a value under the key map"}},
		{"out of the path", `[{"name":"file","array":["..","../x.yaml","/etc/passwd","a/../../b","","a\u0000b"]}]`, []string{
			`parameters[file]: ONG3102: "" is no path below the application's`, `parameters[file]: ONG3102: ".." is no path below the application's`, `parameters[file]: ONG3102: "../x.yaml" is no path below the application's`,
			`parameters[file]: ONG3102: "/etc/passwd" is no path below the application's`, `parameters[file]: ONG3102: "a/../../b" is no path below the application's`,
			`parameters[file]: ONG3102: "a\x00b" is no path below the application's`}},
		{"all at once", `[{"name":"envv","string":"x"},{"name":"set","string":"x"}]`, []string{
			`parameters[envv]: ONG3101: the plugin has no parameter "envv"`, "parameters[set]: ONG3102: the parameter set takes a value under the key map"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := plugin.Parse(tt.text)
			require.Equal(t, plugin.Parameters{}, got)
			require.Equal(t, tt.want, messages(problems))
			require.Equal(t, 3, problems.Exit())
		})
	}
}

func messages(problems spec.Problems) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Error())
	}
	return out
}

func TestSuggestions(t *testing.T) {
	for name, want := range map[string]string{
		"envv": "did you mean env?", "environment": "did you mean env?", "files": "did you mean file?", "databse": "did you mean database?",
		"SET": "did you mean set?", "targets": "write one of env, file, database, set",
	} {
		data, err := json.Marshal([]map[string]string{{"name": name, "string": "x"}})
		require.NoError(t, err)
		_, problems := plugin.Parse(string(data))
		require.Len(t, problems, 1)
		require.Equal(t, want, problems[0].Fix, name)
	}
}

func TestStrays(t *testing.T) {
	require.Empty(t, plugin.Strays([]string{"ARGOCD_ENV_OTHER=1", "ONGGI_ENV=prod", "PATH=/bin"}))
	problems := plugin.Strays([]string{"A=b", "ARGOCD_ENV_ONGGI_ENV=prod", "ARGOCD_ENV_ONGGI_X=1"})
	require.Equal(t, []string{"ARGOCD_ENV_ONGGI_ENV: ONG3101: the plugin reads no variable of an Application", "ARGOCD_ENV_ONGGI_X: ONG3101: the plugin reads no variable of an Application"}, messages(problems))
	require.Equal(t, "write it as the parameter env", problems[0].Fix)
}

// Whatever Argo CD hands over is read or refused, and what is read stays in the application's path.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "null", `[{"name":"env","string":"prod"}]`, `[{"name":"file","array":["a","../b"]}]`, `[{"name":"set","map":{"a":"b"}}] x`, `[{"name":"env"} {}]`, `[1,{"name":"x"}]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, problems := plugin.Parse(text)
		if len(problems) > 0 {
			require.Equal(t, plugin.Parameters{}, got)
			for _, p := range problems {
				require.NotEmpty(t, p.Fix)
			}
			return
		}
		for _, file := range got.Files {
			require.True(t, isLocal(file), file)
		}
		for i := 1; i < len(got.Set); i++ {
			require.Less(t, got.Set[i-1].Path, got.Set[i].Path)
		}
	})
}
