package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGatherTellsObjectsFromTheRest(t *testing.T) {
	dir := t.TempDir()
	object := "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n"
	for name, data := range map[string]string{
		"manifests/service.yaml":            object,
		"manifests/stream.yaml":             object + "---\n" + object,
		"helm/values.yaml":                  "a: 1\n",
		"helm/Chart.yaml":                   "apiVersion: v2\nname: x\n",
		"helm/templates/service.yaml":       "{{ not yaml }}",
		"kustomize/base/kustomization.yaml": "resources: [service.yaml]\n",
		"kustomize/base/service.yaml":       object,
		"kustomize/prod/kustomization.yaml": "patches: [{path: service.yaml}]\n",
		"kustomize/prod/service.yaml":       object,
		"spec.yaml":                         "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: x}\n",
		"broken.yaml":                       "a: [\n",
		"README.md":                         "",
	} {
		at := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
		require.NoError(t, os.WriteFile(at, []byte(data), 0o644))
	}
	found, err := gather([]string{dir})
	require.NoError(t, err)
	require.Equal(t, []string{"broken.yaml", "helm/Chart.yaml", "helm/values.yaml", "kustomize/base/kustomization.yaml", "kustomize/base/service.yaml",
		"kustomize/prod/kustomization.yaml", "kustomize/prod/service.yaml", "manifests/service.yaml", "manifests/stream.yaml", "spec.yaml"}, relative(dir, found.yaml))
	require.Equal(t, []string{"kustomize/base/service.yaml", "manifests/service.yaml", "manifests/stream.yaml"}, relative(dir, found.objects))
	require.Len(t, found.folders, 2)
}

func relative(dir string, names []string) []string {
	var rel []string
	for _, name := range names {
		rel = append(rel, strings.TrimPrefix(name, dir+"/"))
	}
	return rel
}

func TestWaivers(t *testing.T) {
	waivers, err := parseWaivers([]byte("- {check: a, kind: Service, name: \"*-lb\", reason: because the sky is blue today}\n"))
	require.NoError(t, err)
	require.NotNil(t, find(waivers, "a", "Service", "shop-lb"))
	require.Nil(t, find(waivers, "a", "Service", "shop"))
	require.Nil(t, find(waivers, "a", "Pod", "shop-lb"))
	require.Nil(t, find(waivers, "b", "Service", "shop-lb"))

	_, err = parseWaivers([]byte("- {check: a, kind: Service, reason: so}\n"))
	require.ErrorContains(t, err, "a reason in a sentence")
	_, err = parseWaivers([]byte("- {check: a, kinds: Service}\n"))
	require.ErrorContains(t, err, "kinds")
	_, err = parseWaivers(waiversFile)
	require.NoError(t, err)
}

func TestAMissingJudgeIsOnlyMissedWhereItIsRequired(t *testing.T) {
	t.Setenv("PATH", "")
	for _, required := range []bool{false, true} {
		var out bytes.Buffer
		c := court{out: &out, require: required}
		c.judge("yamllint", func(string) error { return nil })
		require.Contains(t, out.String(), "yamllint: not installed")
		require.Equal(t, required, c.failed == 1)
	}
}
