package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// cluster is a real API server that the tests are administrators of.
type cluster struct {
	*testing.T
	real   *kubetest.Real
	client *http.Client
}

// newCluster starts one, where ONGGI_E2E_NATIVE names the folder of its programs: they take ten minutes to build.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	bin := os.Getenv("ONGGI_E2E_NATIVE")
	if bin == "" {
		t.Skip("needs kube-apiserver and etcd: run make e2e-native-apply")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	real, err := kubetest.StartReal(ctx, bin, t.TempDir(), nil)
	require.NoError(t, err)
	t.Cleanup(real.Close)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Minute} // loopback
	t.Cleanup(client.CloseIdleConnections)
	return &cluster{t, real, client}
}

// ask sends an object and returns the status, what came back, and the warnings.
func (c *cluster) ask(method, path, contentType string, o manifest.Map) (int, manifest.Map, []string) {
	c.Helper()
	text, err := json.Marshal(o)
	require.NoError(c, err)
	request, err := http.NewRequestWithContext(c.Context(), method, c.real.URL+path, bytes.NewReader(text))
	require.NoError(c, err)
	request.Header.Set("Authorization", "Bearer "+kubetest.AdminToken)
	request.Header.Set("Content-Type", contentType)
	answer, err := c.client.Do(request)
	require.NoError(c, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(c, err)
	var said manifest.Map
	require.NoError(c, json.Unmarshal(body, &said), "%s", body)
	return answer.StatusCode, said, answer.Header.Values("Warning")
}

// restrict makes a namespace that lets in only pods of the restricted standard, and warns of what makes others.
func (c *cluster) restrict(namespace string) {
	c.Helper()
	labels := manifest.Map{}
	for _, mode := range []string{"enforce", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = "latest"
	}
	code, said, _ := c.ask(http.MethodPost, "/api/v1/namespaces", "application/json",
		manifest.Map{"apiVersion": "v1", "kind": "Namespace", "metadata": manifest.Map{"name": namespace, "labels": labels}})
	require.Equal(c, http.StatusCreated, code, said)
	loose := manifest.Map{"apiVersion": "v1", "kind": "Pod", "metadata": manifest.Map{"name": "loose", "namespace": namespace},
		"spec": manifest.Map{"containers": []any{manifest.Map{"name": "a", "image": "a:1"}}}}
	for range 100 { // admission sees the namespace a moment later
		code, said, _ = c.ask(http.MethodPost, "/api/v1/namespaces/"+namespace+"/pods?dryRun=All", "application/json", loose)
		if code == http.StatusForbidden {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Fail(c, "the namespace lets any pod in, so it proves nothing", "%v", said)
}

// apply is a server-side apply; query is dryRun=All or nothing.
func (c *cluster) apply(o manifest.Object, query string) manifest.Map {
	c.Helper()
	path := fmt.Sprintf("%s?fieldManager=onggi&force=true&fieldValidation=Strict&%s", pathOf(o.Ref()), query)
	code, said, warnings := c.ask(http.MethodPatch, path, "application/apply-patch+yaml", o.Body())
	require.Contains(c, []int{http.StatusOK, http.StatusCreated}, code, "%s: %v", o.Ref(), said)
	require.Empty(c, warnings, "%s", o.Ref())
	return said
}

func pathOf(r manifest.Ref) string {
	plural := strings.ToLower(r.Kind) + "s"
	if strings.HasSuffix(plural, "ys") {
		plural = strings.TrimSuffix(plural, "ys") + "ies"
	}
	root := "/apis/" + r.APIVersion
	if r.Group() == "" {
		root = "/api/" + r.APIVersion
	}
	return root + "/namespaces/" + r.Namespace + "/" + plural + "/" + r.Name
}

// pod is what the StatefulSet's controller would make of it.
func pod(set manifest.Object) manifest.Map {
	template, _ := manifest.Get(set.Body(), "spec", "template")
	body := manifest.Clone(template.(manifest.Map))
	body["apiVersion"], body["kind"] = "v1", "Pod"
	meta := body["metadata"].(manifest.Map)
	meta["name"], meta["namespace"] = set.Ref().Name+"-0", set.Ref().Namespace
	s := body["spec"].(manifest.Map)
	claims, _ := manifest.Get(set.Body(), "spec", "volumeClaimTemplates")
	for _, claim := range claims.([]any) { // as the StatefulSet's controller adds them
		name, _ := manifest.Get(claim.(manifest.Map), "metadata", "name")
		s["volumes"] = append(s["volumes"].([]any), manifest.Map{"name": name, "persistentVolumeClaim": manifest.Map{"claimName": name.(string) + "-" + set.Ref().Name + "-0"}})
	}
	delete(s, "priorityClassName") // of the cluster's own, and none is here
	return body
}

// nativeGoldens are the objects of every native golden, by environment. What has a definition of its own (Prometheus', cert-manager's) is
// judged by that, in make judges.
func nativeGoldens(t *testing.T) map[string][]manifest.Object {
	t.Helper()
	out := make(map[string][]manifest.Object)
	dirs, err := filepath.Glob("../../testdata/golden/native-*/manifests/*/*")
	require.NoError(t, err)
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		require.NoError(t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			objs, err := manifest.Decode(file, data)
			require.NoError(t, err)
			for _, o := range objs {
				if group := o.Ref().Group(); group != "monitoring.coreos.com" && group != "cert-manager.io" {
					out[dir] = append(out[dir], o)
				}
			}
		}
	}
	require.Greater(t, len(out), 3)
	return out
}

// A namespace that enforces the restricted pod security standard takes every native golden: each object by server-side dry run with strict
// fields and no warning, and the pod that its StatefulSet makes. What was applied comes back as it was written, so a GitOps tool sees
// no drift.
func TestRealApplyNative(t *testing.T) {
	c := newCluster(t)
	goldens := nativeGoldens(t)
	namespaces := map[string]bool{}
	for _, objs := range goldens {
		for _, o := range objs {
			if ns := o.Ref().Namespace; !namespaces[ns] {
				namespaces[ns] = true
				c.restrict(ns)
			}
		}
	}
	for dir, objs := range goldens {
		t.Run(strings.TrimPrefix(filepath.ToSlash(dir), "../../testdata/golden/"), func(t *testing.T) {
			c := &cluster{t, c.real, c.client}
			pods := 0
			for _, o := range objs {
				c.apply(o, "dryRun=All")
				if o.Ref().Kind != "StatefulSet" {
					continue
				}
				pods++
				code, said, warnings := c.ask(http.MethodPost, "/api/v1/namespaces/"+o.Ref().Namespace+"/pods?dryRun=All&fieldValidation=Strict", "application/json", pod(o))
				require.Equal(t, http.StatusCreated, code, said)
				require.Empty(t, warnings)
			}
			require.Equal(t, 1, pods)
			t.Logf("%d objects and the pod were taken", len(objs))
		})
	}
	for dir, objs := range goldens {
		if !strings.HasSuffix(filepath.Dir(dir), "prod") {
			continue
		}
		for _, o := range objs {
			holds(t, o.Ref().String(), o.Body(), c.apply(o, ""))
		}
	}
}

// holds reports a field that came back as another one than it was sent. More may come back.
func holds(t *testing.T, path string, sent, back any) {
	t.Helper()
	switch sent := sent.(type) {
	case manifest.Map:
		came, ok := back.(manifest.Map)
		require.True(t, ok, path)
		for key, value := range sent {
			holds(t, path+"."+key, value, came[key])
		}
	case []any:
		came, ok := back.([]any)
		require.True(t, ok, path)
		require.Len(t, came, len(sent), path)
		for i := range sent {
			holds(t, fmt.Sprintf("%s[%d]", path, i), sent[i], came[i])
		}
	default:
		require.EqualValues(t, fmt.Sprint(sent), fmt.Sprint(back), path)
	}
}
