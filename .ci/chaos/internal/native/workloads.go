package native

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// controllers play those of Deployments, Jobs and PodDisruptionBudgets. CronJobs are not waited for: Trigger makes a Job of one, as kubectl create
// job --from does.
type controllers struct {
	api       *kube.Client
	kubelet   *kubelet.Kubelet
	namespace string
	nodes     []string
	log       func(format string, args ...any)

	mu   sync.Mutex
	next int
	said map[string]string
}

// run looks every half second until ctx ends.
func (c *controllers) run(ctx context.Context) {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for ctx.Err() == nil {
		for what, do := range map[string]func(context.Context) error{"deployments": c.deployments, "jobs": c.jobs, "budgets": c.budgets} {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				c.say(what, err)
			}
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// say tells an error once.
func (c *controllers) say(what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said[what] != err.Error() {
		c.said[what] = err.Error()
		c.log("%s: %v", what, err)
	}
}

func (c *controllers) list(ctx context.Context, version, resource string) ([]kube.Object, error) {
	all, err := c.api.Do(ctx, http.MethodGet, collection(version, resource, c.namespace), nil)
	return list(all, "items"), err
}

// make makes a pod of a template for an owner, on the next node that is not cordoned.
func (c *controllers) make(ctx context.Context, owner, template kube.Object, kind, name string, labels kube.Object) error {
	node, err := c.node(ctx)
	if err != nil {
		return err
	}
	all := kube.Object{}
	maps.Copy(all, object(template, "metadata", "labels"))
	maps.Copy(all, labels)
	spec := maps.Clone(object(template, "spec"))
	spec["nodeName"] = node
	_, err = c.kubelet.Create(ctx, kube.Object{
		"apiVersion": "v1", "kind": "Pod", "spec": spec,
		"metadata": kube.Object{
			"name": name, "namespace": c.namespace, "labels": all, "annotations": object(template, "metadata", "annotations"),
			"ownerReferences": []any{kube.Object{
				"apiVersion": owner["apiVersion"], "kind": kind, "name": kube.Text(owner, "metadata", "name"), "uid": kube.Text(owner, "metadata", "uid"), "controller": true,
			}},
		},
	})
	return err
}

func (c *controllers) node(ctx context.Context) (string, error) {
	for range c.nodes {
		c.mu.Lock()
		c.next++
		node := c.nodes[c.next%len(c.nodes)]
		c.mu.Unlock()
		o, err := c.api.Do(ctx, http.MethodGet, "/api/v1/nodes/"+node, nil)
		if kubelet.Is(err, http.StatusNotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		if cordoned, _ := kube.At(o, "spec", "unschedulable").(bool); !cordoned && !c.kubelet.Lost(node) {
			return node, nil
		}
	}
	return "", fmt.Errorf("every node is cordoned or gone")
}

// deployments keeps the pods of each: new ones of the present template first, then the old ones go.
func (c *controllers) deployments(ctx context.Context) error {
	all, err := c.list(ctx, "apps/v1", "deployments")
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := c.deployment(ctx, d); err != nil {
			return fmt.Errorf("%s: %w", kube.Text(d, "metadata", "name"), err)
		}
	}
	return nil
}

func (c *controllers) deployment(ctx context.Context, d kube.Object) error {
	d["apiVersion"] = "apps/v1"
	name, want, template := kube.Text(d, "metadata", "name"), number(d, 1, "spec", "replicas"), object(d, "spec", "template")
	hash := digest(template)
	var present, old []*kubelet.Pod
	ready := 0
	for _, p := range c.kubelet.Pods() {
		switch {
		case kube.Text(p.Object, "metadata", "labels", "pod-template-hash") == "" || !strings.HasPrefix(p.Name, name+"-"):
		case kube.Text(p.Object, "metadata", "labels", "pod-template-hash") == hash && !p.Ending():
			present = append(present, p)
			if p.Ready() {
				ready++
			}
		case !p.Ending():
			old = append(old, p)
		}
	}
	for range want - len(present) {
		c.mu.Lock()
		c.next++
		pod := fmt.Sprintf("%s-%s-%d", name, hash, c.next)
		c.mu.Unlock()
		if err := c.make(ctx, d, template, "ReplicaSet", pod, kube.Object{"pod-template-hash": hash}); err != nil {
			return err
		}
	}
	leave := present[:max(0, len(present)-want)]
	if ready >= want {
		leave = append(leave, old...)
	}
	for _, p := range leave {
		go func() { _ = c.kubelet.Delete(ctx, p.Name, 30*time.Second) }()
	}
	status := kube.Object{
		"observedGeneration": kube.At(d, "metadata", "generation"), "replicas": len(present) + len(old), "updatedReplicas": len(present), "readyReplicas": ready,
		"availableReplicas": ready,
	}
	return c.status(ctx, d, "deployments", status)
}

// status writes an object's status if it says something else.
func (c *controllers) status(ctx context.Context, o kube.Object, resource string, status kube.Object) error {
	now, _ := json.Marshal(status)
	before := kube.Object{}
	for key := range status {
		before[key] = kube.At(o, "status", key)
		if before[key] == nil && fmt.Sprint(status[key]) == "0" {
			before[key] = 0
		}
	}
	if then, _ := json.Marshal(before); string(then) == string(now) {
		return nil
	}
	at := collection(kube.Text(o, "apiVersion"), resource, c.namespace) + "/" + kube.Text(o, "metadata", "name") + "/status"
	_, err := c.api.Do(ctx, http.MethodPatch, at, kube.Object{"status": status})
	return err
}

func digest(o kube.Object) string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it came as JSON
	}
	return fmt.Sprintf("%.5x", sha256.Sum256(text))
}

// Trigger makes a Job of a CronJob, as kubectl create job --from does, and returns the Job's name.
func (c *controllers) Trigger(ctx context.Context, cron, job string) error {
	o, err := c.api.Do(ctx, http.MethodGet, collection("batch/v1", "cronjobs", c.namespace)+"/"+cron, nil)
	if err != nil {
		return err
	}
	template := object(o, "spec", "jobTemplate")
	_, err = c.api.Do(ctx, http.MethodPost, collection("batch/v1", "jobs", c.namespace), kube.Object{
		"apiVersion": "batch/v1", "kind": "Job", "spec": object(template, "spec"),
		"metadata": kube.Object{"name": job, "namespace": c.namespace, "labels": object(template, "metadata", "labels")},
	})
	return err
}

// jobs runs each to its end, with another pod for each that failed.
func (c *controllers) jobs(ctx context.Context) error {
	all, err := c.list(ctx, "batch/v1", "jobs")
	if err != nil {
		return err
	}
	for _, j := range all {
		j["apiVersion"] = "batch/v1"
		if err := c.job(ctx, j); err != nil {
			return fmt.Errorf("%s: %w", kube.Text(j, "metadata", "name"), err)
		}
	}
	return nil
}

func (c *controllers) job(ctx context.Context, j kube.Object) error {
	for _, condition := range list(j, "status", "conditions") {
		if condition["status"] == "True" && (condition["type"] == "Complete" || condition["type"] == "Failed") {
			return nil
		}
	}
	name := kube.Text(j, "metadata", "name")
	running, failed, done, last := 0, 0, false, time.Time{}
	for _, p := range c.kubelet.Pods() {
		if kube.Text(p.Object, "metadata", "labels", "batch.kubernetes.io/job-name") != name {
			continue
		}
		switch p.Phase() {
		case "Succeeded":
			done = true
		case "Failed":
			failed++
			if at := p.Over(); at.After(last) {
				last = at
			}
		default:
			running++
		}
	}
	status := kube.Object{"failed": failed, "active": running}
	now := time.Now().UTC().Format(time.RFC3339)
	switch limit := number(j, 6, "spec", "backoffLimit"); {
	case done:
		status["succeeded"], status["startTime"], status["completionTime"] = 1, now, now
		status["conditions"] = []any{
			kube.Object{"type": "SuccessCriteriaMet", "status": "True", "lastTransitionTime": now}, kube.Object{"type": "Complete", "status": "True", "lastTransitionTime": now},
		}
	case failed > limit:
		status["startTime"] = now
		status["conditions"] = []any{
			kube.Object{"type": "FailureTarget", "status": "True", "lastTransitionTime": now}, kube.Object{"type": "Failed", "status": "True", "lastTransitionTime": now},
		}
	case running == 0 && time.Since(last) >= backoff(failed):
		pod := fmt.Sprintf("%s-%d", name, failed)
		return c.make(ctx, j, object(j, "spec", "template"), "Job", pod, kube.Object{
			"batch.kubernetes.io/job-name": name, "job-name": name, "batch.kubernetes.io/controller-uid": kube.Text(j, "metadata", "uid"),
		})
	}
	return c.status(ctx, j, "jobs", status)
}

// backoff is how long a Job waits after so many pods that failed.
func backoff(failed int) time.Duration {
	if failed == 0 {
		return 0
	}
	return min(10*time.Second<<(failed-1), 6*time.Minute)
}

// budgets tells how many pods may be evicted now, of which the API server's eviction keeps count.
func (c *controllers) budgets(ctx context.Context) error {
	all, err := c.list(ctx, "policy/v1", "poddisruptionbudgets")
	if err != nil {
		return err
	}
	pods, err := c.list(ctx, "v1", "pods")
	if err != nil {
		return err
	}
	for _, b := range all {
		b["apiVersion"] = "policy/v1"
		if err := c.status(ctx, b, "poddisruptionbudgets", allowance(b, pods)); err != nil {
			return err
		}
	}
	return nil
}

// allowance of a budget.
func allowance(b kube.Object, pods []kube.Object) kube.Object {
	expected, healthy := 0, 0
	for _, p := range pods {
		if !selects(object(b, "spec", "selector", "matchLabels"), object(p, "metadata", "labels")) {
			continue
		}
		expected++
		if isReady(p) && kube.Text(p, "metadata", "deletionTimestamp") == "" {
			healthy++
		}
	}
	desired := number(b, 0, "spec", "minAvailable")
	if kube.At(b, "spec", "maxUnavailable") != nil {
		desired = max(0, expected-number(b, 0, "spec", "maxUnavailable"))
	}
	return kube.Object{
		"observedGeneration": kube.At(b, "metadata", "generation"), "expectedPods": expected, "currentHealthy": healthy, "desiredHealthy": desired,
		"disruptionsAllowed": max(0, healthy-desired),
	}
}

// pods of an order that does not change.
func sorted(pods []*kubelet.Pod) []*kubelet.Pod {
	return slices.SortedFunc(slices.Values(pods), func(a, b *kubelet.Pod) int { return strings.Compare(a.Name, b.Name) })
}
