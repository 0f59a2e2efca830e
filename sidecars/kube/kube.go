// Package kube is the Kubernetes API as the agent needs it: one Lease, some pods, one StatefulSet, one node, and events, on net/http alone.
//
//	options, err := kube.InCluster()
//	client, err := kube.New(options)
//	lease, result := client.GetLease(ctx, "shop-primary")
//	lease.Holder = me
//	lease, result = client.UpdateLease(ctx, "shop-primary", lease) // a compare-and-swap on lease.Version
//
// # What came of a request
//
// Every call has exactly one Outcome, told by the pure function Classify. An error text never decides anything. Three of the outcomes
// matter more than others: Unreachable was never sent, Unknown may have been applied, and only a state that was read again tells which.
// No write is sent twice by this package, but for one that was answered 401, which is the server's word that it was not looked at.
//
// # Watches
//
// WatchLease, WatchPods, WatchStatefulSet and WatchNode list once and then watch: nothing is polled. Each delivers states, not changes, newest first: a slow
// reader misses what is no longer true. A watch that says nothing, not even a bookmark, for longer than a server may keep quiet is
// dropped and the state listed anew, and so it is when Relist is called, as it should be after every Conflict.
//
// # Credentials
//
// Token, CA and client certificate are files that somebody else rotates. They are looked at before each request and read when
// they changed; an answer of 401 makes the token be read in any case, and the request sent once more if there is a new one.
//
// # Budget
//
// All requests draw from one token bucket, of which the last tokens are kept for the Lease. Whatever goes wrong in a loop above, the API server
// sees no more than that. Client.Requests counts by verb and code.
//
// # Rights
//
//	group                resource  verbs                      where
//	coordination.k8s.io  leases    get list watch update      the namespace, this one name
//	coordination.k8s.io  leases    create                     the namespace
//	                     pods      get list watch patch       the namespace
//	                     events    create                     the namespace
//	                     nodes     list watch                 the cluster; optional, see WatchNode
//
// The same table as values is Rights.
package kube

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options say which API server is asked, as whom.
type Options struct {
	Server    string // https://host:port
	CAFile    string // PEM; empty: the roots of the system
	TokenFile string // a bearer token; empty: none is sent
	CertFile  string // a client certificate, with KeyFile; empty: none
	KeyFile   string
	Namespace string
	UserAgent string

	Budget Budget           // zero: DefaultBudget
	Quiet  time.Duration    // how long a watch may say nothing; zero: 90 s, since servers send a bookmark each minute
	Now    func() time.Time // nil: time.Now
	Jitter func() float64   // in [0,1); nil: random
	Log    func(string)     // lines for people; nil: nobody listens
}

// The files and variables that a pod finds its API server by.
const (
	accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"
	envHost    = "KUBERNETES_SERVICE_HOST"
	envPort    = "KUBERNETES_SERVICE_PORT"
)

// InCluster reads the options of the pod this process runs in: its service account's files and the variables of the kubelet.
// POD_NAMESPACE, when set, is the namespace; else the one of the service account is.
func InCluster() (Options, error) { return inCluster(os.Getenv, accountDir) }

func inCluster(getenv func(string) string, dir string) (Options, error) {
	host, port := getenv(envHost), getenv(envPort)
	if host == "" || port == "" {
		return Options{}, fmt.Errorf("find the API server: %s or %s is not set: not in a pod", envHost, envPort)
	}
	namespace := getenv("POD_NAMESPACE")
	if namespace == "" {
		data, err := os.ReadFile(filepath.Join(dir, "namespace"))
		if err != nil {
			return Options{}, fmt.Errorf("find the namespace: %v", err)
		}
		namespace = strings.TrimSpace(string(data))
	}
	return Options{
		Server: "https://" + net.JoinHostPort(host, port), Namespace: namespace,
		CAFile: filepath.Join(dir, "ca.crt"), TokenFile: filepath.Join(dir, "token"),
	}, nil
}

// Client asks one API server. It is safe for use by many goroutines and owns none; watches do.
type Client struct {
	options Options
	base    *url.URL
	access  *access
	bucket  *bucket
	counts  *counts
	events  *bucket
}

// New is a client. It sends nothing yet; but files that cannot be read are told at once.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.Server)
	if err != nil {
		return nil, fmt.Errorf("read the API server's address: %v", err)
	}
	if base.Scheme != "https" && base.Scheme != "http" || base.Host == "" {
		return nil, fmt.Errorf("read the API server's address: %q is not https://host:port", o.Server)
	}
	if o.Namespace == "" {
		return nil, errors.New("set up the API client: no namespace")
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("set up the API client: a client certificate needs its key, and the key its certificate")
	}
	if o.Budget == (Budget{}) {
		o.Budget = DefaultBudget()
	}
	if o.Quiet == 0 {
		o.Quiet = quiet
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.UserAgent == "" {
		o.UserAgent = "onggi-agent"
	}
	access, err := newAccess(o)
	if err != nil {
		return nil, err
	}
	return &Client{
		options: o, base: base, access: access, counts: &counts{},
		bucket: newBucket(o.Budget, o.Now), events: newBucket(Budget{PerSecond: 0.1, Burst: 10}, o.Now),
	}, nil
}

// Close drops idle connections. Requests and watches that run go on; their contexts end them.
func (c *Client) Close() { c.access.close() }

// Requests is how many requests were sent so far, by verb and code, in order. It is what onggi_api_requests_total says.
func (c *Client) Requests() []Count { return c.counts.snapshot() }
