package kubelet

import (
	"context"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
)

// touch asks for a report of the pod's status.
func (p *Pod) touch() {
	select {
	case p.dirty <- struct{}{}:
	default:
	}
}

// report writes the pod's status whenever it changed, for as long as it takes.
func (p *Pod) report() {
	for {
		select {
		case <-p.done:
			return
		case <-p.dirty:
		}
		for !p.k.Lost(p.Node) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			_, err := p.k.API.Do(ctx, http.MethodPatch, p.path()+"/status", kube.Object{"status": p.status()})
			cancel()
			if err == nil {
				break
			}
			select {
			case <-p.done:
				return
			case <-time.After(time.Second):
			}
		}
	}
}

func (p *Pod) status() kube.Object {
	p.mu.Lock()
	defer p.mu.Unlock()
	mains, begin := []any{}, []any{}
	for _, c := range p.spec.Containers {
		r := p.running[c.Name]
		if r == nil {
			continue
		}
		status := r.status(c.Name, image(p.Object, c.Name))
		if c.Init || c.Sidecar {
			begin = append(begin, status)
		} else {
			mains = append(mains, status)
		}
	}
	ready := "False"
	if p.isReady() {
		ready = "True"
	}
	return kube.Object{
		"phase": p.phase(), "podIP": p.Host.IP.String(), "podIPs": []any{kube.Object{"ip": p.Host.IP.String()}}, "startTime": stamp(p.since),
		"containerStatuses": mains, "initContainerStatuses": begin,
		"conditions": []any{
			kube.Object{"type": "PodScheduled", "status": "True"},
			kube.Object{"type": "Initialized", "status": "True"},
			kube.Object{"type": "ContainersReady", "status": ready},
			kube.Object{"type": "Ready", "status": ready, "lastTransitionTime": stamp(time.Now())},
		},
	}
}

// phase of the pod, as its main containers say.
func (p *Pod) phase() string {
	phase := "Succeeded"
	for _, c := range p.spec.Containers {
		r := p.running[c.Name]
		switch {
		case c.Init || c.Sidecar:
		case r == nil:
			return "Pending"
		case r.ended == nil || p.spec.again(c, code(r.ended)):
			return "Running"
		case code(r.ended) != 0:
			phase = "Failed"
		}
	}
	return phase
}

func code(ended kube.Object) int {
	n, _ := ended["exitCode"].(int)
	return n
}

// Phase is Pending, Running, Succeeded or Failed.
func (p *Pod) Phase() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase()
}

// Over is when the last of the main containers ended; zero if one runs.
func (p *Pod) Over() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	var last time.Time
	for _, c := range p.spec.Containers {
		r := p.running[c.Name]
		if c.Init || c.Sidecar {
			continue
		}
		if r == nil || r.ended == nil {
			return time.Time{}
		}
		if at, err := time.Parse(time.RFC3339, kube.Text(r.ended, "finishedAt")); err == nil && at.After(last) {
			last = at
		}
	}
	return last
}

// Ready is the pod's condition.
func (p *Pod) Ready() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.isReady()
}

func (p *Pod) isReady() bool {
	for _, c := range p.spec.Containers {
		if r := p.running[c.Name]; !c.Init && (r == nil || !r.ready()) {
			return false
		}
	}
	return len(p.spec.Containers) > 0
}

func (r *running) ready() bool { return r.ended == nil && r.started && !r.unready }

func (r *running) status(name, image string) kube.Object {
	s := kube.Object{
		"name": name, "image": image, "imageID": image, "restartCount": r.restarts, "ready": r.ready(), "started": r.ended == nil && r.started,
		"state": kube.Object{"running": kube.Object{"startedAt": stamp(r.since)}},
	}
	if r.ended != nil {
		s["state"] = kube.Object{"terminated": r.ended}
	}
	if r.last != nil {
		s["lastState"] = kube.Object{"terminated": r.last}
	}
	return s
}

// terminated is how a container ended, with what it left in its termination log.
func terminated(state *os.ProcessState, started, ended time.Time, log string) kube.Object {
	o := kube.Object{"exitCode": state.ExitCode(), "reason": "Error", "startedAt": stamp(started), "finishedAt": stamp(ended)}
	if wait, ok := state.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		// As a container runtime tells it.
		o["exitCode"] = 128 + int(wait.Signal())
	} else if state.ExitCode() == 0 {
		o["reason"] = "Completed"
	}
	if message, err := os.ReadFile(log); err == nil && len(message) > 0 {
		o["message"] = string(message[:min(len(message), 4096)])
	}
	return o
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func splitPort(address string) (host, port string) {
	host, port, _ = strings.Cut(address, ":")
	return host, port
}
