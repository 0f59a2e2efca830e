package trial

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/workload"
	"onggi.dev/ci/chaos/internal/world"
)

const (
	namespace = "chaos"
	owner     = "postgres" // the ServiceAccount and its Role
)

// Plan is what a lab is built of.
type Plan struct {
	Bin      string // the folder of kube-apiserver and etcd
	Members  int
	VolumeMB int
	Seed     uint64
	Rules    func(cluster string) []any // of the agents' Role in a namespace
	Restart  func(n int) time.Duration
	Log      func(format string, args ...any)
}

// Platform is what is there before a cluster is.
type Platform struct {
	Plan   Plan
	World  *world.World
	Server *kube.Server
	Proxy  *kube.Proxy

	clusters int
	stop     func() // of what follows the cluster's primary and keeps its pods
}

// NewPlatform starts the API server and makes what a namespace needs for a cluster: nodes, an account and its Role.
func NewPlatform(ctx context.Context, w *world.World, plan Plan) (*Platform, error) {
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
	p := &Platform{Plan: plan, World: w, Server: server, Proxy: proxy}
	return p, p.grant(ctx)
}

// grant makes the namespace, the account of the pods and the Role that is all it may do.
func (p *Platform) grant(ctx context.Context) error {
	in := "/namespaces/" + namespace
	rbac := "/apis/rbac.authorization.k8s.io/v1" + in
	meta := kube.Object{"name": owner}
	for _, o := range []struct {
		path string
		body kube.Object
	}{
		{"/api/v1/namespaces", kube.Object{"metadata": kube.Object{"name": namespace}}},
		{"/api/v1" + in + "/serviceaccounts", kube.Object{"metadata": meta}},
		{rbac + "/roles", kube.Object{"metadata": meta, "rules": []any{}}},
		{rbac + "/rolebindings", kube.Object{
			"metadata": meta, "roleRef": kube.Object{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": owner},
			"subjects": []any{kube.Object{"kind": "ServiceAccount", "name": owner, "namespace": namespace}},
		}},
	} {
		if _, err := p.Server.Admin.Do(ctx, http.MethodPost, o.path, o.body); err != nil {
			return err
		}
	}
	return nil
}

// Driver has pods of its own making.
type Driver interface {
	cluster.Driver
	// Template is the StatefulSet's pods, and its strategy of updates.
	Template(c *cluster.Cluster) (pod kube.Object, strategy string)
	// Spec is what a pod runs. It is asked again for each incarnation.
	Spec(c *cluster.Cluster, p *kubelet.Pod) (kubelet.Spec, error)
}

// NewCluster starts a cluster, of a name of its own, and waits until it is whole. What keeps the agents' record, beside the API server, is stores.
func (p *Platform) NewCluster(ctx context.Context, d Driver, sync bool, stores ...*world.Process) (*fault.Scene, error) {
	p.clusters++
	c := &cluster.Cluster{Name: fmt.Sprintf("demo%d", p.clusters), Driver: d, World: p.World, Route: &kubelet.Route{}, SyncOn: sync, Login: "user=postgres", Client: "user=postgres", Folder: cluster.Folder}
	rules := kube.Object{"rules": p.Plan.Rules(c.Name)}
	if _, err := p.Server.Admin.Do(ctx, http.MethodPatch, "/apis/rbac.authorization.k8s.io/v1/namespaces/"+namespace+"/roles/"+owner, rules); err != nil {
		return nil, err
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("the containers run as user postgres: %w", err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	c.Kubelet = kubelet.New(kubelet.Config{
		World: p.World, API: p.Server.Admin, Namespace: namespace, CA: p.Proxy.CA, Server: world.Platform.String() + ":6443",
		UID: uid, GID: gid, VolumeMB: p.Plan.VolumeMB, Restart: p.Plan.Restart, Log: p.Plan.Log,
		Spec: func(pod *kubelet.Pod) (kubelet.Spec, error) { return d.Spec(c, pod) },
	})
	var nodes []string
	for i := range p.Plan.Members {
		nodes = append(nodes, fmt.Sprintf("%s-node-%d", c.Name, i))
		if err := c.Kubelet.AddNode(ctx, nodes[i]); err != nil {
			return nil, err
		}
	}
	if c.Set, err = c.Kubelet.AddSet(ctx, statefulSet(c, d, p.Plan.Members), nodes); err != nil {
		return nil, err
	}
	ctx = p.keep(ctx, c)
	s := &fault.Scene{
		Cluster: c, Server: p.Server, Proxy: p.Proxy, Namespace: namespace, Stores: append([]*world.Process{p.Server.API, p.Server.Store}, stores...),
		Dice: rand.New(rand.NewPCG(p.Plan.Seed, 0)), Log: p.Plan.Log,
	}
	if _, err := c.WaitWhole(ctx, wholeness); err != nil {
		return s, fmt.Errorf("start the cluster: %w", err)
	}
	primary, err := c.WaitPrimary(ctx, settled)
	if err != nil {
		return s, err
	}
	_, err = c.Insist(ctx, primary, workload.Schema)
	return s, err
}

// keep plays what Kubernetes does for a cluster, until p.stop.
func (p *Platform) keep(ctx context.Context, c *cluster.Cluster) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	var controller sync.WaitGroup
	controller.Go(func() { c.Set.Run(ctx) })
	go c.Kubelet.Watch(ctx)
	go c.Driver.Follow(ctx, c)
	p.stop = func() {
		cancel()
		controller.Wait()
	}
	return ctx
}

// statefulSet is the object that the controller makes the cluster's pods of.
func statefulSet(c *cluster.Cluster, d Driver, members int) kube.Object {
	template, strategy := d.Template(c)
	template["spec"].(kube.Object)["serviceAccountName"] = owner
	return kube.Object{
		"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": kube.Object{"name": c.Name},
		"spec": kube.Object{
			"replicas": members, "serviceName": c.Name, "podManagementPolicy": "Parallel", "updateStrategy": kube.Object{"type": strategy},
			"selector": kube.Object{"matchLabels": template["metadata"].(kube.Object)["labels"]}, "template": template,
		},
	}
}

// Remove ends a cluster, whatever state it is in.
func (p *Platform) Remove(ctx context.Context, s *fault.Scene) {
	_ = p.World.MendAll()
	p.Proxy.Set(kube.Mode{})
	for _, store := range s.Stores {
		_ = store.Signal(unix.SIGCONT)
	}
	p.stop()
	for _, pod := range s.Pods() {
		if err := s.Kubelet.Delete(ctx, pod.Name, 0); err != nil {
			p.Plan.Log("remove %s: %v", pod.Name, err)
		}
	}
}
