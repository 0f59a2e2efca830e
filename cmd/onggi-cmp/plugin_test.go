//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

const prod = `[{"name":"env","string":"prod"}]`

// As another user, in an unpacked tree, without network, home, Git or anything writable but the temporary folder, the plugin
// renders what is committed as golden files, and leaves no trace.
func TestGenerate(t *testing.T) {
	said(t)
	s := unpack(t, example(t))
	before := s.snapshot(t)
	for _, env := range []string{"prod", "dev"} {
		got := s.call(t, "databases", `[{"name":"env","string":"`+env+`"}]`, "generate")
		require.Zero(t, got.code, got.stderr)
		require.Empty(t, got.stderr)
		want := golden(t, env)
		objects := decoded(t, got.stdout)
		require.Len(t, objects, len(want))
		for _, o := range objects {
			ref := fmt.Sprint(o["kind"], "/", o["metadata"].(map[string]any)["name"])
			require.True(t, reflect.DeepEqual(want[ref], o), "%s is not the golden one", ref) // a diff of dashboards is no help
			require.NotEqual(t, "elsewhere", o["metadata"].(map[string]any)["namespace"])
		}
		require.Equal(t, got.stdout, s.call(t, "databases", `[{"name":"env","string":"`+env+`"}]`, "generate").stdout)
	}
	require.Equal(t, before, s.snapshot(t), "nothing is written")
}

// golden are the committed objects of the example, read as Argo CD would.
func golden(t *testing.T, env string) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "golden", "homelab", "manifests", env, "*", "*.yaml"))
	require.NoError(t, err)
	out := map[string]map[string]any{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, o := range decoded(t, string(data)) {
			out[fmt.Sprint(o["kind"], "/", o["metadata"].(map[string]any)["name"])] = o
		}
	}
	require.Greater(t, len(out), 2)
	return out
}

// Words that YAML 1.1 takes for booleans, numbers and dates stay what the spec says.
func TestWordsStayWords(t *testing.T) {
	spec := `apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop}
spec:
  version: "17"
  backend: cloudnative-pg
  storage: {size: 10Gi}
  databases: [{name: app}]
  labels: {"n": "y", "on": "off", "example.com/rev": "1e3", "example.com/at": "2026-11-22", "example.com/mode": "017"}
`
	s := unpack(t, map[string]string{"shop.yaml": spec})
	got := s.call(t, ".", "[]", "generate")
	require.Zero(t, got.code, got.stderr)
	ours, err := manifest.Decode("stdout", []byte(got.stdout))
	require.NoError(t, err)
	theirs := decoded(t, got.stdout)
	require.Len(t, theirs, len(ours))
	for i := range ours {
		a, err := json.Marshal(ours[i].Body())
		require.NoError(t, err)
		b, err := json.Marshal(theirs[i])
		require.NoError(t, err)
		require.JSONEq(t, string(a), string(b))
	}
	for _, word := range []string{`"n":"y"`, `"on":"off"`, `"example.com/rev":"1e3"`, `"example.com/mode":"017"`} {
		all, err := json.Marshal(theirs)
		require.NoError(t, err)
		require.Contains(t, string(all), word)
	}
}

// The other calls, with no more in the environment than Argo CD has for them.
func TestDiscoverAndAnnounce(t *testing.T) {
	files := example(t)
	files["rendered/app.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {onggi.dev/database: x}}\n"
	files["lone/shop.yaml"] = files["databases/lemon.yaml"]
	s := unpack(t, files)
	before := s.snapshot(t)
	for path, want := range map[string]string{"databases": "onggi.yaml\n", "lone": "shop.yaml\n", ".": "", "apps": "", "rendered": ""} {
		got := s.call(t, path, "", "discover")
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, want, got.stdout, path)
	}
	for _, path := range []string{"databases", ".", "apps"} {
		got := s.call(t, path, "", "announce")
		require.Zero(t, got.code, got.stderr)
		var list []map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &list))
		require.Len(t, list, 4, path)
	}
	require.Equal(t, before, s.snapshot(t), "nothing is written")
}

// Of a failure Argo CD shows stderr and drops stdout; of empty output it deletes. So every failure is told, by its exit code
// and on stderr, and none has output.
func TestFailures(t *testing.T) {
	files := example(t)
	files["wrong/lemon.yaml"] = strings.Replace(files["databases/lemon.yaml"], "10Gi", "10GB", 1)
	files["nothing/notes.yaml"] = "# later\n"
	files["other/README.md"] = ""
	files["large/shop.yaml"] = "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop}\nspec: {version: \"17\", backend: cloudnative-pg, storage: {size: 1Gi}, databases: [{name: app}]}\n"
	files["large/blob.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: blob}\ndata: {text: " + strings.Repeat("x", 2<<20) + "}\n"
	s := unpack(t, files)
	s.env = []string{"ARGOCD_GRPC_MAX_SIZE_MB=1"} // 100 where it is not set
	for _, tt := range []struct {
		name, path, parameters string
		code                   int
		stderr                 string
		verb                   []string
	}{
		{"a wrong spec", "wrong", prod, 3, `wrong/lemon.yaml:8:19: ONG2005: "10GB" is not a size; write 10Gi` + "\n", []string{"generate"}},
		{"no specs", "other", "", 3, "other: ONG3104: there is nothing to render", []string{"generate"}},
		{"only comments", "nothing", "", 6, "ONG6001", []string{"generate"}},
		{"only manifests", "apps", "", 3, "apps: ONG3104: there is nothing to render", []string{"generate"}},
		{"more than a message", "large", "", 3, "large: ONG3106: the objects take 2.0 MiB, and a message of Argo CD at most 1.0 MiB", []string{"generate"}},
		{"out of time", "databases", prod, 7, "ONG3107: rendering was not done after 1ns", []string{"generate", "--timeout=1ns"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.call(t, tt.path, tt.parameters, tt.verb...)
			require.Equal(t, tt.code, got.code, got.stderr)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, tt.stderr)
			require.LessOrEqual(t, strings.Count(got.stderr, "\n"), 20)
			require.NotContains(t, got.stderr, "\x1b", "no colours")
		})
	}
}

// Linux starts no program with a longer variable; what fits is read.
func TestLongParameters(t *testing.T) {
	s := unpack(t, example(t))
	long := `[{"name":"env","string":"prod"},{"name":"set","map":{"labels[\"example.com/note\"]":"x"}}` + strings.Repeat(" ", 120<<10) + "]"
	got := s.call(t, "databases", long, "generate")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "example.com/note")
}

// The program is the verbs and no more, and says what is wrong with how it is called.
func TestUsage(t *testing.T) {
	s := unpack(t, nil)
	help := s.call(t, ".", "", "--help")
	require.Zero(t, help.code)
	for _, verb := range []string{"announce", "discover", "doctor", "generate", "install"} {
		require.Contains(t, help.stdout, "\n  "+verb)
	}
	require.NotContains(t, help.stdout, "render ")
	require.Zero(t, s.call(t, ".", "", "--version").code)
	for _, args := range [][]string{{"render"}, {"generate", "now"}, {"generate", "--env", "prod"}, {"install", "--format", "yaml"}} {
		got := s.call(t, ".", "", args...)
		require.Equal(t, 2, got.code, args)
		require.Empty(t, got.stdout)
		require.True(t, strings.HasPrefix(got.stderr, "onggi-cmp: "), got.stderr)
	}
}

// A plugin that Argo CD starts three times for every commit has to start in milliseconds.
func TestLinksLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.True(t, slices.Contains(deps, "github.com/onggi-db/onggi/render"))
	for _, dep := range deps {
		for _, heavy := range []string{"helm.sh/", "k8s.io/client-go", "k8s.io/apiserver", "k8s.io/apiextensions-apiserver", "github.com/google/cel-go", "github.com/bitnami", "github.com/fsnotify", "github.com/jackc", "github.com/prometheus"} {
			require.False(t, strings.HasPrefix(dep, heavy), "onggi-cmp links %s", dep)
		}
	}
}

// fleet is a repository of n specs, each in a folder of its own with a Project above all, as platform teams have it.
func fleet(n int) map[string]string {
	files := map[string]string{"databases/onggi.yaml": "apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: fleet}\nenvironments: [dev, prod]\nargocd: {repo: https://git.example.com/fleet.git, path: databases}\n"}
	for i := range n {
		name := fmt.Sprintf("db%04d", i)
		files["databases/"+name+"/"+name+".yaml"] = fmt.Sprintf(`apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: %s, namespace: databases}
spec:
  version: "17"
  backend: cloudnative-pg
  instances: 3
  storage: {size: 10Gi}
  databases: [{name: app, owner: app}]
  expose: [{name: lb}]
  pooler: {mode: transaction, instances: 2}
  backup:
    destination: s3://backups/%s
    credentials: {secret: aws}
    schedules: [{name: daily, cron: "0 0 * * *"}]
  monitoring: {alerts: true, dashboards: true}
environments: {dev: {instances: 1, backup: null}}
`, name, name)
	}
	return files
}

// cost is the median CPU time of several calls.
func cost(t testing.TB, calls int, call func() outcome) time.Duration {
	t.Helper()
	var times []time.Duration
	for range calls {
		got := call()
		require.Zero(t, got.code, got.stderr)
		times = append(times, got.cpu)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// What a call may cost, user and system time of the whole process, in a repository of 1,000 specs:
//
//	go test ./cmd/onggi-cmp -run TestCost -v
func TestCost(t *testing.T) {
	s := unpack(t, fleet(1000))
	together := map[string]string{}
	for name, text := range fleet(1000) {
		together[filepath.Join("databases", filepath.Base(name))] = text
	}
	one := unpack(t, together)
	together["databases/aws.yaml"] = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: aws, namespace: databases}\nspec: {target: {name: aws}}\n"
	secrets := unpack(t, together)
	foreign := map[string]string{}
	for name := range fleet(1000) {
		foreign[name] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {onggi.dev/database: x}}\n"
	}
	delete(foreign, "databases/onggi.yaml")
	for name, text := range maps.Clone(foreign) {
		foreign[filepath.Join("databases", filepath.Base(name))] = text
	}
	others := unpack(t, foreign)
	database := `[{"name":"env","string":"prod"},{"name":"file","array":["%s"]},{"name":"database","string":"db0500"}]`
	for _, tt := range []struct {
		name  string
		limit time.Duration
		call  func() outcome
	}{
		{"discover, its own folder", 20 * time.Millisecond, func() outcome { return s.call(t, "databases/db0500", "", "discover") }},
		{"discover, a folder of 1,000 specs", 20 * time.Millisecond, func() outcome { return one.call(t, "databases", "", "discover") }},
		{"discover, a folder of 1,000 manifests", 40 * time.Millisecond, func() outcome { return others.call(t, "databases", "", "discover") }},
		{"generate, its own folder", 150 * time.Millisecond, func() outcome { return s.call(t, "databases/db0500", prod, "generate") }},
		{"generate, one file of 1,000 folders", 150 * time.Millisecond, func() outcome {
			return s.call(t, "databases", fmt.Sprintf(database, "db0500/db0500.yaml"), "generate")
		}},
		{"generate, one file of 1,000 in a folder", 150 * time.Millisecond, func() outcome { return one.call(t, "databases", fmt.Sprintf(database, "db0500.yaml"), "generate") }},
		{"generate, the same with a secret beside", 150 * time.Millisecond, func() outcome { return secrets.call(t, "databases", fmt.Sprintf(database, "db0500.yaml"), "generate") }},
		{"announce, its own folder", 150 * time.Millisecond, func() outcome { return s.call(t, "databases/db0500", "", "announce") }},
	} {
		got := cost(t, 15, tt.call)
		t.Logf("%-42s %6.1f ms of CPU, median of 15 (limit %d ms)", tt.name, float64(got.Microseconds())/1000, tt.limit.Milliseconds())
		require.Less(t, got, tt.limit, tt.name)
	}
}
