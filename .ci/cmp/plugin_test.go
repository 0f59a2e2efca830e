package cmp

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/cmpserver/plugin"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	apppath "github.com/argoproj/argo-cd/v3/util/app/path"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"
)

const image = "registry.example.com/onggi-cmp:1.2.3"

// printed is what a program of ours prints.
func printed(t *testing.T, variable string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program(t, variable), args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	return out
}

// config is the plugin.yaml of a release.
func config(t *testing.T, discovery string) []byte {
	t.Helper()
	return printed(t, "ONGGI_CMP", "install", "--format", "plugin", "--discovery", discovery, "--image", image)
}

func env(name string) v1alpha1.ApplicationSourcePluginParameter {
	return v1alpha1.ApplicationSourcePluginParameter{Name: "env", String_: &name}
}

func set(fields map[string]string) v1alpha1.ApplicationSourcePluginParameter {
	return v1alpha1.ApplicationSourcePluginParameter{Name: "set", OptionalMap: &v1alpha1.OptionalMap{Map: fields}}
}

// The configurations are what the server's own types say, and nothing more.
func TestConfigurations(t *testing.T) {
	for _, discovery := range []string{"file", "command", "name"} {
		t.Run(discovery, func(t *testing.T) {
			var c plugin.PluginConfig
			require.NoError(t, yaml.UnmarshalStrict(config(t, discovery), &c))
			require.NoError(t, plugin.ValidatePluginConfig(c))
			require.Equal(t, "onggi", c.Metadata.Name)
			require.Equal(t, discovery != "name", c.Spec.Discover.IsDefined())
			require.Equal(t, plugin.Command{Command: []string{"onggi-cmp", "announce"}}, c.Spec.Parameters.Dynamic)
		})
	}
}

// The sidecar fits Argo CD's own Deployment: every volume that it mounts is there, and nothing else of it changes.
func TestSidecar(t *testing.T) {
	dir := t.TempDir()
	printed(t, "ONGGI_CMP", "install", "--image", image, "-o", dir)
	argo, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-cd/v3").Output()
	require.NoError(t, err)
	original, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(argo)), "manifests", "base", "repo-server", "argocd-repo-server-deployment.yaml"))
	require.NoError(t, err)
	patch, err := os.ReadFile(filepath.Join(dir, "repo-server.yaml"))
	require.NoError(t, err)
	before, err := yaml.YAMLToJSON(original)
	require.NoError(t, err)
	change, err := yaml.YAMLToJSON(patch)
	require.NoError(t, err)
	after, err := strategicpatch.StrategicMergePatch(before, change, appsv1.Deployment{})
	require.NoError(t, err)
	var was, is appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict(before, &was))
	require.NoError(t, yaml.UnmarshalStrict(after, &is))

	pod := &is.Spec.Template.Spec
	require.Len(t, pod.Containers, len(was.Spec.Template.Spec.Containers)+1)
	i := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == "onggi-cmp" })
	ours := pod.Containers[i]
	require.Equal(t, image, ours.Image)
	require.Equal(t, int64(999), *ours.SecurityContext.RunAsUser)
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
	}
	for _, m := range ours.VolumeMounts {
		require.True(t, volumes[m.Name], "volume %s is there", m.Name)
	}
	pod.Containers = slices.Delete(pod.Containers, i, i+1)
	pod.Volumes = slices.DeleteFunc(pod.Volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, "onggi-cmp") })
	slices.SortFunc(pod.Volumes, func(a, b corev1.Volume) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(was.Spec.Template.Spec.Volumes, func(a, b corev1.Volume) int { return strings.Compare(a.Name, b.Name) })
	require.Equal(t, was, is, "all else is as it was")
}

// The real server renders the example in two environments, and what comes out is what is committed as golden files.
func TestEnvironments(t *testing.T) {
	s := start(t, config(t, "file"))
	repo := repository(t, filepath.Join("examples", "homelab"))
	for _, name := range []string{"prod", "dev"} {
		t.Run(name, func(t *testing.T) {
			app := application{repo: repo, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{env(name)}}
			got, err := s.generate(t, app)
			require.NoError(t, err)
			require.ElementsMatch(t, golden(t, "homelab", name), objects(t, got))
			again, err := s.generate(t, app)
			require.NoError(t, err)
			require.Equal(t, got, again, "the same bytes every time")
		})
	}
	t.Run("set", func(t *testing.T) {
		got, err := s.generate(t, application{repo: repo, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{
			env("prod"), set(map[string]string{"storage.size": "20Gi", "instances": "5", `parameters["work_mem"]`: "16MB"}),
		}})
		require.NoError(t, err)
		spec := cluster(t, got)["spec"].(map[string]any)
		require.InDelta(t, 5, spec["instances"], 0)
		require.Equal(t, "20Gi", spec["storage"].(map[string]any)["size"])
		require.Equal(t, "16MB", spec["postgresql"].(map[string]any)["parameters"].(map[string]any)["work_mem"])
	})
}

// An Application as onggi writes it is one that Argo CD reads, and its parameters render what the overlay is made of.
func TestApplications(t *testing.T) {
	repo := repository(t, filepath.Join("examples", "homelab"))
	project := filepath.Join(repo, "databases", "onggi.yaml")
	edit(t, project, "argocd:\n", "argocd:\n  source: plugin\n")
	printed(t, "ONGGI", "render", filepath.Join(repo, "databases"), "--format", "argocd", "-o", filepath.Join(repo, "databases"))
	s := start(t, config(t, "name"))
	for _, name := range []string{"prod", "dev"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(repo, "databases", "argocd", "applications", name+"-lemon.yaml"))
			require.NoError(t, err)
			var app v1alpha1.Application
			require.NoError(t, yaml.UnmarshalStrict(data, &app))
			require.Equal(t, "onggi", app.Spec.Source.Plugin.Name)
			got, err := s.generate(t, application{repo: repo, path: app.Spec.Source.Path, parameters: app.Spec.Source.Plugin.Parameters})
			require.NoError(t, err)
			require.ElementsMatch(t, golden(t, "homelab", name), objects(t, got))

			paths := apppath.GetSourceRefreshPaths(&app, *app.Spec.Source)
			for _, file := range []string{"databases/lemon.yaml", "databases/onggi.yaml", "databases/sealed-aws-secrets.yaml"} {
				require.True(t, apppath.AppFilesHaveChanged(paths, []string{file}), "a change of %s renders again", file)
			}
			require.False(t, apppath.AppFilesHaveChanged(paths, []string{"README.md", "other/shop.yaml"}))
		})
	}
}

func TestDiscovery(t *testing.T) {
	repo := repository(t, filepath.Join("examples", "homelab"))
	lone := filepath.Join(repo, "lone")
	require.NoError(t, os.MkdirAll(lone, 0o755))
	require.NoError(t, os.CopyFS(filepath.Join(repo, "golden"), os.DirFS(filepath.Join("..", "..", "testdata", "golden", "homelab"))))
	data, err := os.ReadFile(filepath.Join(repo, "databases", "lemon.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(lone, "lemon.yaml"), data, 0o644))
	for _, tt := range []struct {
		discovery string
		supported []string
		enabled   bool
	}{
		{"file", []string{"databases"}, true},
		{"command", []string{"databases", "lone"}, true},
		{"name", nil, false},
	} {
		t.Run(tt.discovery, func(t *testing.T) {
			s := start(t, config(t, tt.discovery))
			for _, path := range []string{"databases", "lone", "golden", "golden/helm/lemon", "golden/kustomize/lemon/base", "."} {
				supported, enabled := s.matches(t, application{repo: repo, path: path})
				require.Equal(t, slices.Contains(tt.supported, path), supported, path)
				require.Equal(t, tt.enabled, enabled)
			}
		})
	}
}

func TestAnnouncements(t *testing.T) {
	s := start(t, config(t, "file"))
	repo := repository(t, filepath.Join("examples", "homelab"))
	// This call has only these variables.
	got := s.announce(t, application{repo: repo, path: "databases"}).ParameterAnnouncements
	require.Len(t, got, 4)
	require.Equal(t, []string{"env", "file", "database", "set"}, []string{got[0].Name, got[1].Name, got[2].Name, got[3].Name})
	require.True(t, got[0].Required)
	require.Contains(t, got[0].Tooltip, "dev, prod")
	require.Equal(t, []string{"lemon.yaml"}, got[1].Array)
	require.Equal(t, "lemon", got[2].String_)
	require.Equal(t, map[string]string{"instances": "3", "storage.size": "10Gi", "version": "17"}, got[3].Map)
	chosen := s.announce(t, application{repo: repo, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{env("dev")}}).ParameterAnnouncements
	require.Equal(t, "1", chosen[3].Map["instances"])
}

// What is wrong is told where a person looks: in the error that Argo CD shows on the Application.
func TestErrors(t *testing.T) {
	s := start(t, config(t, "file"))
	good := repository(t, filepath.Join("examples", "homelab"))
	wrong := repository(t, filepath.Join("examples", "homelab"))
	edit(t, filepath.Join(wrong, "databases", "lemon.yaml"), "size: 10Gi", "size: 10GB")
	prod := env("prod")
	misspelt := prod
	misspelt.Name = "enviroment"
	for _, tt := range []struct {
		name       string
		app        application
		exit, want string
	}{
		{"a wrong spec", application{repo: wrong, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{prod}},
			"exit status 3", `databases/lemon.yaml:8:19: ONG2005: "10GB" is not a size; write 10Gi`},
		{"no environment", application{repo: good, path: "databases"}, "exit status 3", "databases/lemon.yaml:3:18: ONG3103: lemon has the environments dev, prod"},
		{"an environment that is not there", application{repo: good, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{env("prdo")}}, "exit status 3", "ONG3001"},
		{"a parameter that is not there", application{repo: good, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{prod, misspelt}},
			"exit status 3", `parameters[enviroment]: ONG3101: the plugin has no parameter "enviroment"; did you mean env?`},
		{"a wrong setting", application{repo: good, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{prod, set(map[string]string{"storage.size": "10GB"})}},
			"exit status 3", `set[storage.size]:1:1: ONG2005: "10GB" is not a size`},
		{"no objects", application{repo: good, path: "."}, "exit status 3", ""},
		{"an old Kubernetes", application{repo: good, path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{prod}, env: []string{"KUBE_VERSION=1.27"}},
			"exit status 4", "ONG4101: the destination runs Kubernetes 1.27"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "no objects" {
				empty := t.TempDir()
				require.NoError(t, os.WriteFile(filepath.Join(empty, "README.md"), nil, 0o644))
				tt.app.repo, tt.want = empty, ".: ONG3104: there is nothing to render"
			}
			_, err := s.generate(t, tt.app)
			require.ErrorContains(t, err, "`onggi-cmp generate` failed "+tt.exit)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// The plugin speaks before it would be killed.
func TestDeadline(t *testing.T) {
	c := strings.Replace(string(config(t, "name")), "    - generate\n", "    - generate\n    - --timeout=1ns\n", 1)
	require.Contains(t, c, "1ns")
	s := start(t, []byte(c))
	_, err := s.generate(t, application{repo: repository(t, filepath.Join("examples", "homelab")), path: "databases", parameters: v1alpha1.ApplicationSourcePluginParameters{env("prod")}})
	require.ErrorContains(t, err, "exit status 7")
	require.ErrorContains(t, err, "ONG3107: rendering was not done after 1ns")
}

// golden are the objects of testdata/golden.
func golden(t *testing.T, name, env string) []map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "golden", name, "manifests", env, "*", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var texts []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		text, err := yaml.YAMLToJSON(data)
		require.NoError(t, err)
		texts = append(texts, string(text))
	}
	return objects(t, texts)
}

// objects are manifests as the server returns them: JSON.
func objects(t *testing.T, manifests []string) []map[string]any {
	t.Helper()
	out := make([]map[string]any, len(manifests))
	for i, m := range manifests {
		require.NoError(t, json.Unmarshal([]byte(m), &out[i]))
	}
	return out
}

func cluster(t *testing.T, manifests []string) map[string]any {
	t.Helper()
	all := objects(t, manifests)
	i := slices.IndexFunc(all, func(o map[string]any) bool { return o["kind"] == "Cluster" })
	require.GreaterOrEqual(t, i, 0)
	return all[i]
}
