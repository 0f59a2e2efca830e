package native

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/world"
)

// network plays the endpoint controller, kube-proxy on every node and the cluster's DNS, for the Services of one namespace, whose selectors and
// ports are all it goes by.
type network struct {
	api       *kube.Client
	world     *world.World
	namespace string
	log       func(format string, args ...any)

	mu       sync.Mutex
	services map[string]kube.Object
	pods     map[string]kube.Object
	names    map[string][]netip.Addr // what DNS answers, by the first name
	outside  map[string]netip.Addr   // what it answers for hosts that are in no cluster
	tell     map[string]func(pods []string, address string)
	wake     chan struct{}
}

func newNetwork(api *kube.Client, w *world.World, namespace string, log func(string, ...any)) *network {
	return &network{
		api: api, world: w, namespace: namespace, log: log, outside: map[string]netip.Addr{}, services: map[string]kube.Object{}, pods: map[string]kube.Object{},
		tell: map[string]func([]string, string){}, wake: make(chan struct{}, 1),
	}
}

// follow calls tell with the pods behind a Service, and its address, whenever they were looked at.
func (n *network) follow(service string, tell func(pods []string, address string)) {
	n.mu.Lock()
	n.tell[service] = tell
	n.mu.Unlock()
	n.look()
}

func (n *network) look() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// run plays until ctx ends.
func (n *network) run(ctx context.Context) {
	for resource, seen := range map[string]*map[string]kube.Object{"services": &n.services, "pods": &n.pods} {
		go n.watch(ctx, resource, seen)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
			if err := n.settle(); err != nil && ctx.Err() == nil {
				n.log("services: %v", err)
			}
		}
	}
}

func (n *network) watch(ctx context.Context, resource string, seen *map[string]kube.Object) {
	for ctx.Err() == nil {
		fresh, whole := map[string]kube.Object{}, false
		_ = n.api.Watch(ctx, collection("v1", resource, n.namespace), func(e kube.Event) {
			n.mu.Lock()
			defer n.mu.Unlock()
			switch name := kube.Text(e.Object, "metadata", "name"); {
			case e.Type == kube.Listed:
				whole, *seen = true, fresh
			case e.Type == "DELETED":
				delete(fresh, name)
			default:
				fresh[name] = e.Object
			}
			if whole {
				n.look()
			}
		})
		time.Sleep(100 * time.Millisecond)
	}
}

// settle tells the kernel, DNS and followers what is behind each Service now.
func (n *network) settle() error {
	n.mu.Lock()
	services, pods, tell := maps.Clone(n.services), maps.Clone(n.pods), maps.Clone(n.tell)
	n.mu.Unlock()
	var all []world.Service
	var tells []func()
	names := map[string][]netip.Addr{}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		s := services[name]
		behind := endpoints(s, pods)
		address, err := netip.ParseAddr(kube.Text(s, "spec", "clusterIP"))
		headless := err != nil
		if !headless {
			names[name] = []netip.Addr{address}
		}
		for _, pod := range behind {
			if at, err := netip.ParseAddr(kube.Text(pods[pod], "status", "podIP")); err == nil && headless {
				names[name] = append(names[name], at)
				names[pod+"."+name] = []netip.Addr{at}
			}
		}
		if headless {
			continue
		}
		for _, p := range list(s, "spec", "ports") {
			at, to := uint16(number(p, 0, "port")), targets(p, behind, pods)
			all = append(all, world.Service{Address: netip.AddrPortFrom(address, at), Targets: to})
			for _, ingress := range list(s, "status", "loadBalancer", "ingress") {
				if balancer, err := netip.ParseAddr(kube.Text(ingress, "ip")); err == nil {
					all = append(all, world.Service{Address: netip.AddrPortFrom(balancer, at), Targets: to})
				}
			}
		}
		if told := tell[name]; told != nil {
			tells = append(tells, func() { told(behind, address.String()) })
		}
	}
	n.mu.Lock()
	n.names = names
	n.mu.Unlock()
	if err := n.world.Serve(all); err != nil {
		return err
	}
	for _, tell := range tells {
		tell()
	}
	return nil
}

// endpoints are the pods that a Service leads to, as the controller of EndpointSlices and kube-proxy have it: those it selects that are ready and do
// not end, or, for want of one, those that are ready and end. With publishNotReadyAddresses all, also those that end: they count as ready.
func endpoints(service kube.Object, pods map[string]kube.Object) []string {
	selector := object(service, "spec", "selector")
	if len(selector) == 0 {
		return nil
	}
	unready, _ := kube.At(service, "spec", "publishNotReadyAddresses").(bool)
	var serving, ending []string
	for _, name := range slices.Sorted(maps.Keys(pods)) {
		pod := pods[name]
		if !selects(selector, object(pod, "metadata", "labels")) || kube.Text(pod, "status", "podIP") == "" || over(pod) {
			continue
		}
		switch {
		case unready, isReady(pod) && kube.Text(pod, "metadata", "deletionTimestamp") == "":
			serving = append(serving, name)
		case isReady(pod):
			ending = append(ending, name)
		}
	}
	if len(serving) == 0 {
		return ending
	}
	return serving
}

func selects(selector, labels kube.Object) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

func over(pod kube.Object) bool {
	phase := kube.Text(pod, "status", "phase")
	return phase == "Succeeded" || phase == "Failed"
}

func isReady(pod kube.Object) bool {
	for _, c := range list(pod, "status", "conditions") {
		if c["type"] == "Ready" {
			return c["status"] == "True"
		}
	}
	return false
}

// targets of one port.
func targets(p kube.Object, behind []string, pods map[string]kube.Object) []netip.AddrPort {
	var out []netip.AddrPort
	for _, name := range behind {
		pod := pods[name]
		at, err := netip.ParseAddr(kube.Text(pod, "status", "podIP"))
		to := p["targetPort"]
		if to == nil {
			to = p["port"]
		}
		for _, c := range list(pod, "spec", "containers") {
			if n, wrong := strconv.ParseUint(port(c, to), 10, 16); wrong == nil && err == nil {
				out = append(out, netip.AddrPortFrom(at, uint16(n)))
				break
			}
		}
	}
	return out
}

// host is a name outside of the cluster.
func (n *network) host(name string, address netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outside[name+"."] = address
}

// lookup answers DNS: a host outside, NAME, NAME.NAMESPACE, NAME.NAMESPACE.svc and NAME.NAMESPACE.svc.cluster.local, where NAME is a Service, or a pod in one.
func (n *network) lookup(name string) (addresses []netip.Addr, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if address, is := n.outside[name]; is {
		return []netip.Addr{address}, true
	}
	suffix := "." + n.namespace + ".svc.cluster.local."
	if len(name) <= len(suffix) || name[len(name)-len(suffix):] != suffix {
		return nil, false
	}
	addresses, known = n.names[name[:len(name)-len(suffix)]]
	return addresses, known
}
