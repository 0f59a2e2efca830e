package plugin_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

func isLocal(name string) bool { return filepath.IsLocal(filepath.FromSlash(name)) }

func TestEnvironment(t *testing.T) {
	for _, tt := range []struct {
		known       []string
		asked, want string
		fails       bool
	}{
		{nil, "", "", false},
		{[]string{"prod"}, "", "prod", false},
		{[]string{"dev", "prod"}, "", "", true},
		{[]string{"dev", "prod"}, "dev", "dev", false},
		{nil, "dev", "dev", false}, // which resolving refuses, with what there is
	} {
		got, err := plugin.Environment(tt.known, tt.asked)
		require.Equal(t, tt.fails, err != nil, "%v %q", tt.known, tt.asked)
		require.Equal(t, tt.want, got)
	}
}

func TestMarks(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		want       bool
	}{
		{"onggi.yaml", "", true},
		{"a/onggi.yaml", "", true},
		{"shop.yaml", "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\n", true},
		{"shop.yaml", "kind: ConfigMap\n---\n\"apiVersion\":   'onggi.dev/v1alpha1'\n", true},
		{"shop.json", `{"apiVersion":"onggi.dev/v1alpha1"}`, true},
		{"shop.json", `{"labels":{"onggi.dev/database":"x"},"apiVersion" : "onggi.dev/v1"}`, true},
		{"app.yaml", "apiVersion: v1\nmetadata:\n  labels:\n    onggi.dev/database: shop\n", false},
		{"app.yaml", "# apiVersion is not onggi.dev/v1\n", false},
		{"app.yaml", "onggi.dev/", false},
		{"app.yaml", "", false},
		{"my-onggi.yaml", "", false},
	} {
		require.Equal(t, tt.want, plugin.Marks(tt.name, []byte(tt.data)), "%s %s", tt.name, tt.data)
	}
	for _, name := range []string{"Chart.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization", "a/Chart.yaml"} {
		require.True(t, plugin.Foreign(name), name)
	}
	require.False(t, plugin.Foreign("shop.yaml"))
}

func FuzzMarks(f *testing.F) {
	f.Add([]byte("apiVersion: onggi.dev/v1alpha1"))
	f.Add([]byte("x onggi.dev/ apiVersion:onggi.dev/"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if plugin.Marks("shop.yaml", data) {
			require.Contains(t, string(data), "onggi.dev/")
			require.Contains(t, string(data), "apiVersion")
		}
	})
}

// The repository reaches up as far as the path of the working folder ends like the path in the repository.
func TestLevels(t *testing.T) {
	for _, tt := range []struct {
		cwd, path string
		want      int
	}{
		{"/tmp/_cmp_server/0f/databases", "databases", 1},
		{"/tmp/_cmp_server/0f/a/b", "a/b", 2},
		{"/tmp/_cmp_server/0f/a/b", "./a/b/", 2},
		{"/tmp/_cmp_server/0f/b", "a/b", 1}, // only a was sent
		{"/tmp/_cmp_server/0f", "a/b", 0},   // only the path was sent
		{"/tmp/_cmp_server/0f", ".", 0},
		{"/tmp/_cmp_server/0f", "", 0},
		{"/a", "../../../a", 1},
		{"/", "a", 0},
		{"/", ".", 0},
	} {
		require.Equal(t, tt.want, plugin.Levels(tt.cwd, tt.path), "%s in %s", tt.path, tt.cwd)
	}
}

func document(t *testing.T, name string) *spec.Document {
	text := fmt.Sprintf("apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: %s}\nspec: {version: \"17\"}\nenvironments: {dev: {}, prod: {}}\n", name)
	set, problems := spec.Load([]spec.Source{{Name: name + ".yaml", Data: []byte(text)}})
	require.Empty(t, problems)
	return set.Clusters[0]
}

func service(namespace, name string) manifest.Object {
	meta := manifest.Map{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	return manifest.New(manifest.Map{"apiVersion": "v1", "kind": "Service", "metadata": meta})
}

func TestStream(t *testing.T) {
	shop, till := document(t, "shop"), document(t, "till")
	to := plugin.Target{Path: "databases", Namespace: "databases", MaxBytes: plugin.MaxBytes}
	one := plugin.Rendered{Doc: shop, Objects: []manifest.Object{service("databases", "a"), service("databases", "b")}}
	two := plugin.Rendered{Doc: till, Objects: []manifest.Object{service("databases", "c")}}
	empty := plugin.Rendered{Doc: till}
	want := string(manifest.Encode(append(append([]manifest.Object{}, one.Objects...), two.Objects...)...))
	for name, all := range map[string][]plugin.Rendered{"both": {one, two}, "with an empty one": {empty, one, empty, two}} {
		out, problems := plugin.Stream(to, all)
		require.Empty(t, problems, name)
		require.Equal(t, want, string(out), name)
	}
	require.NotContains(t, want, "\n---\n---\n")
}

func TestStreamRefuses(t *testing.T) {
	shop, till := document(t, "shop"), document(t, "till")
	big := service("databases", "big")
	big.Body()["data"] = strings.Repeat(`"`, 1000) // twice as long in a message
	tests := []struct {
		name string
		to   plugin.Target
		all  []plugin.Rendered
		want []string
	}{
		{"nothing", plugin.Target{Path: "databases", MaxBytes: 100}, nil, []string{"databases: ONG3104: there is nothing to render"}},
		{"nothing at the root", plugin.Target{MaxBytes: 100}, []plugin.Rendered{{Doc: shop}}, []string{".: ONG3104: there is nothing to render"}},
		{"twice", plugin.Target{MaxBytes: 1000}, []plugin.Rendered{{Doc: shop, Objects: []manifest.Object{service("a", "x")}}, {Doc: till, Objects: []manifest.Object{service("a", "x")}}},
			[]string{"till.yaml:3:18: ONG3105: Service/a/x is made twice"}},
		{"twice, once by Argo CD's namespace", plugin.Target{Namespace: "a", MaxBytes: 1000},
			[]plugin.Rendered{{Doc: shop, Objects: []manifest.Object{service("a", "x")}}, {Doc: till, Objects: []manifest.Object{service("", "x")}}},
			[]string{"till.yaml:3:18: ONG3105: Service/x is made twice"}},
		{"too large only as a message", plugin.Target{Path: "databases", MaxBytes: 1500}, []plugin.Rendered{{Doc: shop, Objects: []manifest.Object{big}}},
			[]string{"databases: ONG3106: the objects take 0.0 MiB, and a message of Argo CD at most 0.0 MiB"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, problems := plugin.Stream(tt.to, tt.all)
			require.Nil(t, out)
			require.Equal(t, tt.want, messages(problems))
			require.Equal(t, 3, problems.Exit())
		})
	}
	_, problems := plugin.Stream(plugin.Target{MaxBytes: 2200}, []plugin.Rendered{{Doc: shop, Objects: []manifest.Object{big}}})
	require.Empty(t, problems, "it fits")
	_, problems = plugin.Stream(plugin.Target{MaxBytes: 1 << 20}, []plugin.Rendered{
		{Doc: shop, Objects: []manifest.Object{service("a", "x")}}, {Doc: till, Objects: []manifest.Object{service("b", "x")}}})
	require.Empty(t, problems, "two namespaces")
}

func TestLines(t *testing.T) {
	var problems spec.Problems
	for i := range 50 {
		problems = append(problems, spec.Problem{Code: "ONG2005", Pos: spec.Pos{File: "shop.yaml", Line: i + 1, Col: 2}, Message: "not\na \x1b[31msize", Fix: "write 10Gi"})
	}
	lines := strings.Split(strings.TrimSuffix(plugin.Lines(problems), "\n"), "\n")
	require.Len(t, lines, 20)
	require.Equal(t, "shop.yaml:1:2: ONG2005: not a  [31msize; write 10Gi", lines[0])
	require.Equal(t, "and 31 more: run onggi render to see them", lines[19])
	require.Len(t, strings.Split(strings.TrimSuffix(plugin.Lines(problems[:20]), "\n"), "\n"), 20)
	require.NotContains(t, plugin.Lines(problems[:20]), "more")
	require.Equal(t, "a: ONG4001: no; back ends that can: x, y\n", plugin.Lines(spec.Problems{{Code: "ONG4001", Pos: spec.Pos{File: "a"}, Message: "no", Backends: []string{"x", "y"}}}))
	require.Empty(t, plugin.Lines(nil))
}

func TestKubernetes(t *testing.T) {
	for version, old := range map[string]bool{
		"": false, "1.29": false, "1.28": true, "v1.28.9+k3s1": true, "v1.29.0-eks-1": false, "1.31": false, "2.0": false, "0.9": true, "new": false, "1": false, "1.x": false,
	} {
		problems := plugin.Kubernetes(version)
		require.Equal(t, old, len(problems) == 1, version)
		if old {
			require.Equal(t, 4, problems.Exit())
		}
	}
}

func TestAnnounce(t *testing.T) {
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf("db%02d", i)
	}
	for _, tt := range []struct {
		name      string
		r         plugin.Repository
		env, tool string
		required  bool
		files     int
	}{
		{"nothing", plugin.Repository{}, "", "no environments", false, 0},
		{"one environment", plugin.Repository{Environments: []string{"prod"}, Files: []string{"a.yaml"}, Databases: []string{"a"}}, "prod", "only environment", false, 1},
		{"two", plugin.Repository{Environments: []string{"dev", "prod"}, Files: []string{"a.yaml", "b.yaml"}}, "", "dev, prod", true, 2},
		{"many", plugin.Repository{Environments: many, Files: many, Databases: many}, "", "db19 and 10 more", true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []struct {
				Name, Title, Tooltip, String, CollectionType string
				Required                                     bool
				Array                                        []string
			}
			require.NoError(t, json.Unmarshal(plugin.Announce(tt.r), &got))
			require.Len(t, got, len(plugin.Names()))
			for i, name := range plugin.Names() {
				require.Equal(t, name, got[i].Name)
				require.NotEmpty(t, got[i].Title)
			}
			require.Equal(t, tt.env, got[0].String)
			require.Contains(t, got[0].Tooltip, tt.tool)
			require.Equal(t, tt.required, got[0].Required)
			require.Len(t, got[1].Array, tt.files)
		})
	}
}

// The files of an installation are golden; that they fit Argo CD is shown in cmd/internal/cmp and in .ci/cmp.
func TestInstallation(t *testing.T) {
	for _, discovery := range plugin.Discoveries() {
		i := plugin.Installation{Image: "registry.example.com/onggi-cmp:1.2.3", Discovery: plugin.Discovery(discovery)}
		files := append(i.Component(), plugin.File{Name: "values.yaml", Data: i.Values()})
		for _, file := range files {
			name := filepath.Join("testdata", discovery, file.Name)
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
				require.NoError(t, os.WriteFile(name, file.Data, 0o644))
			}
			want, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, string(want), string(file.Data), name)
		}
		var values struct {
			Configs struct {
				Cmp struct{ Plugins map[string]any }
			}
		}
		var config struct{ Spec any }
		require.NoError(t, yaml.Unmarshal(i.Values(), &values))
		require.NoError(t, yaml.Unmarshal(i.Plugin(), &config))
		require.Equal(t, config.Spec, values.Configs.Cmp.Plugins[plugin.Name], "the chart makes the same plugin.yaml of it")
	}
	require.Equal(t, "ghcr.io/onggi-db/onggi-cmp:1.2.3", plugin.Image("1.2.3"))
}

func TestPure(t *testing.T) {
	for text, want := range map[string]bool{
		"apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\n":                                   true,
		"apiVersion: onggi.dev/v1alpha1\n---\napiVersion: onggi.dev/v1alpha1\n":                     true,
		"apiVersion: onggi.dev/v1alpha1\n---\napiVersion: v1\n":                                     false,
		"kind: DatabaseCluster\n":                                                                   false, // perhaps; it is read to know
		`{"apiVersion": "onggi.dev/v1alpha1"}`:                                                      false,
		"apiVersion: onggi.dev/v1alpha1\n---\n{\"\\u0061piVersion\": v1}\n":                         false,
		"apiVersion: onggi.dev/v1alpha1\n---\n? apiVersion\n: v1\n":                                 false,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {annotations: {x: 'apiVersion: onggi.dev/v1'}}": false,
		"": false,
	} {
		require.Equal(t, want, plugin.Pure([]byte(text)), text)
	}
}
