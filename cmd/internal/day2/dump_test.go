package day2

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/spec"
)

// rendered is the CronJob of dumps that the renderer makes.
func renderedDumps(t *testing.T) dumpCronJob {
	t.Helper()
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: []byte(`
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: databases}
spec:
  version: "17"
  backend: native
  storage: {size: 10Gi}
  backup: {destination: pvc://backups, method: dumps, dumps: [{name: nightly, schedule: "0 2 * * *"}]}
  secrets: {provider: existing}
`)}})
	require.Empty(t, problems)
	cluster, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems)
	bundle, problems := render.Compile(cluster)
	require.Empty(t, problems)
	for _, o := range bundle.Objects {
		if o.Ref().Kind == "CronJob" {
			text, err := json.Marshal(o.Body())
			require.NoError(t, err)
			var job dumpCronJob
			require.NoError(t, json.Unmarshal(text, &job))
			return job
		}
	}
	require.Fail(t, "there is no CronJob")
	return dumpCronJob{}
}

// The pod that reads dumps is the CronJob's in everything by which it reaches the store, and only waits.
func TestThePodThatReadsDumps(t *testing.T) {
	p := Dumps{d: &Database{Name: "shop"}}
	text, err := p.body(renderedDumps(t))
	require.NoError(t, err)
	require.Equal(t, []string{"/onggi/onggi", "dump"}, p.program)
	require.Equal(t, []string{"--config", "/etc/onggi/dump/dump.yaml"}, p.config)
	require.Equal(t, "dump", p.container)
	var pod struct {
		Kind     string
		Metadata struct {
			GenerateName string
			Labels       map[string]string
		}
		Spec struct {
			RestartPolicy         string
			ActiveDeadlineSeconds int
			Containers            []struct {
				Command      []string
				VolumeMounts []struct{ Name, MountPath string }
			}
			Volumes []map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(text, &pod))
	require.Equal(t, "Pod", pod.Kind)
	require.Equal(t, "shop-dump-read-", pod.Metadata.GenerateName)
	require.Equal(t, "shop", pod.Metadata.Labels["onggi.dev/dump"])
	require.Equal(t, "Never", pod.Spec.RestartPolicy)
	require.Equal(t, 12*3600, pod.Spec.ActiveDeadlineSeconds)
	require.Equal(t, []string{"/onggi/onggi", "dump", "wait"}, pod.Spec.Containers[0].Command)
	claim := false
	for _, v := range pod.Spec.Volumes {
		require.NotContains(t, v, "ephemeral", "nothing is written")
		claim = claim || v["persistentVolumeClaim"] != nil
	}
	require.True(t, claim, "the store is a claim")
}

func TestWhatAPodThatReadsDumpsWaitsFor(t *testing.T) {
	for text, want := range map[string]string{
		`{"status": {"phase": "Pending"}}`: "Pending",
		`{"status": {"phase": "Pending", "containerStatuses": [{"name": "dump", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}`: "Pending, dump: ImagePullBackOff",
		`{"status": {"phase": "Running", "containerStatuses": [{"name": "dump", "state": {"running": {}}}]}}`:                             "runs",
		`{"status": {"phase": "Failed", "reason": "Evicted"}}`:                                                                            "error",
		`{`: "error",
	} {
		runs, state, err := podState([]byte(text), "dump")
		switch want {
		case "runs":
			require.NoError(t, err)
			require.True(t, runs)
		case "error":
			require.Error(t, err)
		default:
			require.NoError(t, err)
			require.False(t, runs)
			require.Equal(t, want, state)
		}
	}
}
