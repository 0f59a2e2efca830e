package native

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"onggi.dev/ci/chaos/internal/cluster"
	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/workload"
	"onggi.dev/ci/chaos/internal/world"
)

// Cluster is a database as a spec describes it.
type Cluster struct {
	*fault.Scene

	lab      *Lab
	spec     kube.Object // of the spec's file
	place    kube.Object // of its backups, as the spec says it
	marked   int         // rows that clones have added
	applied  Objects
	password string                 // in all of its Secrets
	pooler   atomic.Pointer[string] // the address that clients are led to, if it is not the rw Service's
	stop     func()
}

// NewCluster applies what is rendered of a spec, with Secrets for it, waits until the cluster is whole and makes what the workload's clients need.
func (l *Lab) NewCluster(ctx context.Context, name string, spec kube.Object) (*Cluster, error) {
	c, err := l.start(ctx, name, spec, rand.Text())
	if err != nil {
		return c, err
	}
	return c, c.welcome(ctx)
}

// start is NewCluster of one that may come with data, and with the password that is in it.
func (l *Lab) start(ctx context.Context, name string, spec kube.Object, password string) (*Cluster, error) {
	c, err := l.begin(ctx, name, spec, password)
	if err != nil {
		return c, err
	}
	if _, err := c.WaitWhole(ctx, 2*time.Minute); err != nil {
		return c, fmt.Errorf("start %s: %w", name, err)
	}
	return c, nil
}

// begin is start that waits for nothing.
func (l *Lab) begin(ctx context.Context, name string, spec kube.Object, password string) (*Cluster, error) {
	c := &Cluster{lab: l, spec: spec, password: password}
	for suffix, user := range map[string]string{"superuser": "postgres", "replication": "onggi_replicator", "agent": "onggi-agent", "pooler": "onggi_pooler", "dump": "onggi_dump"} {
		if err := l.Secret(ctx, name+"-"+suffix, user, c.password); err != nil {
			return nil, err
		}
	}
	inner := &cluster.Cluster{
		Name: name, World: l.World, Kubelet: l.Kubelet, Route: &kubelet.Route{}, SyncOn: kube.Text(spec, "replication", "mode") != "async",
		Login: "user=postgres password=" + c.password, Client: "user=app password=" + c.password,
		Folder: l.Plan.Images.folder,
	}
	inner.Driver = driver{c}
	c.Scene = &fault.Scene{
		Cluster: inner, Server: l.Server, Proxy: l.Proxy, Namespace: Namespace, Stores: []*world.Process{l.Server.API, l.Server.Store}, Dice: l.dice, Log: l.Plan.Log,
	}
	if err := c.apply(ctx); err != nil {
		return nil, err
	}
	set, err := l.Server.Admin.Do(ctx, http.MethodGet, path(c.applied.Of("StatefulSet", name)), nil)
	if err != nil {
		return nil, err
	}
	c.Set = l.Kubelet.Adopt(set, l.nodes)
	c.keep(ctx)
	return c, nil
}

// welcome makes the role and the tables of the workload's clients.
func (c *Cluster) welcome(ctx context.Context) error {
	primary, err := c.Cluster.Primary(ctx)
	if err != nil {
		return err
	}
	for _, sql := range []string{
		workload.Schema, "create role app login password '" + c.password + "'", "grant all on added, register to app", "create database app owner app",
	} {
		if _, err := c.Ask(ctx, primary, sql); err != nil {
			return err
		}
	}
	return nil
}

// keep plays the controller of the StatefulSet and follows the primary until stop.
func (c *Cluster) keep(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var controller sync.WaitGroup
	controller.Go(func() { c.Set.Run(ctx) })
	go c.Driver.Follow(ctx, c.Cluster)
	c.stop = func() {
		cancel()
		controller.Wait()
	}
}

// Change writes the spec otherwise, and applies what is rendered of it now.
func (c *Cluster) Change(ctx context.Context, edit func(spec kube.Object)) error {
	edit(c.spec)
	if err := c.apply(ctx); err != nil {
		return err
	}
	return c.Set.Refresh(ctx)
}

// apply renders the spec, applies all of it, and removes what was rendered before and is not any more.
func (c *Cluster) apply(ctx context.Context) error {
	// JSON is YAML in which no string can be taken for a date.
	text, err := json.MarshalIndent(kube.Object{
		"apiVersion": "onggi.dev/v1alpha1", "kind": "DatabaseCluster", "metadata": kube.Object{"name": c.Name, "namespace": Namespace}, "spec": c.spec,
	}, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(c.lab.World.Dir, c.Name+".yaml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	objects, err := Render(ctx, c.lab.Plan.Onggi, file)
	if err != nil {
		return err
	}
	if err := c.lab.Apply(ctx, objects); err != nil {
		return err
	}
	for _, o := range c.applied {
		if at := path(o); at != "" && objects.Of(kube.Text(o, "kind"), kube.Text(o, "metadata", "name")) == nil {
			if _, err := c.lab.Server.Admin.Do(ctx, http.MethodDelete, at, nil); err != nil {
				return err
			}
		}
	}
	c.applied = objects
	return nil
}

// remove ends the pods of the cluster, and takes its objects away, but not its volumes.
func (c *Cluster) remove(ctx context.Context) error {
	c.stop()
	for _, o := range c.applied {
		if at := path(o); at != "" {
			if _, err := c.lab.Server.Admin.Do(ctx, http.MethodDelete, at, nil); err != nil {
				return err
			}
		}
	}
	for _, p := range c.Pods() {
		if err := c.Kubelet.Delete(ctx, p.Name, 0); err != nil {
			return err
		}
	}
	return nil
}

// driver is how faults and clients have to do with the cluster.
type driver struct{ c *Cluster }

// Follow the Service, as clients do: they are led to its address, and the kernel leads on.
func (d driver) Follow(ctx context.Context, c *cluster.Cluster) {
	d.c.lab.network.follow(c.Name+"-rw", func(pods []string, address string) {
		if len(pods) == 0 {
			pods, address = []string{""}, ""
		}
		if at := d.c.pooler.Load(); at != nil && address != "" {
			address = *at
		}
		c.Route.Lead(pods[0], address)
	})
	<-ctx.Done()
}

// Switchover asks the primary's REST API.
func (d driver) Switchover(ctx context.Context, c *cluster.Cluster, from, to string) error {
	p := c.Kubelet.Pod(from)
	if p == nil {
		return fmt.Errorf("switchover: no pod %s", from)
	}
	body, err := json.Marshal(map[string]string{"leader": from, "candidate": to})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Host.IP.String()+":8008/switchover", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+d.c.password)
	answer, err := cluster.Within(p, time.Minute).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("switchover: %s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
	return nil
}

// Sync renders the cluster with or without synchronous replication.
func (d driver) Sync(ctx context.Context, _ *cluster.Cluster, on bool) error {
	return d.c.Change(ctx, func(spec kube.Object) {
		spec["replication"] = kube.Object{"mode": "async"}
		if on {
			spec["replication"] = kube.Object{"mode": "quorum", "minSync": 1}
		}
	})
}

// Patience is the bound of the default profile.
func (d driver) Patience() time.Duration { return 13 * time.Second }

// Parts are the two containers.
func (d driver) Parts(p *kubelet.Pod) cluster.Parts {
	sidecar := p.Process("agent")
	return cluster.Parts{
		Database:     p.Process(cluster.Database),
		Agent:        func() []world.Task { return sidecar.Tasks() },
		HoldDatabase: func(on bool) { p.Hold(cluster.Database, on) },
		HoldAgent:    func(on bool) { p.Hold("agent", on) },
	}
}
