package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// startK3s plays what somebody with kubectl meets in a k3s beyond pods and Services: nodes that run programs in containers and forward ports, the
// controllers of whatever StatefulSets there are, claims with the class local-path and one that all nodes mount, the garbage collector, namespaces that come
// and go, ServiceLB.
func (l *Lab) startK3s(ctx context.Context) error {
	l.claims = &claims{lab: l}
	if err := l.claims.classes(ctx); err != nil {
		return err
	}
	sets, gone := &sets{lab: l, live: map[string]context.CancelFunc{}}, &stranded{l, map[string]time.Time{}}
	for what, do := range map[string]func(context.Context) error{
		"claims": l.claims.look, "statefulsets": sets.look, "owners": l.collect, "pods of no node": gone.look, "namespace": l.keepNamespace, "load balancers": l.balance,
	} {
		go l.every(ctx, 250*time.Millisecond, what, do)
	}
	return nil
}

// every does something again and again until ctx ends, and tells an error once.
func (l *Lab) every(ctx context.Context, pause time.Duration, what string, do func(context.Context) error) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	said := ""
	for ctx.Err() == nil {
		if err := do(ctx); err != nil && ctx.Err() == nil && said != err.Error() {
			said = err.Error()
			l.Plan.Log("%s: %v", what, err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// Kubeconfig is what kubectl needs to be the administrator.
func (l *Lab) Kubeconfig() ([]byte, error) {
	named := func(name, kind string, what kube.Object) []any { return []any{kube.Object{"name": name, kind: what}} }
	return json.MarshalIndent(kube.Object{
		"apiVersion": "v1", "kind": "Config", "current-context": "default",
		"clusters": named("default", "cluster", kube.Object{"server": l.Server.Admin.Base, "insecure-skip-tls-verify": true}),
		"users":    named("default", "user", kube.Object{"token": l.Server.Admin.Token}),
		"contexts": named("default", "context", kube.Object{"cluster": "default", "user": "default"}),
	}, "", "  ")
}

// containers are the pods of all nodes, for the part of a kubelet that the API server asks.
type containers struct{ lab *Lab }

func (c containers) pod(name string) (*kubelet.Pod, error) {
	p := c.lab.Kubelet.Pod(name)
	if p == nil || c.lab.Kubelet.Lost(p.Node) {
		return nil, fmt.Errorf("no pod %s runs", name)
	}
	return p, nil
}

func (c containers) Command(ctx context.Context, pod, container string, argv []string) (*exec.Cmd, error) {
	p, err := c.pod(pod)
	if err != nil {
		return nil, err
	}
	return p.Command(ctx, container, argv...)
}

func (c containers) Log(pod, container string) (string, error) {
	p, err := c.pod(pod)
	if err != nil {
		return "", err
	}
	return p.Log(container), nil
}

func (c containers) Dial(ctx context.Context, pod string, port int) (net.Conn, error) {
	p, err := c.pod(pod)
	if err != nil {
		return nil, err
	}
	return p.Host.Dial(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

// balance plays ServiceLB: a Service of the type LoadBalancer is on the nodes' own address.
func (l *Lab) balance(ctx context.Context) error {
	found, err := l.Server.Admin.Do(ctx, http.MethodGet, collection("v1", "services", Namespace), nil)
	if err != nil {
		return err
	}
	for _, s := range list(found, "items") {
		if kube.Text(s, "spec", "type") != "LoadBalancer" || len(list(s, "status", "loadBalancer", "ingress")) > 0 {
			continue
		}
		at := collection("v1", "services", Namespace) + "/" + kube.Text(s, "metadata", "name") + "/status"
		_, err := l.Server.Admin.Do(ctx, http.MethodPatch, at, kube.Object{"status": kube.Object{
			"loadBalancer": kube.Object{"ingress": []any{kube.Object{"ip": world.Client.String(), "ipMode": "VIP"}}},
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// Break does to the machines what no command of a reader's can: "lose POD", which is the node of a pod, or of the one that is primary, or all; "return all", which
// is those that were lost; "fill CLAIM" and "wipe CLAIM".
func (l *Lab) Break(ctx context.Context, words ...string) error {
	if len(words) != 2 {
		return fmt.Errorf("break %v: which way, and what", words)
	}
	switch of := words[1]; words[0] {
	case "lose":
		nodes, err := l.nodesOf(ctx, of)
		for _, node := range nodes {
			err = errors.Join(err, l.Kubelet.Lose(node), l.ready(ctx, node, "Unknown"))
		}
		return err
	case "return":
		var err error
		for _, node := range slices.Compact(slices.Sorted(slices.Values(l.nodes))) {
			if l.Kubelet.Lost(node) {
				err = errors.Join(err, l.Kubelet.Return(node), l.ready(ctx, node, "True"))
			}
		}
		return err
	case "fill":
		return l.claims.fill(ctx, of)
	case "wipe":
		return l.claims.wipe(ctx, of)
	}
	return fmt.Errorf("break %v: there is no such way", words)
}

// nodesOf are the nodes of a pod, of the primary or of all.
func (l *Lab) nodesOf(ctx context.Context, pod string) ([]string, error) {
	var nodes []string
	for _, p := range l.Kubelet.Pods() {
		if pod == "primary" {
			o, err := l.Server.Admin.Do(ctx, http.MethodGet, collection("v1", "pods", Namespace)+"/"+p.Name, nil)
			if err != nil || kube.Text(o, "metadata", "labels", "onggi.dev/role") != "primary" {
				continue
			}
		} else if pod != "all" && pod != p.Name {
			continue
		}
		if !slices.Contains(nodes, p.Node) {
			nodes = append(nodes, p.Node)
		}
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("no node has %s", pod)
	}
	return nodes, nil
}

// ready is what the node controller says of a node, in time.
func (l *Lab) ready(ctx context.Context, node, status string) error {
	_, err := l.Server.Admin.Do(ctx, http.MethodPatch, "/api/v1/nodes/"+node+"/status", kube.Object{"status": kube.Object{
		"conditions": []any{kube.Object{"type": "Ready", "status": status, "reason": "NodeStatus"}},
	}})
	return err
}

// Home makes a reader's home: a kubeconfig, and a folder bin of these programs.
func (l *Lab) Home(programs ...string) (string, error) {
	home := filepath.Join(l.World.Dir, "home")
	for _, dir := range []string{"bin", ".kube"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o755); err != nil {
			return "", err
		}
	}
	config, err := l.Kubeconfig()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(home, ".kube", "config"), config, 0o600); err != nil {
		return "", err
	}
	for _, program := range programs {
		if err := os.Symlink(program, filepath.Join(home, "bin", filepath.Base(program))); err != nil {
			return "", err
		}
	}
	return home, nil
}
