// Package onggi runs our own agent: a database container whose PID 1 is the supervisor, and beside it, in another container of
// the pod, the sidecar.
package onggi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
	agentkube "github.com/onggi-db/onggi/sidecars/kube"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

const (
	database = cluster.Database
	agent    = "agent"

	volume = "/run/volume"
	run    = "/run/onggi"
	etc    = "/run/onggi-config"
	binary = "/run/onggi-agent"

	secret = "secret-of-the-harness"
)

// Driver is our agent in every pod.
type Driver struct {
	Agent    string // the binary
	Postgres string // the folder of postgres' programs
	Profile  string
	SyncOn   bool
	Members  int
}

// Template has no strategy of its own: the agents replace their pods.
func (d *Driver) Template(c *cluster.Cluster) (kube.Object, string) {
	return cluster.Template(map[string]string{"app.kubernetes.io/instance": c.Name}, []string{agent}, []string{database}), "OnDelete"
}

// Spec is the two containers, with the configuration that the native back end would write.
func (d *Driver) Spec(c *cluster.Cluster, p *kubelet.Pod) (kubelet.Spec, error) {
	var spec kubelet.Spec
	_, mounts := cluster.Programs(p.Image(database), d.Postgres)
	mounts = append(mounts, []world.Mount{
		{Source: p.Volume, Target: volume}, {Source: p.Run(), Target: run}, {Source: p.Config(), Target: etc}, {Source: d.Agent, Target: binary},
	}...)
	for _, of := range []struct {
		name, verb string
		sidecar    bool
	}{{agent, "run", true}, {database, "supervise", false}} {
		spec.Containers = append(spec.Containers, kubelet.Container{
			Name: of.name, Sidecar: of.sidecar, Mounts: mounts,
			Args: []string{binary, of.verb, "--config", etc + "/config.yaml"},
		})
	}
	return spec, d.configure(c, p)
}

// configure writes what a ConfigMap and a Secret would hold.
func (d *Driver) configure(c *cluster.Cluster, p *kubelet.Pod) error {
	programs, _ := cluster.Programs(p.Image(database), d.Postgres)
	file := config.File{
		Cluster: c.Name, Instances: d.Members, Profile: d.Profile,
		Postgres: config.Postgres{
			Volume: volume, Bin: programs,
			// What is still needed of the log the slots hold, on every member. wal_keep_size would keep it of each timeline, of which there
			// is one for every fault: volumes filled with that, and pg_rewind copied it.
			Parameters:              map[string]string{"max_connections": "100", "shared_buffers": "32MB", "wal_keep_size": "0", "max_wal_size": "128MB"},
			HBA:                     []string{"host all all all trust"},
			SuperuserPasswordFile:   etc + "/secret",
			ReplicationPasswordFile: etc + "/secret",
		},
		Listen:     config.Listen{TokenFile: etc + "/secret"},
		Kubernetes: config.Kubernetes{Container: database},
		Run:        config.Run{Dir: run},
	}
	file.Replication.Mode = "async"
	if d.SyncOn {
		file.Replication.Mode = "required"
	}
	data, err := json.MarshalIndent(file, "", "  ") // JSON is YAML
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"config.yaml": data, "secret": []byte(secret)} {
		if err := os.WriteFile(filepath.Join(p.Config(), name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Rules of the agents' Role: what package kube says that it needs in a namespace, and no more. Without is a right to leave out, as
// "verb resource", for the proof that it is needed.
func Rules(cluster, without string) []any {
	var rules []any
	for _, r := range agentkube.Rights() {
		if r.Cluster || r.Verb+" "+r.Resource == without {
			continue
		}
		rule := map[string]any{"apiGroups": []string{r.Group}, "resources": []string{r.Resource}, "verbs": []string{r.Verb}}
		if r.Named {
			rule["resourceNames"] = []string{named(r.Resource, cluster)}
		}
		rules = append(rules, rule)
	}
	return rules
}

// named is the one object of a resource that an agent has to do with.
func named(resource, cluster string) string {
	if resource == "leases" {
		return cluster + "-primary"
	}
	return cluster
}

// Follow the label, as the Service of the native back end does.
func (d *Driver) Follow(ctx context.Context, c *cluster.Cluster) {
	c.Route.FollowLabel(ctx, c.Kubelet.API, c.Kubelet.Namespace, "app.kubernetes.io/instance="+c.Name+",onggi.dev/role=primary")
}

// Switchover asks the primary's REST API.
func (d *Driver) Switchover(ctx context.Context, c *cluster.Cluster, from, to string) error {
	return d.post(ctx, c.Kubelet.Pod(from), "/switchover", map[string]any{"leader": from, "candidate": to})
}

// Force asks the member that should lead, which accepts any loss.
func (d *Driver) Force(ctx context.Context, c *cluster.Cluster, to string) error {
	return d.post(ctx, c.Kubelet.Pod(to), "/failover", map[string]any{"candidate": to})
}

// Sync writes another configuration for every pod and asks each to read it.
func (d *Driver) Sync(ctx context.Context, c *cluster.Cluster, on bool) error {
	d.SyncOn = on
	for _, p := range c.Pods() {
		if err := d.configure(c, p); err != nil {
			return err
		}
		if err := d.post(ctx, p, "/reload", nil); err != nil {
			return err
		}
	}
	return nil
}

func (d *Driver) post(ctx context.Context, p *kubelet.Pod, path string, body any) error {
	if p == nil {
		return fmt.Errorf("%s: no such pod", path)
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Host.IP.String()+":8008"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	answer, err := cluster.Within(p, time.Minute).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s: %s", path, answer.Status, strings.TrimSpace(string(text)))
	}
	return nil
}

// Patience is the bound of the profile.
func (d *Driver) Patience() time.Duration {
	switch d.Profile {
	case "fast":
		return 10 * time.Second
	case "relaxed":
		return 26 * time.Second
	default:
		return 13 * time.Second
	}
}

// Parts are the two containers.
func (d *Driver) Parts(p *kubelet.Pod) cluster.Parts {
	sidecar := p.Process(agent)
	return cluster.Parts{
		Database:     p.Process(database),
		Agent:        func() []world.Task { return sidecar.Tasks() },
		HoldDatabase: func(on bool) { p.Hold(database, on) },
		HoldAgent:    func(on bool) { p.Hold(agent, on) },
	}
}
