// Package kubelet plays the parts of Kubernetes that the API server alone does not have: the kubelet that runs a pod's containers and
// reports how they ended, the StatefulSet controller that makes a deleted pod again on its volume, and kube-proxy.
//
// A kubelet sees that a container ended when it next lists them, at most a second later; it then reports the termination, with the
// message of the termination log, and starts the container again. A kubelet of a lost node does neither. A pod that anybody deletes or
// evicts through the API server is ended with its grace, and its Set makes it again.
package kubelet

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/world"
)

// relist is how often a kubelet looks for containers that ended.
const relist = time.Second

// Container is one container of a pod's spec.
type Container struct {
	Name    string
	Init    bool // runs to its end before what follows it is started
	Sidecar bool // a native one: started before the others, stopped after them
	Args    []string
	Env     []string
	Mounts  []world.Mount
	PreStop []string // run in the container before it is asked to end

	Started *Probe // nil: as soon as it runs; the others are asked only then
	Ready   *Probe // nil: as soon as it is started
	Live    *Probe // nil: for as long as it runs

	// Root is one of its own. Without, the container has the machine's, the pods' user, and what the pod itself is in its environment.
	Root     *world.Root
	UID, GID int
	Groups   []int
	Confined bool
}

// Spec is what a pod runs: first the containers that begin it, in their order, then the others.
type Spec struct {
	Containers []Container
	Restart    string // Always, which "" is too, OnFailure or Never
}

// Config is what all pods have in common.
type Config struct {
	World     *world.World
	API       *kube.Client
	Namespace string
	CA        []byte // of the address at which agents find the API server
	Server    string // that address, host:port
	UID, GID  int    // of the containers
	VolumeMB  int    // size of a volume; 0 is no bound
	Port      int    // where the API server finds who runs programs in containers; 0: nobody does
	// Spec is what a pod, whose object is made, runs.
	Spec func(*Pod) (Spec, error)
	// Restart is the wait before a container is started for the nth time again.
	Restart func(n int) time.Duration
	Log     func(format string, args ...any)
}

// Kubelet runs the pods of all nodes.
type Kubelet struct {
	Config

	mu    sync.Mutex
	pods  map[string]*Pod
	lost  map[string]bool     // nodes that nobody hears of
	wiped map[string][]string // folders of volumes to be emptied before a pod has them again; "." is all
	gone  []func(pod string)
}

// New is a kubelet without pods.
func New(c Config) *Kubelet {
	return &Kubelet{Config: c, pods: map[string]*Pod{}, lost: map[string]bool{}, wiped: map[string][]string{}}
}

// OnGone calls do whenever a pod is gone.
func (k *Kubelet) OnGone(do func(pod string)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone = append(k.gone, do)
}

// AddNode makes a Node object, schedulable.
func (k *Kubelet) AddNode(ctx context.Context, name string) error {
	_, err := k.API.Do(ctx, http.MethodPost, "/api/v1/nodes", kube.Object{
		"apiVersion": "v1", "kind": "Node", "metadata": kube.Object{"name": name, "labels": kube.Object{"kubernetes.io/hostname": name}},
	})
	if err != nil || k.Port == 0 {
		return err
	}
	_, err = k.API.Do(ctx, http.MethodPatch, "/api/v1/nodes/"+name+"/status", kube.Object{"status": kube.Object{
		"addresses":       []any{kube.Object{"type": "InternalIP", "address": "127.0.0.1"}},
		"daemonEndpoints": kube.Object{"kubeletEndpoint": kube.Object{"Port": k.Port}},
		"conditions":      []any{kube.Object{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": stamp(time.Now())}},
	}})
	return err
}

// Cordon marks a node unschedulable, or schedulable again.
func (k *Kubelet) Cordon(ctx context.Context, node string, on bool) error {
	_, err := k.API.Do(ctx, http.MethodPatch, "/api/v1/nodes/"+node, kube.Object{"spec": kube.Object{"unschedulable": on}})
	return err
}

// Pod is the running pod of that name, or nil.
func (k *Kubelet) Pod(name string) *Pod {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pods[name]
}

// Create makes a pod of an object with a name, labels and spec.nodeName, on its volume, which stays when the pod goes, and starts it.
func (k *Kubelet) Create(ctx context.Context, object kube.Object) (*Pod, error) {
	name := kube.Text(object, "metadata", "name")
	host, err := k.World.AddHost(name)
	if err != nil {
		return nil, err
	}
	p := &Pod{
		Name: name, Node: kube.Text(object, "spec", "nodeName"), Host: host, Volume: filepath.Join(k.World.Dir, "volumes", name), Clock: clock(host),
		k: k, running: map[string]*running{}, held: map[string]bool{}, dirty: make(chan struct{}, 1), now: make(chan struct{}), done: make(chan struct{}), since: time.Now(),
	}
	if err := k.volume(p); err != nil {
		return nil, errors.Join(err, k.World.RemoveHost(host))
	}
	if err := p.register(ctx, object); err != nil {
		return nil, errors.Join(err, k.World.RemoveHost(host))
	}
	k.mu.Lock()
	k.pods[name] = p
	k.mu.Unlock()
	if err := p.begin(ctx); err != nil {
		return nil, errors.Join(err, k.Delete(ctx, name, 0))
	}
	// Whoever asked for its end before it was known here was not heard.
	go k.look(ctx, p)
	return p, nil
}

// volume makes the pod's volume if it is not there yet, or empties it if its claim is another one.
func (k *Kubelet) volume(p *Pod) error {
	k.mu.Lock()
	wiped := k.wiped[p.Name]
	delete(k.wiped, p.Name)
	k.mu.Unlock()
	if _, err := os.Stat(p.Volume); err == nil {
		for _, part := range wiped {
			if err := empty(filepath.Join(p.Volume, part)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := os.MkdirAll(p.Volume, 0o755); err != nil {
		return err
	}
	if k.VolumeMB > 0 {
		if err := world.MountMemory(p.Volume, k.VolumeMB); err != nil {
			return err
		}
	}
	return os.Chown(p.Volume, k.UID, k.GID)
}

// Wipe is the deletion of a pod's claim while the pod uses it: the next pod of the name gets an empty volume.
func (k *Kubelet) Wipe(name string) { k.WipeClaim(name, ".") }

// WipeClaim is Wipe of one claim of several, which is a folder of the pod's volume.
func (k *Kubelet) WipeClaim(name, claim string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wiped[name] = append(k.wiped[name], claim)
}

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Lose makes a node one that nobody hears of: its link is gone, its pods are killed, and nothing is reported.
func (k *Kubelet) Lose(node string) error {
	k.mu.Lock()
	k.lost[node] = true
	k.mu.Unlock()
	for _, p := range k.on(node) {
		// First the link: a dead machine closes no connection.
		if err := k.World.Plug(p.Host, false); err != nil {
			return err
		}
		p.Lose()
	}
	return nil
}

// Return brings a lost node back: it starts the containers of its pods again.
func (k *Kubelet) Return(node string) error {
	k.mu.Lock()
	delete(k.lost, node)
	k.mu.Unlock()
	for _, p := range k.on(node) {
		if err := k.World.Plug(p.Host, true); err != nil {
			return err
		}
		go func() {
			if err := p.startAll(); err != nil {
				k.Log("kubelet: %s: %v", p.Name, err)
			}
			p.touch()
			k.look(context.Background(), p)
		}()
	}
	return nil
}

func (k *Kubelet) on(node string) []*Pod {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found []*Pod
	for _, p := range k.pods {
		if p.Node == node {
			found = append(found, p)
		}
	}
	return found
}

// Lost tells whether nobody hears of a node.
func (k *Kubelet) Lost(node string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lost[node]
}

// clock gives every pod a clock of its own, days from those of others: none may be compared with another's.
func clock(h *world.Host) int {
	address := h.IP.As4()
	return (int(address[2])<<8 | int(address[3])) * 7919 % 1_000_000
}

// Pods are all that run.
func (k *Kubelet) Pods() []*Pod {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Values(k.pods))
}
