package kube_test

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

func start(t *testing.T, c kubetest.Config) *kubetest.Server {
	t.Helper()
	before := ours()
	s, err := kubetest.New(c)
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Close()
		require.Eventually(t, func() bool { return ours() <= before }, 10*time.Second, 10*time.Millisecond, "goroutines are left")
	})
	return s
}

// ours is how many goroutines run code of this package or of its server.
func ours() int {
	buffer := make([]byte, 4<<20)
	n := 0
	for _, stack := range strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if strings.Contains(stack, "sidecars/kube.(*") || strings.Contains(stack, "kubetest.(*") || strings.Contains(stack, "persistConn") {
			n++
		}
	}
	return n
}

func client(t *testing.T, s *kubetest.Server, edit ...func(*kube.Options)) *kube.Client {
	t.Helper()
	o := kube.Options{Server: s.URL, Namespace: "db", UserAgent: "pod-0", Budget: kube.Budget{PerSecond: 1000, Burst: 1000}}
	for _, e := range edit {
		e(&o)
	}
	c, err := kube.New(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// within is a context for one call.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func soon(t *testing.T) context.Context { return within(t, 20*time.Second) }

func TestALeaseIsTakenByItsVersion(t *testing.T) {
	s := start(t, kubetest.Config{})
	c := client(t, s)
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

	_, r := c.GetLease(soon(t), "shop-primary")
	require.Equal(t, kube.Absent, r.Outcome, r)
	made, r := c.CreateLease(soon(t), "shop-primary", kube.Lease{
		Holder: "a", Transitions: 1, DurationSeconds: 30, Acquired: at, Renewed: at, Annotations: map[string]string{"onggi.dev/window": "8000"}, Labels: map[string]string{"app": "shop"},
	})
	require.Equal(t, kube.Applied, r.Outcome, r)
	_, r = c.CreateLease(soon(t), "shop-primary", kube.Lease{})
	require.Equal(t, kube.Exists, r.Outcome, r)
	_, r = c.UpdateLease(soon(t), "shop-primary", kube.Lease{Holder: "b"})
	require.Equal(t, kube.Refused, r.Outcome, "never without a version")

	read, r := c.GetLease(soon(t), "shop-primary")
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Equal(t, made, read)
	require.Equal(t, at, read.Acquired)
	require.Equal(t, "8000", read.Annotations["onggi.dev/window"])

	mine, theirs := read.Clone(), read.Clone()
	mine.Holder, mine.Transitions, mine.Acquired = "b", 2, time.Time{}
	mine.Annotations["onggi.dev/window"] = "5000"
	mine, r = c.UpdateLease(soon(t), "shop-primary", mine)
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.NotEqual(t, read.Version, mine.Version)
	require.True(t, mine.Acquired.IsZero())
	theirs.Holder = "c"
	_, r = c.UpdateLease(soon(t), "shop-primary", theirs)
	require.Equal(t, kube.Conflict, r.Outcome, r)

	// The same name, made again, is another Lease.
	require.True(t, s.Remove("leases", "db", "shop-primary"))
	_, r = c.UpdateLease(soon(t), "shop-primary", mine)
	require.Equal(t, kube.Absent, r.Outcome, r)
	_, r = c.CreateLease(soon(t), "shop-primary", mine)
	require.Equal(t, kube.Applied, r.Outcome, r)
	_, r = c.UpdateLease(soon(t), "shop-primary", mine)
	require.Equal(t, kube.Conflict, r.Outcome, r)
}

func TestALeaseKeepsWhatWeDoNotKnow(t *testing.T) {
	s := start(t, kubetest.Config{})
	c := client(t, s)
	s.Put("leases", kubetest.Object{
		"metadata": kubetest.Object{"name": "l", "namespace": "db", "finalizers": []any{"a/b"}, "annotations": kubetest.Object{"theirs": "x", "ours": "1"}},
		"spec":     kubetest.Object{"holderIdentity": "a", "strategy": "OldestEmulationVersion", "leaseTransitions": 1},
		"future":   kubetest.Object{"deep": []any{1, kubetest.Object{"a": nil}}},
	})
	l, r := c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, r)
	l.Holder, l.Annotations["ours"] = "", "2"
	_, r = c.UpdateLease(soon(t), "l", l)
	require.Equal(t, kube.Applied, r.Outcome, r)
	o, _ := s.Get("leases", "db", "l")
	meta, spec := o["metadata"].(kubetest.Object), o["spec"].(kubetest.Object)
	require.Equal(t, []any{"a/b"}, meta["finalizers"])
	require.Equal(t, kubetest.Object{"theirs": "x", "ours": "2"}, meta["annotations"])
	require.Equal(t, kubetest.Object{"strategy": "OldestEmulationVersion", "leaseTransitions": 1.0}, spec)
	require.Equal(t, kubetest.Object{"deep": []any{1.0, kubetest.Object{"a": nil}}}, o["future"])
}

func TestFaultsOfALeaseWrite(t *testing.T) {
	for name, c := range map[string]struct {
		fault   kubetest.Fault
		want    kube.Outcome
		applied bool
	}{
		"the response is lost":     {kubetest.Fault{LoseResponse: true}, kube.Unknown, true},
		"half a response":          {kubetest.Fault{Truncate: true}, kube.Unknown, true},
		"the response is too late": {kubetest.Fault{SlowResponse: time.Hour}, kube.Unknown, true},
		"the request is dropped":   {kubetest.Fault{Drop: true}, kube.Unknown, false},
		"nobody answers":           {kubetest.Fault{Hang: true}, kube.Unknown, false},
		"401":                      {kubetest.Fault{Code: 401}, kube.Denied, false},
		"403":                      {kubetest.Fault{Code: 403}, kube.Denied, false},
		"404":                      {kubetest.Fault{Code: 404}, kube.Absent, false},
		"409":                      {kubetest.Fault{Code: 409}, kube.Conflict, false},
		"422":                      {kubetest.Fault{Code: 422}, kube.Refused, false},
		"429":                      {kubetest.Fault{Code: 429, RetryAfter: 7}, kube.Throttled, false},
		"500":                      {kubetest.Fault{Code: 500}, kube.Unknown, false},
		"503":                      {kubetest.Fault{Code: 503, RetryAfter: 7}, kube.Unknown, false},
		"504":                      {kubetest.Fault{Code: 504}, kube.Unknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, kubetest.Config{})
			a := client(t, s)
			l, r := a.CreateLease(soon(t), "l", kube.Lease{Holder: "a", Transitions: 1})
			require.Equal(t, kube.Applied, r.Outcome, r)
			c.fault.Client, c.fault.Verb, c.fault.Resource, c.fault.Name = "pod-0", "update", "leases", "l"
			heal := s.Inject(c.fault)

			l.Transitions = 2
			limit, gaveUp := context.WithTimeout(context.Background(), 20*time.Second)
			defer gaveUp()
			if c.fault.Hang || c.fault.SlowResponse > 0 { // nobody waits for that longer than the request takes to arrive
				go func() {
					for count(s, "update") == 0 && limit.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					gaveUp()
				}()
			}
			after, r := a.UpdateLease(limit, "l", l)
			require.Equal(t, c.want, r.Outcome, r)
			require.Equal(t, kube.Lease{}, after)
			require.Error(t, r.Err)
			require.Equal(t, time.Duration(c.fault.RetryAfter)*time.Second, r.RetryAfter)
			require.Equal(t, 1, count(s, "update"), "a write is never sent again")

			heal()
			read, r := a.GetLease(soon(t), "l")
			require.Equal(t, kube.Applied, r.Outcome, "the next request has a connection of its own: %s", r)
			require.Equal(t, c.applied, read.Transitions == 2)
		})
	}
}

func TestWhatWasNeverSentIsUnreachable(t *testing.T) {
	s := start(t, kubetest.Config{})
	c := client(t, s)
	s.Stop()
	_, r := c.CreateLease(soon(t), "l", kube.Lease{})
	require.Equal(t, kube.Unreachable, r.Outcome, r)

	// A server that accepts and never shakes hands was sent nothing either.
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer deaf.Close()
	c = client(t, s, func(o *kube.Options) { o.Server = "https://" + deaf.Addr().String() })
	_, r = c.CreateLease(within(t, 200*time.Millisecond), "l", kube.Lease{})
	require.Equal(t, kube.Unreachable, r.Outcome, r)
}

func TestTheBudgetKeepsItsLastTokensForTheLease(t *testing.T) {
	s := start(t, kubetest.Config{})
	now := time.Now()
	c := client(t, s, func(o *kube.Options) {
		o.Budget, o.Now = kube.Budget{PerSecond: 0.01, Burst: 10, Reserve: 4}, func() time.Time { return now }
	})
	l, r := c.CreateLease(soon(t), "l", kube.Lease{})
	require.Equal(t, kube.Applied, r.Outcome, r)
	for range 5 {
		_, r = c.GetPod(soon(t), "p")
		require.Equal(t, kube.Absent, r.Outcome, r)
	}
	_, r = c.GetPod(soon(t), "p")
	require.Equal(t, kube.Unreachable, r.Outcome, "it was held back: %s", r)
	for range 2 {
		_, r = c.GetLease(soon(t), "l")
		require.Equal(t, kube.Applied, r.Outcome, r)
	}
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, kube.Unreachable, r.Outcome, r)
	for range 2 {
		l, r = c.UpdateLease(soon(t), "l", l)
		require.Equal(t, kube.Applied, r.Outcome, r)
	}
	_, r = c.UpdateLease(soon(t), "l", l)
	require.Equal(t, kube.Unreachable, r.Outcome, r)
	now = now.Add(100 * time.Second)
	_, r = c.UpdateLease(soon(t), "l", l)
	require.Equal(t, kube.Applied, r.Outcome, r)

	require.Equal(t, []kube.Count{
		{Verb: "create", Code: "201", N: 1}, {Verb: "get", Code: "200", N: 2}, {Verb: "get", Code: "404", N: 5}, {Verb: "get", Code: "budget", N: 2},
		{Verb: "update", Code: "200", N: 3}, {Verb: "update", Code: "budget", N: 1},
	}, c.Requests())
}
