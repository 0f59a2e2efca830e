// Package patroni runs Debian's Patroni with an etcd of its own, as the measure for ours. In the pod, as in images that
// are built with it, an init process starts Patroni again when it ends; postgres outlives it.
package patroni

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
	"text/template"
	"time"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// Port is where etcd listens on the platform's address.
const Port = 2479

// Settings are Patroni's own; those of the zero value are its defaults.
type Settings struct {
	TTL, LoopWait, RetryTimeout int
	Failsafe                    bool
}

// Driver is Patroni in every pod.
type Driver struct {
	Settings Settings
	Postgres string // the folder of postgres' programs
	Init     string // this program, whose verb "init" is the pods' PID 1
	SyncOn   bool   // from the start
}

const (
	container = cluster.Database
	volume    = "/run/volume"
	run       = "/run/pod"
)

// Template is replaced by the StatefulSet's controller, a pod when the one before is ready.
func (d *Driver) Template(*cluster.Cluster) (kube.Object, string) {
	return cluster.Template(map[string]string{"app": "patroni"}, nil, []string{container}), "RollingUpdate"
}

// Spec is a pod with one container. Patroni's own answer is its readiness, asked as often as a kubelet does if nobody says otherwise.
func (d *Driver) Spec(c *cluster.Cluster, p *kubelet.Pod) (kubelet.Spec, error) {
	programs, mounts := cluster.Programs(p.Image(container), d.Postgres)
	spec := kubelet.Spec{
		Containers: []kubelet.Container{{
			Name: container,
			Args: []string{"/run/init", "init", run + "/hold", "/usr/bin/patroni", run + "/patroni.yml"},
			Env:  []string{"PYTHONUNBUFFERED=1"},
			Mounts: append(mounts, []world.Mount{
				{Source: p.Volume, Target: volume}, {Source: p.Run(), Target: run}, {Source: d.Init, Target: "/run/init"},
			}...),
			Ready: &kubelet.Probe{Path: "/readiness", Port: "8008", Every: 10 * time.Second, Timeout: time.Second, Failures: 3},
		}},
	}
	if d.Settings.TTL == 0 {
		d.Settings.TTL, d.Settings.LoopWait, d.Settings.RetryTimeout = 30, 10, 10
	}
	var b bytes.Buffer
	err := config.Execute(&b, map[string]any{
		"Scope": c.Name, "Name": p.Name, "IP": p.Host.IP, "Volume": volume, "Run": run, "Bin": programs, "Sync": d.SyncOn, "S": d.Settings,
		"Etcd": fmt.Sprintf("%s:%d", world.Platform, Port),
	})
	if err != nil {
		return spec, err
	}
	return spec, os.WriteFile(filepath.Join(p.Run(), "patroni.yml"), b.Bytes(), 0o644)
}

var config = template.Must(template.New("").Parse(`scope: {{ .Scope }}
name: {{ .Name }}
restapi: {listen: "0.0.0.0:8008", connect_address: "{{ .IP }}:8008"}
etcd3: {host: "{{ .Etcd }}"}
bootstrap:
  dcs:
    ttl: {{ .S.TTL }}
    loop_wait: {{ .S.LoopWait }}
    retry_timeout: {{ .S.RetryTimeout }}
    failsafe_mode: {{ .S.Failsafe }}
    synchronous_mode: {{ .Sync }}
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 100, shared_buffers: 32MB, wal_keep_size: 64MB, max_wal_size: 128MB, wal_log_hints: "on"}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}, data-checksums, no-sync]
  pg_hba: ["local all all trust", "host all all all trust", "host replication all all trust"]
postgresql:
  listen: "0.0.0.0:5432"
  connect_address: "{{ .IP }}:5432"
  data_dir: {{ .Volume }}/data
  bin_dir: {{ .Bin }}
  pgpass: {{ .Run }}/pgpass
  authentication: {superuser: {username: postgres, password: x}, replication: {username: replicator, password: x}}
  parameters: {unix_socket_directories: {{ .Run }}, logging_collector: "off"}
tags: {}
`))

// Follow asks GET /primary.
func (d *Driver) Follow(ctx context.Context, c *cluster.Cluster) { c.Route.FollowREST(ctx, c.Pods) }

// Switchover asks the primary's REST API, which answers when it is done. With synchronous replication Patroni refuses every candidate but its
// synchronous standby, so the choice is left to it.
func (d *Driver) Switchover(ctx context.Context, c *cluster.Cluster, from, to string) error {
	ask := map[string]any{"leader": from, "candidate": to}
	if d.SyncOn {
		delete(ask, "candidate")
	}
	return d.call(ctx, c, from, http.MethodPost, "/switchover", ask)
}

// Sync changes the cluster's configuration and waits one round for it to be taken up.
func (d *Driver) Sync(ctx context.Context, c *cluster.Cluster, on bool) error {
	d.SyncOn = on
	return d.call(ctx, c, c.Route.Now().Pod, http.MethodPatch, "/config", map[string]any{"synchronous_mode": on})
}

func (d *Driver) call(ctx context.Context, c *cluster.Cluster, pod, method, path string, body any) error {
	p := c.Kubelet.Pod(pod)
	if p == nil {
		return fmt.Errorf("%s: no pod %q", path, pod)
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+p.Host.IP.String()+":8008"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	answer, err := cluster.Within(p, time.Minute).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s: %s", path, answer.Status, text)
	}
	return nil
}

// Patience is the life of the leader's key, a round of the loop, and the race.
func (d *Driver) Patience() time.Duration {
	if d.Settings.TTL == 0 {
		return 45 * time.Second
	}
	return time.Duration(d.Settings.TTL+d.Settings.LoopWait+5) * time.Second
}

// Parts has no supervisor: nothing but Patroni itself watches over postgres.
func (d *Driver) Parts(p *kubelet.Pod) cluster.Parts {
	pod := p.Process(container)
	return cluster.Parts{
		Database:     pod,
		HoldDatabase: func(on bool) { p.Hold(container, on) },
		Agent: func() []world.Task {
			var found []world.Task
			for _, t := range pod.Tasks() {
				if strings.HasPrefix(t.Program(), "python") && len(t.Args) > 1 && t.Args[1] == "/usr/bin/patroni" {
					found = append(found, t)
				}
			}
			return found
		},
		HoldAgent: func(on bool) {
			hold := filepath.Join(p.Run(), "hold")
			if on {
				_ = os.WriteFile(hold, nil, 0o644)
			} else {
				_ = os.Remove(hold)
			}
		},
	}
}
