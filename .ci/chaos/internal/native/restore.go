package native

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// tally is what pgbench has done. Each of its transactions adds to all of these sums, or to none: a restore to a moment that is not between two
// transactions has sums that differ.
const tally = `select (select count(*) from pgbench_accounts) || ' accounts, ' || count(*) || ' transactions, ' || coalesce(sum(delta), 0) || ' = '
	|| (select sum(abalance) from pgbench_accounts) || ' = ' || (select sum(tbalance) from pgbench_tellers) || ' = ' || (select sum(bbalance) from pgbench_branches)
	from pgbench_history`

// marks are rows of a table that is made for this.
const marks = `select count(*) || ' up to ' || coalesce(max(id), 0) from marked`

// rows that a mark has.
const rows = 50

// mark writes more of them.
func (c *Cluster) mark(ctx context.Context, p *kubelet.Pod) error {
	first := c.marked + 1
	c.marked += rows
	return c.all(ctx, p, "create table if not exists marked (id int primary key)", fmt.Sprintf("insert into marked select generate_series(%d, %d)", first, c.marked))
}

// held is what a member holds of marks and of pgbench's.
type held struct{ marks, tally string }

func (h held) String() string { return "marks " + h.marks + ", " + h.tally }

// look reads what a member holds.
func (c *Cluster) look(ctx context.Context, p *kubelet.Pod) (held, error) {
	marked, err := c.Ask(ctx, p, marks)
	if err != nil {
		return held{}, err
	}
	benched, err := c.asked(ctx, p, "app", tally)
	return held{marked[0], benched}, err
}

// holds says what a member holds that is not this.
func (c *Cluster) holds(want held) func(ctx context.Context, p *kubelet.Pod) error {
	return func(ctx context.Context, p *kubelet.Pod) error {
		found, err := c.look(ctx, p)
		if err == nil && found != want {
			err = fmt.Errorf("it holds %s, not %s", found, want)
		}
		return err
	}
}

// moment is the server's time, between what was committed until now and what will be.
func (c *Cluster) moment(ctx context.Context, p *kubelet.Pod) (string, error) {
	time.Sleep(100 * time.Millisecond)
	at, err := c.Ask(ctx, p, `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`)
	if err != nil {
		return "", err
	}
	time.Sleep(100 * time.Millisecond)
	return at[0], nil
}

// asked is what one query in a database says, as the client of pgbench; it may take long.
func (c *Cluster) asked(ctx context.Context, p *kubelet.Pod, database, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	config := c.Settings("", p)
	config.Database = database
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return "", fmt.Errorf("%s: %d results", sql, len(results))
	}
	return string(results[0].Rows[0][0]), nil
}

// restoreToMoment has pgbench work through the pooler before and after a moment, restores to it, and looks for exactly what was committed before.
func (c *Cluster) restoreToMoment(ctx context.Context, s *fault.Scene) error {
	if err := c.pooled(ctx); err != nil {
		return err
	}
	defer c.unpooled()
	if err := c.bench(ctx, "-n", "-c", "8", "-T", "4"); err != nil {
		return err
	}
	if err := c.mark(ctx, s.Primary); err != nil {
		return err
	}
	then, err := c.look(ctx, s.Primary)
	if err != nil {
		return err
	}
	moment, err := c.moment(ctx, s.Primary)
	if err != nil {
		return err
	}
	if err := c.mark(ctx, s.Primary); err != nil {
		return err
	}
	if err := c.bench(ctx, "-n", "-c", "8", "-T", "2"); err != nil {
		return err
	}
	if err := c.archived(ctx, s.Primary); err != nil {
		return err
	}
	c.Log("as of %s: %s", moment, then)
	return c.restored(ctx, "moment", kube.Object{"time": moment}, then)
}

// clone restores all that is in the archive, to a cluster of this name.
func (c *Cluster) clone(name string) func(ctx context.Context, s *fault.Scene) error {
	return func(ctx context.Context, s *fault.Scene) error {
		if err := c.mark(ctx, s.Primary); err != nil {
			return err
		}
		then, err := c.look(ctx, s.Primary)
		if err != nil {
			return err
		}
		if err := c.archived(ctx, s.Primary); err != nil {
			return err
		}
		return c.restored(ctx, name, nil, then)
	}
}

// recovering is the spec of a cluster of one that starts from an archive.
func (c *Cluster) recovering(name, from, stanza string, recovery kube.Object) kube.Object {
	spec := Spec()
	spec["version"], spec["instances"], spec["replication"] = c.spec["version"], 1, kube.Object{"mode": "async"}
	spec["bootstrap"] = kube.Object{"recovery": and(recovery, kube.Object{"from": from})}
	spec["externalClusters"] = []any{kube.Object{"name": from, "archive": and(c.place, kube.Object{"serverName": stanza})}}
	spec["superuser"] = kube.Object{"secret": name + "-superuser"}
	spec["secrets"] = secrets(name)
	return spec
}

// restored makes a cluster of one from the backups, which should hold exactly this, and removes it again.
func (c *Cluster) restored(ctx context.Context, name string, target kube.Object, want held) error {
	recovery := kube.Object{}
	if target != nil {
		recovery["target"] = target
	}
	other, err := c.lab.start(ctx, name, c.recovering(name, c.Name, c.Name, recovery), c.password)
	if err != nil {
		return err
	}
	defer other.removeOr(ctx)
	p, err := other.Cluster.Primary(ctx)
	if err != nil {
		return err
	}
	if err := other.holds(want)(ctx, p); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// removeOr removes the cluster, or tells why that is not possible.
func (c *Cluster) removeOr(ctx context.Context) {
	if err := c.remove(context.WithoutCancel(ctx)); err != nil {
		c.Log("remove %s: %v", c.Name, err)
	}
}

// comesBack starts a cluster from its own backups, of which there are none, loses it with all of its volumes, and starts it by the same spec again.
func (c *Cluster) comesBack(ctx context.Context) error {
	const name = "phoenix"
	spec := c.recovering(name, "self", name, kube.Object{"orInit": true})
	spec["backup"] = and(c.place, kube.Object{"serverName": name})
	first, err := c.lab.start(ctx, name, spec, c.password)
	if err != nil {
		return fmt.Errorf("without a backup: %w", err)
	}
	system, err := first.fly(ctx)
	first.removeOr(ctx)
	if err != nil {
		return err
	}
	c.Kubelet.Wipe(name + "-0")
	lease := "/apis/coordination.k8s.io/v1/namespaces/" + Namespace + "/leases/" + name + "-primary"
	if _, err := c.lab.Server.Admin.Do(ctx, http.MethodDelete, lease, nil); err != nil {
		return err
	}
	again, err := c.lab.start(ctx, name, spec, c.password)
	if err != nil {
		return fmt.Errorf("from its backups: %w", err)
	}
	defer again.removeOr(ctx)
	p, err := again.Cluster.Primary(ctx)
	if err != nil {
		return err
	}
	found, err := again.Ask(ctx, p, "select ("+marks+") || ', ' || system_identifier || ', ' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) from pg_control_system()")
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("%d up to %[1]d, %s, 00000002", 2*rows, system); found[0] != want {
		return fmt.Errorf("the cluster that came back has %s, not %s", found[0], want)
	}
	return nil
}

// fly writes before and after a backup, waits until all of it is archived, and tells the system identifier.
func (c *Cluster) fly(ctx context.Context) (string, error) {
	c.Wanted = func(ctx context.Context, p *kubelet.Pod) error { return c.ours(ctx, p) }
	if _, err := c.WaitWhole(ctx, time.Minute); err != nil {
		return "", err
	}
	p, err := c.Cluster.Primary(ctx)
	if err != nil {
		return "", err
	}
	if err := c.mark(ctx, p); err != nil {
		return "", err
	}
	if err := c.ctl(ctx, p, "backup", "--type", "full", "--wait"); err != nil {
		return "", err
	}
	if err := c.mark(ctx, p); err != nil {
		return "", err
	}
	if err := c.archived(ctx, p); err != nil {
		return "", err
	}
	system, err := c.Ask(ctx, p, "select system_identifier from pg_control_system()")
	if err != nil {
		return "", err
	}
	return system[0], nil
}

// ctl runs the agent's own command in a pod.
func (c *Cluster) ctl(ctx context.Context, p *kubelet.Pod, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	_, err := p.Exec(ctx, "agent", append([]string{agentAt, "ctl"}, args...)...)
	return err
}
