package kubelet

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/kube"
)

func TestControllerDecides(t *testing.T) {
	const old, update = "demo-1", "demo-2"
	ready, stale := member{revision: update, ready: true}, member{revision: old, ready: true}
	for _, c := range []struct {
		name            string
		strategy        string
		replicas        int
		pods            map[int]member
		missing, remove []int
	}{
		{"all are missing, and made at once", "OnDelete", 3, nil, []int{0, 1, 2}, nil},
		{"all is well", "OnDelete", 2, map[int]member{0: ready, 1: ready}, nil, nil},
		{"OnDelete leaves old ones", "OnDelete", 2, map[int]member{0: stale, 1: stale}, nil, nil},
		{"OnDelete makes what is missing", "OnDelete", 2, map[int]member{0: stale}, []int{1}, nil},
		{"too many", "OnDelete", 1, map[int]member{0: stale, 1: ready, 2: ready}, nil, []int{1, 2}},
		{"too many, and ending", "OnDelete", 1, map[int]member{0: ready, 1: {ending: true}}, nil, nil},
		{"rolling: the highest first", "RollingUpdate", 3, map[int]member{0: stale, 1: stale, 2: stale}, nil, []int{2}},
		{"rolling: one after the other", "RollingUpdate", 3, map[int]member{0: stale, 1: stale, 2: {revision: old, ending: true}}, nil, nil},
		{"rolling: made again first", "RollingUpdate", 3, map[int]member{0: stale, 1: stale}, []int{2}, nil},
		{"rolling: not before it is ready", "RollingUpdate", 3, map[int]member{0: stale, 1: stale, 2: {revision: update}}, nil, nil},
		{"rolling: the next", "RollingUpdate", 3, map[int]member{0: stale, 1: stale, 2: ready}, nil, []int{1}},
		{"rolling: an old one that is not ready goes all the same", "RollingUpdate", 2, map[int]member{0: stale, 1: {revision: old}}, nil, []int{1}},
		{"rolled", "RollingUpdate", 2, map[int]member{0: ready, 1: ready}, nil, nil},
	} {
		missing, remove := decide(c.strategy, c.replicas, update, c.pods)
		require.Equal(t, c.missing, missing, c.name)
		require.Equal(t, c.remove, remove, c.name)
	}
}

// demo is a StatefulSet as the API server tells it.
func demo(t *testing.T, image string) kube.Object {
	t.Helper()
	var o kube.Object
	require.NoError(t, json.Unmarshal([]byte(`{"metadata": {"name": "demo", "uid": "u-1", "generation": 4},
		"spec": {"replicas": 3, "serviceName": "demo-pods", "updateStrategy": {"type": "OnDelete"}, "template": {
			"metadata": {"labels": {"app": "demo"}}, "spec": {"containers": [{"name": "database", "image": "`+image+`"}]}}}}`), &o))
	return o
}

func TestPodsHaveTheLabelsOfTheirRevision(t *testing.T) {
	set := demo(t, "postgres:1")
	pod := podOf(set, 2, "node-2")
	labels := kube.At(pod, "metadata", "labels").(kube.Object)
	require.Equal(t, kube.Object{
		"app": "demo", "controller-revision-hash": revision(set), "statefulset.kubernetes.io/pod-name": "demo-2", "apps.kubernetes.io/pod-index": "2",
	}, labels)
	require.Equal(t, "node-2", kube.Text(pod, "spec", "nodeName"))
	require.Equal(t, "postgres:1", image(pod, "database"))
	require.Equal(t, kube.Object{"app": "demo"}, kube.At(set, "spec", "template", "metadata", "labels"), "the template is as it was")
	require.Equal(t, revision(set), revision(demo(t, "postgres:1")))
	require.NotEqual(t, revision(set), revision(demo(t, "postgres:2")))
	require.Regexp(t, `^demo-[0-9a-f]{10}$`, revision(set))
}

func TestStatusIsWhatAgentsReadOfARoll(t *testing.T) {
	var sent []kube.Object
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o kube.Object
		require.NoError(t, json.NewDecoder(r.Body).Decode(&o))
		sent = append(sent, o["status"].(kube.Object))
		_ = json.NewEncoder(w).Encode(kube.Object{"metadata": kube.Object{"generation": 4}, "status": o["status"]})
	}))
	defer server.Close()
	s := &Set{Name: "demo", k: New(Config{API: &kube.Client{Base: server.URL, HTTP: server.Client()}}), wake: make(chan struct{}, 1)}
	first, second := demo(t, "postgres:1"), demo(t, "postgres:2")
	before, after := revision(first), revision(second)
	two := map[int]member{0: {before, true, false}, 1: {before, true, false}}

	s.report(context.Background(), first, two)
	require.Len(t, sent, 1)
	require.Equal(t, before, sent[0]["updateRevision"])
	require.Equal(t, before, sent[0]["currentRevision"])
	require.EqualValues(t, 4, sent[0]["observedGeneration"])
	require.EqualValues(t, 2, sent[0]["replicas"])

	second["status"] = sent[0]
	s.report(context.Background(), second, map[int]member{0: {before, true, false}, 1: {after, true, false}, 2: {after, false, false}})
	require.Equal(t, after, sent[1]["updateRevision"])
	require.Equal(t, before, sent[1]["currentRevision"], "with OnDelete the controller never takes the new for the current one")
	require.EqualValues(t, 2, sent[1]["updatedReplicas"])
	require.EqualValues(t, 2, sent[1]["readyReplicas"])

	second["status"] = sent[1]
	s.report(context.Background(), second, map[int]member{0: {before, true, false}, 1: {after, true, false}, 2: {after, false, false}})
	require.Len(t, sent, 2, "what is told already is not told again")
}

func TestAnswersOvertakeWatches(t *testing.T) {
	s := &Set{k: New(Config{}), wake: make(chan struct{}, 1)}
	at := func(n float64) kube.Object { return kube.Object{"metadata": kube.Object{"generation": n}} }
	s.see(at(2))
	s.see(at(1))
	require.EqualValues(t, 2, generation(s.seen()))
	s.see(at(3))
	require.EqualValues(t, 3, generation(s.seen()))
}
