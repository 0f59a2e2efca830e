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

// backups are the scenarios of backups and of what comes back from them: first on a claim, then in an object store.
func (c *Cluster) backups() []fault.Fault {
	during := func(name, what string, do func(ctx context.Context, s *fault.Scene) error) fault.Fault {
		return fault.Fault{Name: name, What: what, Hold: time.Second, Expect: harmless, Break: do}
	}
	return []fault.Fault{
		c.archiveTo("backup-added", "backups on a claim in the spec: every pod is made again with an image that has pgBackRest", onClaim()),
		during("backup", "the CronJobs' own Jobs: a full, a differential and an incremental backup, on the claim",
			func(ctx context.Context, s *fault.Scene) error { return c.takeBackups(ctx, "claim") }),
		during("dump", "the CronJob's own Jobs: two logical dumps from a standby to the claim, of which the newest is kept",
			func(ctx context.Context, s *fault.Scene) error { return c.dump(ctx, s, "claim") }),
		during("clone", "another cluster, from the backups and all of the archive on the claim", c.clone("copy")),
		c.archiveTo("store-added", "an S3 store over TLS in the claim's place, with its authority and a passphrase in Secrets", inStore()),
		during("store-backup", "the CronJobs' own Jobs, to the store: full, differential, incremental, and two more full ones, of which two stay",
			func(ctx context.Context, s *fault.Scene) error { return c.keepTwo(ctx) }),
		during("store-dump", "the same two, to the store, encrypted",
			func(ctx context.Context, s *fault.Scene) error { return c.dump(ctx, s, "store") }),
		during("store-moment", "another cluster, from the store, as of a moment between two runs of pgbench through the pooler", c.restoreToMoment),
		during("store-clone", "another cluster, from the store and all of the archive", c.clone("twin")),
		during("store-drill", "a drill in the spec; its CronJob's Job restores the newest backup of the store beside the cluster and checks it",
			func(ctx context.Context, s *fault.Scene) error { return c.drill(ctx) }),
		during("comes-back", "a cluster that starts empty as the store has no backup of it, is lost with its volumes, and made again by the same spec",
			func(ctx context.Context, s *fault.Scene) error { return c.comesBack(ctx) }),
		c.setBack(), c.setBackWithoutRoom(),
	}
}

// archiveTo renders the cluster with a repository: every pod is made again, since it is mounted, or its keys are.
func (c *Cluster) archiveTo(name, what string, place kube.Object) fault.Fault {
	return fault.Fault{
		Name: name, What: what, Hold: time.Second, Expect: planned,
		Break: func(ctx context.Context, s *fault.Scene) error {
			c.Wanted = func(ctx context.Context, p *kubelet.Pod) error { return c.ours(ctx, p) }
			return c.Change(ctx, func(spec kube.Object) {
				c.place = place
				c.needs(spec, "dump")
				spec["backup"] = and(place, kube.Object{"retentionFull": 2, "schedules": []any{
					kube.Object{"name": "weekly", "cron": "0 1 * * 0", "type": "full"},
					kube.Object{"name": "daily", "cron": "0 1 * * 1-6", "type": "differential"},
					kube.Object{"name": "hourly", "cron": "30 * * * *", "type": "incremental"},
				}, "dumps": []any{kube.Object{"name": "nightly", "schedule": "0 2 * * *", "keep": 1}}})
			})
		},
	}
}

// needs says in the spec that one more Secret of the cluster is there.
func (c *Cluster) needs(spec kube.Object, suffix string) {
	all := spec["secrets"].(kube.Object)
	existing, _ := all["existing"].([]any)
	one := kube.Object{"name": c.Name + "-" + suffix}
	if !slices.ContainsFunc(existing, func(e any) bool { return e.(kube.Object)["name"] == one["name"] }) {
		all["existing"] = append(existing, one)
	}
}

// takeBackups runs a Job of each CronJob to its end, and looks for what it should have made. Jobs are named after what they are for.
func (c *Cluster) takeBackups(ctx context.Context, what string) error {
	for _, schedule := range []string{"weekly", "daily", "hourly"} {
		if err := c.take(ctx, schedule, what); err != nil {
			return err
		}
	}
	return c.has(ctx, "full", "diff", "incr")
}

func (c *Cluster) take(ctx context.Context, schedule, what string) error {
	job := fmt.Sprintf("%s-%s-%s", c.Name, schedule, what)
	if err := c.lab.controllers.Trigger(ctx, c.Name+"-"+schedule, job); err != nil {
		return err
	}
	return c.lab.finished(ctx, job)
}

// keepTwo makes more backups than are to be kept: with the oldest full one go those that hang on it.
func (c *Cluster) keepTwo(ctx context.Context) error {
	if err := c.takeBackups(ctx, "store"); err != nil {
		return err
	}
	for _, what := range []string{"second", "third"} {
		if err := c.take(ctx, "weekly", what); err != nil {
			return err
		}
	}
	p, err := c.Cluster.Primary(ctx)
	if err != nil {
		return err
	}
	l, err := c.listed(ctx, p)
	if err != nil {
		return err
	}
	var kept []string
	for _, b := range l.Backups {
		kept = append(kept, b.Type)
	}
	if !slices.Equal(kept, []string{"full", "full"}) {
		return fmt.Errorf("with retentionFull 2 these are kept: %v", kept)
	}
	return nil
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

// dump runs two Jobs of the dump's CronJob to their ends, and reads what they left for the exporter.
func (c *Cluster) dump(ctx context.Context, s *fault.Scene, what string) error {
	for i := range 2 {
		job := fmt.Sprintf("%s-dump-%s-%d", c.Name, what, i)
		if err := c.lab.controllers.Trigger(ctx, c.Name+"-dump-nightly", job); err != nil {
			return err
		}
		if err := c.lab.finished(ctx, job); err != nil {
			return err
		}
	}
	told, err := c.Ask(ctx, s.Primary, "select failures::text || ' ' || (bytes > 0)::text from onggi_dump.outcome where series = 'nightly'")
	if err != nil {
		return err
	}
	if len(told) != 1 || told[0] != "0 true" {
		return fmt.Errorf("the outcome of the dumps is %v", told)
	}
	return nil
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
