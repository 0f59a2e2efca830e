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
		for !p.k.isLost(p.Node) {
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
	var mains, sidecars []any
	ready := "True"
	for _, c := range p.spec.Containers {
		r := p.running[c.Name]
		if r == nil {
			ready = "False"
			continue
		}
		if !r.ready() {
			ready = "False"
		}
		if c.Sidecar {
			sidecars = append(sidecars, r.status(c.Name))
		} else {
			mains = append(mains, r.status(c.Name))
		}
	}
	return kube.Object{
		"phase": "Running", "podIP": p.Host.IP.String(), "podIPs": []any{kube.Object{"ip": p.Host.IP.String()}},
		"containerStatuses": mains, "initContainerStatuses": sidecars,
		"conditions": []any{kube.Object{"type": "Ready", "status": ready, "lastTransitionTime": stamp(time.Now())}},
	}
}

func (r *running) ready() bool { return r.ended == nil && !r.unready }

// Ready is the pod's condition.
func (p *Pod) Ready() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.spec.Containers {
		if r := p.running[c.Name]; r == nil || !r.ready() {
			return false
		}
	}
	return len(p.spec.Containers) > 0
}

func (r *running) status(name string) kube.Object {
	s := kube.Object{
		"name": name, "image": "postgres", "imageID": "postgres", "restartCount": r.restarts, "ready": r.ready(), "started": r.ended == nil,
		"state": kube.Object{"running": kube.Object{"startedAt": stamp(r.started)}},
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
