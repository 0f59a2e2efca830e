package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestTheRepositoryKeepsTheRules(t *testing.T) {
	root := repository(t)
	packages := listPackages(t, root)
	require.Greater(t, len(packages), 10)
	var problems []string
	for _, p := range packages {
		problems = append(problems, Imports(p)...)
		files := map[string][]byte{}
		for _, name := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, name))
			require.NoError(t, err)
			files[name] = data
		}
		rel, err := filepath.Rel(root, p.Dir)
		require.NoError(t, err)
		found, err := Source(filepath.ToSlash(rel), files)
		require.NoError(t, err)
		problems = append(problems, found...)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

func TestNoFileHasLeftovers(t *testing.T) {
	root := repository(t)
	read := 0
	require.NoError(t, filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == ".cache" || name == "build" || name == "dist" {
				return filepath.SkipDir
			}
			return nil
		}
		data, err := os.ReadFile(at)
		if errors.Is(err, fs.ErrNotExist) || !d.Type().IsRegular() {
			return nil // a file that another process is replacing
		}
		if err != nil {
			return err
		}
		if !utf8.Valid(data) || isSum(d.Name()) {
			return nil
		}
		read++
		rel, err := filepath.Rel(root, at)
		for _, problem := range Text(filepath.ToSlash(rel), data) {
			t.Error(problem)
		}
		return err
	}))
	require.Greater(t, read, 50)
}

// isSum tells checksum files: random letters make any word.
func isSum(name string) bool { return name == "go.sum" }

// repository is the folder of go.mod.
func repository(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func listPackages(t *testing.T, root string) []Package {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Dir,Doc,GoFiles,Imports,Deps", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var all []Package
	for dec := json.NewDecoder(out); ; {
		var p Package
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all = append(all, p)
	}
	require.NoError(t, cmd.Wait())
	return all
}

func TestImports(t *testing.T) {
	const ours = Module + "/"
	tests := []struct {
		name    string
		pkg     Package
		problem string // "" where the package keeps the rules
	}{
		{"a verb uses everything", Package{ImportPath: ours + "cmd/onggi", Imports: []string{ours + "charts", ours + "render/spec", "os"}}, ""},
		{"an emitter reads renders", Package{ImportPath: ours + "charts", Imports: []string{ours + "render/variant", "helm.sh/helm/v3/pkg/engine"}}, ""},
		{"the native back end writes the agent's file", Package{ImportPath: ours + "render/backend/native", Imports: []string{ours + "sidecars/config"}}, ""},
		{"tree writes", Package{ImportPath: ours + "render/tree", Imports: []string{"os", "syscall"}}, ""},
		{"a generator reads and writes", Package{ImportPath: ours + "render/spec/internal/docgen", Name: "main", Imports: []string{"os"}}, ""},
		{"durations are pure", Package{ImportPath: ours + "render/plan", Imports: []string{"time"}}, ""},

		{"render looks up", Package{ImportPath: ours + "render/argocd", Imports: []string{ours + "charts"}},
			"render/argocd: imports charts: arrows point down only (cmd, then charts, overlays and policies, then render)"},
		{"emitters look at each other", Package{ImportPath: ours + "overlays", Imports: []string{ours + "charts"}},
			"overlays: imports charts: arrows point down only (cmd, then charts, overlays and policies, then render)"},
		{"render takes the agent in", Package{ImportPath: ours + "render/backend/native", Imports: []string{ours + "sidecars/ha"}},
			"render/backend/native: imports sidecars/ha: arrows point down only (cmd, then charts, overlays and policies, then render)"},
		{"the agent renders", Package{ImportPath: ours + "sidecars/agent", Imports: []string{ours + "render/spec"}},
			"sidecars/agent: imports render/spec: arrows point down only (cmd, then charts, overlays and policies, then render)"},
		{"the agent links Helm by a detour", Package{ImportPath: ours + "cmd/onggi-agent", Deps: []string{"helm.sh/helm/v3/pkg/chart"}},
			"cmd/onggi-agent: depends on helm.sh/helm/v3/pkg/chart: the agent stays small"},
		{"Helm out of its room", Package{ImportPath: ours + "cmd/onggi", Imports: []string{"helm.sh/helm/v3/pkg/chart"}},
			"cmd/onggi: imports helm.sh/helm/v3/pkg/chart: only packages below charts may"},
		{"Kustomize out of its room", Package{ImportPath: ours + "charts", Imports: []string{"sigs.k8s.io/kustomize/api/krusty"}},
			"charts: imports sigs.k8s.io/kustomize/api/krusty: only packages below overlays may"},
		{"a builder reads a file", Package{ImportPath: ours + "render/backend/cloudnativepg", Imports: []string{"os"}},
			"render/backend/cloudnativepg: imports os: it is pure; pass in what it would have read"},
		{"a picture of a database asks for it", Package{ImportPath: ours + "cmd/internal/day2/status", Imports: []string{"k8s.io/client-go/rest"}},
			"cmd/internal/day2/status: imports k8s.io/client-go/rest: it is pure; pass in what it would have read"},
		{"a plan of chance", Package{ImportPath: ours + "render/plan", Imports: []string{"math/rand/v2"}},
			"render/plan: imports math/rand/v2: it is pure; pass in what it would have read"},
		{"the core logs", Package{ImportPath: ours + "sidecars/ha", Imports: []string{"github.com/go-logr/logr"}},
			"sidecars/ha: imports github.com/go-logr/logr: the decision core takes only the standard library"},
		{"a drawer for everything", Package{ImportPath: ours + "render/util", Name: "util"},
			"render/util: is named util: name it after what it holds"},
		{"no manual", Package{ImportPath: ours + "render/graph", GoFiles: []string{"graph.go"}},
			"render/graph: has no package comment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			if tt.problem != "" {
				want = []string{tt.problem}
			}
			require.Equal(t, want, Imports(tt.pkg))
		})
	}
}

func TestSource(t *testing.T) {
	const generated = "// Code generated by x. DO NOT EDIT.\n\npackage x; "
	long := strings.Repeat("\n", MaxFileLines) + "const x = 1\n"
	tests := []struct {
		name, room, src, problem string
	}{
		{"tables and sentinels stand still", "render/x", `var ErrX = errors.New("x"); var table = []string{"a"}; func f() string { return table[0] }`, ""},
		{"a local of the same name", "render/x", `var n = 1; func f() { n := n; n++; _ = n }`, ""},
		{"a field of the same name", "render/x", `var n = 1; type t struct{ n int }; func (x *t) f() { x.n = n }`, ""},
		{"a local declared with var", "render/x", `var n = 1; func f() { var n int; n = 2; _ = n }`, ""},
		{"deleting from a parameter", "render/x", `var m map[string]int; func f(m map[string]int) { delete(m, "a") }`, ""},
		{"a duration", "render/x", `import "time"; const d = 3 * time.Second`, ""},
		{"a clock where one may be", "render/tree", `import "time"; func f() { time.Now() }`, ""},
		{"an init method", "render/x", `type t struct{}; func (t) init() {}`, ""},
		{"a generated file", "render/x", generated + `func init() {}`, ""},

		{"pairs", "render/x", `import "m/manifest"; var x = manifest.Of("a", 1, "b", manifest.Of("a", 1), key, 2)`, ""},
		{"pairs of somebody else", "render/x", `import "m/manifest"; var x = manifest.Of(pairs...); var y = other.Of("a")`, ""},

		{"a key twice", "render/x", `import "m/manifest"; var x = manifest.Of("a", 1, "a", 2)`, `render/x/x.go:1: the key "a" stands twice`},
		{"a number for a key", "render/x", `import "m/manifest"; var x = manifest.Of(1, "a")`, "render/x/x.go:1: 1 is no key: manifest.Of wants keys and values in turn"},
		{"a list for a key", "render/x", `import "m/manifest"; var x = manifest.Of([]any{}, "a")`, "render/x/x.go:1: this is no key: manifest.Of wants keys and values in turn"},
		{"init", "render/x", `func init() {}`, "render/x/x.go:1: init function: say what happens where it happens"},
		{"a counter", "render/x", `var n int; func f() { n++ }`, "render/x/x.go:1: package variable n changes: pass the value in"},
		{"a registry", "render/x", `var m = map[string]int{}; func f() { m["a"] = 1 }`, "render/x/x.go:1: package variable m changes: pass the value in"},
		{"a cache that forgets", "render/x", `var m = map[string]int{}; func f() { delete(m, "a") }`, "render/x/x.go:1: package variable m changes: pass the value in"},
		{"a part of a variable", "render/x", `var v struct{ n []int }; func f() { v.n[0] = 1 }`, "render/x/x.go:1: package variable v changes: pass the value in"},
		{"a clock", "render/plan", `import "time"; func f() { time.Now() }`, "render/plan/x.go:1: time.Now in a pure package: time arrives as a value"},
		{"a clock by another name", "render/plan", `import t "time"; func f() { t.Sleep(1) }`, "render/plan/x.go:1: time.Sleep in a pure package: time arrives as a value"},
		{"a long file", "cmd/x", long, "cmd/x/x.go:1: 401 lines: a file fits a sitting, at most 400"},
		{"a long function", "cmd/x", "func f() {" + strings.Repeat("\n", MaxFuncLines) + "}", "cmd/x/x.go:1: func f has 61 lines: a function fits a screen, at most 60"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := tt.src
			if !strings.HasPrefix(src, generated) {
				src = "package x; " + src
			}
			got, err := Source(tt.room, map[string][]byte{"x.go": []byte(src)})
			require.NoError(t, err)
			var want []string
			if tt.problem != "" {
				want = []string{tt.problem}
			}
			require.Equal(t, want, got)
		})
	}
}

func TestSourceSeesVariablesOfOtherFiles(t *testing.T) {
	got, err := Source("render/x", map[string][]byte{"a.go": []byte("package x; var n int"), "b.go": []byte("package x; func f() { n = 1 }")})
	require.NoError(t, err)
	require.Equal(t, []string{"render/x/b.go:1: package variable n changes: pass the value in"}, got)
}

func TestText(t *testing.T) {
	note, place := leftovers()[0], places()[0]
	require.Equal(t, []string{"a.go.orig: is what a patch left: delete it"}, Text("a.go.orig", []byte("package a\n")))
	require.Equal(t, []string{"a_test.go: 401 lines: a file fits a sitting, at most 400"}, Text("a_test.go", bytes.Repeat([]byte("\n"), 401)))
	require.Empty(t, Text("a_test.go", bytes.Repeat([]byte("\n"), 400)))
	require.Empty(t, Text("a.md", []byte("https://example.com"+place+"x and path/to"+place+"y\nfor ever\n")))
	require.Equal(t, []string{
		`a.md:2: has "` + note + `": finish it, or file an issue`,
		"a.md:3: names " + place + ", a path of somebody's machine",
	}, Text("a.md", []byte("one\n// "+note+": two\n see "+place+"main\n")))
}
