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
	"time"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/workload"
	"onggi.dev/ci/chaos/internal/world"
)

const (
	namespace = "chaos"
	account   = "postgres"
)

// Plan is what a lab is built of.
type Plan struct {
	Bin      string // the folder of kube-apiserver and etcd
	Members  int
	Sync     bool
	VolumeMB int
	Seed     uint64
	Rules    []any // of the agents' Role
	Restart  func(n int) time.Duration
	Log      func(format string, args ...any)
}

// Platform is what is there before a cluster is.
type Platform struct {
	Plan   Plan
	World  *world.World
	Server *kube.Server
	Proxy  *kube.Proxy
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
	p := &Platform{plan, w, server, proxy}
	return p, p.grant(ctx)
}

// grant makes the namespace, the account of the pods and the Role that is all it may do.
func (p *Platform) grant(ctx context.Context) error {
	in := "/namespaces/" + namespace
	rbac := "/apis/rbac.authorization.k8s.io/v1" + in
	meta := kube.Object{"name": account}
	for _, o := range []struct {
		path string
		body kube.Object
	}{
		{"/api/v1/namespaces", kube.Object{"metadata": kube.Object{"name": namespace}}},
		{"/api/v1" + in + "/serviceaccounts", kube.Object{"metadata": meta}},
		{rbac + "/roles", kube.Object{"metadata": meta, "rules": append([]any{}, p.Plan.Rules...)}},
		{rbac + "/rolebindings", kube.Object{
			"metadata": meta, "roleRef": kube.Object{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
			"subjects": []any{kube.Object{"kind": "ServiceAccount", "name": account, "namespace": namespace}},
		}},
	} {
		if _, err := p.Server.Admin.Do(ctx, http.MethodPost, o.path, o.body); err != nil {
			return err
		}
	}
	return nil
}

// NewCluster starts a cluster and waits until it is whole.
func (p *Platform) NewCluster(ctx context.Context, d cluster.Driver, stores []*world.Process) (*fault.Scene, error) {
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("the containers run as user postgres: %w", err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	k := kubelet.New(kubelet.Config{
		World: p.World, API: p.Server.Admin, Namespace: namespace, Account: "postgres", CA: p.Proxy.CA, Server: world.Platform.String() + ":6443",
		UID: uid, GID: gid, VolumeMB: p.Plan.VolumeMB, Spec: d.Spec, Restart: p.Plan.Restart, Log: p.Plan.Log,
	})
	c := &cluster.Cluster{Driver: d, World: p.World, Kubelet: k, Route: &kubelet.Route{}, SyncOn: p.Plan.Sync}
	for i := range p.Plan.Members {
		c.Names, c.Nodes = append(c.Names, fmt.Sprintf("demo-%d", i)), append(c.Nodes, fmt.Sprintf("node-%d", i))
		if err := k.AddNode(ctx, c.Nodes[i]); err != nil {
			return nil, err
		}
		if _, err := k.Create(ctx, c.Names[i], c.Nodes[i]); err != nil {
			return nil, err
		}
	}
	go d.Follow(ctx, c)
	s := &fault.Scene{
		Cluster: c, Server: p.Server, Proxy: p.Proxy, Stores: append([]*world.Process{p.Server.API, p.Server.Store}, stores...),
		Dice: rand.New(rand.NewPCG(p.Plan.Seed, 0)),
	}
	if _, err := c.WaitWhole(ctx, 2*time.Minute); err != nil {
		return nil, fmt.Errorf("start the cluster: %w", err)
	}
	primary, err := c.Primary(ctx)
	if err != nil {
		return nil, err
	}
	_, err = cluster.Ask(ctx, primary, workload.Schema)
	return s, err
}
