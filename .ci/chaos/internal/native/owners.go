package native

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// owned are the kinds that the garbage collector looks after here, each after those that own it.
var owned = []struct{ version, resource string }{
	{"apps/v1", "statefulsets"}, {"apps/v1", "deployments"}, {"batch/v1", "cronjobs"}, {"batch/v1", "jobs"}, {"v1", "pods"},
}

// collect plays the garbage collector: what belongs to an object that is gone goes too, unless it was to be orphaned.
func (l *Lab) collect(ctx context.Context) error {
	found := make([][]kube.Object, len(owned))
	for i := len(owned) - 1; i >= 0; i-- { // owners last: whoever is not among them now has gone
		all, err := l.Server.Admin.Do(ctx, http.MethodGet, collection(owned[i].version, owned[i].resource, Namespace), nil)
		if err != nil {
			return err
		}
		found[i] = list(all, "items")
	}
	alive := map[string]bool{}
	for i, kind := range owned {
		for _, o := range found[i] {
			uid, at := kube.Text(o, "metadata", "uid"), collection(kind.version, kind.resource, Namespace)+"/"+kube.Text(o, "metadata", "name")
			of, ending := owner(o), kube.Text(o, "metadata", "deletionTimestamp") != ""
			alive[uid] = of == "" || alive[of]
			var err error
			switch {
			case !alive[uid] && !ending:
				err = l.release(ctx, at, uid)
			case slices.Contains(texts(o, "metadata", "finalizers"), "orphan"):
				err = l.orphan(ctx, at, uid)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// strandedFor is how long a node has to be away before its pods are taken for lost, as in Kubernetes.
const strandedFor = 40 * time.Second

// stranded plays the garbage collector of pods: those of a node that is no object any more go, since no kubelet will ever end them.
type stranded struct {
	lab    *Lab
	absent map[string]time.Time // nodes, since when
}

func (s *stranded) look(ctx context.Context) error {
	l := s.lab
	pods, err := l.Server.Admin.Do(ctx, http.MethodGet, collection("v1", "pods", Namespace), nil)
	if err != nil {
		return err
	}
	for _, p := range list(pods, "items") {
		node := kube.Text(p, "spec", "nodeName")
		_, err := l.Server.Admin.Do(ctx, http.MethodGet, "/api/v1/nodes/"+node, nil)
		if !kubelet.Is(err, http.StatusNotFound) {
			delete(s.absent, node)
			continue
		}
		if s.absent[node].IsZero() {
			s.absent[node] = time.Now()
		}
		if time.Since(s.absent[node]) < strandedFor {
			continue
		}
		_, err = l.Server.Admin.Do(ctx, http.MethodDelete, collection("v1", "pods", Namespace)+"/"+kube.Text(p, "metadata", "name"), kube.Object{
			"gracePeriodSeconds": 0, "preconditions": kube.Object{"uid": kube.Text(p, "metadata", "uid")},
		})
		if err != nil && !kubelet.Is(err, http.StatusNotFound) && !kubelet.Is(err, http.StatusConflict) {
			return err
		}
	}
	return nil
}

// release deletes what lost its owner, in the background.
func (l *Lab) release(ctx context.Context, at, uid string) error {
	_, err := l.Server.Admin.Do(ctx, http.MethodDelete, at, kube.Object{"propagationPolicy": "Background", "preconditions": kube.Object{"uid": uid}})
	if kubelet.Is(err, http.StatusNotFound) || kubelet.Is(err, http.StatusConflict) {
		return nil
	}
	return err
}

// orphan takes an owner away from the pods that it has, and then lets it go.
func (l *Lab) orphan(ctx context.Context, at, uid string) error {
	pods, err := l.Server.Admin.Do(ctx, http.MethodGet, collection("v1", "pods", Namespace), nil)
	if err != nil {
		return err
	}
	for _, p := range list(pods, "items") {
		if owner(p) != uid {
			continue
		}
		_, err := l.Server.Admin.Do(ctx, http.MethodPatch, collection("v1", "pods", Namespace)+"/"+kube.Text(p, "metadata", "name"), kube.Object{
			"metadata": kube.Object{"ownerReferences": nil},
		})
		if err != nil {
			return fmt.Errorf("orphan: %w", err)
		}
	}
	return l.letGo(ctx, at)
}

// letGo takes what holds an object back from its end away.
func (l *Lab) letGo(ctx context.Context, at string) error {
	_, err := l.Server.Admin.Do(ctx, http.MethodPatch, at, kube.Object{"metadata": kube.Object{"finalizers": nil}})
	if kubelet.Is(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// contents are what a namespace's end removes.
var contents = []struct{ version, resource string }{
	{"apps/v1", "statefulsets"}, {"apps/v1", "deployments"}, {"batch/v1", "cronjobs"}, {"batch/v1", "jobs"}, {"v1", "pods"}, {"v1", "persistentvolumeclaims"},
	{"v1", "services"}, {"v1", "configmaps"}, {"v1", "secrets"}, {"v1", "serviceaccounts"}, {"rbac.authorization.k8s.io/v1", "roles"}, {"rbac.authorization.k8s.io/v1", "rolebindings"},
	{"policy/v1", "poddisruptionbudgets"}, {"networking.k8s.io/v1", "networkpolicies"}, {"coordination.k8s.io/v1", "leases"}, {"v1", "events"},
	{"discovery.k8s.io/v1", "endpointslices"}, {"v1", "endpoints"},
}

// keepNamespace plays the controllers of namespaces: a new one is furnished, one that is to end is emptied.
func (l *Lab) keepNamespace(ctx context.Context) error {
	at := "/api/v1/namespaces/" + Namespace
	n, err := l.Server.Admin.Do(ctx, http.MethodGet, at, nil)
	if kubelet.Is(err, http.StatusNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if kube.Text(n, "metadata", "deletionTimestamp") == "" {
		_, err := l.Server.Admin.Do(ctx, http.MethodGet, collection("v1", "serviceaccounts", Namespace)+"/default", nil)
		if kubelet.Is(err, http.StatusNotFound) {
			return l.furnish(ctx)
		}
		return err
	}
	left := 0
	for _, kind := range contents {
		all := collection(kind.version, kind.resource, Namespace)
		found, err := l.Server.Admin.Do(ctx, http.MethodGet, all, nil)
		if err != nil {
			return err
		}
		for _, o := range list(found, "items") {
			left++
			if kube.Text(o, "metadata", "deletionTimestamp") != "" {
				continue
			}
			if err := l.release(ctx, all+"/"+kube.Text(o, "metadata", "name"), kube.Text(o, "metadata", "uid")); err != nil {
				return err
			}
		}
	}
	if left > 0 {
		return nil
	}
	object(n, "spec")["finalizers"] = []any{}
	_, err = l.Server.Admin.Do(ctx, http.MethodPut, at+"/finalize", n)
	return err
}
