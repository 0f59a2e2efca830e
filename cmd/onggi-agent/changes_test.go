package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// What people change on a cluster that goes on. One cluster lives through all of it, since making one takes longer than most of this.
func TestChangesOfARunningCluster(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	t.Parallel()
	l := newLab(t, 3, "")
	l.start()
	l.eventually(60*time.Second, "the cluster is whole", l.whole)
	_, err := l.primary().sql("CREATE TABLE t (n int)")
	require.NoError(t, err)
	w := newWriter(l)

	t.Run("a parameter that needs no restart", func(t *testing.T) {
		before := l.starts()
		l.configure("shared_buffers: 16MB", `shared_buffers: 16MB, work_mem: 5MB`)
		l.eventually(20*time.Second, "it is in force everywhere", func() bool { return l.everywhere("work_mem", "5MB") })
		require.Equal(t, before, l.starts(), "nothing was restarted")
		require.Zero(t, w.failures())
	})
	t.Run("a parameter that needs a restart, and more of it", func(t *testing.T) {
		old, before, term := l.primary(), l.starts(), l.term()
		l.configure("work_mem: 5MB", `work_mem: 5MB, max_connections: "130"`)
		l.eventually(60*time.Second, "it is in force everywhere", func() bool { return l.everywhere("max_connections", "130") && l.whole() })
		require.NotEqual(t, old, l.primary())
		require.Equal(t, term+1, l.term(), "exactly one move")
		for _, p := range l.pods {
			require.LessOrEqual(t, strings.Count(p.log.String(), "stop: parameters that need a restart"), 1, "%s restarts once", p.name)
		}
		w.outage(t, 15*time.Second, old)
		for name, start := range l.starts() {
			require.NotEqual(t, before[name], start, name)
		}
	})
	t.Run("and less of it", func(t *testing.T) {
		old, term := l.primary(), l.term()
		l.configure(`max_connections: "130"`, `max_connections: "120"`)
		l.eventually(10*time.Second, "the primary comes back with it", func() bool {
			got, _ := old.sql("SHOW max_connections")
			return got == "120"
		})
		l.eventually(60*time.Second, "then the others", func() bool { return l.everywhere("max_connections", "120") && l.whole() })
		require.Equal(t, term, l.term(), "it stays where it is")
		require.NotContains(t, l.logs(), "insufficient parameter settings", "no standby ever had less than its primary")
		w.outage(t, 15*time.Second, nil)
	})
	t.Run("supervised, a person moves the primary", func(t *testing.T) {
		awaited := func(p *pod) string { return p.metric(`onggi_switchover_awaited{scope="shop",name="` + p.name + `"}`) }
		l.eventually(10*time.Second, "nothing waits for a restart", l.settled)
		l.configure("profile: fast", "profile: fast\nsupervised: true")
		old, term := l.primary(), l.term()
		l.configure(`max_connections: "120"`, `max_connections: "125"`)
		waits := func() bool {
			for _, p := range l.pods {
				want := map[bool]string{true: "120", false: "125"}[p == old]
				if got, err := p.sql("SHOW max_connections"); err != nil || got != want {
					return false
				}
			}
			return awaited(old) == "1"
		}
		l.eventually(60*time.Second, "the standbys have it, and the primary waits", waits)
		time.Sleep(8 * time.Second)
		require.True(t, waits())
		require.Equal(t, term, l.term(), "nobody else moves it")
		out, err := l.other(old).ctl("list")
		require.NoError(t, err, out)
		require.Contains(t, out, "Waits for a switchover: parameters that need a restart")
		code, text := old.post("/switchover", fmt.Sprintf(`{"leader":%q}`, old.name))
		require.Equal(t, http.StatusOK, code, text)
		l.eventually(60*time.Second, "then all have it, and nothing waits", func() bool { return l.everywhere("max_connections", "125") && l.whole() })
		w.outage(t, 15*time.Second, old)
		require.Equal(t, term+1, l.term(), "one move")
		l.eventually(20*time.Second, "nothing waits any more", func() bool { return awaited(l.primary()) == "0" })
		l.configure("\nsupervised: true", "")
		l.configure(`max_connections: "125"`, `max_connections: "120"`)
		l.eventually(90*time.Second, "unsupervised again, it is in force everywhere", func() bool { return l.everywhere("max_connections", "120") && l.whole() })
		w.outage(t, 15*time.Second, nil)
	})
	t.Run("settings that postgres does not start with", func(t *testing.T) {
		l.eventually(10*time.Second, "nothing waits for a restart", l.settled)
		l.configure("shared_buffers: 16MB", "shared_buffers: 4000GB")
		took := l.eventually(60*time.Second, "one has failed to start, and goes on with the last good ones", func() bool {
			return strings.Contains(l.logs(), "it goes on with the settings that it last ran with")
		})
		t.Logf("after %s", took)
		l.configure("shared_buffers: 4000GB", "shared_buffers: 16MB")
		l.eventually(60*time.Second, "the cluster is whole", func() bool { return l.whole() && l.everywhere("shared_buffers", "16MB") })
		w.outage(t, 15*time.Second, nil)
	})
	t.Run("replication becomes synchronous and back", func(t *testing.T) {
		term := l.term()
		l.configure("profile: fast", "profile: fast\nreplication: {mode: required, minSync: 1}")
		l.eventually(30*time.Second, "commits wait for one of two", func() bool {
			got, _ := l.primary().sql("SHOW synchronous_standby_names")
			return strings.HasPrefix(got, "ANY 1") && strings.Contains(l.lease(), `"mode":"required"`) && strings.Contains(l.lease(), `"w":1`)
		})
		l.configure("minSync: 1}", "minSync: 1, priority: true}")
		l.eventually(30*time.Second, "commits wait for the first of two", func() bool {
			p := l.primary()
			got, _ := p.sql("SELECT application_name || ' of ' || current_setting('synchronous_standby_names') FROM pg_stat_replication WHERE sync_state = 'sync'")
			return strings.HasPrefix(got, l.other(p).name+" of FIRST 1 (") && strings.Contains(l.lease(), `"w":1`)
		})
		l.configure("\nreplication: {mode: required, minSync: 1, priority: true}", "")
		l.eventually(30*time.Second, "and for nobody", func() bool {
			got, err := l.primary().sql("SHOW synchronous_standby_names")
			return err == nil && got == "" && strings.Contains(l.lease(), `"mode":"async"`)
		})
		require.Equal(t, term, l.term())
		require.Zero(t, w.failures())
	})
	t.Run("the API server is away", func(t *testing.T) {
		term, before := l.term(), w.count()
		heal := l.api.Inject(kubetest.Fault{Code: http.StatusServiceUnavailable})
		time.Sleep(away())
		require.Zero(t, w.failures())
		require.Greater(t, w.count(), before)
		heal()
		l.eventually(30*time.Second, "it is whole again", l.whole)
		require.Equal(t, term, l.term())
	})
	t.Run("a volume is lost", func(t *testing.T) {
		p := l.other(l.primary())
		id := p.member()
		p.endAll()
		require.NoError(t, os.RemoveAll(p.dir+"/vol"))
		l.mkdir(p.dir + "/vol")
		p.start()
		took := l.eventually(60*time.Second, "it is copied, and the old member is off the record", func() bool {
			return !strings.Contains(l.lease(), id) && l.whole()
		})
		t.Logf("after %s", took)
		require.NotEqual(t, id, p.member())
		require.Equal(t, 1, strings.Count(l.logs(), "msg=\"init: "), "initdb ran once in the life of the cluster")
		require.Zero(t, w.failures())
	})
	t.Run("fewer members", func(t *testing.T) {
		last := l.pods[2]
		if l.primary() != last {
			l.eventually(20*time.Second, "the last pod becomes the primary", func() bool {
				code, _ := last.post("/switchover", fmt.Sprintf(`{"leader":%q,"candidate":%q}`, l.primary().name, last.name))
				return code == http.StatusOK
			})
			w.outage(t, 15*time.Second, nil)
			l.eventually(60*time.Second, "the cluster is whole", l.whole)
		}
		l.configure("instances: 3", "instances: 2")
		w.outage(t, 15*time.Second, last)
		l.eventually(30*time.Second, "who leaves is labelled a replica", func() bool { return last.label() == "replica" })
	})
	require.Positive(t, w.stop())
}

// away is how long the API server is away: a minute at night.
func away() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("ONGGI_AWAY")); err == nil {
		return d
	}
	return 7 * time.Second // longer than any permit
}

// configure replaces text in the configuration of each pod, and has it read.
func (l *lab) configure(old, by string) {
	l.t.Helper()
	for _, p := range l.pods {
		text, err := os.ReadFile(p.dir + "/config.yaml")
		require.NoError(l.t, err)
		require.Contains(l.t, string(text), old)
		l.write(p.dir+"/config.yaml", strings.Replace(string(text), old, by, 1))
	}
	for _, p := range l.pods {
		l.eventually(10*time.Second, "the configuration is read again", func() bool {
			code, _ := p.post("/reload", "")
			return code/100 == 2
		})
	}
}

// settled tells that no member says that a parameter waits for a restart, as the primary knows them.
func (l *lab) settled() bool {
	p := l.primary()
	if p == nil {
		return false
	}
	_, cluster := p.get("/cluster")
	return !strings.Contains(fmt.Sprint(cluster), "pending_restart")
}

// everywhere tells that a parameter has a value on each server.
func (l *lab) everywhere(name, value string) bool {
	for _, p := range l.pods {
		if got, _ := p.sql("SHOW " + name); got != value {
			return false
		}
	}
	return true
}

// starts are when the servers were started.
func (l *lab) starts() map[string]string {
	l.t.Helper()
	all := map[string]string{}
	for _, p := range l.pods {
		l.eventually(20*time.Second, p.name+" tells when it was started", func() bool {
			at, err := p.sql("SELECT pg_postmaster_start_time()")
			all[p.name] = at
			return err == nil
		})
	}
	return all
}

// lease is the record as it stands in the Lease.
func (l *lab) lease() string {
	o, _ := l.api.Get("leases", "db", "shop-primary")
	if meta, ok := o["metadata"].(map[string]any); ok {
		notes, _ := meta["annotations"].(map[string]any)
		text, _ := notes["onggi.dev/record"].(string)
		return text
	}
	return ""
}

func (l *lab) term() int {
	o, _ := l.api.Get("leases", "db", "shop-primary")
	spec, _ := o["spec"].(map[string]any)
	switch n := spec["leaseTransitions"].(type) {
	case float64:
		return int(n)
	case int64:
		return int(n)
	}
	return -1
}

func (l *lab) logs() string {
	var all strings.Builder
	for _, p := range l.pods {
		all.WriteString(p.log.String())
	}
	return all.String()
}

// member is the identity of the pod's volume.
func (p *pod) member() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "vol", "onggi", "member"))
	return strings.TrimSpace(string(text))
}

// endAll is the end of both processes, and of the pod's object.
func (p *pod) endAll() {
	p.killDatabase()
	end(p.sidecar, p.left)
	p.lab.api.Remove("pods", "db", p.name)
}
