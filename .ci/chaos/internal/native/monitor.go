package native

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// monitor renders the cluster with an exporter, and asks every member for the metrics of both.
func (c *Cluster) monitor() fault.Fault {
	return fault.Fault{
		Name: "monitoring-added", What: "monitoring in the spec: every pod is made again with an exporter, which knows its server", Hold: time.Second, Expect: planned,
		Break: func(ctx context.Context, s *fault.Scene) error {
			c.Wanted = func(ctx context.Context, p *kubelet.Pod) error {
				if err := scrape(ctx, p, "9187", "pg_up 1"); err != nil {
					return err
				}
				return scrape(ctx, p, "8008", "onggi_")
			}
			return c.Change(ctx, func(spec kube.Object) { spec["monitoring"] = kube.Object{"alerts": true} })
		},
	}
}

// scrape says that GET /metrics of a port of a pod has no line that begins so.
func scrape(ctx context.Context, p *kubelet.Pod, port, line string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Host.IP.String()+":"+port+"/metrics", nil)
	if err != nil {
		return err
	}
	answer, err := cluster.Within(p, 2*time.Second).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if !strings.Contains("\n"+string(text), "\n"+line) {
		return fmt.Errorf("the metrics on port %s have no %s", port, line)
	}
	return nil
}
