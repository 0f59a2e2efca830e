// Package native starts the native back end from the objects that onggi renders for it, and from nothing else: a real API server admits them, the
// kubelet of package kubelet runs their pods' init containers, sidecars and containers as processes in namespaces, with the users, volumes, environment
// and probes that they name, and small stand-ins play the controllers of StatefulSets, Deployments, Jobs and PodDisruptionBudgets, kube-proxy and DNS.
// Programs of the machine stand for images.
//
// A Lab is the namespace. NewCluster renders a spec and applies it; Change renders it again, otherwise, and applies what came of it.
package native

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/kube/nodetest"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// Plan is what a lab is built of.
type Plan struct {
	Bin      string // the folder of kube-apiserver and etcd
	Onggi    string // the program that renders
	S3       string // the object store
	Images   Images
	Nodes    int
	VolumeMB int
	K3s      bool // everything that a k3s has and people meet: see k3s
	Seed     uint64
	Log      func(format string, args ...any)
}

// Namespace of everything that is rendered.
const Namespace = "my-namespace"

// Lab is a namespace in which what is applied comes to life.
type Lab struct {
	Plan    Plan
	World   *world.World
	Server  *kube.Server
	Proxy   *kube.Proxy
	Kubelet *kubelet.Kubelet

	controllers *controllers
	network     *network
	claims      *claims // nil: each pod has a volume of its own, and others are folders
	etc         string
	nodes       []string
	dice        *rand.Rand

	mu     sync.Mutex
	tokens map[string][]byte // by pod's UID and path
}

// NewLab starts the platform, which plays until ctx ends.
func NewLab(ctx context.Context, w *world.World, plan Plan) (*Lab, error) {
	if err := os.MkdirAll(filepath.Join(w.Dir, "logs"), 0o755); err != nil {
		return nil, err
	}
	server, err := kube.StartServer(ctx, w, plan.Bin)
	if err != nil {
		return nil, err
	}
	proxy, err := kube.StartProxy(server.Admin.Base, netip.AddrPortFrom(world.Platform, 6443))
	if err != nil {
		return nil, err
	}
	l := &Lab{Plan: plan, World: w, Server: server, Proxy: proxy, dice: rand.New(rand.NewPCG(plan.Seed, 0)), tokens: map[string][]byte{}}
	config := kubelet.Config{
		World: w, API: server.Admin, Namespace: Namespace, CA: proxy.CA, Server: world.Platform.String() + ":6443",
		VolumeMB: plan.VolumeMB, Spec: func(p *kubelet.Pod) (kubelet.Spec, error) { return l.spec(ctx, p) },
		Restart: func(int) time.Duration { return 0 }, Log: plan.Log,
	}
	if plan.K3s {
		config.Port = nodetest.Serve(containers{l}).Port()
	}
	l.Kubelet = kubelet.New(config)
	for i := range plan.Nodes {
		l.nodes = append(l.nodes, fmt.Sprintf("node-%d", i))
		if err := l.Kubelet.AddNode(ctx, l.nodes[i]); err != nil {
			return nil, err
		}
	}
	if plan.K3s {
		l.nodes = slices.Repeat(l.nodes, 3) // pods beyond the third have company
	}
	if l.etc, err = makeEtc(w.Dir); err != nil {
		return nil, err
	}
	if err := l.found(ctx); err != nil {
		return nil, err
	}
	l.network = newNetwork(server.Admin, w, Namespace, plan.Log)
	l.controllers = &controllers{api: server.Admin, kubelet: l.Kubelet, namespace: Namespace, nodes: l.nodes, log: plan.Log, said: map[string]string{}}
	dns, err := net.ListenPacket("udp", netip.AddrPortFrom(world.Platform, 53).String())
	if err != nil {
		return nil, err
	}
	go serveDNS(dns, l.network.lookup)
	go l.Kubelet.Watch(ctx)
	go l.network.run(ctx)
	go l.controllers.run(ctx)
	go l.keepVolumes(ctx)
	return l, l.startStore(ctx)
}

// found makes the namespace, which enforces the restricted pod security standard; in a k3s that is up to whoever uses it.
func (l *Lab) found(ctx context.Context) error {
	if l.Plan.K3s {
		return l.startK3s(ctx)
	}
	labels := kube.Object{"pod-security.kubernetes.io/enforce": "restricted"}
	_, err := l.Server.Admin.Do(ctx, http.MethodPost, "/api/v1/namespaces", kube.Object{"metadata": kube.Object{"name": Namespace, "labels": labels}})
	if err != nil {
		return err
	}
	return l.furnish(ctx)
}

// furnish makes what every namespace has.
func (l *Lab) furnish(ctx context.Context) error {
	for _, o := range []kube.Object{
		{"apiVersion": "v1", "kind": "ConfigMap", "metadata": kube.Object{"name": "kube-root-ca.crt"}, "data": kube.Object{"ca.crt": string(l.Proxy.CA)}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": kube.Object{"name": "default"}},
	} {
		object(o, "metadata")["namespace"] = Namespace
		if _, err := l.Server.Admin.Apply(ctx, path(o), o); err != nil {
			return err
		}
	}
	return nil
}

// makeEtc is the /etc of every container: the users of the images, and what libraries look for.
func makeEtc(dir string) (string, error) {
	etc := filepath.Join(dir, "etc")
	if err := os.MkdirAll(etc, 0o755); err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"passwd":        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\npostgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh\npgbouncer:x:998:998::/:/bin/false\n",
		"group":         "root:x:0:\nnogroup:x:65534:\npostgres:x:999:\npgbouncer:x:998:\n",
		"hosts":         "127.0.0.1 localhost\n",
		"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
		"resolv.conf":   fmt.Sprintf("nameserver %s\nsearch %s.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n", world.Platform, Namespace),
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"ld.so.cache", "ssl/certs/ca-certificates.crt", "ssl/openssl.cnf"} {
		data, err := os.ReadFile(filepath.Join("/etc", name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(etc, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(etc, name), data, 0o644)
		}
		if err != nil {
			return "", err
		}
	}
	return etc, nil
}

// Apply applies objects in their order, and says which the API server does not know.
func (l *Lab) Apply(ctx context.Context, objects Objects) error {
	var unknown []string
	for _, o := range objects {
		at := path(o)
		if at == "" {
			unknown = append(unknown, kube.Text(o, "kind")+" "+kube.Text(o, "metadata", "name"))
			continue
		}
		if _, err := l.Server.Admin.Apply(ctx, at, o); err != nil {
			return err
		}
	}
	if len(unknown) > 0 {
		l.Plan.Log("not applied, since this API server has no CustomResourceDefinitions: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// Secret makes one of the type kubernetes.io/basic-auth.
func (l *Lab) Secret(ctx context.Context, name, user, password string) error {
	o := kube.Object{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth", "metadata": kube.Object{"name": name, "namespace": Namespace},
		"stringData": kube.Object{"username": user, "password": password},
	}
	_, err := l.Server.Admin.Apply(ctx, path(o), o)
	return err
}
