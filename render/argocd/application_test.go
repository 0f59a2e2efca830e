package argocd_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"text/template"

	"github.com/itchyny/gojq"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

func TestSources(t *testing.T) {
	plain := func(path string) manifest.Map {
		return manifest.Map{"repoURL": "https://git.example.com/me/homelab.git", "targetRevision": "main", "path": path}
	}
	plus := func(m manifest.Map, key string, v any) manifest.Map { m[key] = v; return m }
	tests := []struct {
		source, env string
		want        manifest.Map
		watched     string
	}{
		{"manifests", "prod", plus(plain("databases/prod/shop"), "directory", manifest.Map{"recurse": true}), "/databases/prod/shop"},
		{"manifests", "", plus(plain("databases/shop"), "directory", manifest.Map{"recurse": true}), "/databases/shop"},
		{"kustomize", "prod", plain("databases/shop/overlays/prod"), "/databases/shop"},
		{"kustomize", "", plain("databases/shop/base"), "/databases/shop"},
		{"helm", "prod", plus(plain("databases/shop"), "helm", manifest.Map{
			"releaseName": "shop", "skipTests": true, "valueFiles": []any{"values-prod.yaml"},
		}), "/databases/shop"},
		{"helm", "", plus(plain("databases/shop"), "helm", manifest.Map{"releaseName": "shop", "skipTests": true}), "/databases/shop"},
		{"plugin", "prod", plus(plain("databases"), "plugin", manifest.Map{"name": "onggi", "parameters": []any{
			manifest.Map{"name": "env", "string": "prod"}, manifest.Map{"name": "file", "array": []any{"db/shop.yaml"}},
			manifest.Map{"name": "database", "string": "shop"},
		}}), "/databases/db;/databases/onggi.yaml"},
		{"plugin", "", plus(plain("databases"), "plugin", manifest.Map{"name": "onggi", "parameters": []any{
			manifest.Map{"name": "file", "array": []any{"db/shop.yaml"}}, manifest.Map{"name": "database", "string": "shop"},
		}}), "/databases/db;/databases/onggi.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.source+" "+tt.env, func(t *testing.T) {
			db := database("shop", true)
			file := "applications/" + tt.env + "-shop.yaml"
			if tt.env == "" {
				db.Envs, file = nil, "applications/shop.yaml"
			}
			files, err := argocd.Emit(argocd.Input{
				Project: homelab(), Databases: []variant.Set{db}, Source: tt.source, Files: map[string]string{"shop": "db/shop.yaml"},
			})
			require.NoError(t, err)
			o := decode(t, files[file])
			require.Equal(t, tt.want, at(o, "spec", "source"))
			require.Equal(t, tt.watched, at(o, "metadata", "annotations", "argocd.argoproj.io/manifest-generate-paths"))
		})
	}
}

// The project's path may be written in any way that means the same folder.
func TestPaths(t *testing.T) {
	for path, want := range map[string]string{
		"databases": "databases/till/overlays/prod", "/databases/": "databases/till/overlays/prod", "./databases": "databases/till/overlays/prod",
		"a//b": "a/b/till/overlays/prod", ".": "till/overlays/prod", "": "till/overlays/prod", "/": "till/overlays/prod",
	} {
		project := homelab()
		project.ArgoCD.Path = path
		files, err := argocd.Emit(argocd.Input{Project: project, Databases: databases()})
		require.NoError(t, err)
		require.Equal(t, want, at(decode(t, files["applications/prod-till.yaml"]), "spec", "source", "path"), path)
	}
	project := homelab()
	project.ArgoCD.Path = "."
	files, err := argocd.Emit(argocd.Input{Project: project, Databases: databases(), Source: "plugin"})
	require.NoError(t, err)
	require.Equal(t, ".", at(decode(t, files["applications/prod-till.yaml"]), "spec", "source", "path"))
	require.Equal(t, "/", at(decode(t, files["applications/prod-till.yaml"]), "metadata", "annotations", "argocd.argoproj.io/manifest-generate-paths"))
	require.Equal(t, "argocd", at(decode(t, files["root.yaml"]), "spec", "source", "path"))
}

// What the plugin reads is watched, and no more: the spec's folder, and the projects that may hold for it.
func TestPluginWatches(t *testing.T) {
	for file, want := range map[string]string{
		"till.yaml": "/databases", "a/till.yaml": "/databases/a;/databases/onggi.yaml",
		"a/b/till.yaml": "/databases/a/b;/databases/a/onggi.yaml;/databases/onggi.yaml",
	} {
		files, err := argocd.Emit(argocd.Input{Project: homelab(), Databases: databases(), Source: "plugin", Files: map[string]string{"till": file}})
		require.NoError(t, err)
		require.Equal(t, want, at(decode(t, files["applications/prod-till.yaml"]), "metadata", "annotations", "argocd.argoproj.io/manifest-generate-paths"), file)
	}
}

func TestEnvironments(t *testing.T) {
	tests := []struct {
		name        string
		environment spec.Environment
		project     *bool
		want        manifest.Map // destination
		revision    string
		auto        bool
	}{
		{"nothing of its own", spec.Environment{}, nil, manifest.Map{"server": "https://kubernetes.default.svc", "namespace": "databases"}, "main", true},
		{"server", spec.Environment{Server: "https://prod.example.com"}, nil, manifest.Map{"server": "https://prod.example.com", "namespace": "databases"}, "main", true},
		{"revision", spec.Environment{Revision: "v1.2.0"}, nil, manifest.Map{"server": "https://kubernetes.default.svc", "namespace": "databases"}, "v1.2.0", true},
		{"by hand", spec.Environment{AutoSync: ptr(false)}, nil, manifest.Map{"server": "https://kubernetes.default.svc", "namespace": "databases"}, "main", false},
		{"project by hand", spec.Environment{}, ptr(false), manifest.Map{"server": "https://kubernetes.default.svc", "namespace": "databases"}, "main", false},
		{"by itself in a project by hand", spec.Environment{AutoSync: ptr(true)}, ptr(false), manifest.Map{"server": "https://kubernetes.default.svc", "namespace": "databases"}, "main", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			project := homelab()
			tt.environment.Name = "prod"
			project.Environments[1] = tt.environment
			project.ArgoCD.AutoSync = tt.project
			files, err := argocd.Emit(argocd.Input{Project: project, Databases: databases()})
			require.NoError(t, err)
			o := decode(t, files["applications/prod-shop.yaml"])
			require.Equal(t, tt.want, at(o, "spec", "destination"))
			require.Equal(t, tt.revision, at(o, "spec", "source", "targetRevision"))
			if tt.auto {
				require.Equal(t, manifest.Map{"prune": true, "selfHeal": true, "allowEmpty": false}, at(o, "spec", "syncPolicy", "automated"))
			} else {
				require.Nil(t, at(o, "spec", "syncPolicy", "automated"))
			}
			require.Equal(t, "databases-dev", at(decode(t, files["applications/dev-shop.yaml"]), "spec", "destination", "namespace"))
		})
	}
}

// An operator restarts every database on its API server, so it waits for a person where any of them does.
func TestOperatorsWaitForTheStrictestEnvironment(t *testing.T) {
	project := homelab()
	project.Environments[1].AutoSync = ptr(false)
	files, err := argocd.Emit(argocd.Input{Project: project, Databases: databases()})
	require.NoError(t, err)
	require.Nil(t, at(decode(t, files["operators/cloudnative-pg.yaml"]), "spec", "syncPolicy", "automated"))

	project.Environments[1].Server = "https://prod.example.com"
	files, err = argocd.Emit(argocd.Input{Project: project, Databases: databases()})
	require.NoError(t, err)
	require.NotNil(t, at(decode(t, files["operators/cloudnative-pg.yaml"]), "spec", "syncPolicy", "automated"))
	require.Nil(t, at(decode(t, files["operators/cloudnative-pg-prod-example-com.yaml"]), "spec", "syncPolicy", "automated"))
}

func TestOperators(t *testing.T) {
	project := homelab()
	project.Operators = []spec.Operator{
		{Name: "cert-manager", Chart: "v1.22.0", Namespace: "tls", Values: map[string]any{
			"crds": map[string]any{"keep": false}, "replicaCount": int64(2), "global": map[string]any{"priorityClassName": nil},
		}},
		{Name: "cloudnative-pg", Namespace: "postgres-operator"},
		{Name: "barman-cloud"},
		{Name: "sealed-secrets", Values: map[string]any{"fullnameOverride": "seals"}},
	}
	files, err := argocd.Emit(argocd.Input{Project: project}) // also before the first database
	require.NoError(t, err)
	certManager := decode(t, files["operators/cert-manager.yaml"])
	require.Equal(t, "v1.22.0", at(certManager, "spec", "source", "targetRevision"))
	require.Equal(t, "tls", at(certManager, "spec", "destination", "namespace"))
	require.Equal(t, manifest.Map{
		"crds":         manifest.Map{"enabled": true, "keep": false},
		"global":       manifest.Map{"leaderElection": manifest.Map{"namespace": "tls"}, "priorityClassName": nil},
		"replicaCount": int64(2),
	}, manifest.Canonical(at(certManager, "spec", "source", "helm", "valuesObject")))
	require.Equal(t, "postgres-operator", at(decode(t, files["operators/barman-cloud.yaml"]), "spec", "destination", "namespace"),
		"the plugin goes where its operator is")
	require.Equal(t, "seals", at(decode(t, files["operators/sealed-secrets.yaml"]), "spec", "source", "helm", "valuesObject", "fullnameOverride"))
}

// The controller's own steps, on paper: lay the generator's template over the set's, then put each element's values in.
// What comes out is what the files would have been.
func TestApplicationSetMakesTheSameApplications(t *testing.T) {
	for name, in := range inputs() {
		for _, source := range []string{"manifests", "kustomize", "helm", "plugin"} {
			in.Source = source
			in.Project.ArgoCD.ApplicationSet = false
			one, err := argocd.Emit(in)
			require.NoError(t, err)
			in.Project.ArgoCD.ApplicationSet = true
			set, err := argocd.Emit(in)
			require.NoError(t, err)

			want, got := applications(t, one), applications(t, set)
			if data, ok := set["applicationset.yaml"]; ok {
				maps.Copy(got, expand(t, decode(t, data)))
			}
			require.NotEmpty(t, want)
			require.Equal(t, want, got, "%s, %s", name, source)
		}
	}
}

func applications(t *testing.T, files map[string][]byte) map[string]manifest.Map {
	t.Helper()
	out := map[string]manifest.Map{}
	for file, data := range files {
		if o := decode(t, data); o["kind"] == "Application" {
			out[file] = o
			if name, _ := at(o, "metadata", "name").(string); name != "" {
				delete(out, file)
				out[name] = o
			}
		}
	}
	return out
}

func expand(t *testing.T, set manifest.Map) map[string]manifest.Map {
	t.Helper()
	out := map[string]manifest.Map{}
	for _, g := range at(set, "spec", "generators").([]any) {
		body := at(set, "spec", "template").(manifest.Map)
		if over, ok := at(g, "list", "template").(manifest.Map); ok {
			body = layTemplate(over, body)
		}
		for _, element := range at(g, "list", "elements").([]any) {
			o := fill(t, body, element).(manifest.Map)
			o["apiVersion"], o["kind"] = "argoproj.io/v1alpha1", "Application"
			o["metadata"].(manifest.Map)["namespace"] = at(set, "metadata", "namespace")
			out[at(o, "metadata", "name").(string)] = o
		}
	}
	return out
}

// layTemplate fills what the generator's template leaves empty from the set's.
func layTemplate(over, under manifest.Map) manifest.Map {
	out := maps.Clone(over)
	for k, v := range under {
		a, isMap := out[k].(manifest.Map)
		b, fromMap := v.(manifest.Map)
		switch {
		case isMap && fromMap:
			out[k] = layTemplate(a, b)
		case out[k] == nil || out[k] == "":
			out[k] = v
		}
	}
	return out
}

func fill(t *testing.T, v any, element any) any {
	t.Helper()
	switch v := v.(type) {
	case string:
		tmpl, err := template.New("").Option("missingkey=error").Parse(v)
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, tmpl.Execute(&b, element))
		return b.String()
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = fill(t, v[i], element)
		}
		return out
	case manifest.Map:
		out := manifest.Map{}
		for k, item := range v {
			out[fill(t, k, element).(string)] = fill(t, item, element)
		}
		return out
	}
	return v
}

// The ignored fields, taken away by the same jq that Argo CD uses, are all that a fenced and restarted cluster differs in.
func TestIgnoredFieldsAreWhatToolsWrite(t *testing.T) {
	files, err := argocd.Emit(argocd.Input{Project: homelab(), Databases: databases()})
	require.NoError(t, err)
	ignored := at(decode(t, files["applications/prod-shop.yaml"]), "spec", "ignoreDifferences").([]any)
	require.Len(t, ignored, 1)
	require.Equal(t, "Cluster", at(ignored[0], "kind"))

	git := manifest.Map{"metadata": manifest.Map{"name": "shop", "annotations": manifest.Map{sync: "0"}}, "spec": manifest.Map{"instances": 3}}
	live := manifest.Map{
		"metadata": manifest.Map{"name": "shop", "annotations": manifest.Map{
			sync:                                "0",
			"cnpg.io/fencedInstances":           `["shop-1"]`,
			"cnpg.io/reloadedAt":                "2026-11-22T06:00:00Z",
			"kubectl.kubernetes.io/restartedAt": "2026-11-22T06:00:00Z",
		}},
		"spec": manifest.Map{"instances": 3, "nodeMaintenanceWindow": manifest.Map{"inProgress": true}},
	}
	for _, expression := range at(ignored[0], "jqPathExpressions").([]any) {
		live, git = without(t, live, expression.(string)), without(t, git, expression.(string))
	}
	require.Equal(t, git, live)
}

func without(t *testing.T, o manifest.Map, path string) manifest.Map {
	t.Helper()
	query, err := gojq.Parse("del(" + path + ")")
	require.NoError(t, err)
	result, ok := query.Run(o).Next()
	require.True(t, ok)
	require.NotContains(t, []any{nil}, result)
	out, ok := result.(manifest.Map)
	require.True(t, ok, "%v", result)
	return out
}

// What Git sets, Argo CD compares; and hibernation always, or Git could not wake a cluster up.
func TestFieldsThatGitSetsAreCompared(t *testing.T) {
	db := database("shop", false)
	for i := range db.Envs {
		cluster := db.Envs[i].Objects[1]
		require.Equal(t, "Cluster", cluster.Ref().Kind)
		if db.Envs[i].Name == "dev" {
			cluster.Body()["spec"].(manifest.Map)["nodeMaintenanceWindow"] = manifest.Map{"reusePVC": false}
		}
	}
	project := homelab()
	expressions := func(file string, path ...any) []any {
		files, err := argocd.Emit(argocd.Input{Project: project, Databases: []variant.Set{db}})
		require.NoError(t, err)
		return at(decode(t, files[file]), append(path, "ignoreDifferences", 0, "jqPathExpressions")...).([]any)
	}
	require.NotContains(t, expressions("applications/dev-shop.yaml", "spec"), ".spec.nodeMaintenanceWindow")
	require.Contains(t, expressions("applications/prod-shop.yaml", "spec"), ".spec.nodeMaintenanceWindow")
	require.NotContains(t, expressions("applications/prod-shop.yaml", "spec"), `.metadata.annotations["cnpg.io/hibernation"]`)
	project.ArgoCD.ApplicationSet = true // one template for all: what any of them sets is compared
	require.NotContains(t, expressions("applicationset.yaml", "spec", "template", "spec"), ".spec.nodeMaintenanceWindow")
}

// The project allows every object that its Applications deliver, in the place they deliver it to, and no wildcard.
func TestProjectAllowsExactlyWhatIsDelivered(t *testing.T) {
	for name, in := range inputs() {
		files, err := argocd.Emit(in)
		require.NoError(t, err)
		project := decode(t, files["project.yaml"])
		require.NotContains(t, string(files["project.yaml"]), "*", name)
		servers := map[string]string{}
		for _, e := range in.Project.Environments {
			servers[e.Name] = e.Server
		}
		for _, db := range in.Databases {
			envs := db.Envs
			if len(envs) == 0 {
				envs = []variant.Env{{Namespace: db.Namespace, Objects: db.Base}}
			}
			for _, env := range envs {
				for _, o := range env.Objects {
					ref := o.Ref()
					if ref.Namespace == "" {
						require.Contains(t, at(project, "spec", "clusterResourceWhitelist"),
							manifest.Map{"group": ref.Group(), "kind": ref.Kind, "name": ref.Name})
						continue
					}
					require.Contains(t, at(project, "spec", "namespaceResourceWhitelist"), manifest.Map{"group": ref.Group(), "kind": ref.Kind})
					server := servers[env.Name]
					if server == "" {
						server = "https://kubernetes.default.svc"
					}
					require.Contains(t, at(project, "spec", "destinations"), manifest.Map{"server": server, "namespace": ref.Namespace})
				}
			}
		}
	}
}

// A kind that leaves the list does not exist for Argo CD any more, so its last object would never be pruned.
func TestProjectKeepsKindsThatDatabasesStopped(t *testing.T) {
	kinds := func(full bool) []any {
		files, err := argocd.Emit(argocd.Input{Project: homelab(), Databases: []variant.Set{database("shop", full)}})
		require.NoError(t, err)
		return at(decode(t, files["project.yaml"]), "spec", "namespaceResourceWhitelist").([]any)
	}
	require.Equal(t, kinds(true), kinds(false))
}

func TestWaves(t *testing.T) {
	project := homelab()
	project.Operators = append(project.Operators, spec.Operator{Name: "metallb"}, spec.Operator{Name: "sealed-secrets"})
	files, err := argocd.Emit(argocd.Input{Project: project, Databases: databases()})
	require.NoError(t, err)
	got := map[string][]string{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if wave, ok := at(decode(t, files[file]), "metadata", "annotations", sync).(string); ok {
			got[wave] = append(got[wave], file)
		}
	}
	require.Equal(t, map[string][]string{
		"-40": {"operators/project.yaml", "project.yaml"},
		"-30": {"operators/cert-manager.yaml", "operators/cloudnative-pg.yaml", "operators/metallb.yaml", "operators/sealed-secrets.yaml"},
		"-20": {"operators/barman-cloud.yaml"},
		"0":   {"applications/dev-shop.yaml", "applications/dev-till.yaml", "applications/prod-shop.yaml", "applications/prod-till.yaml"},
	}, got)
}
