package native

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// planned is what a move that was asked for may cost.
var planned = fault.Expect{Outage: time.Second, OutageMax: 2 * time.Second, NoLoss: true, Moves: 1}

// unnoticed is what nobody may notice.
var unnoticed = fault.Expect{OutageMax: 500 * time.Millisecond, Stays: true, Quiet: true, NoLoss: true}

// Spec is the cluster that the scenarios begin with.
func Spec() kube.Object {
	return kube.Object{
		"version": firstVersion, "backend": "native", "instances": 3, "storage": kube.Object{"size": "1Gi", "wal": kube.Object{"size": "1Gi"}},
		"replication": kube.Object{"mode": "quorum", "minSync": 1}, "superuser": kube.Object{"secret": "shop-superuser"}, "secrets": secrets("shop"),
		"parameters": kube.Object{"shared_buffers": "32MB", "max_connections": "100", "wal_keep_size": "64MB", "max_wal_size": "128MB"},
	}
}

// secrets are those that a cluster of this name needs.
func secrets(name string) kube.Object {
	var existing []any
	for _, suffix := range []string{"superuser", "replication", "agent"} {
		existing = append(existing, kube.Object{"name": name + "-" + suffix})
	}
	return kube.Object{"existing": existing}
}

// Versions whose images the same programs stand for.
var firstVersion, secondVersion = pgtest.Major() + ".1", pgtest.Major() + ".2"

// Scenarios are what is done to the cluster, in this order.
func (c *Cluster) Scenarios() ([]fault.Fault, error) {
	known, err := fault.Named("node-lost", "switchover", "kill-all", "volume-lost", "kill-agent", "agent-gone", "kill-pod", "cut-primary", "freeze-pod")
	if err != nil {
		return nil, err
	}
	pooled, err := c.poolers()
	if err != nil {
		return nil, err
	}
	// Those from the fifth on leave the label on a pod that is as it was: nobody ends it, and its agent cannot take it off.
	return slices.Concat(pooled, c.certificates(), c.backups(), known[4:], []fault.Fault{
		known[0], known[1],
		c.parameter("parameter-reload", "another work_mem in the spec: the ConfigMap changes, servers reload", "work_mem", "5MB", unnoticed),
		c.parameter("parameter-restart", "another max_connections in the spec: servers restart, replicas first", "max_connections", "120", planned),
		c.monitor(), c.upgrade(), c.drain(), known[2], known[3], logLost(known[3].Expect),
		c.standby(), c.scale(5), c.scale(2), // last: what a scale changes of max_wal_senders may restart servers minutes later
	}), nil
}

// parameter renders the cluster with another one, which every server has to show in the end.
func (c *Cluster) parameter(name, what, parameter, value string, expect fault.Expect) fault.Fault {
	return fault.Fault{
		Name: name, What: what, Hold: time.Second, Expect: expect,
		Break: func(ctx context.Context, s *fault.Scene) error {
			c.Wanted = func(ctx context.Context, p *kubelet.Pod) error {
				shown, err := c.Ask(ctx, p, "show "+parameter)
				if err == nil && (len(shown) != 1 || shown[0] != value) {
					err = fmt.Errorf("%s is %v, not %s", parameter, shown, value)
				}
				return err
			}
			return c.Change(ctx, func(spec kube.Object) { spec["parameters"].(kube.Object)[parameter] = value })
		},
	}
}

// upgrade renders the cluster with another image.
func (c *Cluster) upgrade() fault.Fault {
	return fault.Fault{
		Name: "minor-upgrade", What: "the next minor version in the spec: every pod is made again with its image", Hold: time.Second, Expect: planned,
		Break: func(ctx context.Context, s *fault.Scene) error {
			return c.Change(ctx, func(spec kube.Object) { spec["version"] = secondVersion })
		},
	}
}

// logLost is a lost volume that had the log alone.
func logLost(expect fault.Expect) fault.Fault {
	return fault.Fault{
		Name: "log-volume-lost", What: "the primary's pod is deleted with grace 0 and the volume of its log is lost, that of its data is not", Hold: 5 * time.Second, Calm: true, Expect: expect,
		Break: func(ctx context.Context, s *fault.Scene) error {
			s.Kubelet.WipeClaim(s.Primary.Name, "wal")
			return s.Kubelet.Delete(ctx, s.Primary.Name, 0)
		},
	}
}

// scale renders the cluster with another number of instances.
func (c *Cluster) scale(n int) fault.Fault {
	return fault.Fault{
		Name: fmt.Sprintf("scale-to-%d", n), What: fmt.Sprintf("%d instances in the spec", n), Hold: 4 * time.Second,
		Expect: fault.Expect{OutageMax: 2 * time.Second, NoLoss: true, Moves: 1},
		Break: func(ctx context.Context, s *fault.Scene) error {
			return c.Change(ctx, func(spec kube.Object) { spec["instances"] = n })
		},
	}
}

// drain does as kubectl drain: the node is cordoned, and its pods are evicted, which their PodDisruptionBudgets have to allow.
func (c *Cluster) drain() fault.Fault {
	return fault.Fault{
		Name: "drain", What: "the primary's node is cordoned and its pods are evicted through the API server; the node comes back later", Hold: 6 * time.Second, Expect: planned,
		Break: func(ctx context.Context, s *fault.Scene) error {
			if err := s.Kubelet.Cordon(ctx, s.Primary.Node, true); err != nil {
				return err
			}
			for _, p := range sorted(s.Kubelet.Pods()) {
				if p.Node != s.Primary.Node {
					continue
				}
				if err := c.lab.evict(ctx, p); err != nil {
					return err
				}
			}
			return nil
		},
		Mend: func(ctx context.Context, s *fault.Scene) error { return s.Kubelet.Cordon(ctx, s.Primary.Node, false) },
	}
}

// evict asks until the pod's budget allows it.
func (l *Lab) evict(ctx context.Context, p *kubelet.Pod) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := l.Server.Admin.Do(ctx, http.MethodPost, collection("v1", "pods", Namespace)+"/"+p.Name+"/eviction", kube.Object{
			"apiVersion": "policy/v1", "kind": "Eviction", "metadata": kube.Object{"name": p.Name, "namespace": Namespace},
		})
		var refused *kube.StatusError
		if !errors.As(err, &refused) || refused.Code != http.StatusTooManyRequests {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}
