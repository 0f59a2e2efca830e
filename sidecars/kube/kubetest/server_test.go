package kubetest_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// The official client takes the stand-in for an API server, and is told of errors as by one.
func TestTheOfficialClientIsServed(t *testing.T) {
	s, err := kubetest.New(kubetest.Config{Tokens: map[string]string{"t": "pod-0"}})
	require.NoError(t, err)
	defer s.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: s.URL, BearerToken: "t", QPS: 1000, Burst: 1000, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	leases := client.CoordinationV1().Leases("db")
	holder := "a"
	l, err := leases.Create(ctx, &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: "l"}, Spec: coordination.LeaseSpec{HolderIdentity: &holder}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = leases.Create(ctx, l, metav1.CreateOptions{})
	require.Error(t, err, "with a resourceVersion")
	_, err = leases.Update(ctx, l, metav1.UpdateOptions{})
	require.NoError(t, err)
	s.Change("leases", "db", "l", func(o kubetest.Object) { o["spec"].(kubetest.Object)["holderIdentity"] = "b" })
	_, err = leases.Update(ctx, l, metav1.UpdateOptions{})
	require.True(t, apierrors.IsConflict(err), err)
	_, err = leases.Get(ctx, "m", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), err)

	pods := client.CoreV1().Pods("db")
	list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: "app in (shop),!gone"})
	require.NoError(t, err)
	w, err := pods.Watch(ctx, metav1.ListOptions{LabelSelector: "app in (shop),!gone", ResourceVersion: list.ResourceVersion})
	require.NoError(t, err)
	defer w.Stop()
	p, err := pods.Create(ctx, &core.Pod{ObjectMeta: metav1.ObjectMeta{Name: "shop-0", Labels: map[string]string{"app": "shop"}}, Spec: core.PodSpec{NodeName: "n"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.Equal(t, core.PodPending, p.Status.Phase)
	p.Status.Phase = core.PodRunning
	p, err = pods.UpdateStatus(ctx, p, metav1.UpdateOptions{})
	require.NoError(t, err)
	require.Equal(t, core.PodRunning, p.Status.Phase)
	other := types.UID("other")
	err = pods.Delete(ctx, "shop-0", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	require.True(t, apierrors.IsConflict(err), err)
	require.NoError(t, pods.Delete(ctx, "shop-0", metav1.DeleteOptions{}))
	p, err = pods.Get(ctx, "shop-0", metav1.GetOptions{})
	require.NoError(t, err, "it has its grace")
	require.NotNil(t, p.DeletionTimestamp)
	require.NoError(t, pods.Delete(ctx, "shop-0", *metav1.NewDeleteOptions(0)))
	for _, want := range []watch.EventType{watch.Added, watch.Modified, watch.Modified, watch.Deleted} {
		require.Equal(t, want, (<-w.ResultChan()).Type)
	}

	s.Compact()
	w, err = pods.Watch(ctx, metav1.ListOptions{ResourceVersion: "100"})
	require.NoError(t, err)
	defer w.Stop()
	e := <-w.ResultChan()
	require.Equal(t, watch.Error, e.Type)
	require.True(t, apierrors.IsResourceExpired(apierrors.FromObject(e.Object)), "%v", e.Object)
	s.Inject(kubetest.Fault{Client: "pod-0", Verb: "get", Code: 403, Times: 1})
	_, err = pods.Get(ctx, "shop-0", metav1.GetOptions{})
	require.True(t, apierrors.IsForbidden(err), err)
	s.SetTokens(nil)
	_, err = client.CoreV1().Nodes().Get(ctx, "n", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), err)
}

// The address of a server that is stopped is its own: who connects is refused, and nobody else can listen there.
func TestAStoppedServerKeepsItsAddress(t *testing.T) {
	s, err := kubetest.New(kubetest.Config{})
	require.NoError(t, err)
	address := strings.TrimPrefix(s.URL, "http://")
	for range 3 {
		s.Stop()
		_, err = net.Dial("tcp", address)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		_, err = net.Listen("tcp", address)
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		require.NoError(t, s.Start())
		answer, err := http.Get(s.URL + "/readyz")
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	s.Close()
	other, err := net.Listen("tcp", address)
	require.NoError(t, err, "after Close it is anybody's")
	require.NoError(t, other.Close())
}
