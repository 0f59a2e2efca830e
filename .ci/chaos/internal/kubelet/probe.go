package kubelet

import (
	"context"
	"net"
	"net/http"
	"time"

	"onggi.dev/ci/chaos/internal/world"
)

// Probe asks GET on a port of the pod, as a kubelet does; an answer from 200 to 399 is a yes.
type Probe struct {
	Path, Port string
	Every      time.Duration
	Timeout    time.Duration
	Failures   int // in a row that make a no
}

// probe keeps a container's readiness, for as long as its process runs.
func (p *Pod) probe(c Container, process *world.Process) {
	client := &http.Client{Timeout: c.Ready.Timeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		// A node reaches its own pods, whatever is cut around it.
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return p.Host.Dial(ctx, network, address)
		},
	}}
	url := "http://" + net.JoinHostPort(p.Host.IP.String(), c.Ready.Port) + c.Ready.Path
	ticker := time.NewTicker(c.Ready.Every)
	defer ticker.Stop()
	failed := 0
	for {
		if yes(client, url) {
			failed = 0
			p.setUnready(c.Name, process, false)
		} else if failed++; failed >= c.Ready.Failures {
			p.setUnready(c.Name, process, true)
		}
		select {
		case <-process.Ended():
			return
		case <-ticker.C:
		}
	}
}

func yes(client *http.Client, url string) bool {
	answer, err := client.Get(url)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode < http.StatusBadRequest
}

func (p *Pod) setUnready(container string, process *world.Process, unready bool) {
	p.mu.Lock()
	r := p.running[container]
	changed := r.process == process && r.unready != unready
	if changed {
		r.unready = unready
	}
	p.mu.Unlock()
	if changed {
		p.touch()
	}
}
