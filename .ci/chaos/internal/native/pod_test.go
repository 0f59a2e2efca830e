package native

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// read parses an object as the API server would tell it.
func object1(t *testing.T, text string) kube.Object {
	t.Helper()
	var o kube.Object
	require.NoError(t, yaml.Unmarshal([]byte(text), &o))
	return o
}

const podText = `
metadata: {name: shop-1, labels: {tier: gold}}
spec:
  restartPolicy: OnFailure
  securityContext: {runAsUser: 999, runAsGroup: 998, fsGroup: 997, runAsNonRoot: true, supplementalGroups: [5]}
  initContainers:
  - {name: install, image: "ghcr.io/onggi-db/onggi-agent:0.1.0", args: [install, /onggi], volumeMounts: [{name: program, mountPath: /onggi}]}
  - name: agent
    image: ghcr.io/onggi-db/onggi-agent:0.1.0
    restartPolicy: Always
    args: [run]
    env:
    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: top, key: secret}}}
    - {name: GREETING, value: "hello $(POD_NAME), not $(NOBODY)"}
    ports: [{name: rest, containerPort: 8008}]
    startupProbe: {exec: {command: [test, -e, /x]}, periodSeconds: 1, failureThreshold: 30}
    livenessProbe: {httpGet: {path: /liveness, port: rest}, initialDelaySeconds: 10, timeoutSeconds: 5}
  containers:
  - name: database
    image: docker.io/library/postgres:15.17-trixie@sha256:abc
    command: [/onggi/onggi-agent, supervise, "$(POD_NAME)"]
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, runAsUser: 70}
    readinessProbe: {tcpSocket: {port: 5432}, periodSeconds: 5, successThreshold: 2}
    lifecycle: {preStop: {exec: {command: [sleep, "1"]}}}
    volumeMounts:
    - {name: program, mountPath: /onggi, readOnly: true}
    - {name: data, mountPath: /data, subPath: deep/down}
`

func testTranslator() translator {
	return translator{
		images: Images{Postgres: "/usr/lib/postgresql/15/bin", Agent: "/built/onggi-agent"}, etc: "/world/etc",
		volumes: map[string]string{"program": "/world/program", "data": "/world/data"},
		values: values{
			field: func(path string) string { return map[string]string{"metadata.name": "shop-1"}[path] },
			secret: func(name, key string) (string, bool) {
				return "swordfish", name == "top" && key == "secret"
			},
		},
	}
}

func TestAPodIsStartedAsItsObjectSays(t *testing.T) {
	spec, err := testTranslator().spec(object1(t, podText))
	require.NoError(t, err)
	require.Equal(t, "OnFailure", spec.Restart)
	require.Len(t, spec.Containers, 3)

	install, agent, database := spec.Containers[0], spec.Containers[1], spec.Containers[2]
	require.True(t, install.Init && !install.Sidecar, "one that begins the pod and ends")
	require.Equal(t, []string{agentAt, "install", "/onggi"}, install.Args, "the image's entrypoint comes first")
	require.Contains(t, install.Mounts, world.Mount{Source: "/built/onggi-agent", Target: agentAt, ReadOnly: true})

	require.True(t, agent.Sidecar && !agent.Init)
	require.Equal(t, []string{"PATH=/opt:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "POD_NAME=shop-1", "PASSWORD=swordfish", "GREETING=hello shop-1, not $(NOBODY)"}, agent.Env)
	require.Equal(t, &kubelet.Probe{Exec: []string{"test", "-e", "/x"}, Every: time.Second, Timeout: time.Second, Successes: 1, Failures: 30}, agent.Started)
	require.Equal(t, &kubelet.Probe{Path: "/liveness", Port: "8008", Initial: 10 * time.Second, Every: 10 * time.Second, Timeout: 5 * time.Second, Successes: 1, Failures: 3}, agent.Live)
	require.Equal(t, 999, agent.UID)
	require.False(t, agent.Root.ReadOnly || agent.Confined)

	require.Equal(t, []string{"/onggi/onggi-agent", "supervise", "$(POD_NAME)"}, database.Args, "an environment without the name leaves it")
	require.Equal(t, []string{"PATH=/opt/postgres-15.17-trixie/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, database.Env)
	require.Equal(t, []int{70, 998}, []int{database.UID, database.GID}, "the container has the last word")
	require.Equal(t, []int{997, 5}, database.Groups)
	require.True(t, database.Root.ReadOnly && database.Confined)
	require.Equal(t, &kubelet.Probe{Port: "5432", Every: 5 * time.Second, Timeout: time.Second, Successes: 2, Failures: 3}, database.Ready)
	require.Equal(t, []string{"sleep", "1"}, database.PreStop)
	require.Equal(t, []world.Mount{
		{Source: "/usr/lib/postgresql/15", Target: "/opt/postgres-15.17-trixie", ReadOnly: true},
		{Source: "/world/program", Target: "/onggi", ReadOnly: true}, {Source: "/world/data/deep/down", Target: "/data"},
	}, database.Mounts)
}

func TestWhatAKubeletWouldRefuseIsRefused(t *testing.T) {
	for _, c := range []struct{ name, pod, want string }{
		{"an image that nothing stands for", `spec: {containers: [{name: x, image: "redis:7"}]}`, "container x: no program of this machine stands for the image redis:7"},
		{"a volume that is not there", `spec: {containers: [{name: x, image: postgres, volumeMounts: [{name: lost, mountPath: /x}]}]}`, "mount of the volume lost, which the pod does not have"},
		{"a key that is not there", `spec: {containers: [{name: x, image: postgres, env: [{name: A, valueFrom: {secretKeyRef: {name: no, key: no}}}]}]}`, "A comes from a key that is not there"},
		{"root where it may not be", `spec: {securityContext: {runAsNonRoot: true}, containers: [{name: x, image: postgres}]}`, "a user that is not root"},
	} {
		_, err := testTranslator().spec(object1(t, c.pod))
		require.ErrorContains(t, err, c.want, c.name)
	}
}

func TestAnotherTagIsAnotherFolder(t *testing.T) {
	i := Images{Postgres: "/usr/lib/postgresql/15/bin"}
	require.Equal(t, "/opt/postgres-15.17-trixie/bin", i.folder("docker.io/library/postgres:15.17-trixie"))
	require.Equal(t, "/opt/onggi-postgres-15.18-trixie/bin", i.folder("ghcr.io/onggi-db/onggi-postgres:15.18-trixie"))
	require.Empty(t, i.folder("redis"))
	for name, want := range map[string][2]string{
		"postgres": {"postgres", "latest"}, "localhost:5000/a/postgres:17": {"postgres", "17"}, "x/postgres@sha256:0": {"postgres", "latest"},
	} {
		repository, tag := split(name)
		require.Equal(t, want, [2]string{repository, tag})
	}
}
