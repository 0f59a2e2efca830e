package kubelet

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
)

// Route is where the rw address leads now. An empty target refuses connections, as a Service without endpoints does.
type Route struct {
	mu     sync.Mutex
	target Target
	paused bool
}

// Pause keeps everybody from being asked, while it is on: what is asked costs those who answer.
func (r *Route) Pause(on bool) {
	r.mu.Lock()
	r.paused = on
	r.mu.Unlock()
}

func (r *Route) isPaused() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.paused
}

// Target is one endpoint.
type Target struct{ Pod, Address string }

// Now is the present target.
func (r *Route) Now() Target {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.target
}

func (r *Route) set(t Target) {
	r.mu.Lock()
	r.target = t
	r.mu.Unlock()
}

// Lead leads to a pod at an address, which may be a Service's, or to nobody.
func (r *Route) Lead(pod, address string) { r.set(Target{pod, address}) }

// FollowLabel leads to the pod that carries the label, until ctx ends. While the API server is away the last target stays.
func (r *Route) FollowLabel(ctx context.Context, api *kube.Client, namespace, selector string) {
	path := "/api/v1/namespaces/" + namespace + "/pods?labelSelector=" + url.QueryEscape(selector)
	for ctx.Err() == nil {
		seen, whole := map[string]endpoint{}, false
		_ = api.Watch(ctx, path, func(e kube.Event) {
			switch e.Type {
			case kube.Listed:
				whole = true
			case "DELETED":
				delete(seen, kube.Text(e.Object, "metadata", "name"))
			default:
				seen[kube.Text(e.Object, "metadata", "name")] = endpoint{
					address: kube.Text(e.Object, "status", "podIP"), terminating: kube.Text(e.Object, "metadata", "deletionTimestamp") != "",
				}
			}
			if whole {
				r.settle(seen)
			}
		})
		time.Sleep(100 * time.Millisecond)
	}
}

type endpoint struct {
	address     string
	terminating bool
}

// settle keeps the present target while it is one of those seen. As kube-proxy does, it uses one that terminates only for want of another.
func (r *Route) settle(seen map[string]endpoint) {
	now, next := r.Now(), Target{}
	for _, terminating := range []bool{true, false} {
		found := Target{}
		for name, e := range seen {
			target := Target{name, e.address}
			if e.address == "" || e.terminating != terminating {
				continue
			}
			if found.Pod == "" || target == now || (found != now && name < found.Pod) {
				found = target
			}
		}
		if found.Pod != "" {
			next = found
		}
	}
	r.set(next)
}

// FollowREST leads to the pod that answers 200 to GET /primary, asked every 250 ms as HAProxy would.
func (r *Route) FollowREST(ctx context.Context, pods func() []*Pod) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for ; ctx.Err() == nil; wait(ctx, ticker.C) {
		if r.isPaused() {
			continue
		}
		seen := map[string]endpoint{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, p := range pods() {
			all.Go(func() {
				if asked(ctx, client, "http://"+p.Host.IP.String()+":8008/primary") {
					mu.Lock()
					seen[p.Name] = endpoint{address: p.Host.IP.String()}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		r.settle(seen)
	}
}

func wait(ctx context.Context, tick <-chan time.Time) {
	select {
	case <-tick:
	case <-ctx.Done():
	}
}

func asked(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
