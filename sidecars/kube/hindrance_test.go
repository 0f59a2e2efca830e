package kube_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

func TestWhatKeepsAPodFromComingUp(t *testing.T) {
	in := func(containers ...kube.ContainerStatus) kube.Pod { return kube.Pod{Containers: containers} }
	runs := kube.ContainerStatus{Name: "agent", Running: true}
	for name, row := range map[string]struct {
		pod            kube.Pod
		reason, detail string
	}{
		"nothing":             {in(runs), "", ""},
		"no image":            {in(runs, kube.ContainerStatus{Name: "database", Waiting: "ImagePullBackOff", Message: "Back-off pulling image"}), "ImagePullBackOff", "container database: Back-off pulling image"},
		"it ends over again":  {in(kube.ContainerStatus{Name: "database", Waiting: "CrashLoopBackOff", Last: &kube.Terminated{ExitCode: 1, Reason: "Error"}}), "CrashLoopBackOff", "container database, which ended with Error 1"},
		"another holds it up": {in(kube.ContainerStatus{Name: "database", Waiting: "PodInitializing"}, kube.ContainerStatus{Name: "install", Waiting: "ErrImagePull"}), "ErrImagePull", "container install"},
		"a volume":            {in(kube.ContainerStatus{Name: "database", Waiting: "ContainerCreating"}), "ContainerCreating", "container database"},
		"no node has room":    {kube.Pod{Unscheduled: "Unschedulable", Message: "0/3 nodes are available"}, "Unschedulable", "0/3 nodes are available"},
		"a container is over": {in(runs, kube.ContainerStatus{Name: "database", Terminated: &kube.Terminated{ExitCode: 137, Reason: "OOMKilled"}}), "Error", "container database, which ended with OOMKilled 137"},
		"the installer's end": {in(runs, kube.ContainerStatus{Name: "install", Terminated: &kube.Terminated{}}), "", ""},
	} {
		reason, detail := kube.Hindrance(row.pod)
		require.Equal(t, [2]string{row.reason, row.detail}, [2]string{reason, detail}, name)
	}
	s := start(t, kubetest.Config{})
	o := pod("shop-0", nil)
	o["status"] = kubetest.Object{"phase": "Pending", "conditions": []any{
		kubetest.Object{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient memory."}}}
	s.Put("pods", o)
	p, r := client(t, s).GetPod(soon(t), "shop-0")
	require.Equal(t, kube.Applied, r.Outcome)
	reason, detail := kube.Hindrance(p)
	require.Equal(t, "Unschedulable 0/3 nodes are available: 3 Insufficient memory.", reason+" "+detail, "as the API server tells it")
}
