package native

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/world"
)

// poolers are the scenarios of clients who come through the pooler.
func (c *Cluster) poolers() ([]fault.Fault, error) {
	lost, err := fault.Named("node-lost")
	if err != nil {
		return nil, err
	}
	pooled := lost[0]
	pooled.Name, pooled.What = "failover-pooled", "the primary's node is lost, and clients come through the pooler"
	mend := pooled.Mend
	pooled.Mend = func(ctx context.Context, s *fault.Scene) error {
		defer c.unpooled()
		return mend(ctx, s)
	}
	// The pods behind it look again every 0.2 s; a node that is gone says nothing, so some connections wait for their keepalives.
	pooled.Expect.OutageMax += 3 * time.Second
	pooled.Expect.Outage += 3 * time.Second
	return []fault.Fault{c.pool(), c.pgbench(), pooled}, nil
}

// pool renders the cluster with a pooler: its agents get a Secret more, by which they make the pooler's role.
func (c *Cluster) pool() fault.Fault {
	return fault.Fault{
		Name: "pooler-added", What: "a pooler in the spec: pods are made again with its Secret, clients come through it afterwards", Hold: time.Second, Expect: planned,
		Break: func(ctx context.Context, s *fault.Scene) error {
			return c.Change(ctx, func(spec kube.Object) {
				spec["pooler"] = kube.Object{"mode": "transaction", "instances": 2}
				c.needs(spec, "pooler")
			})
		},
	}
}

// pgbench makes 100 MB through the pooler and loads the cluster, while the other clients, who come through it too, judge it.
func (c *Cluster) pgbench() fault.Fault {
	return fault.Fault{
		Name: "pgbench-pooled", What: "pgbench makes 100 MB through the pooler and works through it", Hold: time.Second, Expect: fault.Expect{Stays: true, NoLoss: true},
		Break: func(ctx context.Context, s *fault.Scene) error {
			if err := c.pooled(ctx); err != nil {
				return err
			}
			if err := c.bench(ctx, "-i", "-q", "-s", "7"); err != nil {
				return err
			}
			return c.bench(ctx, "-c", "8", "-T", "10", "--protocol", "simple")
		},
	}
}

// pooled leads clients through the pooler, once it is ready.
func (c *Cluster) pooled(ctx context.Context) error {
	at, err := c.poolerReady(ctx)
	if err != nil {
		return err
	}
	c.pooler.Store(&at)
	c.lab.network.look()
	return nil
}

// poolerReady waits until all pods of the pooler are ready and it lets clients in, and returns its address.
func (c *Cluster) poolerReady(ctx context.Context) (string, error) {
	service := collection("v1", "services", Namespace) + "/" + c.Name + "-pooler"
	deployment := collection("apps/v1", "deployments", Namespace) + "/" + c.Name + "-pooler"
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s, err := c.lab.Server.Admin.Do(ctx, http.MethodGet, service, nil)
	if err != nil {
		return "", err
	}
	at := kube.Text(s, "spec", "clusterIP")
	for {
		o, err := c.lab.Server.Admin.Do(ctx, http.MethodGet, deployment, nil)
		if err == nil && number(o, 0, "status", "readyReplicas") == 2 {
			if err = c.try(ctx, at); err == nil {
				return at, nil
			}
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return "", fmt.Errorf("the pooler is not ready: %w", err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// try connects as a client does.
func (c *Cluster) try(ctx context.Context, address string) error {
	conn, err := pgconn.ConnectConfig(ctx, c.Settings(address, nil))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (c *Cluster) unpooled() {
	c.pooler.Store(nil)
	c.lab.network.look()
}

// bench runs pgbench through the pooler to its end.
func (c *Cluster) bench(ctx context.Context, args ...string) error {
	at := c.pooler.Load()
	if at == nil {
		return fmt.Errorf("pgbench: there is no pooler")
	}
	log := filepath.Join(c.lab.World.Dir, "logs", "pgbench.log")
	pass := filepath.Join(c.lab.World.Dir, "pgpass")
	if err := os.WriteFile(pass, []byte("*:*:*:app:"+c.password), 0o600); err != nil {
		return err
	}
	command := append([]string{"/usr/bin/env", "PGPASSFILE=" + pass, c.lab.Plan.Images.Postgres + "/pgbench", "-h", *at, "-U", "app"}, args...)
	p, err := c.lab.World.Daemon(log, append(command, "app")...)
	if err != nil {
		return err
	}
	select {
	case <-p.Ended():
	case <-ctx.Done():
		return ctx.Err()
	}
	if !p.State().Success() {
		return fmt.Errorf("pgbench %s: %s: %s", strings.Join(args, " "), p.State(), world.Tail(log, 5))
	}
	c.Log("pgbench %s: %s", strings.Join(args, " "), strings.ReplaceAll(world.Tail(log, 4), "\n", ", "))
	return nil
}
