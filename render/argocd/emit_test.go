package argocd_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// inputs are the cases that goldens, schemas and determinism are shown on.
func inputs() map[string]argocd.Input {
	set := homelab()
	set.ArgoCD.ApplicationSet = true

	mixed := homelab()
	mixed.ArgoCD.ApplicationSet = true
	mixed.ArgoCD.Source = "helm"
	mixed.Environments[1].AutoSync = ptr(false)
	mixed.Environments[1].Revision = "release"
	mixed.Environments[1].Server = "https://prod.example.com:6443"
	mixed.Operators = []spec.Operator{
		{Name: "cloudnative-pg", Chart: "0.29.2", Namespace: "postgres-operator", Values: map[string]any{"replicaCount": int64(2)}},
		{Name: "barman-cloud"},
		{Name: "cert-manager", Namespace: "certificates", Values: map[string]any{"crds": map[string]any{"keep": false}}},
		{Name: "metallb"},
		{Name: "sealed-secrets"},
	}

	bare := spec.Project{ArgoCD: &spec.ArgoCD{Repo: "git@git.example.com:me/homelab.git", Path: "/"}}
	only := database("shop", true)
	only.Envs = nil

	return map[string]argocd.Input{
		"homelab":        {Project: homelab(), Databases: databases()},
		"applicationset": {Project: set, Databases: databases()},
		"mixed":          {Project: mixed, Databases: databases()},
		"bare":           {Project: bare, Databases: []variant.Set{only}},
	}
}

func TestGolden(t *testing.T) {
	for name, in := range inputs() {
		t.Run(name, func(t *testing.T) {
			got, err := argocd.Emit(in)
			require.NoError(t, err)
			dir := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.RemoveAll(dir))
				for file, data := range got {
					require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755))
					require.NoError(t, os.WriteFile(filepath.Join(dir, file), data, 0o644))
				}
			}
			require.Equal(t, text(read(t, dir)), text(got))
		})
	}
}

// Every object is one that Argo CD's own definitions, CEL rules included, would accept.
func TestSchemas(t *testing.T) {
	schemas, err := crd.Load(os.DirFS(filepath.Join(shared(t), "crds", "argoproj.io")))
	require.NoError(t, err)
	for name, in := range inputs() {
		for _, source := range []string{"manifests", "kustomize", "helm", "plugin"} {
			in.Source = source
			files, err := argocd.Emit(in)
			require.NoError(t, err)
			for file, data := range files {
				require.Empty(t, schemas.Validate(manifest.New(decode(t, data))), "%s, %s: %s", name, source, file)
			}
		}
	}
}

// The order of databases, environments and operators changes nothing, nor does running again.
func TestDeterminism(t *testing.T) {
	for name, in := range inputs() {
		want, err := argocd.Emit(in)
		require.NoError(t, err)
		for range 20 {
			again, err := argocd.Emit(in)
			require.NoError(t, err)
			require.Equal(t, want, again, name)
		}
		turned := in
		turned.Databases = slices.Clone(in.Databases)
		slices.Reverse(turned.Databases)
		turned.Project.Environments = slices.Clone(in.Project.Environments)
		slices.Reverse(turned.Project.Environments)
		turned.Project.Operators = slices.Clone(in.Project.Operators)
		slices.Reverse(turned.Project.Operators)
		for i := range turned.Databases {
			turned.Databases[i].Envs = slices.Clone(turned.Databases[i].Envs)
			slices.Reverse(turned.Databases[i].Envs)
		}
		again, err := argocd.Emit(turned)
		require.NoError(t, err)
		require.Equal(t, text(want), text(again), name)
	}
}

// A new database or environment touches no file of another one.
func TestAddingTouchesNothingElse(t *testing.T) {
	in := argocd.Input{Project: homelab(), Databases: databases()[:1]}
	before, err := argocd.Emit(in)
	require.NoError(t, err)
	in.Databases = databases()
	in.Databases[1].Envs = append(in.Databases[1].Envs, variant.Env{Name: "alpha", Namespace: "alpha", Objects: in.Databases[1].Base})
	in.Project.Environments = append(in.Project.Environments, spec.Environment{Name: "alpha", Server: "https://alpha.example.com"})
	after, err := argocd.Emit(in)
	require.NoError(t, err)
	for file, data := range before {
		if file == "project.yaml" || file == "operators/project.yaml" {
			continue
		}
		require.Equal(t, string(data), string(after[file]), file)
	}
}

func TestEnvLeavesTheOthersOut(t *testing.T) {
	project := homelab()
	project.Environments[1].Server = "https://prod.example.com"
	files, err := argocd.Emit(argocd.Input{Project: project, Databases: databases(), Env: "prod"})
	require.NoError(t, err)
	require.Equal(t, []string{
		"applications/prod-shop.yaml", "applications/prod-till.yaml", "argocd-cm.yaml",
		"operators/barman-cloud-prod-example-com.yaml", "operators/cert-manager-prod-example-com.yaml",
		"operators/cloudnative-pg-prod-example-com.yaml", "operators/project.yaml", "project.yaml", "root.yaml",
	}, slices.Sorted(maps.Keys(files)))
	project.ArgoCD.ApplicationSet = true
	files, err = argocd.Emit(argocd.Input{Project: project, Databases: databases(), Env: "prod"})
	require.NoError(t, err)
	require.NotContains(t, text(files), "databases-dev")
}

// Nothing that is written may delete what an Application made.
func TestNoApplicationDeletesWhatItMade(t *testing.T) {
	for name, in := range inputs() {
		files, err := argocd.Emit(in)
		require.NoError(t, err)
		for file, data := range files {
			o := decode(t, data)
			switch o["kind"] {
			case "Application":
				require.NotContains(t, o["metadata"], "finalizers", "%s: %s", name, file)
				require.NotContains(t, string(data), "allowEmpty: true")
			case "ApplicationSet":
				require.Equal(t, true, at(o, "spec", "syncPolicy", "preserveResourcesOnDeletion"))
				require.NotContains(t, at(o, "spec", "template", "metadata"), "finalizers")
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	two := func(a, b string) []variant.Set { return []variant.Set{database(a, false), database(b, false)} }
	tests := []struct {
		name   string
		change func(*argocd.Input)
		want   string
	}{
		{"no argocd section", func(in *argocd.Input) { in.Project.ArgoCD = nil }, "the project has no argocd section: it says which repository Argo CD reads"},
		{"no repository", func(in *argocd.Input) { in.Project.ArgoCD.Repo = "" }, "argocd.repo is empty"},
		{"path above the repository", func(in *argocd.Input) { in.Project.ArgoCD.Path = "databases/../.." }, `argocd.path "databases/../.." leaves the repository`},
		{"source", func(in *argocd.Input) { in.Source = "jsonnet" }, `source "jsonnet" is none of manifests, kustomize, helm, plugin`},
		{"environment that no database has", func(in *argocd.Input) { in.Env = "stage" }, `no database has an environment "stage"`},
		{"same database twice", func(in *argocd.Input) { in.Databases = two("shop", "shop") },
			"2 Applications are called \"homelab-dev-shop\"\n2 Applications are called \"homelab-prod-shop\""},
		{"names that meet", func(in *argocd.Input) {
			in.Databases = two("a-b", "b")
			in.Databases[0].Envs[0].Name, in.Databases[1].Envs[0].Name = "x", "x-a"
		}, `2 Applications are called "homelab-x-a-b"`},
		{"environments on top of each other", func(in *argocd.Input) {
			in.Databases = in.Databases[:1]
			for i := range in.Databases[0].Envs {
				in.Databases[0].Envs[i] = variant.Env{Name: in.Databases[0].Envs[i].Name, Namespace: "databases", Objects: objectsOf("till", "databases", false)}
			}
		}, "SealedSecret/databases/till-superuser is made by both dev-till and prod-till on https://kubernetes.default.svc: give one of them a namespace or a server of its own"},
		{"unknown operators", func(in *argocd.Input) {
			in.Project.Operators = []spec.Operator{{Name: "patroni"}, {Name: "longhorn"}}
		}, "operator \"patroni\" is not known\noperator \"longhorn\" is not known"},
		{"operator twice", func(in *argocd.Input) {
			in.Project.Operators = []spec.Operator{{Name: "metallb"}, {Name: "metallb"}}
		}, `2 operators are called "metallb"`},
		{"plugin away from its operator", func(in *argocd.Input) {
			in.Project.Operators = []spec.Operator{{Name: "cloudnative-pg", Namespace: "pg"}, {Name: "barman-cloud", Namespace: "cnpg-system"}}
		}, `operator barman-cloud is to go into namespace "cnpg-system", but cloudnative-pg is in "pg" and looks for its plugins there`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := argocd.Input{Project: homelab(), Databases: databases()}
			tt.change(&in)
			files, err := argocd.Emit(in)
			require.EqualError(t, err, tt.want)
			require.Nil(t, files)
		})
	}
}

// Emit is pure: what it was given is what it was.
func TestInputIsNotChanged(t *testing.T) {
	for name, in := range inputs() {
		before, err := yaml.Marshal(in)
		require.NoError(t, err)
		_, err = argocd.Emit(in)
		require.NoError(t, err)
		after, err := yaml.Marshal(in)
		require.NoError(t, err)
		require.Equal(t, string(before), string(after), name)
	}
}

func BenchmarkEmit(b *testing.B) {
	in := inputs()["homelab"]
	for b.Loop() {
		if _, err := argocd.Emit(in); err != nil {
			b.Fatal(err)
		}
	}
}

// text is all files in one, as a reader would see them.
func text(files map[string][]byte) string {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.WriteString("# " + name + "\n")
		b.Write(files[name])
	}
	return b.String()
}

func read(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		files[filepath.ToSlash(strings.TrimPrefix(name, dir+string(filepath.Separator)))] = data
		return err
	}))
	return files
}

func decode(t *testing.T, data []byte) manifest.Map {
	t.Helper()
	var m manifest.Map
	require.NoError(t, yaml.UnmarshalStrict(data, &m))
	return m
}

// at looks a field up: strings are keys, ints are indexes. A field that is not there is nil.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(manifest.Map)
			v = m[p]
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return nil
			}
			v = list[p]
		}
	}
	return v
}

func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ONGGI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "crds")); err != nil {
		t.Skipf("needs Argo CD's definitions: set ONGGI_SHARED to the folder that holds crds/ (%v)", err)
	}
	return dir
}
