package native

import (
	"context"
	"fmt"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
)

// standby is a second cluster that follows this one, and is promoted in the end.
func (c *Cluster) standby() fault.Fault {
	return fault.Fault{
		Name: "standby-cluster", What: "another cluster follows this one's rw Service, shows what is written here, and is promoted by its spec", Hold: time.Second, Expect: harmless,
		Break: func(ctx context.Context, s *fault.Scene) error {
			if err := c.all(ctx, s.Primary, "create table told (what text)", "insert into told values ('before')"); err != nil {
				return err
			}
			spec := Spec()
			spec["version"], spec["instances"], spec["replication"] = c.spec["version"], 2, kube.Object{"mode": "async"}
			spec["bootstrap"], spec["replica"] = kube.Object{"basebackup": kube.Object{"from": c.Name}}, kube.Object{"from": c.Name}
			spec["externalClusters"] = []any{kube.Object{"name": c.Name, "connection": kube.Object{
				"host": c.Name + "-rw", "user": "onggi_replicator", "sslMode": "prefer", "password": kube.Object{"secret": c.Name + "-replication", "key": "password"},
			}}}
			spec["superuser"], spec["secrets"] = kube.Object{"secret": "east-superuser"}, secrets("east")
			east, err := c.lab.begin(ctx, "east", spec, c.password)
			if err != nil {
				return err
			}
			defer func() {
				if err := east.remove(context.WithoutCancel(ctx)); err != nil {
					c.Log("remove east: %v", err)
				}
			}()
			if err := east.tells(ctx, "before"); err != nil {
				return err
			}
			if err := c.all(ctx, s.Primary, "insert into told values ('while it follows')"); err != nil {
				return err
			}
			if err := east.tells(ctx, "while it follows"); err != nil {
				return err
			}
			if p, err := east.Cluster.Primary(ctx); err == nil {
				return fmt.Errorf("%s of a standby cluster is out of recovery", p.Name)
			}
			return east.promote(ctx)
		},
	}
}

// tells waits until every member has the row.
func (c *Cluster) tells(ctx context.Context, row string) error {
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
		err = fmt.Errorf("there are no pods")
		for _, p := range c.Pods() {
			var found []string
			if found, err = c.Ask(ctx, p, "select 1 from told where what = '"+row+"'"); err == nil && len(found) != 1 {
				err = fmt.Errorf("it has %d such rows", len(found))
			}
			if err != nil {
				err = fmt.Errorf("%s does not tell %q: %w", p.Name, row, err)
				break
			}
		}
		if err == nil && len(c.Pods()) == len(c.Names()) {
			return nil
		}
	}
	return err
}

// promote renders the cluster as one of its own, which then takes writes.
func (c *Cluster) promote(ctx context.Context) error {
	if err := c.Change(ctx, func(spec kube.Object) { spec["replica"].(kube.Object)["enabled"] = false }); err != nil {
		return err
	}
	if _, err := c.WaitWhole(ctx, time.Minute); err != nil {
		return fmt.Errorf("promote %s: %w", c.Name, err)
	}
	p, err := c.Cluster.Primary(ctx)
	if err != nil {
		return err
	}
	if err := c.all(ctx, p, "insert into told values ('promoted')"); err != nil {
		return err
	}
	return c.tells(ctx, "promoted")
}
