package kube_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

func TestAPodIsReadWithItsStatus(t *testing.T) {
	s := start(t, kubetest.Config{})
	c := client(t, s)
	o := pod("shop-0", nil)
	end := kubetest.Object{
		"exitCode": 137, "reason": "Error", "message": "instance=5f0c\nkilled at the deadline\n", "startedAt": "2026-03-01T12:00:00Z", "finishedAt": "2026-03-01T12:00:09Z",
	}
	o["status"] = kubetest.Object{
		"phase": "Running",
		"containerStatuses": []any{kubetest.Object{
			"name": "postgres", "restartCount": 1, "state": kubetest.Object{"waiting": kubetest.Object{"reason": "CrashLoopBackOff"}}, "lastState": kubetest.Object{"terminated": end},
		}},
		"initContainerStatuses": []any{kubetest.Object{"name": "agent", "state": kubetest.Object{"running": kubetest.Object{"startedAt": "2026-03-01T12:00:00Z"}}, "lastState": kubetest.Object{}}},
	}
	s.Put("pods", o)
	p, r := c.GetPod(soon(t), "shop-0")
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Equal(t, "n", p.Node)
	require.Equal(t, "Running", p.Phase)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	require.Equal(t, []kube.ContainerStatus{
		{Name: "postgres", Restarts: 1, Waiting: "CrashLoopBackOff", Last: &kube.Terminated{
			ExitCode: 137, Reason: "Error", Message: "instance=5f0c\nkilled at the deadline\n", Started: at, Finished: at.Add(9 * time.Second)}},
		{Name: "agent", Init: true, Running: true},
	}, p.Containers)
	require.True(t, kube.DeathProof(p, p.UID, "postgres", "5f0c"))
}

func TestOnlyItsOwnLastWordProvesADeath(t *testing.T) {
	const nonce = "5f0c9a1e77aa42d8"
	ended := func(message string) *kube.Terminated { return &kube.Terminated{ExitCode: 137, Message: message} }
	in := func(containers ...kube.ContainerStatus) kube.Pod {
		return kube.Pod{PodMeta: kube.PodMeta{Name: "shop-0", UID: "u1"}, Phase: "Failed", Containers: containers}
	}
	for name, c := range map[string]struct {
		pod  kube.Pod
		want bool
	}{
		"it ended":                            {in(kube.ContainerStatus{Name: "postgres", Terminated: ended(nonce)}), true},
		"with a newline":                      {in(kube.ContainerStatus{Name: "postgres", Terminated: ended(nonce + "\n")}), true},
		"with more words":                     {in(kube.ContainerStatus{Name: "postgres", Terminated: ended("instance=" + nonce + " fenced at the deadline")}), true},
		"it ended, and another runs":          {in(kube.ContainerStatus{Name: "postgres", Running: true, Last: ended(nonce)}), true},
		"another ended, after it":             {in(kube.ContainerStatus{Name: "postgres", Terminated: ended("other"), Last: ended(nonce)}), true},
		"it runs":                             {in(kube.ContainerStatus{Name: "postgres", Running: true}), false},
		"another ended before, and it runs":   {in(kube.ContainerStatus{Name: "postgres", Running: true, Last: ended("other")}), false},
		"no word":                             {in(kube.ContainerStatus{Name: "postgres", Terminated: ended("")}), false},
		"one that begins like it":             {in(kube.ContainerStatus{Name: "postgres", Terminated: ended(nonce + "1")}), false},
		"one that ends like it":               {in(kube.ContainerStatus{Name: "postgres", Terminated: ended("1" + nonce)}), false},
		"its beginning":                       {in(kube.ContainerStatus{Name: "postgres", Terminated: ended(nonce[:8])}), false},
		"another container":                   {in(kube.ContainerStatus{Name: "exporter", Terminated: ended(nonce)}), false},
		"the phase, and all have ended":       {in(kube.ContainerStatus{Name: "postgres", Terminated: ended("")}, kube.ContainerStatus{Name: "agent", Init: true, Terminated: ended("")}), false},
		"the phase alone, as the podgc sets":  {in(), false},
		"what the kubelet lost":               {in(kube.ContainerStatus{Name: "postgres", Terminated: &kube.Terminated{ExitCode: 137, Reason: "ContainerStatusUnknown", Message: "The container could not be located when the pod was deleted."}}), false},
		"it waits, and nothing is remembered": {in(kube.ContainerStatus{Name: "postgres", Waiting: "CrashLoopBackOff"}), false},
	} {
		require.Equal(t, c.want, kube.DeathProof(c.pod, "u1", "postgres", nonce), name)
		require.False(t, kube.DeathProof(c.pod, "u2", "postgres", nonce), "%s, of another pod", name)
		require.False(t, kube.DeathProof(c.pod, "u1", "postgres", ""), "%s, of no instance", name)
		require.False(t, kube.DeathProof(c.pod, "", "postgres", nonce), "%s, of no pod", name)
	}
}

func TestEventsAreBoundedAndTold(t *testing.T) {
	s := start(t, kubetest.Config{})
	c := client(t, s)
	for i := range 12 {
		r := c.WriteEvent(soon(t), kube.Event{Kind: "Pod", Name: "shop-0", UID: "u", Warning: true, Reason: "FailedOver", Message: strings.Repeat("ü", 600), Action: "Promote"})
		if i < 10 {
			require.Equal(t, kube.Applied, r.Outcome, r)
		} else {
			require.Equal(t, kube.Throttled, r.Outcome, r)
		}
	}
	events := s.List("events")
	require.Len(t, events, 10)
	require.Equal(t, "Warning", events[0]["type"])
	require.LessOrEqual(t, len(events[0]["message"].(string)), 1024)
	require.Equal(t, "shop-0", events[0]["involvedObject"].(kubetest.Object)["name"])
}
