// Package cluster is a Postgres cluster under test: its pods, how clients find its primary, and the few things a Driver does its own way.
package cluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// Driver is what runs Postgres in the pods. There are three: packages onggi, native and patroni.
type Driver interface {
	// Follow keeps the route to the primary until ctx ends.
	Follow(ctx context.Context, c *Cluster)
	// Switchover moves the primary to another member and returns when that is asked for, done or not.
	Switchover(ctx context.Context, c *Cluster, from, to string) error
	// Sync turns synchronous replication on or off in the running cluster.
	Sync(ctx context.Context, c *Cluster, on bool) error
	// Patience is the longest that a takeover needs by design: faults that call for one hold longer than that.
	Patience() time.Duration
	// Parts are the processes of a pod that faults aim at.
	Parts(p *kubelet.Pod) Parts
}

// Parts of a pod.
type Parts struct {
	Database     *world.Process      // PID 1 of the container with postgres
	Agent        func() []world.Task // the processes that decide
	HoldDatabase func(on bool)       // keeps a container that ended from being started again
	HoldAgent    func(on bool)       // the same for the agent
}

// Cluster is the running cluster.
type Cluster struct {
	Name    string
	Driver  Driver
	World   *world.World
	Kubelet *kubelet.Kubelet
	Set     *kubelet.Set
	Route   *kubelet.Route
	SyncOn  bool
	Login   string // of the superuser to every member: user, and password if there is one
	Client  string // of the clients of the workload
	// Folder is where an image has postgres' programs, or "" if nobody has to look.
	Folder func(image string) string
	// Wanted says what else a member lacks for the cluster to be whole; nil: nothing.
	Wanted func(ctx context.Context, p *kubelet.Pod) error

	authority atomic.Pointer[string]
}

// Secure has everybody who connects from now on speak TLS, and hold the server's certificate against a file of authorities.
func (c *Cluster) Secure(authority string) { c.authority.Store(&authority) }

// Names of the pods that there should be.
func (c *Cluster) Names() []string { return c.Set.Names() }

// Pods are those that exist now.
func (c *Cluster) Pods() []*kubelet.Pod {
	var all []*kubelet.Pod
	for _, name := range c.Names() {
		if p := c.Kubelet.Pod(name); p != nil {
			all = append(all, p)
		}
	}
	return all
}

// Settings of a client's connection: to an address, or, with a pod, from within it to itself, whatever is cut around it.
func (c *Cluster) Settings(address string, p *kubelet.Pod) *pgconn.Config {
	config := c.settings(c.Client, address, p)
	if c.Client == c.Login {
		// Most of what the clients try on standbys fails; the servers' logs are for the servers.
		config.RuntimeParams["log_min_messages"] = "panic"
		config.RuntimeParams["log_min_error_statement"] = "panic"
	}
	return config
}

func (c *Cluster) settings(login, address string, p *kubelet.Pod) *pgconn.Config {
	if p != nil {
		address = p.Host.IP.String()
	}
	mode := "sslmode=disable"
	if authority := c.authority.Load(); authority != nil {
		mode = "sslmode=verify-ca sslrootcert=" + *authority
	}
	config, err := pgconn.ParseConfig(login + " dbname=postgres " + mode + " port=5432 host=" + address)
	if err != nil {
		panic(err) // the text is ours
	}
	if p != nil {
		config.DialFunc = p.Host.Dial
	}
	return config
}

// Ask runs a query on a pod, from within, and returns the first column. It is for looking: who does not answer soon is asked again.
func (c *Cluster) Ask(ctx context.Context, p *kubelet.Pod, sql string) ([]string, error) {
	return c.ask(ctx, p, sql, 2*time.Second)
}

// Insist is Ask of a server that has to answer, however busy the machine is.
func (c *Cluster) Insist(ctx context.Context, p *kubelet.Pod, sql string) ([]string, error) {
	return c.ask(ctx, p, sql, time.Minute)
}

func (c *Cluster) ask(ctx context.Context, p *kubelet.Pod, sql string, limit time.Duration) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, c.settings(c.Login, "", p))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var column []string
	for _, r := range results {
		for _, row := range r.Rows {
			column = append(column, string(row[0]))
		}
	}
	return column, nil
}

// Primary is the pod that is out of recovery, if there is exactly one.
func (c *Cluster) Primary(ctx context.Context) (*kubelet.Pod, error) {
	var found *kubelet.Pod
	for _, p := range c.Pods() {
		in, err := c.Ask(ctx, p, "select pg_is_in_recovery()")
		if err != nil || len(in) != 1 || in[0] != "f" {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("both %s and %s are out of recovery", found.Name, p.Name)
		}
		found = p
	}
	if found == nil {
		return nil, fmt.Errorf("no member is out of recovery")
	}
	return found, nil
}

// WaitPrimary is Primary, once there is one.
func (c *Cluster) WaitPrimary(ctx context.Context, limit time.Duration) (*kubelet.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		p, err := c.Primary(ctx)
		if err == nil {
			return p, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Whole says why redundancy is not complete: each pod is of the present revision and runs its image, each other member streams from the primary
// and, in sync mode, one of them is waited for. It is nil when all is well, and clients are led to the primary.
func (c *Cluster) Whole(ctx context.Context) error {
	p, err := c.Primary(ctx)
	if err != nil {
		return err
	}
	if now := c.Route.Now(); now.Pod != p.Name {
		return fmt.Errorf("%s is primary, clients are led to %q", p.Name, now.Pod)
	}
	if err := c.rolled(ctx); err != nil {
		return err
	}
	if c.Wanted != nil {
		for _, p := range c.Pods() {
			if err := c.Wanted(ctx, p); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
	}
	if err := c.followed(ctx, p); err != nil || !c.SyncOn {
		return err
	}
	waited, err := c.Ask(ctx, p, "select 1 from pg_stat_replication where state = 'streaming' and sync_state in ('sync', 'quorum')")
	if err != nil {
		return err
	}
	if len(waited) == 0 {
		return fmt.Errorf("%s has no sync standby", p.Name)
	}
	return nil
}

// followed says which member does not stream from the primary, as that member itself sees it: a clone that is being made streams too.
func (c *Cluster) followed(ctx context.Context, primary *kubelet.Pod) error {
	for _, name := range c.Names() {
		if name == primary.Name {
			continue
		}
		p := c.Kubelet.Pod(name)
		if p == nil {
			return fmt.Errorf("there is no pod %s", name)
		}
		from, err := c.Ask(ctx, p, "select sender_host from pg_stat_wal_receiver where status = 'streaming'")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(from) != 1 || from[0] != primary.Host.IP.String() {
			return fmt.Errorf("%s streams from %v, not from %s", name, from, primary.Name)
		}
	}
	return nil
}

// WaitWhole waits until redundancy is complete and returns how long that took.
func (c *Cluster) WaitWhole(ctx context.Context, limit time.Duration) (time.Duration, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := ctx.Err()
	for {
		now := c.Whole(ctx)
		if now == nil {
			return time.Since(start), nil
		}
		if ctx.Err() == nil {
			err = now // not one of a question that the end of the wait cut off
		}
		select {
		case <-ctx.Done():
			return limit, fmt.Errorf("not whole after %s: %w", limit, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Within is an HTTP client that calls from inside a pod.
func Within(p *kubelet.Pod, timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return p.Host.Dial(ctx, network, address)
		},
	}}
}

// SaysPrimary reports whether a member answers 200 to GET /primary, asked from inside its pod.
func SaysPrimary(ctx context.Context, p *kubelet.Pod) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Host.IP.String()+":8008/primary", nil)
	if err != nil {
		return false
	}
	answer, err := Within(p, 300*time.Millisecond).Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
