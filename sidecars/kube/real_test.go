package kube_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// startReal is a real API server, where ONGGI_E2E_KUBE names the folder of its programs: they take ten minutes to build.
func startReal(t *testing.T, tokens map[string]string) *kubetest.Real {
	t.Helper()
	bin := os.Getenv("ONGGI_E2E_KUBE")
	if bin == "" {
		t.Skip("needs kube-apiserver and etcd: run make e2e-kube")
	}
	bin, err := filepath.Abs(bin)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	real, err := kubetest.StartReal(ctx, bin, t.TempDir(), tokens)
	require.NoError(t, err)
	t.Cleanup(real.Close)
	return real
}

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token), 0o600))
	return file
}

func TestRealLease(t *testing.T) {
	real := startReal(t, nil)
	options := kube.Options{Server: real.URL, CAFile: real.CAFile, TokenFile: tokenFile(t, kubetest.AdminToken), Namespace: "default"}
	raceForALease(t, options, 20)
}

func TestRealEviction(t *testing.T) {
	real := startReal(t, nil)
	c, err := kube.New(kube.Options{Server: real.URL, CAFile: real.CAFile, TokenFile: tokenFile(t, kubetest.AdminToken), Namespace: "default"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	admin(t, real, http.MethodPost, "/api/v1/nodes", kubetest.Object{"apiVersion": "v1", "kind": "Node", "metadata": kubetest.Object{"name": "n"}})
	admin(t, real, http.MethodPost, "/api/v1/namespaces/default/pods", realPod("shop-0"))
	pod, r := c.GetPod(soon(t), "shop-0")
	require.Equal(t, kube.Applied, r.Outcome, r)

	another := pod.PodMeta
	another.UID = "of-the-pod-before"
	require.Equal(t, kube.Conflict, c.Evict(soon(t), another).Outcome, "the pod of that name is another by now")
	still, _ := c.GetPod(soon(t), "shop-0")
	require.True(t, still.Deleting.IsZero())

	require.Equal(t, kube.Applied, c.Evict(soon(t), pod.PodMeta).Outcome)
	ending, _ := c.GetPod(soon(t), "shop-0")
	require.False(t, ending.Deleting.IsZero())
	require.Equal(t, kube.Absent, c.Evict(soon(t), kube.PodMeta{Name: "shop-7", UID: "u"}).Outcome)
	require.Equal(t, kube.Refused, c.Evict(soon(t), kube.PodMeta{Name: "shop-0"}).Outcome, "which pod is not said")
}

func TestRealStatefulSetWatch(t *testing.T) {
	real := startReal(t, nil)
	c, err := kube.New(kube.Options{Server: real.URL, CAFile: real.CAFile, TokenFile: tokenFile(t, kubetest.AdminToken), Namespace: "default"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	sets := "/apis/apps/v1/namespaces/default/statefulsets"
	labels := kubetest.Object{"app": "shop"}
	set := kubetest.Object{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": kubetest.Object{"name": "shop"}, "spec": kubetest.Object{
		"serviceName": "shop", "selector": kubetest.Object{"matchLabels": labels}, "updateStrategy": kubetest.Object{"type": "OnDelete"},
		"template": kubetest.Object{"metadata": kubetest.Object{"labels": labels}, "spec": realPod("x")["spec"]},
	}}
	delete(set["spec"].(kubetest.Object)["template"].(kubetest.Object)["spec"].(kubetest.Object), "nodeName")
	events := c.WatchStatefulSet(t.Context(), "shop").Events()
	require.Nil(t, (<-events).Object, "there is none yet")
	admin(t, real, http.MethodPost, sets, set)
	require.Empty(t, (<-events).Object.Revision, "the controller has not seen it")
	for _, revision := range []string{"shop-1", "shop-2"} {
		admin(t, real, http.MethodPatch, sets+"/shop/status", kubetest.Object{"status": kubetest.Object{"observedGeneration": 1, "replicas": 0, "updateRevision": revision}})
		require.Equal(t, revision, (<-events).Object.Revision)
	}
	admin(t, real, http.MethodPatch, sets+"/shop", kubetest.Object{"spec": kubetest.Object{"template": kubetest.Object{"metadata": kubetest.Object{"annotations": kubetest.Object{"a": "b"}}}}})
	require.Empty(t, (<-events).Object.Revision, "the newest change is not observed yet")
}

// raceForALease lets five clients take a Lease from each other, round by round: each version has one successor, and the term counts them.
func raceForALease(t *testing.T, o kube.Options, rounds int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o.Budget = kube.Budget{PerSecond: 1000, Burst: 1000}
	first, err := kube.New(o)
	require.NoError(t, err)
	defer first.Close()
	_, r := first.CreateLease(ctx, "race", kube.Lease{DurationSeconds: 30})
	require.Equal(t, kube.Applied, r.Outcome, r)

	wins := make([]map[int64]string, 5)
	var all sync.WaitGroup
	for i := range wins {
		wins[i] = map[int64]string{}
		all.Go(func() {
			c, err := kube.New(o)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for ctx.Err() == nil {
				l, r := c.GetLease(ctx, "race")
				if r.Outcome != kube.Applied || l.Transitions >= rounds {
					return
				}
				l.Holder, l.Transitions = fmt.Sprint("client-", i), l.Transitions+1
				after, r := c.UpdateLease(ctx, "race", l)
				if r.Outcome == kube.Applied {
					wins[i][after.Transitions] = after.Version
				} else if r.Outcome != kube.Conflict {
					t.Errorf("client %d: %s", i, r)
					return
				}
			}
		})
	}
	all.Wait()
	owner := map[int64]int{}
	for i, won := range wins {
		for term := range won {
			other, twice := owner[term]
			require.False(t, twice, "term %d was won by %d and %d", term, other, i)
			owner[term] = i
		}
	}
	require.Len(t, owner, int(rounds))
}

func TestRealWatchOutlivesARestart(t *testing.T) {
	real := startReal(t, nil)
	c, err := kube.New(kube.Options{Server: real.URL, CAFile: real.CAFile, TokenFile: tokenFile(t, kubetest.AdminToken), Namespace: "default"})
	require.NoError(t, err)
	defer c.Close()
	w := watchLease(t, c)
	until(t, w.Events(), "none", none)
	l, r := c.CreateLease(soon(t), "l", kube.Lease{Holder: "a", DurationSeconds: 30})
	require.Equal(t, kube.Applied, r.Outcome, r)
	until(t, w.Events(), "a", held("a"))

	real.Stop()
	_, r = c.UpdateLease(soon(t), "l", l)
	require.Contains(t, []kube.Outcome{kube.Unreachable, kube.Unknown}, r.Outcome, r)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(t, real.Start(ctx))
	l, r = c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Equal(t, "a", l.Holder)
	l.Holder = "b"
	_, r = c.UpdateLease(soon(t), "l", l)
	require.Equal(t, kube.Applied, r.Outcome, r)
	until(t, w.Events(), "b", held("b"))

	// Stopped with its connections open: the request times out, and may be applied for all we know.
	l, _ = c.GetLease(soon(t), "l")
	l.Holder = "c"
	require.NoError(t, real.Signal(syscall.SIGSTOP))
	_, r = c.UpdateLease(within(t, 300*time.Millisecond), "l", l)
	require.Equal(t, kube.Unknown, r.Outcome, r)
	require.NoError(t, real.Signal(syscall.SIGCONT))
	w.Relist()
	now, r := c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Contains(t, []string{"b", "c"}, now.Holder, "only the state tells")
}

// What our stand-in takes for granted of the real server.
func TestRealServerDoesWhatTheStandInDoes(t *testing.T) {
	real := startReal(t, map[string]string{"one": "agent"})
	file := tokenFile(t, kubetest.AdminToken)
	c, err := kube.New(kube.Options{Server: real.URL, CAFile: real.CAFile, TokenFile: file, Namespace: "default", Budget: kube.Budget{PerSecond: 1000, Burst: 1000}})
	require.NoError(t, err)
	defer c.Close()
	admin(t, real, http.MethodPost, "/api/v1/namespaces/default/pods", realPod("shop-0"))
	p, r := c.GetPod(soon(t), "shop-0")
	require.Equal(t, kube.Applied, r.Outcome, r)

	primary := "primary"
	stranger := p.PodMeta
	stranger.UID = "00000000-0000-0000-0000-000000000000"
	_, r = c.PatchPodLabels(soon(t), stranger, map[string]*string{"role": &primary})
	require.Equal(t, kube.Conflict, r.Outcome, "another pod of that name: %s", r)
	after, r := c.PatchPodLabels(soon(t), p.PodMeta, map[string]*string{"role": &primary})
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Equal(t, map[string]string{"app": "shop", "role": "primary"}, after.Labels)

	admin(t, real, http.MethodPatch, "/api/v1/namespaces/default/pods/shop-0/status", kubetest.Object{"status": kubetest.Object{
		"phase": "Running", "containerStatuses": []any{kubetest.Object{
			"name": "postgres", "image": "postgres", "imageID": "", "ready": false, "restartCount": 1, "state": kubetest.Object{"running": kubetest.Object{}},
			"lastState": kubetest.Object{"terminated": kubetest.Object{"exitCode": 137, "message": "instance=5f0c9a1e77aa42d8\n"}},
		}}}})
	p, r = c.GetPod(soon(t), "shop-0")
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.True(t, kube.DeathProof(p, p.UID, "postgres", "5f0c9a1e77aa42d8"))

	made, r := c.CreateLease(soon(t), "l", kube.Lease{Holder: "a", Transitions: 1, DurationSeconds: 30, Renewed: time.Now()})
	require.Equal(t, kube.Applied, r.Outcome, r)
	admin(t, real, http.MethodPatch, "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", kubetest.Object{
		"metadata": kubetest.Object{"annotations": kubetest.Object{"theirs": "x"}, "finalizers": []any{"a/b"}}})
	_, r = c.UpdateLease(soon(t), "l", made)
	require.Equal(t, kube.Conflict, r.Outcome, r)
	l, r := c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, r)
	l.Holder = ""
	l, r = c.UpdateLease(soon(t), "l", l)
	require.Equal(t, kube.Applied, r.Outcome, "a release: %s", r)
	require.Equal(t, map[string]string{"theirs": "x"}, l.Annotations)
	whole := admin(t, real, http.MethodGet, "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", nil)["metadata"].(kubetest.Object)
	require.Equal(t, []any{"a/b"}, whole["finalizers"])
	require.NotEmpty(t, whole["managedFields"], "the server keeps them though we leave them out")
	l.Transitions = 1 << 40
	_, r = c.UpdateLease(soon(t), "l", l)
	require.Equal(t, kube.Refused, r.Outcome, r)

	// The token is rotated: to one that is not known, to one that may do nothing, and back.
	write(t, file, "nobody")
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, 401, r.Code, r)
	write(t, file, "one")
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, 403, r.Code, r)
	write(t, file, kubetest.AdminToken)
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, r)
}
