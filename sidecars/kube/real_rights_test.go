package kube_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// admin sends an object to the real server as its administrator and returns what it says.
func admin(t *testing.T, real *kubetest.Real, method, path string, o kubetest.Object) kubetest.Object {
	t.Helper()
	data, err := json.Marshal(o)
	require.NoError(t, err)
	request, err := http.NewRequest(method, real.URL+path, bytes.NewReader(data))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+kubetest.AdminToken)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 20 * time.Second}
	defer c.CloseIdleConnections()
	answer, err := c.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Less(t, answer.StatusCode, 300, "%s %s: %s", method, path, body)
	var said kubetest.Object
	require.NoError(t, json.Unmarshal(body, &said))
	return said
}

// roles renders rights as the Role and the ClusterRole they are, without one of them.
func roles(without int) (role, cluster kubetest.Object) {
	var rules, clusterRules []any
	for i, r := range kube.Rights() {
		if i == without {
			continue
		}
		rule := kubetest.Object{"apiGroups": []any{r.Group}, "resources": []any{r.Resource}, "verbs": []any{r.Verb}}
		if r.Named {
			rule["resourceNames"] = []any{"l"}
		}
		if r.Cluster {
			clusterRules = append(clusterRules, rule)
		} else {
			rules = append(rules, rule)
		}
	}
	role = kubetest.Object{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": kubetest.Object{"name": "agent"}, "rules": rules}
	cluster = kubetest.Object{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": kubetest.Object{"name": "agent"}, "rules": clusterRules}
	return role, cluster
}

// bind makes the roles and binds them to the user.
func bind(t *testing.T, real *kubetest.Real, user string) {
	t.Helper()
	const rbac = "/apis/rbac.authorization.k8s.io/v1"
	role, cluster := roles(-1)
	admin(t, real, http.MethodPost, rbac+"/namespaces/default/roles", role)
	admin(t, real, http.MethodPost, rbac+"/clusterroles", cluster)
	for kind, path := range map[string]string{"Role": "/namespaces/default/rolebindings", "ClusterRole": "/clusterrolebindings"} {
		admin(t, real, http.MethodPost, rbac+path, kubetest.Object{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind + "Binding", "metadata": kubetest.Object{"name": "agent"},
			"roleRef":  kubetest.Object{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "agent"},
			"subjects": []any{kubetest.Object{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}},
		})
	}
}

func realPod(name string) kubetest.Object {
	return kubetest.Object{
		"apiVersion": "v1", "kind": "Pod", "metadata": kubetest.Object{"name": name, "labels": kubetest.Object{"app": "shop"}},
		"spec": kubetest.Object{"nodeName": "n", "containers": []any{kubetest.Object{"name": "postgres", "image": "postgres"}}},
	}
}

// probes is each right's call: what came of it, asked anew.
func probes(t *testing.T, c *kube.Client) map[string]func() kube.Outcome {
	lease := func() kube.Lease {
		l, _ := c.GetLease(soon(t), "l")
		return l
	}
	pod := func() kube.Pod {
		p, _ := c.GetPod(soon(t), "shop-0")
		return p
	}
	// watched is what a watch first fails of; the list comes before it.
	watched := func(health func() kube.Health) kube.Outcome {
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if h := health(); h.Last.Outcome == kube.Denied || h.Last.Outcome == kube.Applied && time.Since(h.Progress) > 500*time.Millisecond {
				return h.Last.Outcome
			}
		}
		return kube.Unknown
	}
	value := fmt.Sprint(time.Now().UnixNano())
	calls := map[string]func() kube.Outcome{
		"leases get":    func() kube.Outcome { _, r := c.GetLease(soon(t), "l"); return r.Outcome },
		"leases create": func() kube.Outcome { _, r := c.CreateLease(soon(t), "fresh"+value, kube.Lease{}); return r.Outcome },
		"leases update": func() kube.Outcome { _, r := c.UpdateLease(soon(t), "l", lease()); return r.Outcome },
		"leases list":   func() kube.Outcome { return watched(c.WatchLease(soon(t), "l").Health) },
		"pods get":      func() kube.Outcome { _, r := c.GetPod(soon(t), "shop-0"); return r.Outcome },
		"pods list":     func() kube.Outcome { return watched(c.WatchPods(soon(t), kube.PodSelector{Labels: "app=shop"}).Health) },
		"pods patch": func() kube.Outcome {
			_, r := c.PatchPodLabels(soon(t), pod().PodMeta, map[string]*string{"role": &value})
			return r.Outcome
		},
		"events create": func() kube.Outcome {
			return c.WriteEvent(soon(t), kube.Event{Kind: "Pod", Name: "shop-0", Reason: "Tested", Message: "m", Action: "Test"}).Outcome
		},
		"pods/eviction create": func() kube.Outcome { return c.Evict(soon(t), pod().PodMeta).Outcome },
		"statefulsets list":    func() kube.Outcome { return watched(c.WatchStatefulSet(soon(t), "l").Health) },
		"nodes list":           func() kube.Outcome { return watched(c.WatchNode(soon(t), "n").Health) },
	}
	calls["leases watch"], calls["pods watch"], calls["nodes watch"] = calls["leases list"], calls["pods list"], calls["nodes list"]
	calls["statefulsets watch"] = calls["statefulsets list"]
	return calls
}

// With all rights every call works, and without any one of them its call is denied.
func TestRealRightsAreExact(t *testing.T) {
	real := startReal(t, map[string]string{"agent-token": "agent"})
	admin(t, real, http.MethodPost, "/api/v1/nodes", kubetest.Object{"apiVersion": "v1", "kind": "Node", "metadata": kubetest.Object{"name": "n"}})
	admin(t, real, http.MethodPost, "/api/v1/namespaces/default/pods", realPod("shop-0"))
	admin(t, real, http.MethodPost, "/apis/coordination.k8s.io/v1/namespaces/default/leases", kubetest.Object{
		"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": kubetest.Object{"name": "l"}, "spec": kubetest.Object{"holderIdentity": "a"},
	})
	bind(t, real, "agent")
	options := kube.Options{Server: real.URL, CAFile: real.CAFile, TokenFile: tokenFile(t, "agent-token"), Namespace: "default", Budget: kube.Budget{PerSecond: 1000, Burst: 1000}}
	make := func() *kube.Client {
		c, err := kube.New(options)
		require.NoError(t, err)
		t.Cleanup(c.Close)
		return c
	}
	for name, call := range probes(t, make()) {
		require.Eventually(t, func() bool { return call() == kube.Applied }, 30*time.Second, 200*time.Millisecond, name)
	}
	require.Len(t, probes(t, make()), len(kube.Rights()))
	for i, right := range kube.Rights() {
		name := right.Resource + " " + right.Verb
		role, cluster := roles(i)
		admin(t, real, http.MethodPut, "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/agent", role)
		admin(t, real, http.MethodPut, "/apis/rbac.authorization.k8s.io/v1/clusterroles/agent", cluster)
		c := make()
		if slices.Contains([]string{"leases update", "pods patch"}, name) {
			require.NotEqual(t, kube.Denied, probes(t, c)[right.Resource+" get"](), "the read before it")
		}
		require.Eventually(t, func() bool { return probes(t, c)[name]() == kube.Denied }, 20*time.Second, 100*time.Millisecond, "without %s, %s still works", name, right.For)
	}
}
