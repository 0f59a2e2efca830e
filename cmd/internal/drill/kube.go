package drill

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// ServiceAccount is the folder where Kubernetes puts a pod's token and the API server's authority.
const ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// requestTime is how long the API server may take for one answer.
const requestTime = 10 * time.Second

// clusterLabel is CloudNativePG's, on everything that it makes for a Cluster.
const clusterLabel = "cnpg.io/cluster"

func clusters() schema.GroupVersionResource { return resource("postgresql.cnpg.io", "v1", "clusters") }
func backups() schema.GroupVersionResource  { return resource("postgresql.cnpg.io", "v1", "backups") }
func stores() schema.GroupVersionResource {
	return resource("barmancloud.cnpg.io", "v1", "objectstores")
}
func jobs() schema.GroupVersionResource       { return resource("batch", "v1", "jobs") }
func events() schema.GroupVersionResource     { return resource("events.k8s.io", "v1", "events") }
func configMaps() schema.GroupVersionResource { return resource("", "v1", "configmaps") }
func secrets() schema.GroupVersionResource    { return resource("", "v1", "secrets") }
func volumes() schema.GroupVersionResource    { return resource("", "v1", "persistentvolumeclaims") }

func resource(group, version, name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: name}
}

// Cluster is the [Edge]: the API server and, for the checks, the restored database.
type Cluster struct {
	cfg     *drill.Config
	run     drill.Run
	api     dynamic.Interface
	changes chan struct{}
	watched bool
}

// Connect finds the API server as a pod does: its address by the variables KUBERNETES_SERVICE_HOST and _PORT, the token and the
// authority in the folder. Nothing is sent yet.
func Connect(cfg *drill.Config, run drill.Run, folder string, getenv func(string) string) (*Cluster, error) {
	host, port := getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("find the API server: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: a drill runs in a pod of the cluster")
	}
	token := filepath.Join(folder, "token")
	if _, err := os.Stat(token); err != nil {
		return nil, fmt.Errorf("find the token of the service account: %w", err)
	}
	api, err := dynamic.NewForConfig(&rest.Config{
		Host:            "https://" + net.JoinHostPort(host, port),
		BearerTokenFile: token, // read again as it is renewed
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(folder, "ca.crt")},
		UserAgent:       "onggi-drill",
		WarningHandler:  rest.NoWarnings{},
	})
	if err != nil {
		return nil, fmt.Errorf("connect to the API server: %w", err)
	}
	return &Cluster{cfg: cfg, run: run, api: api, changes: make(chan struct{}, 1)}, nil
}

// Changes implements [Edge].
func (k *Cluster) Changes() <-chan struct{} { return k.changes }

// Do implements [Edge].
func (k *Cluster) Do(ctx context.Context, a drill.Action) drill.Input {
	if a.Do != drill.Verify {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, requestTime)
		defer cancel()
	}
	var in drill.Input
	var err error
	switch a.Do {
	case drill.Look:
		in.World, err = k.look(ctx)
	case drill.ReadSource:
		in.Source, err = k.source(ctx)
	case drill.Create:
		_, err = k.in(clusters()).Create(ctx, body(a.Object), metav1.CreateOptions{})
	case drill.Observe:
		in.Scratch, err = k.observe(ctx)
	case drill.Verify:
		in.Results, in.Recovered, err = k.verify(ctx)
	case drill.Save:
		in.Version, err = k.save(ctx, a)
	case drill.Announce:
		_, err = k.in(events()).Create(ctx, body(a.Object), metav1.CreateOptions{})
	case drill.Delete:
		err = k.remove(ctx, types.UID(a.UID))
	}
	if err != nil {
		in = drill.Input{Fault: fault(err), Err: err.Error()}
	}
	return in
}

func (k *Cluster) in(r schema.GroupVersionResource) dynamic.ResourceInterface {
	return k.api.Resource(r).Namespace(k.cfg.Namespace)
}

func body(m manifest.Map) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: m}
}

// get is an object, or nil when there is none.
func (k *Cluster) get(ctx context.Context, r schema.GroupVersionResource, name string) (manifest.Map, error) {
	o, err := k.in(r).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return o.Object, nil
}

func (k *Cluster) save(ctx context.Context, a drill.Action) (string, error) {
	o := body(a.Object)
	var saved *unstructured.Unstructured
	var err error
	if a.Version == "" {
		saved, err = k.in(configMaps()).Create(ctx, o, metav1.CreateOptions{})
	} else {
		o.SetResourceVersion(a.Version)
		saved, err = k.in(configMaps()).Update(ctx, o, metav1.UpdateOptions{})
	}
	if err != nil {
		return "", err
	}
	return saved.GetResourceVersion(), nil
}

// remove deletes the scratch Cluster if it still is the one with the uid. What it owns goes first, so that it is there as long as
// anything of it is.
func (k *Cluster) remove(ctx context.Context, uid types.UID) error {
	foreground := metav1.DeletePropagationForeground
	err := k.in(clusters()).Delete(ctx, drill.ScratchName(k.cfg.Cluster), metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &foreground,
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// fault sorts errors into those worth another try and those that are not.
func fault(err error) drill.Fault {
	var status apierrors.APIStatus
	var late retryable
	switch {
	case err == nil:
		return drill.NoFault
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return drill.Conflict
	case errors.As(err, &late):
		return drill.Transient
	case errors.As(err, &status):
		s := status.Status()
		switch {
		case s.Code >= 500, s.Code == 429, s.Code == 408, s.Code == 401: // a token may just be being renewed
			return drill.Transient
		}
		return drill.Refused
	case errors.Is(err, errRefused):
		return drill.Refused
	}
	return drill.Transient // the network, or out of time
}

// errRefused marks errors that are final.
var errRefused = errors.New("asking again will not help")

// retryable marks errors that are not.
type retryable struct{ error }

func (r retryable) Unwrap() error { return r.error }
