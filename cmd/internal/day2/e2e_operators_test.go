package day2_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

// operators: what the verbs send to an operator is accepted by its real definitions, and is what the operator's own tools send. Its pods
// are those of shop again, so that psql in them asks real servers.
func operators(t *testing.T, l *lab) {
	shared := os.Getenv("ONGGI_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	if _, err := os.Stat(filepath.Join(shared, "crds")); err != nil {
		t.Skip("needs the operators' definitions: set ONGGI_SHARED")
	}
	for _, file := range []string{
		"postgresql.cnpg.io/cluster_v1.yaml", "postgresql.cnpg.io/backup_v1.yaml", "postgresql.cnpg.io/pooler_v1.yaml",
		"postgres-operator.crunchydata.com/postgrescluster_v1beta1.yaml", "acid.zalan.do/postgresql_v1.yaml",
	} {
		l.define(filepath.Join(shared, "crds", file))
	}
	cloudNative(t, l)
	crunchyAndZalando(t, l)
}

// define makes a kind of object.
func (l *lab) define(file string) {
	l.t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(l.t, err)
	objs, err := manifest.Decode(file, data)
	require.NoError(l.t, err)
	for _, o := range objs {
		l.apply("apiextensions.k8s.io/v1", "customresourcedefinitions", "", o.Body())
		group, plural := manifest.Text(o.Body(), "spec", "group"), manifest.Text(o.Body(), "spec", "names", "plural")
		version := manifest.Text(o.Body(), "spec", "versions", 0, "name")
		l.eventually(30*time.Second, plural, func() bool {
			code, _ := l.ask(http.MethodGet, at(group+"/"+version, plural, namespace), "", nil)
			return code == http.StatusOK
		})
	}
}

const cnpg = "postgresql.cnpg.io/v1"

// runIn is what a person types, with -n before what psql is given.
func (l *lab) runIn(ns string, args ...string) outcome {
	l.t.Helper()
	at := slices.Index(args, "--")
	if at < 0 {
		at = len(args)
	}
	return l.run(slices.Insert(slices.Clone(args), at, "-n", ns)...)
}

// twin is the pod of another operator's that runs on the processes of one of shop's.
func (l *lab) twin(ns, name, container string, labels manifest.Map) {
	l.t.Helper()
	l.apply("v1", "pods", ns, manifest.Map{
		"kind": "Pod", "metadata": manifest.Map{"name": name, "labels": labels},
		"spec": manifest.Map{"nodeName": "node-0", "containers": []any{manifest.Map{"name": container, "image": "postgres"}}},
		"status": manifest.Map{
			"phase": "Running", "conditions": []any{manifest.Map{"type": "Ready", "status": "True"}},
			"containerStatuses": []any{manifest.Map{
				"name": container, "ready": true, "restartCount": 0, "image": "i", "imageID": "i", "containerID": "c://" + name,
				"state": manifest.Map{"running": manifest.Map{"startedAt": "2026-11-22T00:00:00Z"}},
			}},
		},
	})
}

func cloudNative(t *testing.T, l *lab) {
	now := l.well("")
	const ns = "cnpg"
	l.apply("v1", "namespaces", "", manifest.Map{"kind": "Namespace", "metadata": manifest.Map{"name": ns}})
	for _, m := range now.Members {
		role := map[bool]string{true: "primary", false: "replica"}[m.Name == now.Primary]
		l.twin(ns, m.Name, "postgres", manifest.Map{"cnpg.io/cluster": "shop", "cnpg.io/podRole": "instance", "cnpg.io/instanceRole": role})
	}
	l.apply(cnpg, "clusters", ns, manifest.Map{
		"kind": "Cluster", "metadata": manifest.Map{"name": "shop"},
		"spec": manifest.Map{
			"instances": 3, "storage": manifest.Map{"size": "1Gi"},
			"plugins": []any{manifest.Map{"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": true, "parameters": manifest.Map{"barmanObjectName": "shop"}}},
		},
		"status": manifest.Map{
			"instances": 3, "readyInstances": 3, "currentPrimary": now.Primary, "targetPrimary": now.Primary, "phase": "Cluster in healthy state",
			"timelineID": now.Timeline, "instanceNames": []any{"shop-0", "shop-1", "shop-2"}, "firstRecoverabilityPoint": "2026-11-20T00:00:00Z",
			"conditions": []any{
				manifest.Map{"type": "Ready", "status": "True", "reason": "ClusterIsReady", "message": "Cluster is Ready", "lastTransitionTime": "2026-11-22T00:00:00Z"},
				manifest.Map{"type": "ContinuousArchiving", "status": "True", "reason": "ContinuousArchivingSuccess", "message": "Continuous archiving is working", "lastTransitionTime": "2026-11-22T00:00:00Z"},
			},
		},
	})
	read := func() manifest.Map { return l.get(cnpg, "clusters", ns, "shop") }
	on := func(args ...string) outcome { return l.runIn(ns, args...) }

	r := on("status", "shop")
	t.Logf("\n%s", r.out)
	require.Zero(t, r.code, r.out+r.err)
	require.Contains(t, r.out, "shop in namespace cnpg (cloudnative-pg): healthy")
	require.Contains(t, r.out, "quorum standby  streaming", "lag and sync state are the real servers'")
	require.Contains(t, r.out, "the archive is working")
	l.record("admin", ns, "shop", "cloudnative-healthy")
	require.Equal(t, outcome{0, "42\n", ""}, on("psql", "shop", "--", "-XAtc", "select 42"))

	to := standby(now.Primary)
	r = on("switchover", "shop", "--to", to)
	require.Equal(t, 2, r.code)
	require.Equal(t, now.Primary, manifest.Text(read(), "status", "targetPrimary"), "nothing is written")
	r = on("switchover", "shop", "--to", to, "--yes")
	require.Zero(t, r.code, r.err)
	c := read()
	require.Equal(t, to, manifest.Text(c, "status", "targetPrimary"))
	require.Equal(t, "Switchover in progress", manifest.Text(c, "status", "phase"))
	require.Equal(t, "Switching over to "+to, manifest.Text(c, "status", "phaseReason"))
	_, err := time.Parse(time.RFC3339Nano, manifest.Text(c, "status", "targetPrimaryTimestamp"))
	require.NoError(t, err)
	require.Equal(t, "False", manifest.Text(c, "status", "conditions", 0, "status"))
	require.Equal(t, "ContinuousArchiving", manifest.Text(c, "status", "conditions", 1, "type"), "other conditions stay")
	r = on("switchover", "shop", "--to", now.Primary, "--yes")
	require.Equal(t, 1, r.code, "one is under way")

	require.Zero(t, on("restart", "shop", "--yes").code)
	_, err = time.Parse(time.RFC3339, manifest.Text(read(), "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"))
	require.NoError(t, err)
	require.Zero(t, on("restart", "shop", "--member", now.Primary, "--yes").code)
	require.Equal(t, "Primary instance is being restarted in-place", manifest.Text(read(), "status", "phase"))

	require.Zero(t, on("fence", "shop", "--member", to, "--yes").code)
	require.Equal(t, `["`+to+`"]`, manifest.Text(read(), "metadata", "annotations", "cnpg.io/fencedInstances"))
	require.Contains(t, on("status", "shop").out, to+" is fenced")
	l.record("admin", ns, "shop", "cloudnative-moving")
	require.Zero(t, on("fence", "shop", "--member", to, "--off").code)
	require.Empty(t, manifest.Text(read(), "metadata", "annotations", "cnpg.io/fencedInstances"))
	require.Zero(t, on("pause", "shop", "--yes").code)
	require.Equal(t, "disabled", manifest.Text(read(), "metadata", "annotations", "cnpg.io/reconciliationLoop"))
	require.Zero(t, on("resume", "shop").code)
	require.Empty(t, manifest.Text(read(), "metadata", "annotations", "cnpg.io/reconciliationLoop"))

	r = on("backup", "now", "shop")
	require.Zero(t, r.code, r.err)
	name := strings.Fields(r.out)[1]
	b := l.get(cnpg, "backups", ns, name)
	require.Equal(t, "barman-cloud.cloudnative-pg.io", manifest.Text(b, "spec", "pluginConfiguration", "name"))
	require.Equal(t, "shop", manifest.Text(b, "spec", "cluster", "name"))
	require.Equal(t, "shop", manifest.Text(b, "metadata", "labels", "cnpg.io/cluster"))
	require.Equal(t, "plugin", manifest.Text(b, "spec", "method"))
	require.Contains(t, on("backup", "list", "shop").out, name)
	require.Equal(t, 4, on("backup", "now", "shop", "--type", "incr").code)
	require.Equal(t, 4, on("failover", "shop", "--to", to, "--yes").code)

	require.Zero(t, on("restart", "shop", "--member", to, "--yes").code)
	l.eventually(10*time.Second, "the replica's pod is deleted", func() bool {
		code, pod := l.ask(http.MethodGet, at("v1", "pods", ns)+"/"+to, "", nil)
		return code == http.StatusNotFound || manifest.Text(pod, "metadata", "deletionTimestamp") != ""
	})
}

func standby(primary string) string {
	if primary == "shop-1" {
		return "shop-2"
	}
	return "shop-1"
}

func crunchyAndZalando(t *testing.T, l *lab) {
	const ns = "others"
	l.apply("v1", "namespaces", "", manifest.Map{"kind": "Namespace", "metadata": manifest.Map{"name": ns}})
	const crunchy = "postgres-operator.crunchydata.com/v1beta1"
	claim := manifest.Map{"accessModes": []any{"ReadWriteOnce"}, "resources": manifest.Map{"requests": manifest.Map{"storage": "1Gi"}}}
	l.apply(crunchy, "postgresclusters", ns, manifest.Map{
		"kind": "PostgresCluster", "metadata": manifest.Map{"name": "hippo"},
		"spec": manifest.Map{
			"postgresVersion": 17, "instances": []any{manifest.Map{"name": "a", "replicas": 2, "dataVolumeClaimSpec": claim}},
			"backups": manifest.Map{"pgbackrest": manifest.Map{"repos": []any{manifest.Map{"name": "repo1", "volume": manifest.Map{"volumeClaimSpec": claim}}}}},
		},
	})
	const label = "postgres-operator.crunchydata.com/"
	for name, role := range map[string]string{"hippo-a-xyzz-0": "master", "hippo-a-abcd-0": "replica"} {
		l.twin(ns, name, "database", manifest.Map{label + "cluster": "hippo", label + "data": "postgres", label + "role": role})
	}
	on := func(args ...string) outcome { return l.runIn(ns, args...) }
	read := func() manifest.Map { return l.get(crunchy, "postgresclusters", ns, "hippo") }
	r := on("status", "hippo")
	require.Contains(t, r.out, "hippo in namespace others (crunchy): ")
	require.Contains(t, r.out, "primary     hippo-a-xyzz-0")
	require.Contains(t, r.out, "note: hippo-a-abcd-0 did not answer")
	l.record("admin", ns, "hippo", "crunchy")

	r = on("switchover", "hippo", "--to", "hippo-a-abcd-0", "--yes")
	require.Zero(t, r.code, r.err)
	require.Equal(t, manifest.Map{"enabled": true, "type": "Switchover", "targetInstance": "hippo-a-abcd"}, read()["spec"].(manifest.Map)["patroni"].(manifest.Map)["switchover"])
	require.NotEmpty(t, manifest.Text(read(), "metadata", "annotations", label+"trigger-switchover"))
	require.Zero(t, on("backup", "now", "hippo", "--type", "diff").code)
	manual, _ := manifest.Get(read(), "spec", "backups", "pgbackrest", "manual")
	require.Equal(t, manifest.Map{"repoName": "repo1", "options": []any{"--type=diff"}}, manual)
	require.NotEmpty(t, manifest.Text(read(), "metadata", "annotations", label+"pgbackrest-backup"))
	require.Zero(t, on("restart", "hippo", "--yes").code)
	require.NotEmpty(t, manifest.Text(read(), "spec", "metadata", "annotations", "restarted"))
	require.Zero(t, on("pause", "hippo", "--yes").code)
	paused, _ := manifest.Get(read(), "spec", "paused")
	require.Equal(t, true, paused)
	require.Equal(t, 4, on("fence", "hippo", "--member", "hippo-a-abcd-0", "--yes").code)

	l.apply("acid.zalan.do/v1", "postgresqls", ns, manifest.Map{
		"kind": "postgresql", "metadata": manifest.Map{"name": "team-db"},
		"spec": manifest.Map{"teamId": "team", "numberOfInstances": 1, "postgresql": manifest.Map{"version": "17"}, "volume": manifest.Map{"size": "1Gi"}},
	})
	l.twin(ns, "team-db-0", "postgres", manifest.Map{"cluster-name": "team-db", "application": "spilo", "spilo-role": "master"})
	require.Contains(t, on("status", "team-db").out, "team-db in namespace others (zalando): ")
	r = on("switchover", "team-db", "--yes")
	require.Equal(t, 4, r.code)
	require.Contains(t, r.err, "zalando cannot switch over through its API: kubectl exec -n others -it team-db-0 -c postgres -- patronictl can")
}
