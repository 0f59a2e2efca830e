package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// harmless is what may not hurt, but may be felt.
var harmless = fault.Expect{OutageMax: 2 * time.Second, Stays: true, NoLoss: true}

// backups are the scenarios of backups and of what comes back from them.
func (c *Cluster) backups() []fault.Fault {
	return []fault.Fault{
		{
			Name: "backup-added", What: "backups on a claim in the spec: every pod is made again with an image that has pgBackRest", Hold: time.Second, Expect: planned,
			Break: func(ctx context.Context, s *fault.Scene) error {
				c.Wanted = func(ctx context.Context, p *kubelet.Pod) error { return c.ours(ctx, p) }
				return c.Change(ctx, func(spec kube.Object) {
					spec["backup"] = kube.Object{"destination": repository, "retentionFull": 2, "schedules": []any{
						kube.Object{"name": "weekly", "cron": "0 1 * * 0", "type": "full"},
						kube.Object{"name": "daily", "cron": "0 1 * * 1-6", "type": "differential"},
						kube.Object{"name": "hourly", "cron": "30 * * * *", "type": "incremental"},
					}}
				})
			},
		},
		{
			Name: "backup", What: "the CronJobs' own Jobs: a full, a differential and an incremental backup", Hold: time.Second, Expect: harmless,
			Break: func(ctx context.Context, s *fault.Scene) error { return c.takeBackups(ctx) },
		},
		{
			Name: "restore-to-a-moment", What: "another cluster, from the backups, as of a moment between two rows", Hold: time.Second, Expect: harmless,
			Break: func(ctx context.Context, s *fault.Scene) error { return c.restoreToMoment(ctx, s) },
		},
		{
			Name: "clone", What: "another cluster, from the backups and all of the archive", Hold: time.Second, Expect: harmless,
			Break: func(ctx context.Context, s *fault.Scene) error { return c.clone(ctx, s) },
		},
		{
			Name: "drill", What: "a drill in the spec; its CronJob's Job restores the newest backup beside the cluster and checks it", Hold: time.Second, Expect: harmless,
			Break: func(ctx context.Context, s *fault.Scene) error { return c.drill(ctx) },
		},
	}
}

const repository = "pvc://backups/shop"

// takeBackups runs a Job of each CronJob to its end, and looks for what it should have made.
func (c *Cluster) takeBackups(ctx context.Context) error {
	for i, schedule := range []string{"weekly", "daily", "hourly"} {
		job := fmt.Sprintf("%s-%s-%d", c.Name, schedule, i)
		if err := c.lab.controllers.Trigger(ctx, c.Name+"-"+schedule, job); err != nil {
			return err
		}
		if err := c.lab.finished(ctx, job); err != nil {
			return err
		}
	}
	return c.has(ctx, "full", "diff", "incr")
}

// finished waits for the end of a Job, which has to be a good one.
func (l *Lab) finished(ctx context.Context, job string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	at := collection("batch/v1", "jobs", Namespace) + "/" + job
	for {
		o, err := l.Server.Admin.Do(ctx, http.MethodGet, at, nil)
		if err != nil {
			return err
		}
		for _, condition := range list(o, "status", "conditions") {
			switch {
			case condition["status"] != "True":
			case condition["type"] == "Complete":
				return nil
			case condition["type"] == "Failed":
				return fmt.Errorf("job %s failed", job)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("job %s does not end: %w", job, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// repositoryList is what is read of the agent's document of backups.
type repositoryList struct {
	State, Reason string
	Backups       []struct{ Type string }
}

// listed is the document, as a person asks for it in a pod.
func (c *Cluster) listed(ctx context.Context, p *kubelet.Pod) (repositoryList, error) {
	var l repositoryList
	out, err := p.Exec(ctx, "agent", agentAt, "ctl", "backups", "-o", "json")
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(out, &l); err != nil {
		return l, fmt.Errorf("ctl backups: %w: %s", err, out)
	}
	return l, nil
}

// ours says that the primary does not take the repository for its own yet.
func (c *Cluster) ours(ctx context.Context, p *kubelet.Pod) error {
	if p.Name != c.Route.Now().Pod {
		return nil
	}
	l, err := c.listed(ctx, p)
	if err == nil && l.State != "ok" {
		err = fmt.Errorf("the repository is %s: %s", l.State, l.Reason)
	}
	return err
}

// has looks for backups of these types.
func (c *Cluster) has(ctx context.Context, types ...string) error {
	p, err := c.Cluster.Primary(ctx)
	if err != nil {
		return err
	}
	l, err := c.listed(ctx, p)
	if err != nil {
		return err
	}
	for _, b := range l.Backups {
		types = slices.DeleteFunc(types, func(t string) bool { return t == b.Type })
	}
	if len(types) > 0 {
		return fmt.Errorf("there is no backup of type %s", strings.Join(types, ", "))
	}
	return nil
}

// rows of the table in which a moment is marked, before and after it.
const rows = 50

// restoreToMoment writes rows before and after a moment, restores to it, and looks for exactly those before.
func (c *Cluster) restoreToMoment(ctx context.Context, s *fault.Scene) error {
	insert := func(from int) string {
		return fmt.Sprintf("insert into marked select generate_series(%d, %d)", from, from+rows-1)
	}
	if err := c.all(ctx, s.Primary, "create table marked (id int primary key)", insert(1)); err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond)
	moment, err := c.Ask(ctx, s.Primary, `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`)
	if err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond)
	if err := c.all(ctx, s.Primary, insert(rows+1), "select pg_switch_wal()"); err != nil {
		return err
	}
	return c.restored(ctx, "moment", kube.Object{"time": moment[0]}, rows, rows)
}

// clone restores all that is in the archive.
func (c *Cluster) clone(ctx context.Context, s *fault.Scene) error {
	if err := c.all(ctx, s.Primary, "insert into marked values (1000)", "select pg_switch_wal()"); err != nil {
		return err
	}
	if err := c.archived(ctx, s.Primary); err != nil {
		return err
	}
	return c.restored(ctx, "copy", nil, 2*rows+1, 1000)
}

// drill runs the Job of the drill's CronJob to its end.
func (c *Cluster) drill(ctx context.Context) error {
	err := c.Change(ctx, func(spec kube.Object) { spec["backup"].(kube.Object)["drill"] = "0 6 * * 0" })
	if err != nil {
		return err
	}
	if err := c.lab.controllers.Trigger(ctx, c.Name+"-drill", c.Name+"-drill-now"); err != nil {
		return err
	}
	return c.lab.finished(ctx, c.Name+"-drill-now")
}

func (c *Cluster) all(ctx context.Context, p *kubelet.Pod, statements ...string) error {
	for _, sql := range statements {
		if _, err := c.Ask(ctx, p, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// archived waits until the log up to now is in the archive.
func (c *Cluster) archived(ctx context.Context, p *kubelet.Pod) error {
	at, err := c.Ask(ctx, p, "select pg_walfile_name(pg_current_wal_lsn() - 1)")
	if err != nil {
		return err
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		last, err := c.Ask(ctx, p, "select last_archived_wal from pg_stat_archiver")
		if err == nil && len(last) == 1 && last[0] >= at[0] {
			return nil
		}
		if _, err := c.Ask(ctx, p, "select pg_switch_wal()"); err != nil {
			return err
		}
	}
	return errors.New("the log does not get into the archive")
}

// restored makes a cluster of one from the backups, which should have so many marked rows, up to that last one, and removes it again.
func (c *Cluster) restored(ctx context.Context, name string, target kube.Object, rows, last int) error {
	recovery := kube.Object{"from": c.Name}
	if target != nil {
		recovery["target"] = target
	}
	spec := Spec()
	spec["version"], spec["instances"], spec["replication"] = c.spec["version"], 1, kube.Object{"mode": "async"}
	spec["bootstrap"] = kube.Object{"recovery": recovery}
	spec["externalClusters"] = []any{kube.Object{"name": c.Name, "archive": kube.Object{"destination": repository, "serverName": c.Name}}}
	spec["superuser"] = kube.Object{"secret": name + "-superuser"}
	spec["secrets"] = secrets(name)
	other, err := c.lab.start(ctx, name, spec, c.password)
	if err != nil {
		return err
	}
	defer func() {
		if err := other.remove(context.WithoutCancel(ctx)); err != nil {
			c.Log("remove %s: %v", name, err)
		}
	}()
	p, err := other.Cluster.Primary(ctx)
	if err != nil {
		return err
	}
	found, err := other.Ask(ctx, p, "select count(*) || ' up to ' || max(id) from marked")
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("%d up to %d", rows, last); found[0] != want {
		return fmt.Errorf("%s has the rows %s, not %s", name, found[0], want)
	}
	return nil
}
