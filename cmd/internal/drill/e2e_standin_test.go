package drill

import (
	"context"
	"encoding/base64"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/onggi-db/onggi/render/manifest"
)

// standin plays the operator and the garbage collector in one namespace, until the test ends.
type standin struct {
	server    *apiserver
	namespace string
	// react is what the operator makes of a scratch Cluster: healthy, broken, or nothing at all.
	react atomic.Value
}

const (
	reactHealthy = "healthy"
	reactBroken  = "broken"
	reactNever   = "never"
)

func (s *apiserver) operate(t *testing.T, namespace, react string) *standin {
	in := &standin{server: s, namespace: namespace}
	in.react.Store(react)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			in.round(ctx)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return in
}

func (in *standin) in(r schema.GroupVersionResource) interface {
	List(context.Context, metav1.ListOptions) (*unstructured.UnstructuredList, error)
	Create(context.Context, *unstructured.Unstructured, metav1.CreateOptions, ...string) (*unstructured.Unstructured, error)
	Delete(context.Context, string, metav1.DeleteOptions, ...string) error
	Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (*unstructured.Unstructured, error)
} {
	return in.server.api.Resource(r).Namespace(in.namespace)
}

// round is what the controllers do when they look once. An error is one of a race or of the end of the test: the next round sees.
func (in *standin) round(ctx context.Context) {
	list, err := in.in(clusters()).List(ctx, metav1.ListOptions{LabelSelector: "onggi.dev/drill-of"})
	if err != nil {
		return
	}
	for _, cluster := range list.Items {
		if cluster.GetDeletionTimestamp() != nil {
			in.collect(ctx, &cluster)
			continue
		}
		in.reconcile(ctx, &cluster)
	}
	in.orphans(ctx, list.Items)
}

// reconcile is the operator: volumes, the superuser's Secret, and a status.
func (in *standin) reconcile(ctx context.Context, cluster *unstructured.Unstructured) {
	react := in.react.Load()
	if react == reactNever {
		return
	}
	name := cluster.GetName()
	meta := func(name string) manifest.Map {
		return manifest.Map{
			"name": name, "namespace": in.namespace, "labels": manifest.Map{clusterLabel: cluster.GetName()},
			"ownerReferences": []any{manifest.Map{
				"apiVersion": cluster.GetAPIVersion(), "kind": cluster.GetKind(), "name": cluster.GetName(), "uid": string(cluster.GetUID()),
				"controller": true, "blockOwnerDeletion": true,
			}},
		}
	}
	secret := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	_, _ = in.in(volumes()).Create(ctx, body(manifest.Map{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(name + "-1"),
		"spec": manifest.Map{"accessModes": []any{"ReadWriteOnce"}, "resources": manifest.Map{"requests": manifest.Map{"storage": "1Gi"}}},
	}), metav1.CreateOptions{})
	_, _ = in.in(secrets()).Create(ctx, body(manifest.Map{
		"apiVersion": "v1", "kind": "Secret", "metadata": meta(name + "-superuser"), "type": "kubernetes.io/basic-auth",
		"data": manifest.Map{"username": secret("postgres"), "password": secret(testPassword)},
	}), metav1.CreateOptions{})
	status := `{"status":{"phase":"Setting up primary","readyInstances":0}}`
	switch phase, _, _ := unstructured.NestedString(cluster.Object, "status", "phase"); {
	case react == reactBroken && phase != "":
		status = `{"status":{"phase":"Cluster is unrecoverable and needs manual intervention","phaseReason":"the backup is gone"}}`
	case phase == "Setting up primary":
		status = `{"status":{"phase":"Cluster in healthy state","readyInstances":1,"conditions":[{"type":"Ready","status":"True",` +
			`"reason":"ClusterIsReady","message":"","lastTransitionTime":"2026-11-22T06:00:00Z"}]}}`
	case phase != "":
		return
	}
	_, _ = in.in(clusters()).Patch(ctx, name, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
}

// collect is the garbage collector: what a Cluster owns goes first, then the Cluster's finalizer.
func (in *standin) collect(ctx context.Context, cluster *unstructured.Unstructured) {
	if in.owned(ctx, cluster.GetUID()) > 0 {
		return
	}
	_, _ = in.in(clusters()).Patch(ctx, cluster.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
}

// owned deletes what an owner has, and says how much of it is still there.
func (in *standin) owned(ctx context.Context, owner types.UID) int {
	left := 0
	for _, r := range []schema.GroupVersionResource{volumes(), secrets()} {
		list, err := in.in(r).List(ctx, metav1.ListOptions{LabelSelector: clusterLabel})
		if err != nil {
			return 1
		}
		for _, o := range list.Items {
			if refs := o.GetOwnerReferences(); len(refs) != 1 || refs[0].UID != owner {
				continue
			}
			left++
			if err := in.in(r).Delete(ctx, o.GetName(), metav1.DeleteOptions{}); err == nil && r == volumes() {
				// Its protection is taken off by a controller, once no pod uses it.
				_, _ = in.in(r).Patch(ctx, o.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
			}
		}
	}
	return left
}

// orphans is the garbage collector too: a scratch Cluster whose Job is gone goes, and what belongs to a Cluster that is gone.
func (in *standin) orphans(ctx context.Context, scratch []unstructured.Unstructured) {
	alive := map[types.UID]bool{}
	for _, cluster := range scratch {
		alive[cluster.GetUID()] = true
	}
	for _, r := range []schema.GroupVersionResource{volumes(), secrets()} {
		list, err := in.in(r).List(ctx, metav1.ListOptions{LabelSelector: clusterLabel})
		if err != nil {
			return
		}
		for _, o := range list.Items {
			if refs := o.GetOwnerReferences(); len(refs) == 1 && !alive[refs[0].UID] {
				in.owned(ctx, refs[0].UID)
			}
		}
	}
}

// collectJobs is the garbage collector, for what Jobs own. Tests have it act when it suits them.
func (in *standin) collectJobs(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	list, err := in.in(clusters()).List(ctx, metav1.ListOptions{LabelSelector: "onggi.dev/drill-of"})
	require.NoError(t, err)
	for _, cluster := range list.Items {
		for _, ref := range cluster.GetOwnerReferences() {
			require.Equal(t, "Job", ref.Kind)
			job, err := in.server.api.Resource(jobs()).Namespace(in.namespace).Get(ctx, ref.Name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) || err == nil && job.GetUID() != ref.UID {
				require.NoError(t, in.in(clusters()).Delete(ctx, cluster.GetName(), metav1.DeleteOptions{}))
				continue
			}
			require.NoError(t, err)
			t.Logf("Job %s is there: %v", ref.Name, job.Object["metadata"])
		}
	}
}
