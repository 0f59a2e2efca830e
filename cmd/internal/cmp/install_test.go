package cmp

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/manifest"
)

// repoServer is as little of Argo CD's manifests as a sidecar can be put into.
const repoServer = `apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: argocd-repo-server}}
  template:
    metadata: {labels: {app.kubernetes.io/name: argocd-repo-server}}
    spec:
      containers: [{name: argocd-repo-server, image: quay.io/argoproj/argocd:v3.2.12}]
      volumes: [{name: var-files, emptyDir: {}}, {name: plugins, emptyDir: {}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cmd-params-cm}
`

// build is Argo CD's manifests with a component over them.
func build(t *testing.T, files []plugin.File) []manifest.Object {
	t.Helper()
	fs := filesys.MakeFsInMemory()
	write := func(name string, data []byte) { require.NoError(t, fs.WriteFile(name, data)) }
	write("argocd.yaml", []byte(repoServer))
	write("kustomization.yaml", []byte("namespace: argocd\nresources: [argocd.yaml]\ncomponents: [onggi]\n"))
	for _, file := range files {
		write(filepath.Join("onggi", file.Name), file.Data)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, ".")
	require.NoError(t, err)
	data, err := built.AsYaml()
	require.NoError(t, err)
	objs, err := manifest.Decode("kustomize", data)
	require.NoError(t, err)
	return objs
}

func find(t *testing.T, objs []manifest.Object, kind, prefix string) manifest.Object {
	t.Helper()
	for _, o := range objs {
		if r := o.Ref(); r.Kind == kind && strings.HasPrefix(r.Name, prefix) {
			return o
		}
	}
	require.Fail(t, "not built", "%s %s", kind, prefix)
	return manifest.Object{}
}

// The real Kustomize puts the sidecar beside what is there, in Argo CD's namespace, and a configuration that changes gets
// another name, so that the sidecar starts again with it.
func TestComponent(t *testing.T) {
	names := map[string]bool{}
	for _, discovery := range plugin.Discoveries() {
		files := installation(installOptions{format: formatKustomize, discovery: discovery, image: "registry.example.com/onggi-cmp:1.2.3"})
		objs := build(t, files)
		require.Len(t, objs, 3)
		config := find(t, objs, "ConfigMap", "onggi-cmp-")
		require.Equal(t, "argocd", config.Ref().Namespace)
		text, _ := manifest.Get(config.Body(), "data", "plugin.yaml")
		require.Equal(t, string(plugin.Installation{Discovery: plugin.Discovery(discovery)}.Plugin()), text)
		names[config.Ref().Name] = true

		server := find(t, objs, "Deployment", "argocd-repo-server")
		containers, _ := manifest.Get(server.Body(), "spec", "template", "spec", "containers")
		require.Len(t, containers, 2)
		volumes, _ := manifest.Get(server.Body(), "spec", "template", "spec", "volumes")
		require.Len(t, volumes, 4)
		have := map[any]bool{}
		for _, v := range volumes.([]any) {
			have[v.(manifest.Map)["name"]] = true
			if v.(manifest.Map)["name"] == "onggi-cmp" {
				require.Equal(t, manifest.Map{"name": config.Ref().Name}, v.(manifest.Map)["configMap"])
			}
		}
		for _, c := range containers.([]any) {
			mounts, _ := c.(manifest.Map)["volumeMounts"].([]any)
			for _, m := range mounts {
				require.True(t, have[m.(manifest.Map)["name"]], "%v is there", m)
			}
		}
		exclusions, _ := manifest.Get(find(t, objs, "ConfigMap", "argocd-cmd-params-cm").Body(), "data", "reposerver.plugin.tar.exclusions")
		require.Equal(t, ".git", exclusions)
	}
	require.Len(t, names, 3)
}

func TestPinned(t *testing.T) {
	for image, want := range map[string]bool{
		"onggi-cmp": false, "onggi-cmp:latest": false, "onggi-cmp:": false, "registry.example.com:5000/onggi-cmp": false,
		"onggi-cmp:1.2.3": true, "registry.example.com:5000/onggi-cmp:1": true, "onggi-cmp@sha256:0123": true, "onggi-cmp:latest@sha256:0123": true,
	} {
		require.Equal(t, want, pinned(image), image)
	}
}

// A release names its own image; a build that is none has to be told.
func TestImageOfTheRelease(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "image: ghcr.io/onggi-db/onggi-cmp:1.2.3", "1.2.3-rc.1": "image: ghcr.io/onggi-db/onggi-cmp:1.2.3-rc.1",
		"": "", "(devel)": "", "dev": "", "7238461-dirty": "", "v1.2.3-5-g7238461": "", "v1.2.3-dirty": "", "v1.2.3+dirty": "", "v1.2.4-0.20261122070000-7238461abcde": "",
	} {
		var out bytes.Buffer
		err := runInstall(&cli.Streams{Out: &out, Err: &out}, installOptions{format: formatKustomize, discovery: "file"}, version)
		if want == "" {
			require.ErrorContains(t, err, "name one with --image", version)
			require.Empty(t, out.String())
			continue
		}
		require.NoError(t, err)
		require.Contains(t, out.String(), want)
	}
}
