package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// three is a cluster of three members on volumes that can be filled, each with its own way to the API server.
type three struct {
	scene
	doors  map[*pod]*door
	victim *pod // the standby that suffers
	held   *sessions
	stop   func()
}

func playThree(t *testing.T, prom *prometheus, told *table) {
	c := &three{scene: scene{lab: newLab(t, 3, ""), name: "three", prom: prom, table: told}, doors: map[*pod]*door{}}
	c.edit("hba: [", "monitor: true\n  hba: [")
	for i, p := range c.pods {
		p.node = fmt.Sprintf("node-%d", i)
		p.mount(400)
		c.doors[p] = c.newDoor()
		p.rewrite(c.api.URL, "http://"+c.doors[p].Addr().String())
	}
	c.start()
	c.eventually(120*time.Second, "the cluster is whole", c.whole)
	c.leader().must("CREATE TABLE t (n int)")
	c.watch()
	c.play(c.troubles())
}

func (c *three) troubles() []trouble {
	return slices.Concat(c.volumes(), c.members(), c.moves(), c.replication(), c.synchronous(), c.agents())
}

// choose takes a standby.
func (c *three) choose() *pod {
	c.victim = c.other(c.leader())
	return c.victim
}

func (c *three) heal() { c.eventually(120*time.Second, "the cluster is whole", c.whole) }

func (c *three) volumes() []trouble {
	return []trouble{{
		what: "the volume of a standby fills by 1.6 MB/s", fires: []string{"PostgresVolumeFillingUp/warning"},
		cause: func() {
			p := c.choose()
			p.ballast(52)
			c.stop = every(func() {
				if p.used() < 76 {
					p.ballast(p.used() + 0.4)
				}
			})
		},
		cure: func() { c.stop(); c.victim.unload() },
	}, {
		what: "the volume of a standby is 85 % full", fires: []string{"PostgresVolumeAlmostFull/warning"}, may: []string{"PostgresVolumeFillingUp/warning"},
		cause: func() { c.choose().ballast(85) }, cure: func() { c.victim.unload() },
	}, {
		what: "the volume of a standby is 95 % full", fires: []string{"PostgresVolumeAlmostFull/critical"}, also: []string{"PostgresVolumeAlmostFull/warning"},
		may:   []string{"PostgresVolumeFillingUp/warning"},
		cause: func() { c.choose().ballast(95) }, cure: func() { c.victim.unload() },
	}}
}

// lost are the alerts that a server which does not run is bound to raise.
var lost = []string{"AgentPostgresNotRunning/warning", "PostgresInstanceDown/warning"}

func (c *three) members() []trouble {
	votes := []string{"AgentPermitOnOnePath/warning"} // until the one that is lost is taken off the record, within 30 s
	return []trouble{{
		what: "the exporter of a standby is gone", fires: []string{"PostgresInstanceDown/warning"},
		cause: func() { c.choose().endExporter() }, cure: func() { c.victim.startExporter() },
	}, {
		what: "the sidecar of a standby is gone", fires: []string{"PostgresInstanceDown/warning"},
		also: []string{"AgentMemberMissing/warning"}, may: votes,
		cause: func() { p := c.choose(); end(p.sidecar, p.left) }, cure: func() { c.victim.startSidecar(); c.heal() },
	}, {
		what: "the database container of a standby is gone", fires: []string{"AgentPostgresNotRunning/warning"}, also: []string{"PostgresInstanceDown/warning"}, may: votes,
		cause: func() { c.choose().killDatabase() }, cure: func() { c.victim.startSupervisor(); c.heal() },
	}, {
		what: "the pod of a standby is not made again", fires: []string{"AgentMemberMissing/warning"}, may: votes,
		cause: func() {
			p := c.choose()
			p.terminate()
			<-p.gone
			p.endSidecar()
			p.endExporter()
			c.without = p
			c.watch()
		},
		cure: func() { c.victim.start(); c.victim.startExporter(); c.without = nil; c.watch(); c.heal() },
	}, {
		what: "the first new pod of a rolling change has no image", fires: []string{"AgentRolloutHeld/warning"}, also: []string{"AgentMemberMissing/warning"}, may: votes,
		cause: c.rollBadly, cure: c.rollBack,
	}, {
		what: "a person fences a standby", fires: []string{"PostgresFenced/warning"}, also: lost,
		cause: func() { c.tell("fence", c.choose().name, "--force") }, cure: func() { c.tell("unfence", c.victim.name); c.heal() },
	}, {
		what: "a standby is restarted again and again", fires: []string{"PostgresRestarting/warning"},
		cause: func() {
			p, before := c.choose(), "" // as often as it takes for three restarts to be within the squeezed hour
			c.stop = every(func() {
				now, err := p.sql("SELECT pg_postmaster_start_time()")
				if err != nil || now == before {
					return
				}
				time.Sleep(1500 * time.Millisecond) // for a scrape to see it
				if code, _ := p.post("/restart", "{}"); code/100 == 2 {
					before = now
				}
			})
		},
		cure: func() { c.stop(); c.heal() },
	}, {
		what: "the sidecars say one node for all", fires: []string{"PostgresOneNode/info"},
		cause: func() {
			for _, p := range c.pods {
				if p.node != c.leader().node {
					p.node = c.leader().node
					p.again()
				}
			}
		},
		cure: func() {
			for i, p := range c.pods {
				if node := fmt.Sprintf("node-%d", i); p.node != node {
					p.node = node
					p.again()
				}
			}
			c.heal()
		},
	}}
}

// rollBadly has a newer revision, of which a standby's pod is made and never runs.
func (c *three) rollBadly() {
	p := c.choose()
	for _, one := range c.pods {
		c.api.Change("pods", "db", one.name, func(o kubetest.Object) {
			o["metadata"].(map[string]any)["labels"].(map[string]any)["controller-revision-hash"] = "good"
		})
	}
	p.terminate()
	<-p.gone
	p.endSidecar()
	p.endExporter()
	c.without = p
	c.watch()
	c.api.Put("pods", kubetest.Object{
		"metadata": map[string]any{"name": p.name, "namespace": "db", "uid": "uid-of-no-image", "labels": map[string]any{"app.kubernetes.io/instance": "shop", "controller-revision-hash": "bad"}},
		"status": map[string]any{"phase": "Pending", "containerStatuses": []any{map[string]any{
			"name": "database", "state": map[string]any{"waiting": map[string]any{"reason": "ImagePullBackOff"}},
		}}},
	})
	time.Sleep(2 * time.Second) // the pod and the StatefulSet are watched apart; in life the pod comes long after
	c.revise("bad")
	c.eventually(60*time.Second, "the leader says what it waits for, and why", func() bool {
		_, said := c.leader().get("/patroni")
		return strings.Contains(fmt.Sprint(said), "waits_for:"+p.name) && strings.Contains(fmt.Sprint(said), "ImagePullBackOff")
	})
}

// revise is what the StatefulSet's controller says of the newest revision.
func (c *three) revise(revision string) {
	c.api.Put("statefulsets", kubetest.Object{
		"metadata": map[string]any{"name": "shop", "namespace": "db", "generation": int64(1)}, "status": map[string]any{"observedGeneration": int64(1), "updateRevision": revision},
	})
}

// rollBack is the old revision again. Nobody deletes the pod that does not run but the agents; then it is made again.
func (c *three) rollBack() {
	c.revise("good")
	c.eventually(60*time.Second, "the leader has it made again", func() bool { return strings.Contains(c.logs(), "evict "+c.victim.name+": nothing works in it") })
	for _, p := range c.pods {
		require.True(c.t, p == c.victim || !strings.Contains(c.logs(), "evict "+p.name), "and no other")
	}
	c.victim.start()
	c.api.Change("pods", "db", c.victim.name, func(o kubetest.Object) {
		o["metadata"].(map[string]any)["labels"].(map[string]any)["controller-revision-hash"] = "good"
	})
	c.victim.startExporter()
	c.without = nil
	c.watch()
	c.heal()
}

// tell asks the leader's ctl.
func (c *three) tell(args ...string) { c.leader().tell(args...) }

func (c *three) moves() []trouble {
	return []trouble{{
		what: "a person switches over", fires: []string{"PostgresFailover/info"},
		cause: func() {
			old := c.leader()
			to := c.other(old)
			c.eventually(15*time.Second, "the switchover is done", func() bool {
				code, _ := old.post("/switchover", fmt.Sprintf(`{"leader":%q,"candidate":%q}`, old.name, to.name))
				return code == http.StatusOK
			})
		},
		cure: c.heal,
	}, {
		what: "somebody promotes a standby by hand", fires: []string{"AgentKilledPostgres/warning"}, may: slices.Concat(lost, []string{"PostgresFailover/info", "AgentReplicaNotStreaming/warning"}),
		cause: func() { _, _ = c.choose().sql("SELECT pg_promote(false)") }, cure: c.heal,
	}, {
		what: "a second cluster of the name runs elsewhere, and is scraped as a pod of this one", fires: []string{"AgentTwoPrimaries/critical"},
		cause: func() {
			twin := newLab(c.t, 1, "# of the same name\n")
			twin.start()
			twin.eventually(60*time.Second, "it has a primary", func() bool { return twin.primary() != nil })
			other := twin.pods[0].target(c.name, "agent", twin.port+1)
			other.Labels["pod"] = "shop-9"
			c.watch(other)
			c.stop = twin.stopAll
		},
		cure: func() { c.watch(); c.stop() },
	}, {
		what: "automatic failover is turned off", fires: []string{"AgentPaused/info"},
		cause: func() { c.tell("pause", "--force") }, cure: func() { c.tell("resume") },
	}, {
		what: "a parameter needs a restart while automatic failover is off", fires: []string{"AgentRestartPending/info"}, also: []string{"AgentPaused/info"},
		cause: func() {
			c.tell("pause", "--force")
			c.configure("shared_buffers: 16MB", "shared_buffers: 17MB")
		},
		cure: func() {
			c.configure("shared_buffers: 17MB", "shared_buffers: 16MB")
			c.eventually(60*time.Second, "it is as it was everywhere", c.asItWas)
			c.tell("resume")
			c.heal()
		},
	}, {
		what: "updates are supervised, and the primary's turn has come", fires: []string{"PostgresSwitchoverPending/warning"}, also: []string{"AgentRestartPending/info"},
		cause: func() {
			c.configure("profile: fast", "profile: fast\nsupervised: true")
			c.configure("shared_buffers: 16MB", "shared_buffers: 17MB")
		},
		cure: func() {
			c.configure("shared_buffers: 17MB", "shared_buffers: 16MB")
			c.eventually(60*time.Second, "it is as it was everywhere", c.asItWas)
			c.configure("\nsupervised: true", "")
			c.heal()
		},
	}}
}

// asItWas tells that every server runs with what it had at first. That none waits for a restart is not enough: of a change that was read a moment ago a
// member may not know yet that it does, and the next trouble would be undone by the restart.
func (c *three) asItWas() bool { return c.settled() && c.everywhere("shared_buffers", "16MB") }

func (c *three) agents() []trouble {
	return []trouble{{
		what: "the API server refuses to write the Lease", fires: []string{"AgentPermitOnOnePath/warning"},
		may: []string{"AgentRecordNotSeen/warning"}, // what is not written is heard of by the watch's bookmarks alone: one a minute
		cause: func() {
			c.stop = c.api.Inject(kubetest.Fault{Verb: "update", Resource: "leases", Code: http.StatusServiceUnavailable})
		},
		cure: func() { c.stop(); c.heal() },
	}, {
		what: "a standby does not reach the API server", fires: []string{"AgentRecordNotSeen/warning"},
		cause: func() { c.doors[c.choose()].set(true) }, cure: func() { c.doors[c.victim].set(false); c.heal() },
	}, {
		what: "a clock of a standby's node runs one percent slow", fires: []string{"AgentClocksApart/warning"},
		cause: func() { p := c.choose(); end(p.sidecar, p.left); p.startSidecarSkewed(0.99) },
		cure:  func() { c.victim.endSkewed(); c.victim.startSidecar(); c.heal() },
	}}
}
